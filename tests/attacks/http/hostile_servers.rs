//! servers that stall, break off, never end or answer nonsense.

use super::{World, all};
use crate::servers::servers;
use serde_json::json;

#[test]
fn r_16_a_server_that_stalls_is_left_at_the_deadline() {
    let world = World::new("stalled");
    let tls = servers().tls;
    let waiting = |how: &str| {
        let mut request = world.to(tls, how);
        request["wait_ms"] = json!(300);
        request
    };
    let answers = world.fetch(&[all(tls)], &["stall", "stall-body", "endless-hints"].map(waiting));
    assert_eq!(answers[0]["error"], "HttpResponseTimeout", "{answers:?}");
    // Wasmtime gives no code for what ends a body.
    assert_eq!((&answers[1]["error"], &answers[1]["body"]), (&json!("stream"), &json!("part")));
    assert!(answers[2]["error"].is_string(), "{answers:?}");
    assert!(world.logged("network", "outcome", "timed-out") >= 2, "{:#?}", world.log());
    world.is_unharmed();
}

#[test]
fn r_16_a_call_that_waits_ends_at_its_own_limit() {
    let mut world = World::new("waiting");
    let tls = servers().tls;
    world.policy += "[limits]\ntime = \"1s\"\n";
    for how in ["stall", "stall-body", "endless"] {
        let ran = world.call(&[all(tls)], &json!({ "how": "fetch", "requests": [world.to(tls, how)] }));
        assert!(ran.code == Some(5) && ran.stderr.contains("took longer than"), "{how}: {ran:#?}");
    }
    let log = world.log();
    let intents = log.iter().filter(|e| e["class"] == "network" && e["step"] == "intent").count();
    let outcomes = log.iter().filter(|e| e["class"] == "network" && e["step"] == "outcome").count();
    assert_eq!((intents, outcomes), (3, 3), "{log:#?}");
    world.is_unharmed();
}

#[test]
fn r_16_what_is_no_reply_is_an_error() {
    let world = World::new("broken");
    let tls = servers().tls;
    let how = ["endless-head", "many-fields", "upgrade", "gzip-transfer", "garbage", "silence", "two-lengths"];
    let answers = world.fetch(&[all(tls)], &how.map(|how| world.to(tls, how)));
    for (how, answer) in how.iter().zip(&answers) {
        assert!(answer["error"].is_string(), "{how}: {answer}");
    }
    let cut = world.fetch(&[all(tls)], &[world.to(tls, "cut")]);
    assert_eq!((&cut[0]["error"], &cut[0]["body"]), (&json!("stream"), &json!("part")), "{cut:?}");
    let ended = |how: &str| world.logged("network", "outcome", how);
    assert_eq!((ended("exhausted"), ended("failed")), (2, 6), "{:#?}", world.log());
    world.is_unharmed();
}
