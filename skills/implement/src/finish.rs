//! What the model says when it finishes, and the summary that becomes of it.

use serde_json::Value;
use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::clip::clip;
use skillhost_sdk::{Answer, Brief, Summary};

const MAX_REASON_BYTES: usize = 2_048;

/// A claim to be done. It counts for nothing before the gate has judged it.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) title: String,
    pub(crate) what: String,
    pub(crate) why: String,
    pub(crate) breaking: Vec<String>,
    pub(crate) rollback: String,
    /// Criterion and the command or run that shows it, where one does.
    pub(crate) criteria: Vec<(String, Option<String>)>,
    pub(crate) answers: Vec<Answer>,
}

impl Claim {
    /// The claim, or the reason why the model is blocked.
    pub(crate) fn read(arguments: &Arguments) -> Result<Claim, String> {
        let text = |name| arguments.text(name).trim().to_owned();
        if text("status") == "blocked" {
            let reason = format!("blocked: {}\n{}", text("what"), text("why"));
            return Err(clip(reason.trim(), MAX_REASON_BYTES));
        }
        let criteria = arguments
            .items("criteria")
            .iter()
            .map(|item| (field(item, "id"), Some(field(item, "evidence")).filter(|it| !it.is_empty())));
        let answers = arguments
            .items("answers")
            .iter()
            .map(|item| Answer { finding: field(item, "finding"), text: field(item, "text") });
        Ok(Claim {
            title: text("title"),
            what: text("what"),
            why: text("why"),
            breaking: arguments.texts("breaking"),
            rollback: text("rollback"),
            criteria: criteria.collect(),
            answers: answers.collect(),
        })
    }

    /// What is not shown stands there as unfinished, so that nobody has to infer it from silence.
    pub(crate) fn into_summary(self, brief: &Brief, steps_left: &[String]) -> Summary {
        let is_shown =
            |id: &String| self.criteria.iter().any(|(claimed, evidence)| claimed == id && evidence.is_some());
        let not_shown = brief.criteria.iter().filter(|criterion| !is_shown(&criterion.id));
        let mut unfinished: Vec<String> = steps_left.iter().map(|step| format!("step {step} was not begun")).collect();
        unfinished.extend(
            not_shown.map(|criterion| format!("{} is not shown by a command: {}", criterion.id, criterion.statement)),
        );
        Summary {
            title: self.title,
            what: self.what,
            why: self.why,
            breaking: self.breaking,
            rollback: self.rollback,
            unfinished,
            answers: self.answers,
        }
    }
}

fn field(item: &Value, name: &str) -> String {
    match &item[name] {
        Value::String(text) => text.trim().to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
