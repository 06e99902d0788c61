//! Recordings: JSON lines that stand for a model.

use super::{Target, source, text};
use skillhost_core::capability::Tier;
use skillhost_core::name::AgentId;
use skillhost_core::phase::Phase;
use skillhost_models::testing::{MAX_REPLY_BYTES, MAX_REPLY_PARTS, recorded};
use skillhost_models::{Message, Part, Replay, Request, Speaker, ToolChoice};

pub(super) const TARGET: Target = Target {
    name: "recording",
    check,
    seeds,
    words: &[
        "{\"schema\":\"skillhost.recording/1\",\"authored\":true}\n",
        "\"authored\":false",
        "\"agent\":\"main\"",
        "\"phase\":\"spec\"",
        "\"round\":1",
        "\"turn\":1",
        "\"reply\":{",
        "\"parts\":[",
        "{\"text\":\"x\"}",
        "{\"tool_call\":{\"id\":\"1\",\"name\":\"w\",\"arguments\":{}}}",
        "\"stop\":\"end\"",
        "\"usage\":{\"input_tokens\":1,\"output_tokens\":1}",
        "\"model\":\"m\"",
        "\"expect\":[\"x\"]",
        "\"request_digest\":\"sha256:",
        "\u{27e6}run\u{27e7}",
        "18446744073709551615",
        "-1",
    ],
    mutations: 3_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let script = source("tests/fixtures/demo/script.jsonl");
    let first: Vec<u8> = script.split_inclusive(|byte| *byte == b'\n').take(3).flatten().copied().collect();
    vec![first, b"{\"schema\":\"skillhost.recording/1\",\"authored\":true}\n{\"agent\":\"main\",\"phase\":\"spec\",\"round\":1,\"turn\":1,\"reply\":{\"parts\":[{\"text\":\"a\"},{\"tool_call\":{\"id\":\"1\",\"name\":\"w\",\"arguments\":{\"p\":\"a\"}}}],\"stop\":\"tool-calls\",\"usage\":{\"input_tokens\":9,\"output_tokens\":4},\"model\":\"scripted\"}}\n".to_vec()]
}

fn check(data: &[u8]) {
    let text = text(data);
    let replay = match Replay::parse(&text) {
        Ok(replay) => replay,
        Err(error) => {
            assert!(!error.to_string().chars().any(skillhost_core::text::is_deceptive), "{error}");
            return;
        }
    };
    let said = Part::Text("lead-capture page docs/personal-data.md".to_owned());
    let request = Request {
        tier: Tier::ALL[0],
        system: None,
        messages: vec![Message { speaker: Speaker::User, parts: vec![said] }],
        tools: Vec::new(),
        tool_choice: ToolChoice::Auto,
        schema: None,
        max_output_tokens: None,
    };
    for phase in Phase::ALL {
        let Ok(reply) = recorded(&replay, AgentId::main(), *phase, &request) else { continue };
        assert!(reply.parts.len() <= MAX_REPLY_PARTS && super::anthropic::bytes(&reply.parts) <= MAX_REPLY_BYTES);
        assert!(!reply.parts.iter().any(|part| matches!(part, Part::ToolResult(_))), "a model has no results");
        assert!(
            !replay.is_authored() || (reply.model == "scripted" && reply.usage.cost == Some(0)),
            "nobody was asked"
        );
        let written = serde_json::to_string(&reply).expect("a reply can be written");
        let again: skillhost_models::Reply = serde_json::from_str(&written).expect("and read");
        assert_eq!(again, reply, "a recording of it says the same");
    }
}
