//! What a server says, and what a skill gets of it.

use std::sync::Mutex;

use skillhost_fake_models::{Answer, Said};
use skillhost_models::{Event, Part, Stop, ignore_events};

use crate::support::{PROTOCOLS, ask, models, serve, site};
use crate::{call, error, one};

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
    for protocol in PROTOCOLS {
        let (length, refused) = match protocol.kind {
            "anthropic" => ("max_tokens", Some("refusal")),
            "openai" => ("max_output_tokens", Some("content_filter")),
            "ollama" => ("length", None),
            _ => ("length", Some("content_filter")),
        };
        let words = [(Some(length), Stop::Length), (refused, Stop::Refused), (Some("something-new"), Stop::End)];
        for (word, stop) in words.into_iter().filter_map(|(word, stop)| Some((word?, stop))) {
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
async fn calls_can_move_between_threads() {
    fn movable<T: Send>(future: T) -> T {
        future
    }
    let server = serve([Answer::Reply(Said::text("ok"))]);
    let (models, site, request) = (models(&server, PROTOCOLS[0]), site(), ask("x"));
    assert!(movable(models.complete(&site, &request, &ignore_events)).await.is_ok());
    assert!(movable(models.complete_all(&site, &[], &ignore_events)).await.is_empty());
}
