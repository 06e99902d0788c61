//! A reply over Anthropic's Messages, as it arrives from a server: the first byte says how it is cut into pieces.

use super::Target;
use skillhost_models::testing::{MAX_REPLY_PARTS, reply};
use skillhost_models::{Message, Part, ProviderKind, Reply, Request, Speaker, Stop, ToolCall, ToolChoice};
use std::collections::BTreeSet;

pub(super) const TARGET: Target = Target {
    name: "anthropic",
    check: |data| check(ProviderKind::Anthropic, data),
    seeds,
    words: &[
        "data: ",
        "\n\n",
        "\r\n",
        "event: ping\n",
        "{\"type\":\"message_start\",\"message\":{\"model\":\"m\",\"usage\":{\"input_tokens\":1}}}",
        "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":",
        "{\"type\":\"text\"}",
        "{\"type\":\"tool_use\",\"id\":\"1\",\"name\":\"w\",\"input\":{}}",
        "{\"type\":\"thinking\"}",
        "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":",
        "{\"type\":\"text_delta\",\"text\":\"x\"}",
        "{\"type\":\"input_json_delta\",\"partial_json\":\"{\"}",
        "{\"type\":\"content_block_stop\",\"index\":0}",
        "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}",
        "{\"type\":\"message_stop\"}",
        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}",
        "18446744073709551615",
        "\u{feff}",
    ],
    mutations: 4_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let stream = |events: &[&str]| {
        let events = events.iter().map(|event| format!("event: x\ndata: {event}\n\n")).collect::<String>();
        [b"\x07", events.as_bytes()].concat()
    };
    let start = r#"{"type":"message_start","message":{"model":"m-1","usage":{"input_tokens":9,"cache_read_input_tokens":2,"output_tokens":1}}}"#;
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":12}}"#;
    vec![
        stream(&[
            start,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hello"}}"#,
            r#"{"type":"content_block_stop","index":1}"#,
            r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"write","input":{}}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"1}"}}"#,
            r#"{"type":"content_block_stop","index":2}"#,
            end,
            r#"{"type":"message_stop"}"#,
        ]),
        stream(&[start, r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#]),
    ]
}

pub(super) fn check(kind: ProviderKind, data: &[u8]) {
    let Some((cut, stream)) = data.split_first() else { return };
    let request = request();
    let whole = reply(kind, &[stream], &request);
    let pieces: Vec<&[u8]> = stream.chunks(usize::from(*cut).max(1)).collect();
    assert_eq!(reply(kind, &pieces, &request), whole, "where a stream is cut doesn't matter");
    if let Ok(reply) = whole {
        check_reply(&reply, stream.len());
    }
}

/// What a skill can rely on, whatever the server said.
fn check_reply(reply: &Reply, received: usize) {
    // Text parts by the protocol's own means, and one each of text and reasoning beside the calls.
    assert!(reply.parts.len() <= MAX_REPLY_PARTS + 2, "{} parts", reply.parts.len());
    // JSON escapes are longer than what they stand for; numbers are written anew, and frames of reasoning are the host's.
    assert!(bytes(&reply.parts) <= 8 * received + 200 * reply.parts.len(), "{reply:?} from {received} bytes");
    assert!(reply.model.len() <= 128 && !reply.model.chars().any(char::is_control));
    let mut ids = BTreeSet::from(["c1"]);
    let mut calls = 0;
    for part in &reply.parts {
        match part {
            Part::Text(text) => assert!(!text.trim().is_empty()),
            Part::ToolCall(ToolCall { id, name, arguments }) => {
                calls += 1;
                assert!(!id.is_empty() && ids.insert(id), "{id:?} is an id of two calls");
                assert!(name.len() <= 128 && !name.chars().chain(id.chars()).any(char::is_control), "{name:?} {id:?}");
                assert!(!arguments.trim().is_empty());
            }
            Part::ToolResult(_) => panic!("a model has no results"),
            Part::Reasoning(_) => {}
        }
    }
    assert!(reply.stop != Stop::ToolCalls || calls > 0, "it asks for tools and calls none");
    assert!(reply.stop != Stop::End || calls == 0, "it ended, and calls");
    let written = serde_json::to_string(reply).expect("a reply can be recorded");
    assert_eq!(&serde_json::from_str::<Reply>(&written).expect("and read"), reply);
}

pub(super) fn bytes(parts: &[Part]) -> usize {
    let size = |part: &Part| match part {
        Part::Text(text) | Part::Reasoning(text) => text.len(),
        Part::ToolCall(call) => call.id.len() + call.name.len() + call.arguments.len(),
        Part::ToolResult(result) => result.id.len() + result.content.len(),
    };
    parts.iter().map(size).sum()
}

/// A conversation in which the id `c1` is taken.
fn request() -> Request {
    let call = ToolCall { id: "c1".to_owned(), name: "read".to_owned(), arguments: "{}".to_owned() };
    Request {
        tier: skillhost_core::capability::Tier::ALL[0],
        system: None,
        messages: vec![Message { speaker: Speaker::Assistant, parts: vec![Part::ToolCall(call)] }],
        tools: Vec::new(),
        tool_choice: ToolChoice::Auto,
        schema: None,
        max_output_tokens: None,
    }
}
