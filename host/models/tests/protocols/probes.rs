//! What a probe says of a model that can, and of those that can't.

use std::time::Duration;

use skillhost_fake_models::{Answer, Said};
use skillhost_models::{Models, Probed, Roles, Setup, Tuning};

use crate::error;
use crate::support::{KEY, PROTOCOLS, Protocol, quick, serve, setup};

const HERON: (&str, &str, &str) = ("c", "note", r#"{"word":"heron","number":7}"#);
const JSON: &str = r#"{"word":"heron","numbers":[1,2,3]}"#;

fn able() -> Vec<Answer> {
    let several = [HERON, ("d", "note", r#"{"word":"egret","number":2}"#)];
    [Said::calls(&[HERON]), Said::text(JSON), Said::calls(&several)].map(Answer::Reply).into()
}

/// Probes a server with this script; gives how many requests it took, too.
async fn probe(protocol: Protocol, script: Vec<Answer>) -> (Probed, usize) {
    let server = serve(script);
    let tuning = Tuning { attempts: 1, stall: Duration::from_millis(200), ..quick() };
    let models = Models::open(Setup { tuning, ..setup(&server, protocol) }).unwrap();
    let probed = models.probe(models.roles().named()[0].1).await;
    (probed, server.received().len())
}

fn holds(probed: &Probed) -> Vec<bool> {
    probed.findings.iter().map(|finding| finding.holds).collect()
}

#[tokio::test]
async fn a_model_that_can_is_fit() {
    for protocol in PROTOCOLS {
        let (probed, requests) = probe(protocol, able()).await;
        assert!(probed.is_fit() && probed.hint.is_none(), "{protocol:?} {probed:?}");
        assert_eq!((holds(&probed), requests), (vec![true; 4], 3), "{protocol:?}");
        assert_eq!((probed.model.as_str(), probed.window_tokens), ("fake:model-1", Some(5_000)));
        // Three answers of 10 and 5 tokens at 1 and 10 USD for a million.
        assert_eq!((probed.tokens, probed.cost_micro_usd), (45, Some(180)), "{protocol:?}");
        assert!(probed.first_ms.is_some(), "{protocol:?}");
    }
}

#[tokio::test]
async fn what_a_model_can_not_do_is_named() {
    let text = |text: &str| Answer::Reply(Said::text(text));
    let escape = Said::calls(&[("c", "no\u{1b}]0;te\u{7}", "{}")]);
    for protocol in PROTOCOLS {
        for (at, answer, words, is_fit) in [
            (0, text("note(heron, 7)"), "call a tool: it called none", false),
            (0, Answer::Reply(Said::calls(&[("c", "note", r#"{"word":"egret","number":7}"#)])), "not those", false),
            (0, Answer::Reply(escape.clone()), "it called no ]0;te , which was not offered", false),
            (1, text(&format!("Sure: {JSON}")), "keep to a schema: there is text around the JSON", false),
            (1, text(r#"{"word":"heron"}"#), "not what the schema says", false),
            (2, Answer::Reply(Said::calls(&[HERON])), "call tools in parallel: 1 of 3 calls", true),
        ] {
            let mut script = able();
            script[at] = answer;
            let (probed, requests) = probe(protocol, script).await;
            let failed: Vec<_> = probed.findings.iter().filter(|finding| !finding.holds).collect();
            let shown = format!("{}: {}", failed[0].tried, failed[0].happened);
            assert!(failed.len() == 1 && shown.contains(words), "{protocol:?} {words}: {probed:?}");
            assert_eq!((probed.is_fit(), probed.hint.is_some(), requests), (is_fit, !is_fit, 3), "{words}");
            assert!(!format!("{shown} {probed:?}").contains('\u{1b}'));
        }
    }
}

#[tokio::test]
async fn a_server_that_fails_is_asked_no_more_and_told_with_what_to_do() {
    let busy = || Answer::Error { status: 429, message: "slow down, {key}".into(), retry_after: None };
    for protocol in PROTOCOLS {
        for (answer, words, hint) in [
            (error(401), "refused the key with status 401", "check the value of KEY"),
            (error(404), "knows no model model-1", "check the model's name"),
            (busy(), "slow down, [key]", "may work later"),
            (Answer::Silent, "nothing arrived", "may work later"),
            (Answer::Refuse, "no whole reply in 1 attempts", "may work later"),
        ] {
            let (probed, requests) = probe(protocol, vec![answer]).await;
            let shown = format!("{probed:?}");
            assert_eq!((holds(&probed), requests, probed.is_fit()), (vec![false], 1, false), "{shown}");
            assert!(probed.findings[0].happened.contains(words), "{protocol:?} {words}: {shown}");
            assert!(probed.hint.as_deref().is_some_and(|said| said.contains(hint)), "{hint}: {shown}");
            assert!(!shown.contains(KEY), "{shown}");
        }
        // In the middle, the rest is left out.
        let mut script = able();
        script[1] = error(500);
        let (probed, requests) = probe(protocol, script).await;
        assert_eq!((holds(&probed), requests), (vec![true, true, false], 2), "{protocol:?}");
        assert_eq!(probed.findings[2].tried, "keep to a schema");
    }
}

#[tokio::test]
async fn without_a_key_or_with_a_recording_nothing_is_asked() {
    let server = serve([]);
    let models = Models::open(Setup { variable: |_| None, ..setup(&server, PROTOCOLS[0]) }).unwrap();
    let probed = models.probe(models.roles().named()[0].1).await;
    assert!(probed.findings[0].happened.contains("the variable KEY is not set") && probed.hint.is_some(), "{probed:?}");
    let model = "replay:r.jsonl".parse().unwrap();
    let models = Models::open(Setup { roles: Roles::default(), ..setup(&server, PROTOCOLS[0]) }).unwrap();
    assert!(models.probe(&model).await.is_fit());
    assert_eq!(server.received().len(), 0);
}
