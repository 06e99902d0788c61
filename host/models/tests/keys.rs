//! Where a key must not go.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests, which look into files themselves")]

mod support;

use std::sync::Mutex;

use skillhost_fake_models::{Answer, Said};
use skillhost_models::{CallSite, Event, ModelError, Models, Part, Roles, Setup, ignore_events};
use support::{KEY, PROTOCOLS, ask, models, serve, setup, site};

#[tokio::test]
async fn m_10_a_redirect_is_not_followed() {
    for protocol in PROTOCOLS {
        for status in [301, 302, 303, 307, 308] {
            let thief = serve([Answer::Reply(Said::text("thanks"))]);
            let server = serve([Answer::Redirect { status, to: format!("{}/v1/messages", thief.url()) }]);
            let failed = models(&server, protocol).complete(&site(), &ask("x"), &ignore_events).await.unwrap_err();
            assert!(matches!(failed, ModelError::Redirected { .. }), "{failed}");
            assert!(failed.hint().is_some());
            assert_eq!((server.received().len(), thief.received().len()), (1, 0), "{protocol:?} {status}");
        }
    }
}

#[tokio::test]
async fn o_09_an_error_that_quotes_the_key_is_scrubbed() {
    for protocol in PROTOCOLS {
        for status in [400, 401, 404] {
            // In Base64, as a server shows a header that it could not read.
            let encoded = "c2stdGVzdC0wMTIzNDU2Nzg5YWJjZGVmZ2hpag==";
            let message = format!("bad key {{key}} encoded {encoded}\u{1b}[2J");
            let server = serve([Answer::Error { status, message, retry_after: None }]);
            let failed = models(&server, protocol).complete(&site(), &ask("x"), &ignore_events).await.unwrap_err();
            let shown = format!("{failed} {failed:?} {:?}", failed.hint());
            assert!(shown.contains("bad key [key] encoded [key]"), "{shown}");
            assert!(!shown.contains(KEY) && !shown.contains('\u{1b}'), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_reply_that_quotes_the_key_reaches_no_skill_and_no_recording() {
    for protocol in PROTOCOLS {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("recording.jsonl");
        let said = Said {
            calls: Said::calls(&[("c", KEY, KEY)]).calls,
            model: Some(KEY.into()),
            ..Said::text("it is {key}!")
        };
        let server = serve([Answer::Reply(said)]);
        let models = support::recording(&server, protocol, &file);
        let seen = Mutex::new(Vec::<Event>::new());
        let site = site();
        let request = ask(&format!("a skill that knows {KEY}"));
        let reply = models.complete(&site, &request, &|event| seen.lock().unwrap().push(event)).await.unwrap();
        assert_eq!(reply.parts[0], Part::Text("it is [key]!".into()));
        for shown in [format!("{reply:?}"), format!("{seen:?}"), std::fs::read_to_string(&file).unwrap()] {
            assert!(shown.contains("[key]") && !shown.contains(KEY), "{shown}");
        }
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_sent_and_the_variable_is_named() {
    let server = serve([]);
    let models = Models::open(Setup { variable: |_| None, ..setup(&server, PROTOCOLS[0]) }).unwrap();
    let failed = models.complete(&site(), &ask("x"), &ignore_events).await.unwrap_err();
    assert_eq!(failed.to_string(), "no key for fake: the variable KEY is not set");
    assert!(failed.hint().unwrap().contains("KEY"));
    assert!(models.check(&site().role, None, ask("x").tier).is_err());
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn a_project_can_name_known_providers_only() {
    let server = serve([]);
    let roles = Roles::from_project([("implement", "elsewhere:m")]).unwrap();
    let models = Models::open(Setup { roles, ..setup(&server, PROTOCOLS[0]) }).unwrap();
    let failed = models.complete(&site(), &ask("x"), &ignore_events).await.unwrap_err();
    assert_eq!(failed.to_string(), "the provider elsewhere is not known");
    assert!(failed.hint().is_some());
}

#[tokio::test]
async fn the_hosted_services_can_be_set_up() {
    let server = serve([]);
    let roles =
        Roles::from_project([("implement", "anthropic:claude-sonnet-4-5"), ("review", "openai:gpt-5")]).unwrap();
    let variable = |name: &str| ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"].contains(&name).then(|| KEY.to_owned());
    let models = Models::open(Setup { roles, variable, ..setup(&server, PROTOCOLS[0]) }).unwrap();
    let tier = ask("x").tier;
    for (role, window) in [("implement", 200_000), ("review", 400_000)] {
        let site = CallSite { role: role.parse().unwrap(), ..site() };
        assert_eq!(models.window(&site, tier).unwrap(), window);
        assert_eq!(models.check(&site.role, None, tier).unwrap(), None, "its price is known");
    }
}

#[tokio::test]
async fn a_model_without_a_price_is_told_before_and_costs_nobody_knows_what() {
    let server = serve([Answer::Reply(Said::text("ok"))]);
    let mut setup = setup(&server, PROTOCOLS[1]);
    let provider = setup.providers.get_mut("fake").unwrap();
    (provider.input_usd, provider.cached_input_usd, provider.output_usd) = (None, None, None);
    let models = Models::open(setup).unwrap();
    let site = site();
    let unpriced = models.check(&site.role, None, ask("x").tier).unwrap().unwrap();
    assert_eq!(unpriced.to_string(), "fake:model-1");
    models.complete(&site, &ask("x"), &ignore_events).await.unwrap();
    assert_eq!((site.budget.spent().tokens, site.budget.spent().known_cost()), (15, None));
}
