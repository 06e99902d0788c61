//! An author who looks at more than fits into a model's window.

use crate::scripts::{Script, project};
use crate::support::World;
use serde_json::json;

#[test]
fn old_results_are_dropped_and_the_work_goes_on() {
    const FILES: usize = 24;
    let name = |number| format!("notes/n{number}.txt");
    let text: String =
        (0..400).map(|line| format!("line {line} of some notes that are rather long in the end\n")).collect();
    let names: Vec<String> = (0..FILES).map(name).collect();
    let mut files = project().to_vec();
    files.extend(names.iter().map(|name| (name.as_str(), text.as_str())));
    let world = World::with(&files);

    let read = |script: Script, name: &String| {
        script.calls("implement", 1, "read", &json!({"path": name, "from": null, "lines": null}))
    };
    // The first reading is still there when the model is asked for the second.
    let script = read(read(Script::specified(), &names[0]), &names[1]).expecting(&["399|line 398 of some notes"]);
    let script = names[2..].iter().fold(script, read).writes(1, "src/greeting.txt", "hello\n");
    let dropped = format!("[read {} 1–", names[0]);
    let script = script.tests(1).expecting(&[&dropped, "dropped]", "399|line 398 of some notes", "# Budget"]);
    let ran = world.goal("Greet everybody", &script.finishes(1).reviews("change-review", 1, &[]).text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}
