//! The tests of a change on the sources of its base: tests that pass there, too, show nothing of it.

use crate::gates::commands;
use crate::main_job::{entry, pull_request, text};
use crate::scripts::{CONFIG, Script, project};
use crate::support::{Ran, World};
use serde_json::{Value, json};

const GOAL: &str = "Greet everybody";
/// Every file in `tests` is a test, which `sh` runs.
const GATE: &str = "n=0\nfor test in tests/*.sh; do\n  sh \"$test\" || { echo '1 failed in 0.01s'; exit 1; }\n  \
                    n=$((n + 1))\ndone\necho \"$n passed in 0.01s\"\n";
const SHOWS: &str = "grep -qs hello src/greeting.txt\n";

fn world(config: &str) -> World {
    let world = World::with(&project());
    world.commit(&[("skillhost.toml", config), ("test.sh", GATE), ("tests/old.sh", "test -d .\n")]);
    world
}

fn config() -> String {
    CONFIG.replace("baseline = false\n", "")
}

/// The greeting, with what else the author writes.
fn script(problem: &str, more: impl Fn(Script) -> Script) -> String {
    let plan = json!({
        "steps": [{"id": "1", "title": "Greet", "instructions": "Write it.", "files": ["src/**", "tests/**"], "after": [], "criteria": ["C1"]}],
        "criteria": [{"id": "C1", "statement": "The greeting says hello", "command": "test"}],
        "assumptions": [], "answers": [],
    });
    let script = Script::new()
        .says("spec", 1, &format!("# Greeting\n\n## Problem\n\n{problem}\n"))
        .says("spec", 1, &plan.to_string())
        .reviews("spec-review", 1, &[])
        .writes(1, "src/greeting.txt", "hello\n");
    more(script).tests(1).finishes(1).reviews("change-review", 1, &[]).text()
}

fn tested(problem: &str, test: &str) -> String {
    script(problem, |script| script.writes(1, "tests/new.sh", test))
}

fn record(world: &World, ran: &Ran) -> Value {
    world.run(&["show", text(&entry(ran)["run"]), "--format", "json"]).json()
}

#[test]
fn a_test_that_fails_without_the_change_shows_it() {
    let world = world(&config());
    let ran = world.goal(GOAL, &tested("Nobody is greeted.", SHOWS), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let request = pull_request(&entry(&ran));
    let told = "on the sources of its base: test failed, exit 1, 1 test (base-2). So they show it.";
    assert!(request.contains(told), "{request}");
    let document = record(&world, &ran);
    let base = document["baseline"].as_array().unwrap();
    let gate = &document["gates"][0];
    assert_eq!((base.len(), &base[0]["tests_of"], &base[1]["tests_of"]), (2, &Value::Null, &gate["commit"]));
    assert_eq!((&base[1]["commit"], &gate["tests_of"]), (&document["base_commit"], &Value::Null));
    assert_eq!(document["gates"].as_array().unwrap().len(), 1, "it is no evidence of the change");
}

#[test]
fn tests_that_pass_without_the_change_keep_it_a_draft() {
    let world = world(&config());
    let ran = world.goal(GOAL, &tested("Nobody is greeted.", "true\n"), &[]);
    assert_eq!((ran.code, &entry(&ran)["state"]), (Some(1), &json!("draft")), "{ran:#?}");
    assert!(ran.stderr.contains("the tests of the change pass on the base's sources, too"), "{}", ran.stderr);
    let request = pull_request(&entry(&ran));
    let told = "on the sources of its base: test passed, exit 0, 2 tests (base-2). They show nothing of it.";
    assert!(request.contains(told), "{request}");
    let finding = &record(&world, &ran)["findings"][0];
    assert_eq!((&finding["severity"], &finding["phase"]), (&json!("major"), &json!("verify")), "{finding:#}");
    assert!(text(&finding["message"]).contains("add a test that fails without the change"), "{finding:#}");
}

#[test]
fn an_author_who_is_told_of_it_can_mend_it() {
    let world = world(&config().replace("rounds = 1", "rounds = 2"));
    let more = |script: Script| script.writes(1, "tests/new.sh", "true\n");
    let second = Script::new()
        .calls("implement", 2, "read", &json!({"path": "tests/new.sh", "from": null, "lines": null}))
        .expecting(&["pass on the base's sources, too"])
        .writes(2, "tests/new.sh", SHOWS)
        .tests(2)
        .answers_all(2, 1)
        .reviews("change-review", 2, &[])
        .text();
    let second = second.split_once('\n').unwrap().1.to_owned();
    let ran = world.goal(GOAL, &(script("Nobody is greeted.", more) + &second), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(pull_request(&entry(&ran)).contains("So they show it."));
    assert_eq!(record(&world, &ran)["findings"][0]["verdicts"][0]["closed"], true);
}

#[test]
fn it_is_not_asked_where_it_can_not_be_told() {
    for (config, goal, script) in [
        // The base is not run at all.
        (CONFIG.to_owned(), GOAL, tested("Nobody is greeted.", "true\n")),
        // No behaviour is meant to change.
        (config(), "Refactor how everybody is greeted", tested("Nobody is greeted.", "true\n")),
        (config(), GOAL, tested("What it does stays as it is.", "true\n")),
        // Only tests were asked for.
        (config(), "Add a test of the greeting", tested("Nobody is greeted.", "true\n")),
        // There is no test; another rule says so.
        (config(), GOAL, script("Nobody is greeted.", |script| script)),
    ] {
        let world = world(&config);
        let ran = world.goal(goal, &script, &[]);
        assert_eq!(ran.code, Some(0), "{goal}: {ran:#?}");
        assert!(!pull_request(&entry(&ran)).contains("on the sources of its base"), "{goal}");
        // The gate, and where it is compared, the base.
        assert_eq!(commands(&world, &ran).len(), 1 + usize::from(config != CONFIG), "{goal}");
    }
    // A base that failed before tells nothing of what is laid over it.
    let world = world(&config());
    world.commit(&[("tests/red.sh", SHOWS)]);
    let ran = world.goal(GOAL, &tested("Nobody is greeted.", "true\n"), &[]);
    assert_eq!((ran.code, commands(&world, &ran).len()), (Some(0), 2), "{ran:#?}");
}
