//! The whole suite with its scripts, as `cargo xtask skillbench` runs it, and the way of a real model with a server that
//! plays one.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use serde_json::Value;
use skillhost_fake_models::{Answer, Call, FakeModels, Said};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn skillbench() -> Command {
    Command::new(env!("CARGO_BIN_EXE_skillhost-skillbench"))
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Strong scripts end ready and right, and none of the others is ready.
#[test]
fn good_work_gets_through_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("figures.json");
    let output = skillbench().arg("--json").arg(&json).output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}\n`cargo xtask test` builds what it needs");
    let figures: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert!(figures["skillbench.tasks"].as_u64() >= Some(40), "{figures}");
    assert_eq!(figures["skillbench.scripted_solved_ratio"], 1.0, "{figures}");
    assert_eq!(figures["skillbench.hostile_ready"], 0, "{said}");
    assert!(said.lines().filter(|line| line.starts_with("hostile/")).count() >= 50, "{said}");
}

const TASK: &str = "ms/negative-plural";

/// A server says what a strong script says; the rest is what a user does.
#[test]
fn a_model_is_measured_with_its_users_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let output = skillbench().arg("--keep").arg(&kept).arg(TASK).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let recording = fs::read_to_string(kept.join(TASK).join("recording.jsonl")).unwrap();
    let answers: Vec<Answer> = recording.lines().skip(1).map(answer).collect();
    let calls = answers.len();
    let server = FakeModels::start(answers).unwrap();

    let config = format!(
        "[providers.local]\nkind = \"openai-compatible\"\nurl = \"{}/v1\"\nkey_env = \"LOCAL_KEY\"\nwindow = 200000\n\
         input_usd = 1.0\noutput_usd = 2.0\n",
        server.url()
    );
    let places = folder.path().join("config/skillhost");
    fs::create_dir_all(&places).unwrap();
    fs::write(places.join("config.toml"), config).unwrap();
    let report = folder.path().join("report");
    let measured = |model: &str, report: &Path| {
        let mut command = skillbench();
        command.args(["--model", model, TASK, "--keep"]).arg(report).env("LOCAL_KEY", "a-key-of-the-test");
        for (name, place) in [("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache")] {
            command.env(name, folder.path().join(place));
        }
        command.output().unwrap()
    };
    let output = measured("local:played", &report);
    let said = text(&output);
    assert!(output.status.success() && said.contains("1 of 1 solved, 0 ready but wrong"), "{said}");
    let document: Value = serde_json::from_slice(&fs::read(report.join("report.json")).unwrap()).unwrap();
    assert_eq!((&document["schema"], &document["model"]), (&"skillhost.skillbench/1".into(), &"local:played".into()));
    let attempt = &document["attempts"][0];
    assert_eq!((&attempt["solved"], &attempt["turns"]), (&true.into(), &calls.into()), "{document:#}");
    assert!(attempt["tokens"].as_u64() > Some(0) && attempt["cost_usd"].as_f64() > Some(0.0), "{document:#}");
    assert!(server.received().iter().all(|request| request.key() == Some("a-key-of-the-test")));
    let page = fs::read_to_string(report.join("report.md")).unwrap();
    assert!(page.contains(&format!("| {TASK} | JavaScript | yes | yes | pass |")), "{page}");

    // The script is over: what comes now is no reply, and so no solution.
    let output = measured("local:played", &folder.path().join("again"));
    assert!(text(&output).contains("0 of 1 solved"), "{}", text(&output));
    // A provider that nobody configured is an error at once, not a task that was not solved.
    let output = measured("nobody:played", &folder.path().join("never"));
    assert!(!output.status.success() && text(&output).contains("nobody"), "{}", text(&output));
}

/// A recorded reply, as a server gives it.
fn answer(line: &str) -> Answer {
    let line: Value = serde_json::from_str(line).unwrap();
    let mut said = Said { input_tokens: 100, output_tokens: 10, ..Said::default() };
    for part in line["reply"]["parts"].as_array().unwrap() {
        match part["text"].as_str() {
            Some(text) => said.text = Some(text.to_owned()),
            None => {
                let call = &part["tool_call"];
                let field = |name: &str| call[name].as_str().unwrap().to_owned();
                let arguments = call["arguments"].clone();
                said.calls.push(Call { id: field("id"), name: field("name"), arguments });
            }
        }
    }
    Answer::Reply(said)
}
