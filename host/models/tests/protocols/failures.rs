//! What goes wrong, what is tried again, and what is said in the end.

use std::sync::Mutex;
use std::time::Duration;

use skillhost_fake_models::{Answer, Said};
use skillhost_models::{Allowance, Budget, Event, ModelError, Models, Part, Setup, Tuning, Volatile, ignore_events};

use crate::support::{PROTOCOLS, ask, models, quick, serve, setup, site, site_with};
use crate::{error, one};

#[tokio::test]
async fn m_04_what_may_pass_is_tried_again() {
    let half = || Said::text("half of it");
    let table: Vec<(&str, Answer)> = vec![
        ("429", Answer::Error { status: 429, message: "slow".into(), retry_after: Some("0".into()) }),
        ("500", error(500)),
        ("529", error(529)),
        ("503 with a page", Answer::Raw { status: 503, content_type: "text/html".into(), body: "<html>".into() }),
        ("no answer", Answer::Refuse),
        ("cut stream", Answer::Cut(half())),
        ("cut in a call", Answer::Cut(Said::calls(&[("c", "write", "{\"path\":\"a\"}")]))),
        ("broken chunk", Answer::BrokenChunk(half())),
        ("error in the stream", Answer::StreamError { message: "overloaded".into() }),
        ("not JSON", Answer::Raw { status: 200, content_type: "text/event-stream".into(), body: "data: {\n\n".into() }),
        ("not UTF-8 nor a stream", Answer::Raw { status: 200, content_type: "text/html".into(), body: "<p>".into() }),
    ];
    for protocol in PROTOCOLS {
        for (name, answer) in &table {
            let (reply, requests) = one(protocol, vec![answer.clone(), Answer::Reply(Said::text("whole"))]).await;
            let reply = reply.unwrap_or_else(|error| panic!("{protocol:?} {name}: {error}"));
            assert_eq!((reply.parts, requests), (vec![Part::Text("whole".into())], 2), "{protocol:?} {name}");

            let (failed, requests) = one(protocol, vec![answer.clone(), answer.clone(), answer.clone()]).await;
            let failed = failed.unwrap_err();
            assert!(matches!(failed, ModelError::Unavailable { attempts: 3, .. }), "{protocol:?} {name}: {failed}");
            assert_eq!(requests, 3, "{protocol:?} {name}");
        }
    }
}

#[tokio::test]
async fn waits_grow_and_follow_what_the_server_asks() {
    for protocol in PROTOCOLS {
        let busy = |after: Option<&str>| Answer::Error {
            status: 429,
            message: "slow".into(),
            retry_after: after.map(str::to_owned),
        };
        let server = serve([busy(None), busy(Some("0")), busy(Some("0.02")), Answer::Reply(Said::text("ok"))]);
        let first_delay = Duration::from_millis(4);
        let tuning = Tuning { attempts: 4, first_delay, max_delay: 4 * first_delay, ..Tuning::default() };
        let setup = Setup { tuning, random: || 0, ..setup(&server, protocol) };
        let waits = Mutex::new(Vec::new());
        let note = |event: Event| {
            if let Event::Retry { delay, .. } = event {
                waits.lock().unwrap().push(delay.as_millis());
            }
        };
        Models::open(setup).unwrap().complete(&site(), &ask("x"), &note).await.unwrap();
        assert_eq!(waits.into_inner().unwrap(), [4, 8, 20], "{protocol:?}");

        let server = serve([busy(Some("86400")), Answer::Reply(Said::text("ok"))]);
        let failed = models(&server, protocol).complete(&site(), &ask("x"), &ignore_events).await.unwrap_err();
        assert!(failed.to_string().ends_with("slow; it asks to wait for 86400 s"), "{failed}");
        assert_eq!(server.received().len(), 1, "{protocol:?}");
    }
}

