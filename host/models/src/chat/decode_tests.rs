#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::config::ProviderKind;
use crate::event::ignore_events;
use proptest::prelude::*;

fn calls(deltas: &[Value]) -> Vec<(String, String)> {
    let mut decoder = Decoder::default();
    for delta in deltas {
        let event = json!({ "choices": [{ "delta": { "tool_calls": [delta] } }] });
        decoder.event(&event.to_string(), &ignore_events).unwrap();
    }
    decoder.event("{\"choices\":[{\"finish_reason\":\"tool_calls\"}]}", &ignore_events).unwrap();
    let decoded = Box::new(decoder).finish().unwrap();
    let call = |part| if let Part::ToolCall(call) = part { Some((call.id, call.arguments)) } else { None };
    decoded.parts.into_iter().filter_map(call).collect()
}

/// A delta of a call: index, id, name, arguments; what is "" is left out.
fn delta(index: impl Into<Value>, id: &str, name: &str, arguments: &str) -> Value {
    let mut delta = json!({ "index": index.into(), "function": { "arguments": arguments } });
    if !id.is_empty() {
        delta["id"] = id.into();
    }
    if !name.is_empty() {
        delta["function"]["name"] = name.into();
    }
    delta
}

#[test]
fn calls_of_careless_servers_come_together() {
    let none = Value::Null;
    let table: Vec<(&str, Vec<Value>)> = vec![
        (
            "as the protocol says",
            vec![
                delta(0, "a", "x", ""),
                delta(0, "", "", "{"),
                delta(0, "", "", "}"),
                delta(1, "b", "y", ""),
                delta(1, "", "", "{"),
                delta(1, "", "", "}"),
            ],
        ),
        (
            "interleaved",
            vec![delta(0, "a", "x", "{"), delta(1, "b", "y", "{"), delta(0, "", "", "}"), delta(1, "", "", "}")],
        ),
        (
            "without an index",
            vec![
                delta(none.clone(), "a", "x", "{"),
                delta(none.clone(), "", "", "}"),
                delta(none.clone(), "b", "y", "{"),
                delta(none.clone(), "", "", "}"),
            ],
        ),
        (
            "without an index, the id repeated",
            vec![
                delta(none.clone(), "a", "x", "{"),
                delta(none.clone(), "b", "y", "{"),
                delta(none.clone(), "a", "", "}"),
                delta(none.clone(), "b", "", "}"),
            ],
        ),
        (
            "every index 0",
            vec![delta(0, "a", "x", "{"), delta(0, "", "", "}"), delta(0, "b", "y", "{"), delta(0, "", "", "}")],
        ),
        (
            "every index 0, the id repeated",
            vec![delta(0, "a", "x", "{"), delta(0, "a", "", "}"), delta(0, "b", "y", "{"), delta(0, "b", "", "}")],
        ),
        (
            "every index 0, id and name repeated",
            vec![delta(0, "a", "x", "{"), delta(0, "a", "x", "}"), delta(0, "b", "y", "{"), delta(0, "b", "y", "}")],
        ),
        (
            "an id made up for each delta",
            vec![delta(0, "a", "x", "{"), delta(0, "r1", "", "}"), delta(1, "b", "y", "{"), delta(1, "r2", "", "}")],
        ),
        (
            "that, without an index",
            vec![
                delta(none.clone(), "a", "x", "{"),
                delta(none.clone(), "r1", "", "}"),
                delta(none.clone(), "b", "y", "{"),
                delta(none.clone(), "r2", "", "}"),
            ],
        ),
        (
            "that, with every index 0",
            vec![delta(0, "a", "x", "{"), delta(0, "r1", "", "}"), delta(0, "b", "y", "{"), delta(0, "r2", "", "}")],
        ),
        ("whole calls, every index 0", vec![delta(0, "a", "x", "{}"), delta(0, "b", "y", "{}")]),
        (
            "whole calls without an index",
            vec![delta(none.clone(), "a", "x", "{}"), delta(none.clone(), "b", "y", "{}")],
        ),
        ("indexes that leave some out", vec![delta(3, "a", "x", "{}"), delta(7, "b", "y", "{}")]),
        (
            "the name behind the id",
            vec![delta(0, "a", "", ""), delta(0, "", "x", "{}"), delta(1, "b", "", ""), delta(1, "", "y", "{}")],
        ),
    ];
    let two = [("a".to_owned(), "{}".to_owned()), ("b".to_owned(), "{}".to_owned())];
    for (name, deltas) in table {
        assert_eq!(calls(&deltas), two, "{name}");
    }
    let object = json!({ "index": 7, "id": "c", "function": { "name": "x", "arguments": { "a": 1 } } });
    assert_eq!(calls(&[object]), [("c".to_owned(), "{\"a\":1}".to_owned())]);
    let twice = [delta(0, "c", "x", "{}"), delta(1, "c", "y", "{}")];
    assert_eq!(calls(&twice).len(), 2, "one id for two calls");
}

