//! What a script can say.

use serde::Deserialize;
use serde_json::Value;

/// One answer of the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// A whole reply.
    Reply(Said),
    /// The stream ends in good order before it says that the reply is whole.
    Cut(Said),
    /// The connection breaks in the middle of the stream, inside a chunk.
    BrokenChunk(Said),
    /// The stream falls silent until the client goes away.
    Stall(Said),
    /// The request is taken, and nothing comes back until the client goes away.
    Silent,
    /// The stream holds nothing but signs of life, for as long as the client reads.
    Pings,
    /// The stream never ends: text for as long as the client reads.
    Endless,
    /// The connection is closed without an answer.
    Refuse,
    /// An error inside the stream, of the protocol's own kind.
    StreamError {
        /// The server's words.
        message: String,
    },
    /// An error with a JSON body.
    Error {
        /// The HTTP status.
        status: u16,
        /// The server's words. `{key}` stands for the key that the request brought.
        message: String,
        /// A `retry-after` header.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// A redirect.
    Redirect {
        /// The HTTP status.
        status: u16,
        /// Where to.
        to: String,
    },
    /// Anything else.
    Raw {
        /// The HTTP status.
        status: u16,
        /// The content type.
        content_type: String,
        /// The body.
        body: String,
    },
}

/// What a reply says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Said {
    /// Reasoning before the text.
    pub reasoning: Option<String>,
    /// Text, streamed in pieces. `{key}` stands for the key that the request brought, `{asked}` for its last message.
    pub text: Option<String>,
    /// Calls of tools, in parallel.
    pub calls: Vec<Call>,
    /// The stop reason in the protocol's own word; by default the right one.
    pub stop: Option<String>,
    /// The model that the reply names; by default the one that was asked for.
    pub model: Option<String>,
    /// Input tokens that were not in the cache.
    pub input_tokens: u64,
    /// Input tokens from the cache.
    pub cached_input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
}

/// A call of a tool.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Call {
    /// The call's id.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// JSON, streamed in pieces; a string is sent as it is, however malformed.
    pub arguments: Value,
}

impl Said {
    /// A reply of text alone, with a little usage.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), input_tokens: 10, output_tokens: 5, ..Self::default() }
    }

    /// A reply that calls tools: id, name, raw arguments.
    pub fn calls(calls: &[(&str, &str, &str)]) -> Self {
        let calls = calls
            .iter()
            .map(|(id, name, arguments)| Call {
                id: (*id).to_owned(),
                name: (*name).to_owned(),
                arguments: Value::String((*arguments).to_owned()),
            })
            .collect();
        Self { calls, input_tokens: 10, output_tokens: 5, ..Self::default() }
    }
}

impl Call {
    pub(crate) fn raw_arguments(&self) -> String {
        match &self.arguments {
            Value::String(raw) => raw.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_script_can_be_written_by_hand() {
        let script: Vec<Answer> = serde_json::from_str(
            r#"[
                {"reply": {"text": "hi", "calls": [{"id": "1", "name": "read", "arguments": {"path": "a"}}]}},
                {"error": {"status": 429, "message": "slow", "retry_after": "1"}},
                {"redirect": {"status": 307, "to": "http://127.0.0.1:1/"}},
                "refuse", "endless", {"stall": {}}, {"cut": {"text": "half"}}
            ]"#,
        )
        .unwrap();
        let Answer::Reply(said) = &script[0] else { unreachable!() };
        assert_eq!((script.len(), said.calls[0].raw_arguments().as_str()), (7, r#"{"path":"a"}"#));
        assert!(serde_json::from_str::<Answer>(r#"{"reply": {"txt": "hi"}}"#).is_err());
    }
}
