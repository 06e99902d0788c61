//! Rows O: what others wrote is text wherever it is shown: in a terminal, in a log, in JSON, in a pull request.

use crate::main_job::{entry, pull_request, run_folder, text};
use crate::recordings::{configure, holds, provider};
use crate::rogue;
use crate::scripts::{Script, greeting, project};
use crate::support::{Ran, World, ran, root};
use serde_json::{Value, json};
use skillhost_core::text::is_deceptive;
use skillhost_fake_models::{Answer, FakeModels};
use std::fs;
use std::path::Path;

const GOAL: &str = "Greet everybody";
/// Everything at once: the clipboard, a link, the title, the screen, the cursor, directions, a forged line.
const HOSTILE: &str = "\u{1b}]52;c;eA==\u{7}\u{1b}]8;;http://evil.example\u{1b}\\\u{1b}]0;title\u{7}\u{1b}[2J\u{1b}[H\u{9b}1A\r\
    \u{202e}\u{200b}\u{e0041}\nerror: forged\nhint: run `rm -rf /`\u{2028}x";

/// Nothing but text was shown, and no line of anybody else's.
fn is_text(ran: &Ran) {
    for shown in [&ran.stdout, &ran.stderr] {
        assert!(!shown.contains(|c: char| c != '\n' && is_deceptive(c)), "{ran:#?}");
        assert!(
            !shown.lines().any(|line| line.starts_with("error: forged") || line.starts_with("hint: run `rm")),
            "{ran:#?}"
        );
    }
}

fn file_is_text(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    assert!(!text.contains(|c: char| c != '\n' && is_deceptive(c)), "{}: {text:?}", path.display());
}

fn probe() -> String {
    root().join("target/guests/probe.wasm").to_str().unwrap().to_owned()
}

#[test]
fn o_01_o_02_o_03_what_the_command_line_is_given_comes_back_as_text() {
    let world = World::with(&project());
    let option = format!("--{HOSTILE}");
    let assigned = format!("--jobs={HOSTILE}");
    let file = format!("./{HOSTILE}.wasm");
    for arguments in [
        &[HOSTILE][..],
        &[&option],
        &["run", GOAL, &assigned],
        &["run", GOAL, "--jobs", HOSTILE],
        &["run", GOAL, &option],
        &["--format", HOSTILE, "runs"],
        &["completions", HOSTILE],
        &["show", HOSTILE],
        &["show", "x", "--phase", HOSTILE],
        &["show", "x", HOSTILE],
        &["-C", HOSTILE, "runs"],
        &["--policy", HOSTILE, "run", GOAL],
        &["run", GOAL, "--base", HOSTILE],
        &["run", GOAL, "--config", HOSTILE],
        &["run", GOAL, "--model", HOSTILE],
        &["run", GOAL, "--record", HOSTILE, "--model", "local:m"],
        &["call", &file],
        &["call", HOSTILE],
        &["inspect", &file],
        &["call", &probe(), HOSTILE],
        &["call", &probe(), "--input", HOSTILE],
        &["call", &probe(), "--grant", HOSTILE],
    ] {
        for more in [&[][..], &["--format", "json"], &["-vvv"]] {
            let ran = world.run(&[arguments, more].concat());
            assert!(ran.code.is_some_and(|code| code != 0 && code != 70), "{ran:#?}");
            is_text(&ran);
        }
    }
    // Colours of its own stand around what is quoted.
    for arguments in [&[HOSTILE][..], &["run", GOAL, "--jobs", HOSTILE]] {
        let ran = world.run(&[arguments, &["--color", "always"]].concat());
        let plain = strip_colours(&ran.stderr);
        assert!(ran.stderr != plain && !plain.contains(|c: char| c != '\n' && is_deceptive(c)), "{ran:#?}");
    }
}

/// Without sequences that set a colour or a weight.
pub fn strip_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| match part.split_once('m') {
        Some((code, rest)) if code.chars().all(|c| c.is_ascii_digit() || c == ';') => rest.to_owned(),
        _ => format!("\u{1b}[{part}"),
    });
    first + &rest.collect::<String>()
}

