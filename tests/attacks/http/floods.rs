//! D-03, D-05: more requests, more at a time and larger ones than a call may have; and what waiting costs.

use super::{World, all};
use crate::servers::{Servers, servers};
use serde_json::{Value, json};

#[test]
fn d_05_requests_are_limited_and_floods_of_denied_ones_summarised() {
    let world = World::new("flood");
    let Servers { plain, tls, .. } = servers();
    let flood = |request: Value, times: u64| json!({ "how": "repeat", "requests": [request], "times": times });
    let ran = world.call(&[all(*tls)], &flood(world.to(*plain, "ok"), 5000));
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap(), json!({ "HttpRequestDenied": 5000 }));
    assert_eq!(world.logged("network", "decision", "denied"), 100);
    let counted = world.log().iter().any(|e| e["class"] == "skill" && e["counts"]["denials"] == 5000);
    assert!(counted, "{:#?}", world.log().last());

    let most = u64::from(skillhost_engine::http::MAX_REQUESTS);
    let mut request = world.to(*plain, "ok");
    request["unread"] = json!(true);
    let ran = world.call(&[all(*plain)], &flood(request, most + 5));
    assert_eq!(
        serde_json::from_str::<Value>(&ran.stdout).unwrap(),
        json!({ "200": most, "ConnectionLimitReached": 5 }),
        "{}",
        ran.stderr
    );
    world.is_unharmed();
}

#[test]
fn d_05_requests_at_a_time_are_limited() {
    let world = World::new("together");
    let tls = servers().tls;
    let mut request = world.to(tls, "stall");
    request["wait_ms"] = json!(2000);
    let answers = world.answers(&[all(tls)], &json!({ "how": "together", "requests": vec![request; 20] }));
    let of = |error: &str| answers.iter().filter(|answer| answer["error"] == error).count();
    assert_eq!((of("HttpResponseTimeout"), of("ConnectionLimitReached")), (16, 4), "{answers:?}");
    world.is_unharmed();
}

#[test]
fn d_05_more_than_a_call_may_send_is_cut_off() {
    let world = World::new("large");
    let plain = servers().plain;
    let mut request = world.to(plain, "ok");
    request["method"] = json!("POST");
    request["body_bytes"] = json!(skillhost_engine::http::MAX_BYTES_OUT + 1);
    let answers = world.fetch(&[all(plain)], &[request]);
    assert!(answers[0]["error"].is_string(), "{answers:?}");
    assert_eq!(world.logged("network", "outcome", "exhausted"), 1, "{:#?}", world.log());
    world.is_unharmed();
}

#[test]
fn d_03_what_is_never_sent_takes_little_of_the_hosts_memory() {
    let world = World::new("hoard");
    let ran = world.call(&[], &json!({ "how": "hoard" }));
    // It ends by itself, or at the limit of resources; what it holds until then is bounded.
    if let Ok(held) = serde_json::from_str::<Value>(&ran.stdout) {
        assert!(held["bytes"].as_u64().unwrap() < 128 << 20, "{held}");
    } else {
        assert_eq!(ran.code, Some(1), "{ran:#?}");
    }
    world.is_unharmed();
}

#[test]
fn waiting_and_asking_is_not_computing() {
    let mut world = World::new("computing");
    let plain = servers().plain;
    world.policy += "[limits]\ncpu = \"1s\"\n";
    let input = json!({ "how": "spin-and-fetch", "requests": [world.to(plain, "ok")], "times": 10 });
    let answers = world.answers(&[all(plain)], &input);
    assert_eq!(answers, vec![json!(200); 10]);
}
