//! What a skill asks of a model, in no provider's terms: the plain mirror of `model.wit`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use skillhost_core::capability::Tier;

use crate::error::ModelError;

/// All texts of one request together. More than the largest window in use, so only a runaway skill meets it.
pub(crate) const MAX_REQUEST_BYTES: usize = 8 << 20;
/// Messages of one request: 100 turns of an agent with many parallel calls stay far below.
const MAX_MESSAGES: usize = 4_096;
/// Providers accept 128 tools at most.
const MAX_TOOLS: usize = 128;
/// What every provider accepts as the length of a tool's name.
pub(crate) const MAX_TOOL_NAME_BYTES: usize = 64;

/// One request to a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// How able a model the skill asks for.
    pub tier: Tier,
    /// The system prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// The tools that the model may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolDefinition>,
    /// Whether it has to call one.
    #[serde(default)]
    pub tool_choice: ToolChoice,
    /// JSON Schema that the reply's text must satisfy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The longest reply to pay for; the host's default where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u32>,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who said it.
    pub speaker: Speaker,
    /// What was said, in order.
    pub parts: Vec<Part>,
}

/// Who said a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The skill.
    User,
    /// The model.
    Assistant,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text(String),
    /// The model asks for a tool.
    ToolCall(ToolCall),
    /// What the tool returned.
    ToolResult(ToolResult),
    /// A provider's reasoning, opaque to the skill, to be sent back unchanged.
    Reasoning(String),
}

/// A model's request to run a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// Unique within the conversation.
    pub id: String,
    /// The tool's name, as the model wrote it: it may not exist.
    pub name: String,
    /// Raw JSON, as the model wrote it: it may be malformed or cut.
    #[serde(with = "crate::json::raw")]
    pub arguments: String,
}

/// What a tool returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolResult {
    /// The call's id.
    pub id: String,
    /// The result, or the reason of the failure.
    pub content: String,
    /// Whether the tool failed.
    #[serde(default)]
    pub failed: bool,
}

/// A tool that a model may call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolDefinition {
    /// Letters, digits, `_` and `-`.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: String,
}

/// Whether a model has to call a tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// As it likes.
    #[default]
    Auto,
    /// At least one call.
    Required,
    /// No call.
    None,
}

impl Request {
    /// Every text of the request, in the order in which a model reads them.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let tools = self.tools.iter().flat_map(|tool| [&tool.name, &tool.description, &tool.parameters]);
        let parts = self.messages.iter().flat_map(|message| &message.parts).flat_map(Part::texts);
        tools.map(String::as_str).chain(self.system.as_deref()).chain(parts).chain(self.schema.as_deref())
    }

    /// The request's size, in bytes of text.
    pub(crate) fn text_bytes(&self) -> usize {
        self.texts().map(str::len).sum()
    }

    /// Refuses what no provider would accept, before anything is reserved or sent.
    pub(crate) fn check(&self) -> Result<(), ModelError> {
        let invalid = |reason: String| Err(ModelError::RequestInvalid { reason });
        let bytes = self.text_bytes();
        if bytes > MAX_REQUEST_BYTES {
            return Err(ModelError::RequestTooLarge { bytes, limit_bytes: MAX_REQUEST_BYTES });
        }
        if self.messages.is_empty() {
            return invalid("it has no message".to_owned());
        }
        if self.messages.len() > MAX_MESSAGES {
            return invalid(format!("it has more than {MAX_MESSAGES} messages"));
        }
        if self.tools.len() > MAX_TOOLS {
            return invalid(format!("it has more than {MAX_TOOLS} tools"));
        }
        for (index, tool) in self.tools.iter().enumerate() {
            if !is_tool_name(&tool.name) {
                return invalid(format!("the name of tool {} is not 1 to 64 letters, digits, _ and -", index + 1));
            }
            if !is_json_object(&tool.parameters) {
                return invalid(format!("the parameters of tool {} are not a JSON object", tool.name));
            }
        }
        if self.schema.as_deref().is_some_and(|schema| !is_json_object(schema)) {
            return invalid("its schema is not a JSON object".to_owned());
        }
        Ok(())
    }
}

impl Message {
    /// Its texts as one, for protocols in which a message has one.
    pub(crate) fn joined_text(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) if !text.is_empty() => Some(text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n\n")
    }
}

impl Part {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let texts: [&str; 3] = match self {
            Self::Text(text) | Self::Reasoning(text) => [text, "", ""],
            Self::ToolCall(call) => [&call.id, &call.name, &call.arguments],
            Self::ToolResult(result) => [&result.id, &result.content, ""],
        };
        texts.into_iter()
    }
}

/// Whether every provider takes this as a tool's name.
fn is_tool_name(name: &str) -> bool {
    (1..=MAX_TOOL_NAME_BYTES).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// The name under which a call goes back: a model may have made up one that its own provider refuses.
pub(crate) fn called_name(name: &str) -> &str {
    if is_tool_name(name) { name } else { "invalid" }
}

fn is_json_object(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
}
