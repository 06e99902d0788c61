//! What a review lets pass, and what it doesn't: groups side by side, refutation, checks without a model.

use crate::conventions;
use crate::main_job::{entry, pull_request, text};
use crate::rogue;
use crate::scripts::{CONFIG, Script, project};
use crate::support::World;
use serde_json::{Value, json};

const GOAL: &str = "Greet everybody";

fn finding(category: &str, message: &str) -> Value {
    json!({
        "severity": "major", "category": category, "path": "src/greeting.txt", "line": 1, "quote": "hello",
        "trigger": "somebody reads it", "message": message, "suggestion": null,
    })
}

/// Severity and category of each finding of a run.
fn findings(world: &World, run: &str) -> Vec<(String, String)> {
    let document = world.run(&["show", run, "--format", "json"]).json();
    let word = |finding: &Value, field: &str| text(&finding[field]).to_owned();
    let list = document["findings"].as_array().unwrap();
    list.iter().map(|finding| (word(finding, "severity"), word(finding, "category"))).collect()
}

#[test]
fn a_refuted_finding_is_dropped_and_an_uncertain_one_sinks() {
    let world = World::with(&project());
    let verdict = |verdict: &str, quote: Option<&str>| {
        json!({"verdict": verdict, "quote": quote, "reason": "I looked."}).to_string()
    };
    let script = Script::specified()
        .writes(1, "src/greeting.txt", "hello\n")
        .tests(1)
        .finishes(1)
        .group_reports("change-review", 1, &[finding("routing", "It is wrong."), finding("naming", "It stands.")], &[])
        .group_reports("change-review", 1, &[finding("consent", "It is odd.")], &[])
        .group_reports("change-review", 1, &[], &[])
        .says("change-review", 1, &verdict("refuted", Some("A file with a greeting is added.")))
        .expecting(&["It is wrong.", "1|hello"])
        .says("change-review", 1, &verdict("refuted", Some("Nothing like that stands anywhere.")))
        .says("change-review", 1, &verdict("uncertain", None));
    let ran = world.goal(GOAL, &script.text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let left = [("minor", "naming"), ("minor", "consent")].map(|(severity, it)| (severity.to_owned(), it.to_owned()));
    assert_eq!(findings(&world, text(&entry(&ran)["run"])), left);
}

#[test]
fn a_group_that_never_reports_fails_the_review() {
    let world = World::with(&project());
    let script = Script::new()
        .specifies(1)
        .says("spec-review", 1, "Looks good to me.")
        .group_reports("spec-review", 1, &[], &[])
        .group_reports("spec-review", 1, &[], &[])
        .says("spec-review", 1, "As I said.")
        .says("spec-review", 1, "It is fine.");
    world.goal(GOAL, &script.text(), &[]).failed(1, &["builtin:review", "without calling a tool"]);
}

#[test]
fn a_bar_that_was_lowered_is_seen_by_verification_and_review() {
    // The bundled author is refused at its finish, so another one does it.
    let world = World::with(&project());
    let lock = rogue::locked("rogue-implement", "implement", rogue::digest("implement"));
    world.commit(&[
        ("src/setup.cfg", "[coverage:report]\nfail_under = 90\n"),
        ("skillhost.toml", &format!("{CONFIG}[skills]\nimplement = \"rogue-implement\"\n")),
        ("skillhost.lock", &format!("version = 1\n{lock}")),
    ]);
    let plan = json!({
        "steps": [{
            "id": "1", "title": "Write the greeting", "instructions": "Write src/greeting.txt.",
            "files": ["**"], "after": [], "criteria": ["C1"],
        }],
        "criteria": [{"id": "C1", "statement": "The greeting says hello", "command": "test"}],
        "assumptions": [], "answers": [],
    });
    let script = Script::new()
        .says("spec", 1, "# Greeting\n\n## Problem\n\nNobody is greeted. A file with a greeting is added.\n")
        .says("spec", 1, &plan.to_string())
        .reviews("spec-review", 1, &[])
        .reviews("change-review", 1, &[]);
    let ran = world.goal("Greet everybody implement:lower", &script.text(), &[]);
    assert_eq!((ran.code, &entry(&ran)["state"]), (Some(1), &json!("draft")), "{ran:#?}");
    assert!(ran.stderr.contains("tampering"), "{ran:#?}");
    // What fails in the last round has nobody to go back to, and stays in the request.
    let request = pull_request(&entry(&ran));
    assert!(request.contains("threshold-lowered at src/setup.cfg"), "{request}");
    let found = findings(&world, text(&entry(&ran)["run"]));
    assert!(found.contains(&("major".to_owned(), "check:threshold-lowered".to_owned())), "{found:?}");
}

#[test]
fn a_reviewer_is_not_told_what_the_author_says_of_the_change() {
    let world = World::with(&project());
    let script = Script::specified().writes(1, "src/greeting.txt", "hello\n").tests(1).finishes(1);
    let (ran, asked) = conventions::asked(&world, &script.reviews("change-review", 1, &[]));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    // What the author claims at its finish: `what` and `why`.
    let said = ["A file greets.", "Nobody was greeted."];
    assert!(said.iter().all(|said| pull_request(&entry(&ran)).contains(said)), "its reader is told");
    let reviews: Vec<&String> = asked.iter().filter(|request| request.contains("\"name\":\"report\"")).collect();
    let of_change = reviews.iter().filter(|request| request.contains("src/greeting.txt (added)"));
    assert!(of_change.clone().count() >= 1, "{reviews:#?}");
    for request in of_change {
        assert!(said.iter().all(|said| !request.contains(said)), "{request}");
    }
}
