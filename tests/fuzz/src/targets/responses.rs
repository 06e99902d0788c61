//! A reply over OpenAI's Responses, as it arrives from a server.

use super::{Target, anthropic};
use skillhost_models::ProviderKind;

pub(super) const TARGET: Target = Target {
    name: "responses",
    check: |data| anthropic::check(ProviderKind::Openai, data),
    seeds,
    words: &[
        "data: ",
        "\n\n",
        "event: x\n",
        "data: [DONE]\n\n",
        "{\"type\":\"response.created\",\"response\":{\"model\":\"m\"}}",
        "{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":",
        "{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":",
        "{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"x\"}]}",
        "{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"w\",\"arguments\":\"{\"}",
        "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"s\"}",
        "{\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"x\"}",
        "{\"type\":\"response.refusal.delta\",\"output_index\":0,\"delta\":\"no\"}",
        "{\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,\"delta\":\"}\"}",
        "{\"type\":\"response.function_call_arguments.done\",\"output_index\":1,\"arguments\":\"{}\"}",
        "{\"type\":\"response.completed\",\"response\":{\"output\":[]}}",
        "{\"type\":\"response.incomplete\",\"response\":{\"incomplete_details\":{\"reason\":\"max_output_tokens\"}}}",
        "{\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\"}}}",
        "18446744073709551615",
    ],
    mutations: 4_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let stream = |events: &[&str]| {
        let events = events.iter().map(|event| format!("event: x\ndata: {event}\n\n")).collect::<String>();
        [b"\x07", events.as_bytes()].concat()
    };
    let start = r#"{"type":"response.created","response":{"id":"r","model":"m-1","status":"in_progress","output":[]}}"#;
    let usage = r#""usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":2},"output_tokens":12}"#;
    let message = r#"{"type":"message","id":"m","content":[{"type":"output_text","text":"Hello"}]}"#;
    let call = r#"{"type":"function_call","id":"f","call_id":"t1","name":"write","arguments":"{\"a\":1}"}"#;
    let reasoning =
        r#"{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"s"}"#;
    let item = |kind: &str, index: u64, item: &str| {
        format!(r#"{{"type":"response.output_item.{kind}","output_index":{index},"item":{item}}}"#)
    };
    let end = |kind: &str, more: &str| format!(r#"{{"type":"response.{kind}","response":{{"model":"m-1",{more}}}}}"#);
    vec![
        stream(&[
            start,
            &item("added", 0, r#"{"type":"reasoning","id":"rs","summary":[]}"#),
            r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"delta":"hm"}"#,
            &item("done", 0, reasoning),
            &item("added", 1, r#"{"type":"message","id":"m","content":[]}"#),
            r#"{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"Hello"}"#,
            &item("done", 1, message),
            &item("added", 2, r#"{"type":"function_call","id":"f","call_id":"t1","name":"write","arguments":""}"#),
            r#"{"type":"response.function_call_arguments.delta","output_index":2,"delta":"{\"a\":"}"#,
            r#"{"type":"response.function_call_arguments.delta","output_index":2,"delta":"1}"}"#,
            r#"{"type":"response.function_call_arguments.done","output_index":2,"arguments":"{\"a\":1}"}"#,
            &item("done", 2, call),
            &end("completed", usage),
        ]),
        stream(&[start, &end("completed", &format!(r#""output":[{message},{call}],{usage}"#))]),
        stream(&[start, &end("incomplete", r#""incomplete_details":{"reason":"content_filter"}"#)]),
        stream(&[start, r#"{"type":"error","code":"rate_limit_exceeded","message":"busy"}"#]),
    ]
}