#[tokio::test]
async fn an_error_in_a_good_status_is_told_and_not_repeated() {
    let body = r#"{"error":{"message":"this model is not in your plan","code":402}}"#.to_owned();
    for protocol in PROTOCOLS {
        let answer = Answer::Raw { status: 200, content_type: "application/json".into(), body: body.clone() };
        let (failed, requests) = one(protocol, vec![answer, Answer::Reply(Said::text("x"))]).await;
        let failed = failed.unwrap_err().to_string();
        assert_eq!(failed, "fake refused the request with status 402: this model is not in your plan");
        assert_eq!(requests, 1, "{protocol:?}");
    }
}

#[tokio::test]
async fn what_cannot_pass_is_not_tried_again() {
    for protocol in PROTOCOLS {
        for (answer, expected, hint) in [
            (error(400), "fake refused the request with status 400: no", None),
            (error(401), "fake refused the key with status 401: no", Some("check the value of KEY")),
            (error(403), "fake refused the key with status 403: no", Some("check the value of KEY")),
            (
                error(404),
                "fake knows no model model-1: no",
                Some("check the model's name, and the url of a configured provider"),
            ),
        ] {
            let (failed, requests) = one(protocol, vec![answer, Answer::Reply(Said::text("x"))]).await;
            let failed = failed.unwrap_err();
            assert_eq!((failed.to_string().as_str(), failed.hint().as_deref()), (expected, hint), "{protocol:?}");
            assert_eq!(requests, 1, "{protocol:?} {expected}");
        }
    }
}

#[tokio::test]
async fn m_04_silence_and_signs_of_life_alone_are_errors() {
    for protocol in PROTOCOLS {
        let short = Duration::from_millis(200);
        for (answer, tuning, words) in [
            (Answer::Silent, Tuning { stall: short, attempts: 1, ..quick() }, "nothing arrived"),
            (
                Answer::Pings,
                Tuning { total: short, attempts: 1, max_stream_bytes: usize::MAX, ..quick() },
                "the reply took too long",
            ),
        ] {
            let server = serve([answer]);
            let models = Models::open(Setup { tuning, ..setup(&server, protocol) }).unwrap();
            let site = site();
            let failed = models.complete(&site, &ask("x"), &ignore_events).await.unwrap_err();
            assert!(failed.to_string().contains(words), "{protocol:?}: {failed}");
            assert!(site.budget.spent().tokens > 0, "{protocol:?}: what was read may be billed");
        }
    }
}

#[tokio::test]
async fn m_04_a_stream_that_stalls_is_an_error() {
    for protocol in PROTOCOLS {
        let server = serve([Answer::Stall(Said::text("half")), Answer::Stall(Said::text("half"))]);
        let tuning = Tuning { stall: Duration::from_millis(200), attempts: 2, ..quick() };
        let models = Models::open(Setup { tuning, ..setup(&server, protocol) }).unwrap();
        let failed = models.complete(&site(), &ask("x"), &ignore_events).await.unwrap_err();
        assert!(
            matches!(&failed, ModelError::Unavailable { attempts: 2, message, .. } if message.contains("nothing arrived")),
            "{failed}"
        );
        assert_eq!(server.received().len(), 2);
    }
}

#[tokio::test]
async fn m_04_a_reply_without_end_is_ended_and_paid_once() {
    for protocol in PROTOCOLS {
        let server = serve([Answer::Endless, Answer::Endless]);
        let tuning = Tuning { max_stream_bytes: 4 << 20, ..quick() };
        let models = Models::open(Setup { tuning, ..setup(&server, protocol) }).unwrap();
        let budget = Budget::root("run", Allowance::default());
        let failed = models
            .complete(&site_with(budget.clone(), Volatile::default()), &ask("x"), &ignore_events)
            .await
            .unwrap_err();
        assert!(matches!(failed, ModelError::ReplyTooLarge { .. }), "{failed}");
        assert_eq!(server.received().len(), 1);
        assert!(budget.spent().tokens >= 100, "the broken attempt is charged with its longest reply");
    }
}
