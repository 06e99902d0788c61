#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::event::ignore_events;

fn decode(events: &[Value]) -> Result<Decoded, Failure> {
    let mut decoder = Decoder::default();
    for event in events {
        decoder.event(&event.to_string(), &ignore_events)?;
    }
    Box::new(decoder).finish()
}

fn added(index: u64, item: Value) -> Value {
    json!({ "type": "response.output_item.added", "output_index": index, "item": item })
}

fn done(index: u64, item: Value) -> Value {
    json!({ "type": "response.output_item.done", "output_index": index, "item": item })
}

fn delta(kind: &str, index: u64, text: &str) -> Value {
    json!({ "type": format!("response.{kind}.delta"), "output_index": index, "delta": text })
}

fn call(arguments: &str) -> Value {
    json!({ "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "read", "arguments": arguments })
}

fn end(kind: &str, more: Value) -> Value {
    let mut response = json!({ "model": "m" });
    response.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "type": format!("response.{kind}"), "response": response })
}

fn completed() -> Value {
    end("completed", json!({}))
}

#[test]
fn the_last_word_on_an_item_counts_and_an_empty_one_takes_nothing_away() {
    let message = |text: &str| json!({ "type": "message", "content": [{ "type": "output_text", "text": text }] });
    let events = [
        added(0, json!({ "type": "message", "content": [] })),
        delta("output_text", 0, "hel"),
        done(0, message("hello")),
        added(1, call("")),
        delta("function_call_arguments", 1, "{\"a\":"),
        delta("function_call_arguments", 1, "1}"),
        done(1, call("")),
        delta("output_text", 2, "by itself"),
        done(2, message("")),
        completed(),
    ];
    let parts = decode(&events).unwrap().parts;
    let call = ToolCall { id: "c1".into(), name: "read".into(), arguments: "{\"a\":1}".into() };
    assert_eq!(parts, [Part::Text("hello".into()), Part::ToolCall(call), Part::Text("by itself".into())]);
}

#[test]
fn a_call_is_told_once() {
    let told = std::sync::Mutex::new(Vec::new());
    let mut decoder = Decoder::default();
    for event in [added(0, call("")), done(0, call("{}")), completed()] {
        decoder.event(&event.to_string(), &|event| told.lock().unwrap().push(event)).unwrap();
    }
    assert_eq!(told.into_inner().unwrap(), [Event::ToolCall { name: "read".into() }]);
}

#[test]
fn reasoning_is_kept_as_it_came_and_unknown_items_are_not() {
    let reasoning = json!({ "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x", "new": 1 });
    let decoded = decode(&[done(0, json!({ "type": "web_search_call" })), done(1, reasoning.clone()), completed()]);
    assert_eq!(decoded.unwrap().parts, [Part::Reasoning(reasoning.to_string())]);
}

#[test]
fn a_stream_of_one_event_is_whole_too() {
    let decoded = decode(&[end("completed", json!({ "output": [call("{}")] }))]).unwrap();
    assert_eq!((decoded.parts.len(), decoded.model.as_str(), decoded.tokens), (1, "m", None));
}

#[test]
fn usage_counts_what_came_from_the_cache_apart() {
    let usage = |input: u64, cached: u64| {
        let details = json!({ "cached_tokens": cached });
        let usage = json!({ "input_tokens": input, "input_tokens_details": details, "output_tokens": 7 });
        decode(&[end("completed", json!({ "usage": usage }))]).unwrap().tokens.unwrap()
    };
    let tokens = usage(1_000, 900);
    assert_eq!((tokens.fresh_input, tokens.cached_input, tokens.output), (100, 900, 7));
    assert_eq!(usage(10, 900).cached_input, 10, "no more than there was");
    assert_eq!(decode(&[end("completed", json!({ "usage": {} }))]).unwrap().tokens, None);
}

#[test]
fn what_is_not_complete_says_why() {
    let reason = |reason: Value| json!({ "incomplete_details": { "reason": reason } });
    for (event, stop) in [
        (completed(), Stop::End),
        (end("incomplete", reason("max_output_tokens".into())), Stop::Length),
        (end("incomplete", reason("content_filter".into())), Stop::Refused),
        (end("incomplete", reason("something new".into())), Stop::Length),
        (end("incomplete", json!({})), Stop::Length),
    ] {
        assert_eq!(decode(&[event]).unwrap().stop, stop);
    }
    let refusal = json!({ "type": "message", "content": [{ "type": "refusal", "refusal": "no" }] });
    assert_eq!(decode(&[done(0, refusal), completed()]).unwrap().stop, Stop::Refused);
    assert_eq!(decode(&[delta("refusal", 0, "no"), completed()]).unwrap().stop, Stop::Refused);
}

#[test]
fn m_04_streams_that_break_the_protocol_are_refused() {
    let failed =
        |code: &str| json!({ "type": "response.failed", "response": { "error": { "code": code, "message": "no" } } });
    let item = || json!({ "type": "message" });
    for (events, cause) in [
        (vec![], Cause::Cut),
        (vec![added(0, item()), delta("output_text", 0, "half")], Cause::Cut),
        (vec![added(0, item()), delta("function_call_arguments", 0, "x")], Cause::Malformed),
        (vec![delta("function_call_arguments", 0, "x")], Cause::Malformed),
        (vec![added(0, call("")), delta("output_text", 0, "x")], Cause::Malformed),
        (vec![json!({ "type": "response.output_item.added", "item": item() })], Cause::Malformed),
        ((0..600).map(|index| added(index, item())).collect(), Cause::TooLarge),
        (vec![failed("server_error")], Cause::Server),
        (vec![failed("rate_limit_exceeded")], Cause::Server),
        (vec![failed("something new")], Cause::Server),
        (vec![failed("invalid_prompt")], Cause::Request),
        (vec![json!({ "type": "error", "code": "context_length_exceeded", "message": "no" })], Cause::Request),
        (vec![json!({ "type": "error", "error": { "type": "invalid_request_error" } })], Cause::Request),
    ] {
        assert_eq!(decode(&events).unwrap_err().cause, cause, "{events:?}");
    }
    assert_eq!(decode(&[failed("server_error")]).unwrap_err().message, "no");
}
