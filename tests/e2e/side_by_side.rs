//! Several goals of one command.

use crate::scripts::{CONFIG, Script, project};
use crate::support::{World, wait_until};
use serde_json::Value;
use skillhost_fake_models::FakeModels;
use std::process::Stdio;

const GOALS: [&str; 2] = ["Greet the morning", "Greet the evening"];

/// Runs both goals with a model that has nothing to say, so that each ends at its first call.
fn both(server: &FakeModels, jobs: &str) -> Vec<String> {
    let world = World::with(&project());
    let config = format!("{CONFIG}[models]\nspec = \"local:m\"\nreview = \"local:m\"\nimplement = \"local:m\"\n");
    world.commit(&[("skillhost.toml", &config)]);
    world.provider(&format!("{}/v1", server.url()));
    let mut command = world.command(&["run", GOALS[0], GOALS[1], "--jobs", jobs, "--format", "json"]);
    let ran = crate::support::ran(command.env("LOCAL_KEY", "k").output().unwrap());
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let goals: Vec<Value> = ran.json()["runs"].as_array().unwrap().iter().map(|run| run["goal"].clone()).collect();
    assert_eq!(goals, GOALS, "results are in the order of the goals");
    server.received().iter().map(|request| request.body.to_string()).collect()
}

#[test]
fn goals_are_worked_on_at_the_same_time() {
    let server = FakeModels::holding([], 2).unwrap();
    let requests = both(&server, "2");
    assert_eq!(server.waited_together(), 2, "the second goal began before the first was answered");
    for goal in GOALS {
        assert_eq!(requests.iter().filter(|body| body.contains(goal)).count(), 1, "{requests:?}");
    }
}

#[test]
fn with_one_job_they_take_turns() {
    let server = FakeModels::start([]).unwrap();
    let requests = both(&server, "1");
    assert_eq!(server.waited_together(), 1);
    assert!(requests[0].contains(GOALS[0]) && requests[1].contains(GOALS[1]), "{requests:?}");
}

#[test]
fn a_goal_that_has_not_begun_does_not_begin_after_an_interrupt() {
    let world = World::with(&project());
    world.commit(&[("length", "86398")]);
    let model = world.model(&Script::specified().writes(1, "src/greeting.txt", "wait\n").tests(1).text());
    let arguments = ["run", GOALS[0], GOALS[1], "--jobs", "1", "--format", "json", "--model", &model];
    let child = world.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the command waits", || world.has_started());
    crate::support::signal(&child, "TERM");
    let ran = crate::support::ran(child.wait_with_output().unwrap());
    ran.failed(130, &["error: interrupted", "hint: what is there is kept: skillhost show "]);
    let runs = ran.json()["runs"].clone();
    assert_eq!((&runs[0]["state"], &runs[1]["state"]), (&Value::from("interrupted"), &Value::from("interrupted")));
    assert!(runs[0]["run"].is_string() && runs[1]["run"].is_null(), "{runs}");
    assert_eq!(world.run(&["runs", "--format", "json"]).json()["runs"].as_array().unwrap().len(), 1);
}
