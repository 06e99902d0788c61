//! A reply over Chat Completions, as it arrives from a server.

use super::{Target, anthropic};
use skillhost_models::ProviderKind;

pub(super) const TARGET: Target = Target {
    name: "chat",
    check: |data| anthropic::check(ProviderKind::OpenaiCompatible, data),
    seeds,
    words: &[
        "data: ",
        "\n\n",
        "data: [DONE]\n\n",
        "{\"choices\":[{\"index\":0,\"delta\":{",
        "\"content\":\"x\"",
        "\"refusal\":\"no\"",
        "\"reasoning_content\":\"r\"",
        "\"reasoning\":\"r\"",
        "\"tool_calls\":[{\"index\":0,",
        "\"id\":\"a\"",
        "\"function\":{\"name\":\"w\",\"arguments\":\"{\"}",
        "\"arguments\":{\"a\":1e308}",
        "\"finish_reason\":\"tool_calls\"",
        "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}",
        "{\"error\":{\"message\":\"no\",\"code\":503}}",
        "18446744073709551615",
        "null",
        "\"model\":\"m\"",
    ],
    mutations: 4_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let stream = |events: &[&str]| {
        let events = events.iter().map(|event| format!("data: {event}\n\n")).collect::<String>();
        [b"\x05", events.as_bytes()].concat()
    };
    vec![
        stream(&[
            r#"{"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"lo","reasoning_content":"hm"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"x","arguments":"{"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"}"}},{"index":1,"id":"b","function":{"name":"y","arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":9,"completion_tokens":3}}"#,
            "[DONE]",
        ]),
        stream(&[
            r#"{"choices":[{"delta":{"tool_calls":[{"id":"c1","function":{"name":"x","arguments":{"a":1}}}]},"finish_reason":"stop"}]}"#,
        ]),
        stream(&[r#"{"error":{"message":"busy","code":503}}"#]),
    ]
}
