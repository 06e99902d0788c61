//! `skillhost call`: what it is given, what it may do, what it tells.

use crate::scripts::Script;
use crate::support::{Ran, World, root};
use serde_json::{Value, json};
use skillhost_core::digest::Digest;
use std::fs;
use std::io::Write;
use std::process::Stdio;

/// Calls the probe; its one tool needs no name.
fn probe(world: &World, input: &Value, more: &[&str]) -> Ran {
    let (component, input) = (component(), input.to_string());
    world.run(&[&["call", component.as_str(), "--input", &input], more].concat())
}

fn component() -> String {
    root().join("target/guests/probe.wasm").to_str().unwrap().to_owned()
}

/// A lock with the probe in it, granted to read.
fn lock(digest: &str) -> String {
    let source = component();
    format!(
        "version = 1\n[[skill]]\nname = \"probe\"\nversion = \"1.0.0\"\nsource = \"file:{source}\"\ndigest = \"{digest}\"\n[skill.grant]\nread = [\"open.txt\"]\n"
    )
}

fn right_digest() -> String {
    Digest::of(&fs::read(component()).unwrap()).to_string()
}

#[test]
fn input_comes_from_the_line_a_file_or_stdin() {
    let world = World::bare();
    fs::write(world.repo().join("input.json"), r#"{"how": "answer"}"#).unwrap();
    let from_file = world.run(&["call", &component(), "misbehave", "--input", "@input.json", "--format", "json"]);
    let document = from_file.json();
    assert_eq!((&document["schema"], &document["result"]["ok"]), (&json!("skillhost.call/1"), &json!(true)));
    assert_eq!((&document["skill"], &document["digest"]), (&json!("probe"), &json!(right_digest())));

    let mut command = world.command(&["call", &component(), "--input", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(br#"{"how": "answer"}"#).unwrap();
    let ran = crate::support::ran(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.json()), (Some(0), json!({"ok": true})));

    world.run(&["call", &component(), "--input", "@absent.json"]).failed(2, &["@absent.json: it can't be read"]);
    world.run(&["call", &component(), "--input", "{"]).failed(2, &["--input is not JSON", "hint: quote it"]);
    world.run(&["call", &component(), "nothing"]).failed(2, &["no tool `nothing`", "hint: its tools are: misbehave"]);
}

#[test]
fn a_granted_file_of_the_named_directory_is_read_and_written() {
    let world = World::bare();
    let dir = world.home().join("elsewhere");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("open.txt"), "open").unwrap();
    let dir_name = dir.to_str().unwrap();
    let read = json!({"how": "read", "path": "/repo/open.txt"});
    let ran = probe(&world, &read, &["--dir", dir_name, "--grant", "read=open.txt"]);
    assert_eq!((ran.code, ran.json()), (Some(0), json!({"text": "open"})));
    probe(&world, &read, &["--dir", dir_name]).failed(1, &["to grant it: --grant 'read=open.txt'"]);
    let write = json!({"how": "write", "path": "/repo/new.txt"});
    let ran = probe(&world, &write, &["--dir", dir_name, "--grant", "write=new.txt", "--format", "json"]);
    assert_eq!((ran.code, &ran.json()["written"]), (Some(0), &json!(["new.txt"])));
    assert_eq!(fs::read_to_string(dir.join("new.txt")).unwrap(), "written by the probe");
    probe(&world, &read, &["--dir", "/nowhere/at/all"]).failed(2, &["--dir /nowhere/at/all"]);
}

#[test]
fn o_01_o_02_what_a_skill_answers_is_plain_text() {
    let world = World::bare();
    let secret = "\u{1b}]52;c;eA==\u{7}\u{7f}\u{9b}2J\u{202e}\n\u{e0041}ż";
    fs::write(world.repo().join("open.txt"), secret).unwrap();
    for format in ["human", "json"] {
        let read = json!({"how": "read", "path": "/repo/open.txt"});
        let ran = probe(&world, &read, &["--grant", "read=**", "--format", format]);
        let deceptive = |c: char| c != '\n' && skillhost_core::text::is_deceptive(c);
        assert!(!ran.stdout.contains(deceptive) && !ran.stderr.contains(deceptive), "{ran:#?}");
        let document = ran.json();
        let text = if format == "json" { &document["result"]["text"] } else { &document["text"] };
        assert_eq!(*text, secret);
    }
}

#[test]
fn a_granted_model_answers_within_a_budget() {
    let world = World::bare();
    let model = world.model(&Script::new().says("implement", 1, "hello").text());
    let how = json!({"how": "model"});
    let ran = probe(&world, &how, &["--grant", "model=standard", "--model", &model, "--format", "json"]);
    let document = ran.json();
    assert_eq!((ran.code, &document["result"]["model"]), (Some(0), &json!("scripted")), "{ran:#?}");
    assert_eq!(document["tokens"], 110);
    // Without one, it is said before anything is called.
    probe(&world, &how, &["--grant", "model=standard"]).failed(3, &["error: ", "hint: "]);
    // The project's budget is the session's.
    let world = World::with(&[("skillhost.toml", "[budget]\ntokens = 5\n")]);
    let model = world.model(&Script::new().says("implement", 1, "hello").text());
    probe(&world, &how, &["--grant", "model=standard", "--model", &model]).failed(5, &["exhausted", "budget"]);
}

#[test]
fn a_call_runs_no_commands_and_says_so_first() {
    let world = World::bare();
    for grant in ["exec=test", "exec_arguments"] {
        probe(&world, &json!({"how": "exec"}), &["--grant", grant])
            .failed(2, &["a call runs no commands", "hint: skillhost run"]);
    }
    for how in ["exec", "checkpoint"] {
        let ran = probe(&world, &json!({"how": how}), &[]);
        ran.failed(4, &["not available in a call", "skillhost run"]);
        assert!(!ran.stderr.contains("--grant"), "no flag would help: {ran:#?}");
    }
}

#[test]
fn where_nobody_is_there_the_default_is_taken_and_told() {
    let world = World::bare();
    let ran = probe(&world, &json!({"how": "ask"}), &["--grant", "ask", "--format", "json"]);
    assert_eq!((ran.code, &ran.json()["result"]["answer"]), (Some(0), &json!("no")));
    assert_eq!(ran.json()["asked"], json!(["Really? — taken without asking: no"]));
    probe(&world, &json!({"how": "ask"}), &["--grant", "ask"])
        .failed(0, &["asked: Really? — taken without asking: no"]);
}

#[test]
fn a_name_is_looked_up_in_the_committed_lock_and_gets_its_grant() {
    let world =
        World::with(&[("open.txt", "open"), ("closed.txt", "closed"), ("skillhost.lock", &lock(&right_digest()))]);
    // Nobody is granted anything by what is not committed.
    world.write(&[("skillhost.lock", &lock(&right_digest()).replace("open.txt", "**"))]);
    let read = |path: &str| json!({"how": "read", "path": path}).to_string();
    let ran = world.run(&["call", "probe", "--input", &read("/repo/open.txt")]);
    assert_eq!((ran.code, ran.json()), (Some(0), json!({"text": "open"})), "{ran:#?}");
    let denied = world.run(&["call", "probe", "--input", &read("/repo/closed.txt")]);
    denied.failed(1, &["under [skill.grant] of probe in skillhost.lock"]);
    let named = world.run(&["call", "probe", "--lock", "skillhost.lock", "--input", &read("/repo/closed.txt")]);
    assert_eq!(named.json(), json!({"text": "closed"}));

    let answer = r#"{"how": "answer"}"#;
    world
        .run(&["call", "probe", "--grant", "read=**", "--input", answer])
        .failed(2, &["stands in skillhost.lock", "hint: "]);
    world.run(&["call", "other"]).failed(2, &["no skill `other` in skillhost.lock", "hint: name a file"]);
    world.commit(&[("skillhost.lock", &lock(&Digest::of(b"other").to_string()))]);
    world.run(&["call", "probe", "--input", answer]).failed(6, &["probe", "digest"]);
}
