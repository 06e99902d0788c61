//! What is asked of a model, and how the answer is judged.

use serde_json::{Value, json};
use skillhost_core::capability::Tier;

use crate::reply::{Reply, Stop};
use crate::request::{Message, Part, Request, Speaker, ToolCall, ToolChoice, ToolDefinition};

/// The longest answer: a line, and what a model thinks before it.
const MAX_OUTPUT_TOKENS: u32 = 2_000;

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    /// A call of a tool, with the arguments that were asked for.
    Call,
    /// An answer that keeps to a JSON Schema, and holds nothing else.
    Schema,
    /// Several calls in one answer.
    Parallel,
}

impl Trial {
    /// In the order in which they are tried.
    pub(super) const ALL: [Self; 3] = [Self::Call, Self::Schema, Self::Parallel];

    pub(super) fn tried(self) -> &'static str {
        match self {
            Self::Call => "call a tool",
            Self::Schema => "keep to a schema",
            Self::Parallel => "call tools in parallel",
        }
    }

    /// Skills that make one call after the other do the same work in more turns.
    pub(super) fn is_needed(self) -> bool {
        self != Self::Parallel
    }

    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Call => {
                "skills work by calling tools: choose a model that can, or have the local server use its tool template"
            }
            Self::Schema | Self::Parallel => {
                "specs and reviews are asked for as JSON: choose a model, or a server, that keeps to a schema"
            }
        }
    }

    pub(super) fn request(self) -> Request {
        let (text, tool_choice, schema) = match self {
            Self::Call => {
                ("Call the tool `note` once, with the word heron and the number 7.", ToolChoice::Required, None)
            }
            Self::Schema => (
                "Answer in JSON, and with nothing else: `word` is the word heron, `numbers` are 1, 2 and 3.",
                ToolChoice::Auto,
                Some(schema().to_string()),
            ),
            Self::Parallel => (
                "Call the tool `note` three times in this one answer: heron and 1, egret and 2, stork and 3.",
                ToolChoice::Auto,
                None,
            ),
        };
        let tools = if self == Self::Schema { Vec::new() } else { vec![note()] };
        Request {
            tier: Tier::Standard,
            system: Some("This checks how you answer. Do exactly what is asked, without comment.".to_owned()),
            messages: vec![Message { speaker: Speaker::User, parts: vec![Part::Text(text.to_owned())] }],
            tools,
            tool_choice,
            schema,
            max_output_tokens: Some(MAX_OUTPUT_TOKENS),
        }
    }

    /// What came of it, as success or failure.
    pub(super) fn judge(self, reply: &Reply) -> Result<String, String> {
        match reply.stop {
            Stop::Length => return Err(format!("it was cut after {} tokens", reply.usage.output_tokens)),
            Stop::Refused => return Err("it refused".to_owned()),
            Stop::End | Stop::ToolCalls => {}
        }
        let calls: Vec<&ToolCall> = reply
            .parts
            .iter()
            .filter_map(|part| if let Part::ToolCall(call) = part { Some(call) } else { None })
            .collect();
        match self {
            Self::Call => one_call(&calls),
            Self::Schema => object(&text(reply)),
            Self::Parallel => match calls.len() {
                0 | 1 => Err(format!("{} of 3 calls in one answer; turns take longer", calls.len())),
                count => Ok(format!("{count} calls in one answer")),
            },
        }
    }
}

/// The schema's own words say what is not asked for in words.
fn schema() -> Value {
    json!({
        "type": "object",
        "properties": { "word": { "type": "string" }, "numbers": { "type": "array", "items": { "type": "integer" } } },
        "required": ["word", "numbers"],
        "additionalProperties": false,
    })
}

fn note() -> ToolDefinition {
    let parameters = json!({
        "type": "object",
        "properties": { "word": { "type": "string" }, "number": { "type": "integer" } },
        "required": ["word", "number"],
        "additionalProperties": false,
    });
    ToolDefinition {
        name: "note".to_owned(),
        description: "Takes a note of a word and a number".to_owned(),
        parameters: parameters.to_string(),
    }
}

