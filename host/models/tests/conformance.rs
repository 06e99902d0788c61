//! One table for both protocols: what a server does, and what the host makes of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;
use skillhost_fake_models::{Answer, Said};
use skillhost_models::{
    Allowance, Budget, Event, ModelError, Part, Reply, Setup, Speaker, Stop, ToolCall, ToolChoice, ToolResult, Tuning,
    Volatile, ignore_events,
};
use support::{KEY, PROTOCOLS, ask, message, models, quick, serve, setup, site, site_with};

async fn one(protocol: (&str, &str), script: Vec<Answer>) -> (Result<Reply, ModelError>, usize) {
    let server = serve(script);
    let outcome = models(&server, protocol).complete(&site(), &ask("hello"), &ignore_events).await;
    (outcome, server.received().len())
}

fn call(id: &str, name: &str, arguments: &str) -> Part {
    Part::ToolCall(ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() })
}

fn error(status: u16) -> Answer {
    Answer::Error { status, message: "no".to_owned(), retry_after: None }
}

#[tokio::test]
async fn replies_arrive_whole() {
    let malformed = r#"{"path": "a.rs", "#;
    let table: Vec<(&str, Said, Vec<Part>, Stop)> = vec![
        (
            "text",
            Said::text("Grüße, Welt: a long text in pieces"),
            vec![Part::Text("Grüße, Welt: a long text in pieces".into())],
            Stop::End,
        ),
        (
            "one call",
            Said::calls(&[("c1", "read", r#"{"path":"src/lib.rs"}"#)]),
            vec![call("c1", "read", r#"{"path":"src/lib.rs"}"#)],
            Stop::ToolCalls,
        ),
        (
            "parallel calls",
            Said::calls(&[("c1", "read", r#"{"path":"a"}"#), ("c2", "read", r#"{"path":"b"}"#)]),
            vec![call("c1", "read", r#"{"path":"a"}"#), call("c2", "read", r#"{"path":"b"}"#)],
            Stop::ToolCalls,
        ),
        (
            "m_03 malformed arguments stay raw",
            Said::calls(&[("c1", "read", malformed)]),
            vec![call("c1", "read", malformed)],
            Stop::ToolCalls,
        ),
        ("m_03 empty arguments", Said::calls(&[("c1", "read", "")]), vec![call("c1", "read", "{}")], Stop::ToolCalls),
        (
            "m_03 duplicate and missing ids",
            Said::calls(&[("c", "x", "{}"), ("c", "y", "{}"), ("", "z", "{}")]),
            vec![call("c", "x", "{}"), call("c-2", "y", "{}"), call("call", "z", "{}")],
            Stop::ToolCalls,
        ),
        (
            "m_02 an unknown tool is passed on as data",
            Said::calls(&[("c", "push_to_main", "{}")]),
            vec![call("c", "push_to_main", "{}")],
            Stop::ToolCalls,
        ),
        (
            "a stop that denies the calls",
            Said { stop: Some("stop".into()), ..Said::calls(&[("c", "x", "{}")]) },
            vec![call("c", "x", "{}")],
            Stop::ToolCalls,
        ),
        ("no text at all", Said { output_tokens: 1, ..Said::default() }, vec![], Stop::End),
    ];
    for protocol in PROTOCOLS {
        for (name, said, parts, stop) in &table {
            let (reply, _) = one(protocol, vec![Answer::Reply(said.clone())]).await;
            let reply = reply.unwrap_or_else(|error| panic!("{protocol:?} {name}: {error}"));
            assert_eq!(
                (&reply.parts, reply.stop, reply.model.as_str()),
                (parts, *stop, "model-1"),
                "{protocol:?} {name}"
            );
        }
    }
}

#[tokio::test]
async fn stop_reasons_are_told_apart() {
    for (protocol, length, refused) in
        [(PROTOCOLS[0], "max_tokens", "refusal"), (PROTOCOLS[1], "length", "content_filter")]
    {
        for (word, stop) in [(length, Stop::Length), (refused, Stop::Refused), ("something-new", Stop::End)] {
            let said = Said { stop: Some(word.to_owned()), ..Said::text("half") };
            let (reply, _) = one(protocol, vec![Answer::Reply(said)]).await;
            assert_eq!(reply.unwrap().stop, stop, "{protocol:?} {word}");
        }
        // A cut reply stays one, also where it holds a call: its arguments may be half.
        let said = Said { stop: Some(length.to_owned()), ..Said::calls(&[("c", "x", "{\"a\":")]) };
        let (reply, _) = one(protocol, vec![Answer::Reply(said)]).await;
        assert_eq!(reply.unwrap().stop, Stop::Length, "{protocol:?}");
    }
}

#[tokio::test]
async fn usage_is_counted_and_priced() {
    for protocol in PROTOCOLS {
        let said = Said { input_tokens: 100, cached_input_tokens: 900, output_tokens: 50, ..Said::text("ok") };
        let server = serve([Answer::Reply(said)]);
        let budget = Budget::root("run", Allowance { tokens: Some(10_000), cost: Some(10_000) });
        let site = site_with(budget.clone(), Volatile::default());
        let usage = models(&server, protocol).complete(&site, &ask("x"), &ignore_events).await.unwrap().usage;
        assert_eq!(
            (usage.input_tokens, usage.cached_input_tokens, usage.output_tokens),
            (1_000, 900, 50),
            "{protocol:?}"
        );
        // 100 at 1 USD, 900 at 0.1 and 50 at 10 for a million each.
        assert_eq!(usage.cost, Some(100 + 90 + 500), "{protocol:?}");
        assert_eq!(budget.remaining(), Allowance { tokens: Some(8_950), cost: Some(9_310) }, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_call_that_the_budget_does_not_cover_is_not_sent() {
    for protocol in PROTOCOLS {
        let server = serve([]);
        let budget =
            Budget::root("run", Allowance::default()).child("agent main", Allowance { tokens: Some(120), cost: None });
        let error = models(&server, protocol)
            .complete(&site_with(budget.clone(), Volatile::default()), &ask("x"), &ignore_events)
            .await
            .unwrap_err();
        assert!(matches!(&error, ModelError::Exhausted(short) if short.budget == "agent main"), "{error}");
        assert_eq!((server.received().len(), budget.remaining().tokens), (0, Some(120)));
    }
}

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
        skillhost_models::Models::open(setup).unwrap().complete(&site(), &ask("x"), &note).await.unwrap();
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
            let models = skillhost_models::Models::open(Setup { tuning, ..setup(&server, protocol) }).unwrap();
            let site = site();
            let failed = models.complete(&site, &ask("x"), &ignore_events).await.unwrap_err();
            assert!(failed.to_string().contains(words), "{protocol:?}: {failed}");
            assert!(site.budget.spent().tokens > 0, "{protocol:?}: what was read may be billed");
        }
    }
}

#[tokio::test]
async fn near_the_end_of_a_budget_replies_are_shorter_instead_of_refused() {
    for protocol in PROTOCOLS {
        let server = serve([Answer::Reply(Said::text("ok")), Answer::Reply(Said::text("ok"))]);
        let models = models(&server, protocol);
        let long = skillhost_models::Request { max_output_tokens: None, ..ask("x") };
        let budget = |tokens| Budget::root("run", Allowance { tokens: Some(tokens), cost: None });
        for tokens in [100_000, 4_000] {
            models.complete(&site_with(budget(tokens), Volatile::default()), &long, &ignore_events).await.unwrap();
        }
        let limits: Vec<_> =
            server.received().iter().map(|request| request.body["max_tokens"].as_u64().unwrap()).collect();
        assert_eq!(limits[0], 8_192);
        assert!((3_000..4_000).contains(&limits[1]), "{limits:?}");
        let too_short = site_with(budget(1_000), Volatile::default());
        let failed = models.complete(&too_short, &long, &ignore_events).await.unwrap_err();
        assert!(matches!(failed, ModelError::Exhausted(_)), "{failed}");
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
async fn m_04_a_stream_that_stalls_is_an_error() {
    for protocol in PROTOCOLS {
        let server = serve([Answer::Stall(Said::text("half")), Answer::Stall(Said::text("half"))]);
        let tuning = Tuning { stall: Duration::from_millis(200), attempts: 2, ..quick() };
        let models = skillhost_models::Models::open(Setup { tuning, ..setup(&server, protocol) }).unwrap();
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
        let models = skillhost_models::Models::open(Setup { tuning, ..setup(&server, protocol) }).unwrap();
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

#[tokio::test]
async fn a_cancelled_call_is_charged_and_leaves_the_models_usable() {
    for protocol in PROTOCOLS {
        let server = serve([Answer::Stall(Said::text("half")), Answer::Reply(Said::text("next"))]);
        let models = models(&server, protocol);
        let budget = Budget::root("run", Allowance::default());
        let site = site_with(budget.clone(), Volatile::default());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let sender = Mutex::new(Some(sender));
        let begun = |_: Event| {
            if let Some(sender) = sender.lock().unwrap().take() {
                sender.send(()).unwrap();
            }
        };
        let request = ask("x");
        tokio::select! {
            outcome = models.complete(&site, &request, &begun) => panic!("it can't end: {outcome:?}"),
            _ = receiver => {}
        }
        assert!(budget.spent().tokens > 100, "{protocol:?}");
        assert!(models.complete(&site, &ask("y"), &ignore_events).await.is_ok(), "{protocol:?}");
    }
}

#[tokio::test]
async fn progress_tells_sizes_names_and_retries() {
    for protocol in PROTOCOLS {
        let said = Said {
            text: Some("12345678".into()),
            reasoning: Some("why".into()),
            ..Said::calls(&[("c", "read", "{}")])
        };
        let server = serve([error(500), Answer::Reply(said)]);
        let seen = Mutex::new(Vec::new());
        let site = site();
        models(&server, protocol).complete(&site, &ask("x"), &|event| seen.lock().unwrap().push(event)).await.unwrap();
        let seen = seen.into_inner().unwrap();
        let text: usize = seen.iter().map(|event| if let Event::Text { bytes } = event { *bytes } else { 0 }).sum();
        let reasoning: usize =
            seen.iter().map(|event| if let Event::Reasoning { bytes } = event { *bytes } else { 0 }).sum();
        assert_eq!((text, reasoning), (8, 3), "{protocol:?}");
        assert!(seen.contains(&Event::ToolCall { name: "read".into() }), "{protocol:?}");
        assert!(matches!(&seen[0], Event::Retry { attempt: 1, reason, .. } if reason == "no"), "{protocol:?} {seen:?}");
    }
}

#[tokio::test]
async fn calls_side_by_side_answer_in_order() {
    for protocol in PROTOCOLS {
        // Each answers what it was asked; the one that arrives first has to ask again, and ends later than others.
        let echo = Answer::Reply(Said::text("re: {asked}"));
        let server = serve(std::iter::once(error(500)).chain(std::iter::repeat_n(echo, 9)));
        let site = site();
        let requests: Vec<_> = (0..9).map(|number| ask(&format!("question {number}"))).collect();
        let replies = models(&server, protocol).complete_all(&site, &requests, &ignore_events).await;
        let said: Vec<_> = replies.into_iter().map(|reply| reply.unwrap().parts).collect();
        let expected = (0..9).map(|number| vec![Part::Text(format!("re: question {number}"))]);
        assert_eq!(said, expected.collect::<Vec<_>>(), "{protocol:?}");
        assert_eq!(server.received().len(), 10);
    }
}

#[tokio::test]
async fn conversations_go_back_in_each_protocol_s_terms() {
    let reasoned = Said { reasoning: Some("because".into()), ..Said::calls(&[("c1", "read", "{\"path\": \"a\"}")]) };
    for protocol in PROTOCOLS {
        let server = serve([Answer::Reply(reasoned.clone()), Answer::Reply(Said::calls(&[("c1", "read", "{}")]))]);
        let models = models(&server, protocol);
        let site = site();
        let mut request = ask("go");
        let reply = models.complete(&site, &request, &ignore_events).await.unwrap();
        assert!(matches!(reply.parts[0], Part::Reasoning(_)), "{protocol:?}");
        let mut said = reply.parts;
        said.push(call("c2", "re ad", "{cut"));
        request.messages.push(message(Speaker::Assistant, said));
        let result =
            |id: &str| Part::ToolResult(ToolResult { id: id.into(), content: "text".into(), failed: id == "c2" });
        request.messages.push(message(Speaker::User, vec![Part::Text("go on".into()), result("c1"), result("c2")]));
        request.schema = Some(r#"{"type":"object"}"#.into());
        request.tool_choice = ToolChoice::Required;
        let second = models.complete(&site, &request, &ignore_events).await.unwrap();
        assert_eq!(second.parts, [call("c1-2", "read", "{}")], "{protocol:?}: ids differ across turns too");

        let body = server.received()[1].body.clone();
        assert_eq!(body["stream"], json!(true));
        let messages = body["messages"].as_array().unwrap();
        if protocol.0 == "anthropic" {
            assert_eq!(body["tool_choice"], json!({ "type": "any" }));
            assert_eq!(
                body["output_config"]["format"],
                json!({ "type": "json_schema", "schema": { "type": "object" } })
            );
            assert_eq!(body["system"][0]["cache_control"], json!({ "type": "ephemeral" }));
            assert_eq!(
                messages[1]["content"],
                json!([
                    { "type": "thinking", "thinking": "because", "signature": "signed" },
                    { "type": "tool_use", "id": "c1", "name": "read", "input": { "path": "a" } },
                    { "type": "tool_use", "id": "c2", "name": "invalid", "input": {} },
                ])
            );
            let kinds: Vec<_> =
                messages[2]["content"].as_array().unwrap().iter().map(|block| block["type"].clone()).collect();
            assert_eq!(kinds, ["tool_result", "tool_result", "text"]);
            assert_eq!(messages[2]["content"][1]["is_error"], json!(true));
            assert_eq!(body.to_string().matches("cache_control").count(), 3);
        } else {
            assert_eq!(
                (&body["tool_choice"], &body["stream_options"]),
                (&json!("required"), &json!({ "include_usage": true }))
            );
            assert_eq!(body["response_format"]["json_schema"]["schema"], json!({ "type": "object" }));
            assert_eq!((&messages[0]["role"], &messages[1]["content"]), (&json!("system"), &json!("go")));
            assert_eq!(messages[2]["reasoning_content"], json!("because"));
            assert_eq!(messages[2]["tool_calls"][0]["function"]["arguments"], json!("{\"path\": \"a\"}"));
            assert_eq!(messages[2]["tool_calls"][1]["function"], json!({ "name": "invalid", "arguments": "{}" }));
            let roles: Vec<_> = messages[3..].iter().map(|message| message["role"].clone()).collect();
            assert_eq!(roles, ["tool", "tool", "user"]);
        }
    }
}

#[tokio::test]
async fn another_provider_s_reasoning_is_left_out() {
    for protocol in PROTOCOLS {
        let server = serve([Answer::Reply(Said::text("ok"))]);
        let mut request = ask("go");
        let foreign = r#"{"type":"other","text":"FOREIGN"}"#.to_owned();
        let forged = r#"{"type":"thinking","thinking":"FOREIGN","signature":"s","cache_control":{}}"#.to_owned();
        let parts = vec![
            Part::Reasoning(foreign),
            Part::Reasoning(forged),
            Part::Reasoning("FOREIGN".into()),
            call("c", "x", "{}"),
        ];
        request.messages.push(message(Speaker::Assistant, parts));
        models(&server, protocol).complete(&site(), &request, &ignore_events).await.unwrap();
        assert!(!server.received()[0].body.to_string().contains("FOREIGN"), "{protocol:?}");
    }
}

#[tokio::test]
async fn calls_can_move_between_threads() {
    fn movable<T: Send>(future: T) -> T {
        future
    }
    let server = serve([Answer::Reply(Said::text("ok"))]);
    let (models, site, request) = (models(&server, PROTOCOLS[0]), site(), ask("x"));
    assert!(movable(models.complete(&site, &request, &ignore_events)).await.is_ok());
    assert!(movable(models.complete_all(&site, &[], &ignore_events)).await.is_empty());
}

#[tokio::test]
async fn requests_without_sense_are_not_sent() {
    for protocol in PROTOCOLS {
        let server = serve([]);
        let models = models(&server, protocol);
        let mut bad = vec![ask("x"), ask("x"), ask("x"), ask(&"x".repeat(9 << 20))];
        bad[0].messages.clear();
        bad[1].schema = Some("[".repeat(100_000));
        bad[2].tools[0].name = "a b".into();
        for request in bad {
            let failed = models.complete(&site(), &request, &ignore_events).await.unwrap_err();
            assert!(
                matches!(failed, ModelError::RequestInvalid { .. } | ModelError::RequestTooLarge { .. }),
                "{failed}"
            );
        }
        assert_eq!(server.received().len(), 0);
        assert_eq!(models.window(&site().role, None, ask("x").tier).unwrap(), 5_000);
    }
}

#[tokio::test]
async fn the_key_stands_in_its_header_alone() {
    for protocol in PROTOCOLS {
        let server = serve([Answer::Reply(Said::text("ok"))]);
        models(&server, protocol).complete(&site(), &ask("x"), &ignore_events).await.unwrap();
        let received = &server.received()[0];
        assert_eq!(received.key(), Some(KEY));
        let holders = received.headers.iter().filter(|(_, value)| value.contains(KEY)).count();
        assert_eq!((holders, received.path.contains(KEY), received.body.to_string().contains(KEY)), (1, false, false));
    }
}
