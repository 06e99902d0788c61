//! The plan: its schema, and what is read from a reply.

use serde_json::Value;
use skillhost_sdk::schema::{list, object, text, text_or_null};
use skillhost_sdk::{Answer, Criterion, Document, Specification, Step};

/// The plan of one reply.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) criteria: Vec<Criterion>,
    pub(crate) assumptions: Vec<String>,
    pub(crate) answers: Vec<Answer>,
}

/// The JSON Schema of a plan.
pub(crate) fn schema() -> String {
    let texts = |description| list(description, text(""));
    let step = object(&[
        ("id", text("Unique: \"1\", \"2\".")),
        ("title", text("Imperative, short.")),
        ("instructions", text("All that the engineer needs.")),
        ("files", texts("Globs of the files that it touches.")),
        ("after", texts("Ids of steps that come first.")),
        ("criteria", texts("Ids of the criteria that it serves.")),
    ]);
    let criterion = object(&[
        ("id", text("Unique: \"C1\", \"C2\".")),
        ("statement", text("One trigger, one observable result.")),
        ("command", text_or_null("The declared command that shows it.")),
    ]);
    let answer = object(&[("finding", text("The finding's id.")), ("text", text("What you changed, or why not."))]);
    object(&[
        ("steps", list("The steps, in order.", step)),
        ("criteria", list("What must hold.", criterion)),
        ("assumptions", texts("Open questions, each with the default taken.")),
        ("answers", list("One for each open finding.", answer)),
    ])
    .to_string()
}

impl Plan {
    pub(crate) fn parse(reply: &str) -> Result<Plan, String> {
        let value: Value = serde_json::from_str(bare(reply)).map_err(|error| match error.is_eof() {
            true => "the JSON was cut off: say less in each step".to_owned(),
            false => format!("not JSON: {error}"),
        })?;
        if !value.is_object() {
            return Err("the plan must be one JSON object".into());
        }
        Ok(Plan {
            steps: items(&value, "steps").iter().map(step).collect(),
            criteria: items(&value, "criteria").iter().map(criterion).collect(),
            assumptions: texts(&value, "assumptions"),
            answers: items(&value, "answers")
                .iter()
                .map(|it| Answer { finding: string(it, "finding"), text: string(it, "text") })
                .collect(),
        })
    }

    pub(crate) fn into_specification(self, document: Document) -> Specification {
        let Plan { steps, criteria, assumptions, answers } = self;
        Specification { document, steps, criteria, assumptions, answers }
    }
}

/// Without a fence, and without what was said around the object.
fn bare(reply: &str) -> &str {
    let reply = reply.trim();
    match (reply.starts_with('{'), reply.find('{'), reply.rfind('}')) {
        (false, Some(from), Some(to)) if from < to => &reply[from..=to],
        _ => reply,
    }
}

fn step(value: &Value) -> Step {
    Step {
        id: string(value, "id"),
        title: string(value, "title"),
        instructions: string(value, "instructions"),
        files: texts(value, "files"),
        after: texts(value, "after"),
        criteria: texts(value, "criteria"),
    }
}

fn criterion(value: &Value) -> Criterion {
    let command = Some(string(value, "command")).filter(|command| !command.is_empty());
    Criterion { id: string(value, "id"), statement: string(value, "statement"), command }
}

/// A missing text is an empty one, which the check names.
fn string(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// One text instead of a list is a list of one.
fn texts(value: &Value, name: &str) -> Vec<String> {
    if let Value::String(text) = &value[name] {
        return Some(text.trim().to_owned()).filter(|text| !text.is_empty()).into_iter().collect();
    }
    items(value, name).iter().filter_map(|item| item.as_str().map(|text| text.trim().to_owned())).collect()
}

fn items<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}
