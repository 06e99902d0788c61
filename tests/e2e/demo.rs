//! The demo is what it says: README shows what it prints, and the flaw that its review finds is one.

use crate::support::{World, root};
use std::fs;
use std::process::Command;

const GOAL: &str = "Add a lead-capture page that records consent";
/// Where README's transcript pretends that the demo ran.
const FOLDER: &str = "/tmp/skillhost-demo-N";

#[test]
fn the_demo_prints_what_the_readme_shows_and_its_flaw_is_real() {
    let world = World::demo();
    let script = root().join("tests/fixtures/demo/script.jsonl");
    let ran = world.run(&["run", GOAL, "--model", &format!("replay:{}", script.display())]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let branch = world.git(&["branch", "--list", "skillhost/*", "--format=%(refname:short)"]);
    let run = branch.rsplit('-').next().unwrap();

    let readme = transcript();
    let of_program = readme.iter().position(|line| line.starts_with("  model ")).unwrap();
    let behind = readme.iter().position(|line| line.starts_with("  pull request")).unwrap() + 1;
    let printed: Vec<String> = ran.stderr.lines().map(|line| mask(line, run)).collect();
    let shown_run = readme.iter().find_map(|line| line.strip_prefix("  run    ")?.split(' ').next()).unwrap();
    let shown = |lines: &[&str]| lines.iter().map(|line| mask(line, shown_run)).collect::<Vec<_>>();
    assert_eq!(printed, shown(&readme[of_program..behind]), "README.md shows another demo than this:\n{}", ran.stderr);

    // What stands around it is printed by `cargo xtask demo` itself.
    let spec = world.git(&["ls-tree", "-r", "--name-only", &branch, "specs/"]);
    let request = mask(ran.stdout.trim(), run).replace(world.state().to_str().unwrap(), &format!("{FOLDER}/state"));
    let last = [
        format!("pull request   {request}"),
        format!("repository     {FOLDER}/app"),
        format!("branch         {}", mask(&branch, run)),
        format!("spec           {}:{spec}", mask(&branch, run)),
        format!("look           git -C {FOLDER}/app log --stat main..{}", mask(&branch, run)),
    ];
    assert_eq!(shown(&readme[behind..]), last);
    let source = fs::read_to_string(root().join("xtask/src/demo.rs")).unwrap();
    for line in readme[..of_program].iter().chain(&readme[behind..]).filter(|line| !line.is_empty()) {
        let label = [FOLDER, "skillhost/"].iter().fold(*line, |label, value| label.split(value).next().unwrap());
        assert!(source.contains(label.trim_end()), "{line}");
    }

    flaw(&world, &branch);
}

/// The test that came with the last commit fails on the code of the one before, and passes with its own.
fn flaw(world: &World, branch: &str) {
    let at = |commit: &str| world.git(&["show", &format!("{commit}:src/leads.rs")]);
    let (before, mended) = (at(&format!("{branch}~1")), at(branch));
    let split = |source: &str| source.split_once("#[cfg(test)]").map(|(code, _)| code.to_owned()).unwrap();
    let (_, tests) = mended.split_once("#[cfg(test)]").unwrap();
    assert!(tests.contains("fn letter_case_does_not_matter()") && !before.contains("letter_case_does_not_matter"));

    let passes = |commit: &str, source: &str| {
        world.git(&["checkout", "--quiet", "--force", "--detach", commit]);
        world.write(&[("src/leads.rs", source)]);
        let mut cargo = Command::new("cargo");
        cargo.current_dir(world.repo()).args(["test", "--offline", "--lib", "letter_case_does_not_matter"]);
        let output = cargo.env_remove("CARGO_TARGET_DIR").output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("running 1 test"), "{text}");
        (output.status.success(), text)
    };
    let (passed, text) = passes(&format!("{branch}~1"), &format!("{}#[cfg(test)]{tests}", split(&before)));
    assert!(!passed && text.contains("letter_case_does_not_matter ... FAILED"), "{text}");
    let (passed, text) = passes(branch, &mended);
    assert!(passed && text.contains("letter_case_does_not_matter ... ok"), "{text}");
}

/// README's transcript, without its fence.
fn transcript() -> Vec<&'static str> {
    let readme: &'static str = fs::read_to_string(root().join("README.md")).unwrap().leak();
    let (_, behind) = readme.split_once("<!-- demo:begin -->\n```\n").unwrap();
    behind.split_once("```\n<!-- demo:end -->").unwrap().0.lines().collect()
}

/// A line without what differs from run to run: the checkout's place, the run's id, commits, and times.
fn mask(line: &str, run: &str) -> String {
    let line = line.replace(&format!("{}/", root().display()), "").replace(run, "RUN");
    let masked = line.split(' ').map(|word| match word {
        word if is_seconds(word) => "TIME".to_owned(),
        word => match word.split_once('@') {
            Some((name, commit)) if commit.len() == 7 && commit.bytes().all(|b| b.is_ascii_hexdigit()) => {
                format!("{name}@COMMIT")
            }
            _ => word.to_owned(),
        },
    });
    masked.collect::<Vec<_>>().join(" ").trim_end().to_owned()
}

fn is_seconds(word: &str) -> bool {
    word.strip_suffix('s').is_some_and(|number| number.contains('.') && number.parse::<f64>().is_ok())
}