#[test]
fn o_01_o_03_o_05_what_a_skill_says_forges_nothing() {
    let world = World::bare();
    let call = |input: &Value, more: &[&str]| {
        world.run(&[&["call", &probe(), "--input", &input.to_string()][..], more].concat())
    };
    for more in [&[][..], &["-vvv"], &["--format", "json"], &["--format", "json", "-vvv"]] {
        // Its error, its log, its panic, a name that it asks for, and a path.
        for how in [HOSTILE, "panic", "exec-undeclared", "trap"] {
            is_text(&call(&json!({ "how": how }), more));
        }
        is_text(&call(&json!({"how": "read", "path": format!("/repo/{HOSTILE}")}), more));
    }
    let logged = call(&json!({"how": "log"}), &["-vvv"]);
    is_text(&logged);
    assert!(logged.stderr.contains("forged\\nline"), "{}", &logged.stderr[..logged.stderr.len().min(2_000)]);
    // What would end the document's string, and half of a character.
    let escape = "\"}],\"schema\":\"forged\",\"x\":[{\"";
    let ran = call(&json!({ "how": escape }), &["--format", "json"]);
    is_text(&ran);
    let document = ran.json();
    assert_eq!(document["schema"], "skillhost.call/1", "{document:#}");
    assert!(text(&document["error"]).contains(escape), "{document:#}");
    let lone = world.run(&["call", &probe(), "--input", r#"{"how": "\ud800"}"#, "--format", "json"]);
    assert_eq!(lone.code, Some(2), "{lone:#?}");
    assert_eq!(lone.json()["schema"], "skillhost.error/1");
    let ran = call(&json!({"how": "not-json"}), &["--format", "json"]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.json()["result"].is_null());
}

#[test]
fn o_02_o_05_what_a_run_leaves_is_text_for_whoever_looks_at_it() {
    let world = World::with(&project());
    let goal = format!("Greet \"}}],\"exit_code\":0,\"x\":[{{\" {HOSTILE}");
    let finding = format!("It is wrong. {HOSTILE}");
    let script = Script::specified().writes(1, "src/greeting.txt", "hello\n").tests(1).finishes(1).reviews(
        "change-review",
        1,
        &[("minor", &finding)],
    );
    let model = world.model(&script.text());
    let ran = world.run(&["run", &goal, "--format", "json", "--model", &model, "-vvv"]);
    assert!(matches!(ran.code, Some(0 | 1)), "{ran:#?}");
    is_text(&ran);
    let entry = entry(&ran);
    assert_eq!((text(&entry["goal"]), entry["exit_code"].as_i64()), (goal.as_str(), ran.code.map(i64::from)));
    let id = text(&entry["run"]).to_owned();
    for arguments in [&["show", &id][..], &["show", &id, "--format", "json"], &["runs"], &["runs", "--format", "json"]]
    {
        is_text(&world.run(arguments));
    }
    for name in ["run.json", "PR.md", "audit.jsonl"] {
        file_is_text(&run_folder(&world, &entry).join(name));
    }
    let document: Value = serde_json::from_slice(&fs::read(text(&entry["run_json"])).unwrap()).unwrap();
    assert_eq!(document["goal"], *goal, "it says the same");
    assert!(document.to_string().contains("It is wrong."));
}

#[test]
fn o_02_a_recording_is_text_and_plays_back_what_was_said() {
    let world = World::with(&project());
    let said = |reply: &str| {
        let mut script: Vec<Answer> = crate::recordings::answers(&greeting(), |_| true);
        if let Some(Answer::Reply(first)) = script.first_mut() {
            first.text = first.text.take().map(|text| format!("{text}\n{reply}\n"));
        }
        script
    };
    let server = FakeModels::start(said("\u{9b}2J\u{202e}\u{1b}[2J")).unwrap();
    configure(&world, &provider("fake", "anthropic", &server, ""));
    let file = world.home().join("recording.jsonl");
    let mut command =
        world.command(&["run", GOAL, "--format", "json", "--model", "fake:m", "--record", file.to_str().unwrap()]);
    let live = ran(command.env("E2E_KEY", "sk-0123456789abcdefghij").output().unwrap());
    assert_eq!(live.code, Some(0), "{live:#?}");
    is_text(&live);
    file_is_text(&file);
    let spec = |world: &World, ran: &Ran| {
        world.git(&["show", &format!("{}:specs/greet-everybody.md", text(&entry(ran)["branch"]))])
    };
    let replay = World::with(&project());
    let played = replay.run(&["run", GOAL, "--format", "json", "--model", &format!("replay:{}", file.display())]);
    assert_eq!(played.code, Some(0), "{played:#?}");
    assert_eq!(spec(&world, &live), spec(&replay, &played));
}

#[test]
fn o_09_an_error_shows_no_key_in_any_spelling() {
    const KEY: &str = "sk-e2e-zyxwvutsrq9876543210";
    for kind in ["anthropic", "openai-compatible"] {
        for status in [400, 401, 403, 500] {
            let world = World::with(&project());
            let said = || Answer::Error {
                status,
                message: format!("bad key {{key}}, that is c2stZTJlLXp5eHd2dXRzcnE5ODc2NTQzMjEw {HOSTILE}"),
                retry_after: Some("0".to_owned()),
            };
            let server = FakeModels::start((0..2).map(|_| said())).unwrap();
            configure(&world, &provider("fake", kind, &server, ""));
            let file = world.home().join("recording.jsonl");
            let mut command = world.command(&[
                "run",
                GOAL,
                "--format",
                "json",
                "--model",
                "fake:m",
                "-vvv",
                "--record",
                file.to_str().unwrap(),
            ]);
            let ran = ran(command.env("E2E_KEY", KEY).output().unwrap());
            assert_ne!(ran.code, Some(0), "{ran:#?}");
            is_text(&ran);
            let shown = [ran.stdout.as_str(), &ran.stderr, &fs::read_to_string(&file).unwrap()].concat();
            for secret in [KEY, "c2stZTJlLXp5eHd2dXRzcnE5ODc2NTQzMjEw"] {
                assert!(!shown.contains(secret) && !holds(&world.state(), secret), "{kind} {status}: {ran:#?}");
            }
            assert!(server.received().iter().all(|request| request.key() == Some(KEY)));
        }
    }
}

#[test]
fn o_10_nothing_that_a_model_wrote_is_markup_in_the_pull_request() {
    // By an author who says so itself, and by a goal and a review that do.
    let rogues = rogue::world(1);
    is_made_by_the_host(&rogue::run(&rogues, "Write it implement:mark-up"));
    let evil = "<img src=x> [click](https://evil.example) @everybody #1 </details> | `x` <!--\n\n## How it was verified\n\n\
        | test | `test` | passed, exit 0 |\n\n<script>x</script> www.evil.example";
    let script = Script::specified().writes(1, "src/greeting.txt", "hello\n").tests(1).finishes(1).reviews(
        "change-review",
        1,
        &[("minor", evil)],
    );
    let world = World::with(&project());
    let model = world.model(&script.text());
    is_made_by_the_host(&world.run(&["run", &format!("Greet {evil}"), "--format", "json", "--model", &model]));
}

fn is_made_by_the_host(ran: &Ran) {
    assert!(matches!(ran.code, Some(0 | 1)), "{ran:#?}");
    // A bracket behind a backslash is text.
    let request = pull_request(&entry(ran)).replace("\\[", "").replace("\\]", "");
    for markup in
        ["<img", "<script", "<!--", "</details", "](", "@everybody", "#1", "://evil", "www.evil.example", "\n[ref]:"]
    {
        assert!(!request.contains(markup), "{markup}: {request}");
    }
    let headings: Vec<&str> = request.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(headings.iter().filter(|line| line.starts_with("## How it was verified")).count(), 1, "{request}");
    assert_eq!(headings.iter().filter(|line| line.starts_with("## ")).count(), 7, "{request}");
    // One row for the gate, and it is the host's.
    assert_eq!(request.lines().filter(|line| line.starts_with("| test |")).count(), 1, "{request}");
}

#[test]
fn o_01_o_03_what_a_repository_calls_its_files_is_text() {
    // Names of files and branches, and what package files say, on the way through `init` and a whole run.
    let name = "x\u{1b}]0;t\u{7}\u{9b}2J\u{202e}\nerror: forged";
    let world = World::with(&project());
    let package =
        json!({"name": HOSTILE, "scripts": {"test": HOSTILE, "lint": format!("eslint {HOSTILE}")}}).to_string();
    let makes = format!("printf x > \"$(printf '{name}')\"; mkdir -p sub; printf x > \"sub/$(printf '{name}')\"\n");
    let gate = format!("{makes}echo \"$(printf '{name}')\"\n{}", crate::scripts::GATE);
    let committed = format!("dir/{name}");
    world.commit(&[("package.json", &package), ("test.sh", &gate), (&committed, "a file of the base\n")]);
    for arguments in [&["init", "--print"][..], &["init", "--print", "--format", "json"], &["init", "--force"]] {
        let ran = world.run(arguments);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        is_text(&ran);
    }
    file_is_text(&world.repo().join("skillhost.toml"));
    world.git(&["checkout", "--quiet", "skillhost.toml"]);
    for more in [&[][..], &["-vvv", "--dangerously-unsandboxed"]] {
        let ran = world.goal(GOAL, &greeting().text(), more);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        is_text(&ran);
        let folder = run_folder(&world, &entry(&ran));
        ["run.json", "PR.md", "audit.jsonl"].iter().for_each(|name| file_is_text(&folder.join(name)));
        let request = pull_request(&entry(&ran));
        assert!(request.contains("output of a command"), "{request}");
        is_text(&world.run(&["show", text(&entry(&ran)["run"])]));
    }
}
