//! A reply over Ollama's protocol, as it arrives from a server.

use super::{Target, anthropic};
use skillhost_models::ProviderKind;

pub(super) const TARGET: Target = Target {
    name: "ollama",
    check: |data| anthropic::check(ProviderKind::Ollama, data),
    seeds,
    words: &[
        "\n",
        "\r\n",
        "{\"model\":\"m\",\"message\":{",
        "\"content\":\"x\"",
        "\"thinking\":\"r\"",
        "\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"w\",\"arguments\":{}}}]",
        "\"arguments\":\"{\"",
        "\"arguments\":{\"a\":1e308}",
        "\"done\":true",
        "\"done_reason\":\"length\"",
        "\"prompt_eval_count\":1,\"eval_count\":2",
        "{\"error\":\"no\"}\n",
        "18446744073709551615",
        "null",
    ],
    mutations: 4_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let stream = |lines: &[&str]| [b"\x05", lines.join("\n").as_bytes(), b"\n"].concat();
    vec![
        stream(&[
            r#"{"model":"m","message":{"role":"assistant","content":"","thinking":"hm"},"done":false}"#,
            r#"{"model":"m","message":{"role":"assistant","content":"Hel"},"done":false}"#,
            r#"{"model":"m","message":{"role":"assistant","content":"lo"},"done":false}"#,
            r#"{"model":"m","message":{"content":"","tool_calls":[{"id":"t1","function":{"name":"w","arguments":{"b":1,"a":[2]}}}]},"done":false}"#,
            r#"{"model":"m","message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":12}"#,
        ]),
        stream(&[
            r#"{"message":{"tool_calls":[{"function":{"name":"c1","arguments":"{"}},{"function":{}}]},"done":true}"#,
        ]),
        stream(&[r#"{"message":{"content":"x"},"done":false}"#, r#"{"error":"it ran out of memory"}"#]),
    ]
}
