//! How large a model's window is: what the server says of it, where the user says nothing.

use std::time::Duration;

use serde_json::{Value, json};
use skillhost_core::capability::Tier;
use skillhost_fake_models::{Answer, FakeModels, Said};
use skillhost_models::{Models, Roles, Setup, Tuning, ignore_events};

use crate::support::{KEY, PROTOCOLS, Protocol, ask, quick, serve, setup, site};

/// What is asked for where nothing says how large the window is.
const USUAL: u64 = 32_000;
const OLLAMA: Protocol = PROTOCOLS[3];

fn says(body: &Value) -> Answer {
    Answer::Raw { status: 200, content_type: "application/json; charset=utf-8".into(), body: body.to_string() }
}

fn of_length(length: u64) -> Answer {
    says(&json!({ "license": "x", "parameters": "top_k 20", "model_info": { "q.context_length": length } }))
}

/// Models of a provider whose window the user did not set.
fn models(server: &FakeModels, protocol: Protocol, model: &str) -> Models {
    let mut setup = setup(server, protocol);
    setup.providers.get_mut("fake").unwrap().window = None;
    let roles = Roles::from_project([("implement", format!("fake:{model}").as_str())]).unwrap();
    let tuning = Tuning { stall: Duration::from_millis(200), ..quick() };
    Models::open(Setup { roles, tuning, ..setup }).unwrap()
}

async fn learn(models: &Models) {
    models.learn_windows(&site().role, None, [Tier::Cheap, Tier::Standard, Tier::Capable]).await;
}

async fn window(models: &Models) -> u64 {
    learn(models).await;
    models.window(&site(), Tier::Standard).unwrap()
}

#[tokio::test]
async fn ollama_is_asked_once_and_for_the_context_that_the_model_has() {
    let replies = [Answer::Reply(Said::text("ok")), Answer::Reply(Said::text("ok"))];
    let server = FakeModels::showing(of_length(8_192), replies).unwrap();
    let models = models(&server, OLLAMA, "small:1b");
    learn(&models).await;
    assert_eq!(window(&models).await, 8_192);
    for _ in 0..2 {
        models.complete(&site(), &ask("x"), &ignore_events).await.unwrap();
    }
    assert!(server.received().iter().all(|request| request.body["options"]["num_ctx"] == 8_192));
    let asked = server.looked_up();
    assert_eq!(
        (asked.len(), asked[0].path.as_str(), &asked[0].body),
        (1, "/api/show", &json!({ "model": "small:1b" }))
    );
    assert_eq!(asked[0].key(), Some(KEY));
}

#[tokio::test]
async fn a_large_context_is_asked_for_only_where_it_is_set_up_or_somebody_else_s() {
    let server = FakeModels::showing(of_length(262_144), []).unwrap();
    assert_eq!(window(&models(&server, OLLAMA, "large:70b")).await, USUAL);
    assert_eq!(window(&models(&server, OLLAMA, "large:70b-cloud")).await, 262_144);
    let set_up = json!({ "parameters": "num_ctx 65536", "model_info": { "q.context_length": 262_144 } });
    let server = FakeModels::showing(says(&set_up), []).unwrap();
    assert_eq!(window(&models(&server, OLLAMA, "large:70b")).await, 65_536);
}

#[tokio::test]
async fn what_the_user_says_is_not_asked_and_others_are_never_asked() {
    let server = FakeModels::showing(of_length(8_192), []).unwrap();
    for protocol in PROTOCOLS {
        let configured = crate::support::models(&server, protocol);
        assert_eq!(window(&configured).await, 5_000);
        if protocol.kind != OLLAMA.kind {
            assert_ne!(window(&models(&server, protocol, "m")).await, 8_192);
        }
    }
    assert_eq!(server.looked_up().len(), 0);
}

#[tokio::test]
async fn m_04_a_server_that_says_nothing_sound_changes_nothing() {
    let raw = |status, body: String| Answer::Raw { status, content_type: "application/json".into(), body };
    let thief = serve([]);
    for answer in [
        raw(404, String::new()),
        raw(500, "{}".into()),
        raw(200, "[".repeat(1 << 20)),
        raw(200, "{\"model_info\":".into()),
        raw(200, format!("{{\"model_info\":{{\"q.context_length\":9}},\"license\":\"{}\"}}", "x".repeat(5 << 20))),
        raw(200, "\u{0}\u{1b}[2J".into()),
        says(&json!({ "model_info": { "q.context_length": "8192" }, "parameters": ["num_ctx 7"] })),
        Answer::Redirect { status: 307, to: format!("{}/api/show", thief.url()) },
        Answer::Refuse,
        Answer::Silent,
        Answer::Endless,
        Answer::Pings,
    ] {
        let server = FakeModels::showing(answer.clone(), []).unwrap();
        let models = models(&server, OLLAMA, "m");
        assert_eq!(window(&models).await, USUAL, "{answer:?}");
        assert_eq!(window(&models).await, USUAL);
        assert_eq!(server.looked_up().len(), 1, "it is not asked again: {answer:?}");
    }
    assert_eq!(thief.looked_up().len(), 0);
}
