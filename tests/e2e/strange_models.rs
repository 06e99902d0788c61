//! Models that are no use, for ever, in each phase: a run ends with what was wrong, after few questions, and keeps what was
//! done before.

use crate::main_job::text;
use crate::recordings::{answers, configure, provider};
use crate::scripts::{Script, project};
use crate::support::World;
use serde_json::json;
use skillhost_fake_models::{Answer, Call, FakeModels, Said};

const GOAL: &str = "Greet everybody";
/// What an end without sense is called: nothing was called, a check failed to the end, or the same was asked for ever.
const SILENT: &str = "the model replied 3 times without calling a tool";
const UNSOUND: &str = "did not pass its check after 2 repairs: ";
const CIRCLE: &str = "call five times on the same files";
/// Questions after the last good answer. A run has one round, so that more would be a loop.
const MOST_QUESTIONS: usize = 40;

/// How far a run comes before its model is no use: the phase that fails, what was said until then, and the files that the
/// branch has by then: a spec is there once its review let it pass.
fn stages() -> [(&'static str, Script, &'static [&'static str]); 5] {
    const SPEC: &str = "specs/greet-everybody.md";
    let written = || Script::specified().writes(1, "src/greeting.txt", "hello\n");
    let draft = "# Greeting\n\n## Problem\n\nNobody is greeted. A file with a greeting is added.\n";
    [
        ("spec", Script::new(), &[]),
        ("spec", Script::new().says("spec", 1, draft), &[]),
        ("review", Script::new().specifies(1), &[]),
        ("implement", written(), &[SPEC, "src/greeting.txt"]),
        ("review", written().tests(1).finishes(1), &[SPEC, "src/greeting.txt"]),
    ]
}

/// Runs the goal once for each stage with a model that goes on like that, and gives what people were told.
fn goes_on_with(said: &Said) -> Vec<String> {
    let mut told = Vec::new();
    for (number, (skill, script, kept)) in stages().into_iter().enumerate() {
        let world = World::with(&project());
        let before = world.footprint();
        let script = answers(&script, |_| true);
        let scripted = script.len();
        let server = FakeModels::going_on(script, Answer::Reply(said.clone())).unwrap();
        configure(&world, &provider("fake", "openai-compatible", &server, ""));
        let mut command = world.command(&["run", GOAL, "--format", "json", "--model", "fake:m"]);
        let ran = crate::support::ran(command.env("E2E_KEY", "sk-e2e-0123456789abcdefghij").output().unwrap());
        ran.failed(1, &["error: ", &format!("builtin:{skill}"), "hint: "]);
        let questions = server.received().len() - scripted;
        assert!((1..=MOST_QUESTIONS).contains(&questions), "{number}: {questions} of {said:?}");
        assert_eq!(world.footprint(), before);

        // Nothing that was done is lost: it is on the branch, or saved where the run was in the middle of it.
        let run = ran.json()["runs"][0].clone();
        assert_eq!(run["state"], "failed", "{number}: {run}");
        let refs = world.git(&["for-each-ref", "--format=%(refname)"]);
        let held: Vec<String> = refs
            .lines()
            .filter(|name| name.contains(text(&run["run"])))
            .map(|name| world.git(&["ls-tree", "-r", "--name-only", name]))
            .collect();
        let tree = world.state().join("runs").join(text(&run["run"])).join("tree");
        for file in kept {
            let is_held = held.iter().any(|files| files.lines().any(|held| held == *file)) || tree.join(file).exists();
            assert!(is_held, "{number}: {file} is nowhere: {held:?}");
        }
        told.push(ran.stderr);
    }
    told
}

/// Whether each of the errors says one of these.
fn says(told: &[String], words: &[&str]) {
    for text in told {
        assert!(words.iter().any(|word| text.contains(word)), "none of {words:?} in {text}");
    }
}

#[test]
fn a_model_that_answers_with_nothing() {
    says(&goes_on_with(&Said::text("")), &[SILENT, UNSOUND]);
}

#[test]
fn a_model_that_answers_with_prose_only() {
    says(
        &goes_on_with(&Said::text("I have looked at everything, and it is all in the best order.")),
        &[SILENT, UNSOUND],
    );
}

#[test]
fn a_model_that_calls_tools_that_do_not_exist() {
    says(&goes_on_with(&Said::calls(&[("c", "bash", r#"{"command":"make everything"}"#)])), &[CIRCLE, UNSOUND]);
}

#[test]
fn a_model_that_keeps_to_the_wrong_schema() {
    let wrong = json!({ "steps": 7, "criteria": "none", "findings": { "severity": "fatal" }, "status": ["done"] });
    let said = Said { text: Some(wrong.to_string()), ..Said::default() };
    says(&goes_on_with(&said), &[SILENT, UNSOUND]);
    let call = |name: &str| Call { id: name.to_owned(), name: name.to_owned(), arguments: wrong.clone() };
    let said = Said { calls: ["report", "finish", "write", "read"].map(call).into(), ..Said::default() };
    says(&goes_on_with(&said), &[CIRCLE, UNSOUND]);
}
