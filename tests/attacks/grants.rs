//! What was not granted is out of reach, and the answer says what would grant it.

use crate::support::{Lab, block_on, ended};
use skillhost_core::capability::Capabilities;
use skillhost_core::glob::Globs;
use skillhost_engine::CallError;
use skillhost_engine::contract::Error;

fn denied(how: &str) -> String {
    block_on(async {
        let lab = Lab::new();
        let called = lab.misbehave(how).await.unwrap();
        let Err(Error::Denied(text)) = called.answer else { panic!("{how}: {called:?}") };
        assert_eq!(called.done.denials.len(), 1);
        assert!(lab.log().iter().any(|entry| entry.contains("\"decision\":\"denied\"")), "the log says so");
        lab.held([ended("failed").denied(1)]).await;
        text
    })
}

#[test]
fn an_import_that_was_not_granted_answers_what_would_grant_it() {
    for (how, remedy) in [
        ("exec", "skillhost run"),
        ("exec-arguments", "skillhost run"),
        ("model", "--grant 'model=standard'"),
        ("ask", "--grant ask"),
        ("checkpoint", "skillhost run"),
    ] {
        assert!(denied(how).contains(remedy), "{how}");
    }
}

#[test]
fn o_01_a_denied_name_is_escaped() {
    assert!(!denied("exec-undeclared").contains('\u{1b}'));
}

#[test]
fn files_are_reached_within_the_grant_alone() {
    block_on(async {
        let lab = Lab::new();
        std::fs::write(lab.tree().join("open.txt"), "open").unwrap();
        std::fs::write(lab.tree().join("closed.txt"), "closed").unwrap();
        std::fs::write(lab.folder.path().join("outside.txt"), "outside").unwrap();
        let only = |pattern: &str| Globs::parse([pattern]).unwrap();
        let grant = Capabilities { read: only("open.txt"), write: only("out/**"), ..Capabilities::default() };
        std::fs::create_dir(lab.tree().join("out")).unwrap();

        let read = lab.misbehave_with("read", "/repo/open.txt", &grant).await.unwrap();
        assert_eq!(read.answer.unwrap()["text"], "open");
        for path in ["/repo/closed.txt", "/repo/../outside.txt", "/etc/passwd", "/repo/.git/config"] {
            let called = lab.misbehave_with("read", path, &grant).await.unwrap();
            assert!(called.answer.is_err(), "{path}");
        }
        let wrote = lab.misbehave_with("write", "/repo/out/new.txt", &grant).await.unwrap();
        assert!(wrote.answer.is_ok());
        assert_eq!(wrote.done.files.written.iter().map(ToString::to_string).collect::<Vec<_>>(), ["out/new.txt"]);
        for path in ["/repo/open.txt", "/repo/new.txt", "/repo/.git", "/tmp/x"] {
            assert!(lab.misbehave_with("write", path, &grant).await.unwrap().answer.is_err(), "{path}");
        }
        let refused = ended("failed").denied_some().times(6);
        let done = [ended("done"), ended("done").count("files_created", 1)];
        // The library of the guest finds no directory for the two that don't begin with `/repo`.
        lab.held(refused.chain(ended("failed").times(2)).chain(done)).await;
    });
}

#[test]
fn a_skill_sees_no_environment_and_no_network() {
    block_on(async {
        let lab = Lab::new();
        let called = lab.misbehave("environment").await.unwrap();
        assert_eq!(called.answer.unwrap(), serde_json::json!({ "variables": 0, "arguments": 0 }));
        let error = lab.misbehave("connect").await.map(|c| c.answer).unwrap_err().error;
        assert!(error.to_string().contains("no network"), "{error}");
        lab.held([ended("done"), ended("trapped")]).await;
    });
}

#[test]
fn a_result_that_is_not_json_and_arguments_outside_the_schema_are_refused() {
    block_on(async {
        let lab = Lab::new();
        let error = lab.misbehave("not-json").await.map(|c| c.answer).unwrap_err().error;
        assert!(matches!(error, CallError::Schema { what: "the result", .. }));
        let probe = lab.load("probe").await;
        let call = lab.call(&probe, &Capabilities::default(), Default::default());
        let error =
            call.tool(&lab.engine, "misbehave", &serde_json::json!({})).await.map(|c| c.answer).unwrap_err().error;
        assert!(matches!(error, CallError::Schema { what: "the arguments", .. }));
        // The second never began.
        lab.held([ended("done")]).await;
    });
}