fn one_call(calls: &[&ToolCall]) -> Result<String, String> {
    let Some(call) = calls.first() else { return Err("it called none, and wrote text instead".to_owned()) };
    if call.name != "note" {
        return Err(format!("it called {}, which was not offered", call.name));
    }
    let arguments: Value =
        serde_json::from_str(&call.arguments).map_err(|_| format!("the arguments are no JSON: {}", call.arguments))?;
    if arguments != json!({ "word": "heron", "number": 7 }) {
        return Err(format!("the arguments are not those that were asked for: {arguments}"));
    }
    Ok("with the arguments that were asked for".to_owned())
}

fn object(text: &str) -> Result<String, String> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) if text.is_empty() => return Err("it wrote nothing".to_owned()),
        Err(_) if text.contains('{') => return Err(format!("there is text around the JSON: {text}")),
        Err(_) => return Err(format!("it is no JSON: {text}")),
    };
    let keys = |value: &Value| {
        let mut keys: Vec<String> = value.as_object()?.keys().cloned().collect();
        keys.sort();
        Some(keys)
    };
    let numbers = value["numbers"].as_array().is_some_and(|numbers| numbers.iter().all(Value::is_i64));
    let fields = keys(&value).is_some_and(|keys| keys == ["numbers", "word"]);
    if fields && numbers && value["word"].is_string() {
        Ok("JSON alone, as the schema has it".to_owned())
    } else {
        Err(format!("the JSON is not what the schema says: {value}"))
    }
}

fn text(reply: &Reply) -> String {
    let texts =
        reply.parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None });
    texts.collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::reply::Usage;

    fn said(parts: Vec<Part>, stop: Stop) -> Reply {
        Reply { parts, stop, usage: Usage::default(), model: "m".to_owned() }
    }

    fn call(name: &str, arguments: &str) -> Part {
        Part::ToolCall(ToolCall { id: "1".to_owned(), name: name.to_owned(), arguments: arguments.to_owned() })
    }

    fn judged(trial: Trial, parts: Vec<Part>) -> Result<String, String> {
        trial.judge(&said(parts, Stop::End))
    }

    #[test]
    fn a_call_is_right_or_says_what_is_wrong() {
        let good = r#"{"number": 7, "word": "heron"}"#;
        assert!(judged(Trial::Call, vec![Part::Text("Sure.".into()), call("note", good)]).is_ok());
        for (parts, why) in [
            (vec![], "called none"),
            (vec![Part::Text("note(heron, 7)".into())], "called none"),
            (vec![call("nota", good)], "not offered"),
            (vec![call("note", "{\"word\":")], "no JSON"),
            (vec![call("note", r#"{"word":"heron","number":"7"}"#)], "not those"),
            (vec![call("note", r#"{"word":"heron","number":7,"more":1}"#)], "not those"),
        ] {
            let found = judged(Trial::Call, parts).unwrap_err();
            assert!(found.contains(why), "{found}");
        }
    }

    #[test]
    fn a_schema_is_kept_or_not() {
        let text = |text: &str| judged(Trial::Schema, vec![Part::Text(text.to_owned())]);
        assert!(text(" {\"word\":\"x\",\"numbers\":[1]}\n").is_ok());
        for (said, why) in [
            ("", "wrote nothing"),
            ("heron", "no JSON"),
            ("Here it is: {\"word\":\"x\",\"numbers\":[]}", "around the JSON"),
            ("```json\n{\"word\":\"x\",\"numbers\":[]}\n```", "around the JSON"),
            ("{\"word\":\"x\"}", "schema"),
            ("{\"word\":\"x\",\"numbers\":[],\"more\":1}", "schema"),
            ("{\"word\":\"x\",\"numbers\":[\"1\"]}", "schema"),
            ("{\"word\":1,\"numbers\":[]}", "schema"),
            ("[1]", "schema"),
        ] {
            let found = text(said).unwrap_err();
            assert!(found.contains(why), "{said}: {found}");
        }
    }

    #[test]
    fn what_was_cut_or_refused_shows_nothing() {
        for trial in Trial::ALL {
            let whole = vec![call("note", "{}"), call("note", "{}")];
            assert!(trial.judge(&said(whole.clone(), Stop::Length)).unwrap_err().contains("cut"));
            assert!(trial.judge(&said(whole, Stop::Refused)).unwrap_err().contains("refused"));
            trial.request().check().unwrap();
        }
        assert!(judged(Trial::Parallel, vec![call("note", "{}")]).unwrap_err().starts_with("1 of 3"));
        assert!(judged(Trial::Parallel, vec![call("note", "{}"), call("note", "{}")]).is_ok());
    }
}
