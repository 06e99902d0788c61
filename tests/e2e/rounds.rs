//! What goes back to its author, what a command does meanwhile, and a second attempt by a stronger model.

use crate::main_job::{entry, pull_request, text};
use crate::scripts::{CONFIG, Script, project};
use crate::support::World;
use serde_json::json;
use std::fs;

const GOAL: &str = "Greet everybody";

/// A first round of which the review of the change has a finding, F1.
fn first_round() -> Script {
    Script::specified().writes(1, "src/greeting.txt", "hello\n").tests(1).finishes(1).reviews(
        "change-review",
        1,
        &[("major", "The greeting names nobody.")],
    )
}

#[test]
fn a_finding_of_the_first_round_is_mended_in_the_second_and_closed_by_its_reviewer() {
    let world = World::with(&project());
    world.commit(&[("skillhost.toml", &CONFIG.replace("rounds = 1", "rounds = 2"))]);
    let script = first_round()
        .calls("implement", 2, "read", &json!({"path": "src/greeting.txt", "from": null, "lines": null}))
        .writes(2, "src/greeting.txt", "hello everybody\n")
        .tests(2)
        .answers_all(2, 1)
        .decides("change-review", 2, &[], &["F1"]);
    let ran = world.goal(GOAL, &script.text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let entry = entry(&ran);
    assert_eq!(world.git(&["show", &format!("{}:src/greeting.txt", text(&entry["branch"]))]), "hello everybody");
    let request = pull_request(&entry);
    let row = request.lines().find(|line| line.starts_with("| F1 |")).unwrap();
    for words in ["| major | closed |", "The greeting names nobody.", "author: Mended.", "reviewer: It is mended."] {
        assert!(row.contains(words), "{row}");
    }
    let document = world.run(&["show", text(&entry["run"]), "--format", "json"]).json();
    let rounds: Vec<_> = document["phases"].as_array().unwrap().iter().map(|phase| phase["round"].clone()).collect();
    assert_eq!(rounds, [1, 1, 1, 1, 1, 2, 2, 2].map(|round| json!(round)), "{document:#}");
    assert_eq!(document["gates"].as_array().unwrap().len(), 2, "what changed after a review is verified again");
}

#[test]
fn a_second_round_that_changes_nothing_is_judged_all_the_same() {
    let world = World::with(&project());
    world.commit(&[("skillhost.toml", &CONFIG.replace("rounds = 1", "rounds = 2"))]);
    let script = first_round().tests(2).answers_all(2, 1).decides("change-review", 2, &[], &["F1"]);
    let ran = world.goal(GOAL, &script.text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}

#[test]
fn an_author_that_changes_nothing_is_told_apart() {
    let world = World::with(&project());
    // What it writes is outside of what it may write, by way of a command.
    let config = CONFIG.replace("write = [\"**\"]", "write = [\"src/**\"]");
    world.commit(&[("skillhost.toml", &config), ("test.sh", "echo more >> length; echo '1 passed'\n")]);
    let ran = world.goal(GOAL, &Script::specified().tests(1).finishes(1).text(), &[]);
    ran.failed(
        1,
        &[
            "error: builtin:implement says that it is done, and changed nothing that could be committed",
            "length: outside the write grant",
            "hint: what it may change is `write` under [grants.implement]",
        ],
    );
}

/// Grants come from the base commit, whatever stands in the tree.
#[test]
fn a_command_that_rewrites_the_configuration_grants_nothing_and_is_told() {
    let config = CONFIG.replace("rounds = 1", "rounds = 2").replace("write = [\"**\"]", "write = [\"src/**\"]");
    let gate = "printf '[grants.implement]\\nwrite = [\"**\"]\\nprotected = true\\n' > skillhost.toml\n\
                grep -qs hello src/greeting.txt && echo '1 passed'\n";
    let world = World::with(&project());
    world.commit(&[("skillhost.toml", &config), ("test.sh", gate)]);
    let script = first_round()
        .writes(2, "AGENTS-2.md", "Anything goes.\n")
        .writes(2, "src/more.txt", "everybody\n")
        .tests(2)
        .answers_all(2, 1)
        .decides("change-review", 2, &[], &["F1"]);
    let ran = world.goal(GOAL, &script.text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let entry = entry(&ran);
    let files = world.git(&["diff", "--name-only", &format!("main..{}", text(&entry["branch"]))]);
    let expected = ["specs/greet-everybody.md", "src/greeting.txt", "src/more.txt"];
    assert_eq!(files.lines().collect::<Vec<_>>(), expected);
    let request = pull_request(&entry);
    assert!(request.contains("| `skillhost.toml` | outside the write grant, or protected |"), "{request}");
    assert!(request.contains("`write AGENTS-2.md`"), "{request}");
}

#[test]
fn a_failed_attempt_is_made_once_more_by_a_stronger_model() {
    let world = World::with(&project());
    let file = |name: &str, script: &Script| {
        let file = world.home().join(name);
        fs::write(&file, script.text()).unwrap();
        format!("replay:{}", file.display())
    };
    let blocked = json!({
        "status": "blocked", "title": "Nothing to do", "what": "Nothing.", "why": "It is too hard.",
        "breaking": [], "rollback": "", "criteria": [{"id": "C1", "evidence": null}], "answers": [],
    });
    let weak = file("weak.jsonl", &Script::new().calls("implement", 1, "finish", &blocked));
    let others = file("others.jsonl", &Script::specified().reviews("change-review", 1, &[]));
    let script = Script::new()
        .starting_at("implement", 1, 2)
        .writes(1, "src/greeting.txt", "hello\n")
        .tests(1)
        .answers(1, &["attempt-1"]);
    // What it is told of the first attempt is a part of its first request.
    let script = script.text().replacen("\"turn\":2", "\"turn\":2,\"expect\":[\"It is too hard.\"]", 1);
    let strong = world.home().join("strong.jsonl");
    fs::write(&strong, script).unwrap();
    let models = [
        format!("spec={others}"),
        format!("review={others}"),
        format!("implement={weak}"),
        format!("implement.capable=replay:{}", strong.display()),
    ];
    let flags: Vec<&str> = models.iter().flat_map(|model| ["--model", model]).collect();
    let ran = world.run(&[&["run", GOAL, "--format", "json"][..], &flags].concat());
    ran.failed(0, &["It is too hard.; a stronger tier tries once more"]);
    let document = world.run(&["show", text(&entry(&ran)["run"]), "--format", "json"]).json();
    let attempts: Vec<_> =
        document["phases"].as_array().unwrap().iter().filter(|phase| phase["phase"] == "implement").collect();
    let states: Vec<_> = attempts.iter().map(|phase| text(&phase["state"])).collect();
    assert_eq!(states, ["failed", "done"]);
    let numbers: Vec<_> = attempts.iter().map(|phase| phase["attempt"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2], "and which is which is told");

    // Where no tier is stronger, the run halts at once; and after a second failure, too.
    let same = [&models[..3], &[format!("implement.capable={weak}")]].concat();
    let flags: Vec<&str> = same.iter().flat_map(|model| ["--model", model]).collect();
    let ran = world.run(&[&["run", GOAL, "--format", "json"][..], &flags].concat());
    assert!(!ran.failed(1, &["It is too hard."]).stderr.contains("stronger"), "{ran:#?}");
}

#[test]
fn a_failed_spec_is_written_once_more_by_a_stronger_model_and_not_twice() {
    let world = World::with(&project());
    let file = |name: &str, script: Script| {
        let file = world.home().join(name);
        fs::write(&file, script.text()).unwrap();
        format!("replay:{}", file.display())
    };
    let others = Script::specified().writes(1, "src/greeting.txt", "hello\n").tests(1).finishes(1);
    let others = file("others.jsonl", others.reviews("change-review", 1, &[]));
    let mute = file("mute.jsonl", Script::new());
    let strong = file("strong.jsonl", Script::new().starting_at("spec", 1, 2).specifies(1));
    let also_mute = file("also-mute.jsonl", Script::new());
    for (stronger, code, states) in [(strong, 0, ["failed", "done"]), (also_mute, 1, ["failed", "failed"])] {
        let models = [others.clone(), format!("spec={mute}"), format!("spec.capable={stronger}")];
        let flags: Vec<&str> = models.iter().flat_map(|model| ["--model", model]).collect();
        let ran = world.run(&[&["run", GOAL, "--format", "json"][..], &flags].concat());
        ran.failed(code, &["a stronger tier tries once more"]);
        let document = world.run(&["show", text(&entry(&ran)["run"]), "--format", "json"]).json();
        let phases = document["phases"].as_array().unwrap();
        let specs: Vec<_> = phases.iter().filter(|phase| phase["phase"] == "spec").collect();
        assert_eq!(specs.iter().map(|phase| text(&phase["state"])).collect::<Vec<_>>(), states);
        assert_eq!(specs.iter().map(|phase| phase["attempt"].as_u64()).collect::<Vec<_>>(), [Some(1), Some(2)]);
    }
}

#[test]
fn conventions_that_do_not_reach_a_brief_are_told() {
    let world = World::with(&project());
    let router = "# Rules\n\n## Task router\n\n| Task | Guide |\n|---|---|\n| Greeting people | `docs/absent.md` |\n";
    world.commit(&[("AGENTS.md", router)]);
    let script = crate::scripts::greeting().text();
    let ran = world.goal("Add greeting of people", &script, &[]);
    let words = "AGENTS.md names a guide that is not in the repository: docs/absent.md";
    assert!(ran.stderr.contains(words), "{ran:#?}");
    assert!(pull_request(&entry(&ran)).contains(words));
}

#[test]
fn steps_are_taken_in_the_order_that_they_name() {
    let step = |id: &str, after: &[&str], file: &str| json!({"id": id, "title": id, "instructions": "Write it.", "files": [file], "after": after, "criteria": ["C1"]});
    let plan = json!({
        "steps": [step("last", &["first"], "src/b.txt"), step("first", &[], "src/greeting.txt")],
        "criteria": [{"id": "C1", "statement": "The greeting says hello", "command": "test"}],
        "assumptions": [], "answers": [],
    });
    let summary = json!({
        "status": "done", "title": "Greet everybody", "what": "A file greets.", "why": "Nobody was greeted.",
        "breaking": [], "rollback": "", "criteria": [{"id": "C1", "evidence": "test"}], "answers": [],
    });
    let script = Script::new()
        .says("spec", 1, "# Greeting\n\n## Problem\n\nNobody is greeted. A file with a greeting is added.\n")
        .says("spec", 1, &plan.to_string())
        .reviews("spec-review", 1, &[])
        .writes(1, "src/greeting.txt", "hello\n")
        .tests(1)
        .calls("implement", 1, "finish", &summary)
        .writes(1, "src/b.txt", "everybody\n")
        .tests(1)
        .finishes(1)
        .reviews("change-review", 1, &[]);
    let script = script.text().replacen("\"turn\":4", "\"turn\":4,\"expect\":[\"Step first is done.\"]", 1);
    let world = World::with(&project());
    let ran = world.goal(GOAL, &script, &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let entry = entry(&ran);
    assert_eq!(
        world.git(&["rev-list", "--count", &format!("main..{}", text(&entry["branch"]))]),
        "3",
        "one step, one commit"
    );
}

#[test]
fn what_a_spec_asks_has_its_default_where_nobody_is_there_and_is_told() {
    let question =
        |about: &str, text: &str| json!({"about": about, "question": text, "options": ["yes", "no"], "default": "no"});
    let questions = json!({"questions": [question("experience", "In colours?"), question("scope", "Guests, too?")]});
    let script = Script::new()
        .calls("spec", 1, "ask", &questions)
        .specifies(1)
        .reviews("spec-review", 1, &[])
        .writes(1, "src/greeting.txt", "hello\n")
        .tests(1)
        .finishes(1)
        .reviews("change-review", 1, &[]);
    let answers = "\"turn\":2,\"expect\":[\"- Guests, too? \\\"no\\\"\"]";
    let script = script.text().replacen("\"turn\":2", answers, 1);
    let world = World::with(&project());
    let ran = world.goal(GOAL, &script, &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let request = pull_request(&entry(&ran));
    let asked = ["Guests, too?", "In colours?"].map(|text| request.find(text));
    assert!(asked.is_sorted() && asked[0].is_some(), "{request}");
    assert!(request.contains("taken without asking: no"), "{request}");
}

#[test]
fn a_spec_that_goes_on_naming_what_is_not_there_ends_the_run() {
    let draft = "# Greeting\n\n## Problem\n\nNobody is greeted, see `src/absent.rs:3`.\n";
    let script = (0..3).fold(Script::new(), |script, _| script.says("spec", 1, draft));
    let ran = World::with(&project()).goal(GOAL, &script.text(), &[]);
    ran.failed(1, &["did not pass its check after 2 repairs: src/absent.rs:3 is cited, but there is no such file"]);
}