#[test]
fn an_empty_refusal_is_none_and_an_empty_usage_counts_nothing() {
    let mut decoder = Decoder::default();
    let choice = json!({ "delta": { "content": "yes", "refusal": "" }, "finish_reason": "stop" });
    let event = json!({ "choices": [choice], "usage": {} });
    decoder.event(&event.to_string(), &ignore_events).unwrap();
    let decoded = Box::new(decoder).finish().unwrap();
    assert_eq!((decoded.stop, decoded.tokens), (Stop::End, None));
}

#[test]
fn m_04_an_error_about_the_request_is_not_the_servers() {
    for (error, cause) in [
        (json!({ "message": "no", "code": 400 }), Cause::Status(400)),
        (json!({ "message": "no", "type": "invalid_request_error" }), Cause::Request),
        (json!({ "message": "busy", "code": 503 }), Cause::Status(503)),
        (json!({ "message": "?" }), Cause::Server),
    ] {
        let event = json!({ "error": error }).to_string();
        assert_eq!(Decoder::default().event(&event, &ignore_events).unwrap_err().cause, cause, "{event}");
    }
}

#[test]
fn m_04_done_without_a_reason_is_a_cut() {
    let mut decoder = Decoder::default();
    decoder.event(&json!({ "choices": [{ "delta": { "content": "half" } }] }).to_string(), &ignore_events).unwrap();
    assert_eq!(decoder.event("[DONE]", &ignore_events).unwrap(), Flow::Done);
    assert_eq!(Box::new(decoder).finish().unwrap_err().cause, Cause::Cut);
}

#[test]
fn m_04_too_many_calls_are_refused() {
    let mut decoder = Decoder::default();
    let refused = (0..2_000).find_map(|index| {
        let event = json!({ "choices": [{ "delta": { "tool_calls": [{ "index": index, "id": "x" }] } }] });
        decoder.event(&event.to_string(), &ignore_events).err()
    });
    assert_eq!(refused.unwrap().cause, Cause::TooLarge);
}

proptest! {
    #[test]
    fn no_event_breaks_the_decoders(events in proptest::collection::vec(hostile(), 0..12)) {
        let mut decoders = [ProviderKind::Anthropic, ProviderKind::Openai, ProviderKind::OpenaiCompatible, ProviderKind::Ollama]
            .map(ProviderKind::decoder);
        for event in &events {
            for decoder in &mut decoders {
                drop(decoder.event(&event.to_string(), &ignore_events));
            }
        }
        for decoder in decoders {
            drop(decoder.finish());
        }
    }
}

/// JSON of the protocols' words in wrong places.
fn hostile() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "type",
        "index",
        "delta",
        "choices",
        "content",
        "tool_calls",
        "function",
        "arguments",
        "id",
        "usage",
        "text",
        "content_block",
        "content_block_start",
        "content_block_delta",
        "input_json_delta",
        "partial_json",
        "text_delta",
        "message_delta",
        "stop_reason",
        "finish_reason",
        "error",
        "message",
        "prompt_tokens",
        "prompt_tokens_details",
        "cached_tokens",
        "reasoning",
        "tool_use",
        "input_tokens",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        words.clone().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((words.clone(), inner), 0..6).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}
