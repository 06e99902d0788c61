//! Questions to a person: three at most, in one go, the most important first. Nobody may be there; then each has its default.

use serde_json::Value;
use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::schema::{choice, list, object, text, tool};
use skillhost_sdk::{Error, Host, ToolDefinition, clip};

/// Questions that one spec may ask.
const MAX_QUESTIONS: usize = 3;
/// Longest question or option, in bytes.
const MAX_TEXT_BYTES: usize = 500;
/// What is asked about, the most important first.
const ABOUT: [&str; 3] = ["scope", "security", "experience"];

pub(crate) fn definition() -> ToolDefinition {
    let question = object(&[
        ("about", choice("What the answer decides.", &ABOUT)),
        ("question", text("One question.")),
        ("options", list("The answers to choose from.", text(""))),
        ("default", text("The option that is easiest to take back; never one that weakens security.")),
    ]);
    tool(
        "ask",
        "Asks a person what neither the goal nor the repository can tell: once, three questions at most. Nobody may be there; \
         then the default is the answer.",
        &[("questions", list("The questions.", question))],
    )
}

struct Question {
    rank: usize,
    question: String,
    options: Vec<String>,
    default: String,
}

/// Asks, and gives what the model is told. An error of the inner kind is for the model.
pub(crate) fn ask(host: &dyn Host, arguments: &Arguments) -> Result<Result<String, String>, Error> {
    let read: Result<Vec<Question>, String> = arguments.items("questions").iter().map(question).collect();
    let mut questions = match read {
        Ok(questions) if questions.is_empty() => return Ok(Err("there is no question".into())),
        Ok(questions) => questions,
        Err(why) => return Ok(Err(why)),
    };
    questions.sort_by_key(|question| question.rank);
    let mut told = String::from("Answers:\n");
    for (number, Question { question, options, default, .. }) in questions.iter().enumerate() {
        let line = if number >= MAX_QUESTIONS {
            format!(
                "- {question} Not asked: {MAX_QUESTIONS} are the most. Take \"{default}\", and record it as an assumption.\n"
            )
        } else {
            match host.ask(question, options, default) {
                Ok(answer) => format!("- {question} \"{}\"\n", clip::clip(&answer, MAX_TEXT_BYTES)),
                Err(Error::Denied(_)) => {
                    format!("- {question} Nobody can be asked. Take \"{default}\", and record it as an assumption.\n")
                }
                Err(error) => return Err(error),
            }
        };
        told.push_str(&line);
    }
    told.push_str("What was answered is on record, and needs no assumption.");
    Ok(Ok(told))
}

fn question(value: &Value) -> Result<Question, String> {
    let string = |name: &str| clip::head(value[name].as_str().unwrap_or_default().trim(), MAX_TEXT_BYTES).to_owned();
    let (question, default) = (string("question"), string("default"));
    let options = value["options"].as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(Value::as_str);
    let options: Vec<String> = options.map(|text| clip::head(text.trim(), MAX_TEXT_BYTES).to_owned()).take(8).collect();
    if question.is_empty() || default.is_empty() {
        return Err("a question has a text and a default".into());
    }
    if !options.is_empty() && !options.contains(&default) {
        return Err(format!("the default \"{default}\" is none of the options"));
    }
    let about = value["about"].as_str().unwrap_or_default();
    let rank = ABOUT.iter().position(|known| *known == about).unwrap_or(ABOUT.len());
    Ok(Question { rank, question, options, default })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;
    use skillhost_sdk::mock;

    fn asked(questions: Value) -> (Vec<String>, Result<String, String>) {
        let host = mock::Host::new();
        let text = json!({ "questions": questions }).to_string();
        let arguments = Arguments::parse(&text, &definition().parameters).unwrap();
        let told = ask(&host, &arguments).unwrap();
        (host.questions.borrow().clone(), told)
    }

    fn one(about: &str, question: &str) -> Value {
        json!({"about": about, "question": question, "options": ["yes", "no"], "default": "no"})
    }

    #[test]
    fn three_are_asked_scope_before_security_before_experience() {
        let (questions, told) = asked(json!([
            one("experience", "Dark?"),
            one("security", "Open?"),
            one("experience", "Loud?"),
            one("scope", "All?")
        ]));
        assert_eq!(questions, ["All?", "Open?", "Dark?"]);
        let told = told.unwrap();
        assert!(told.contains("- All? \"no\"\n"), "{told}");
        assert!(told.contains("- Loud? Not asked: 3 are the most. Take \"no\", and record it"), "{told}");
    }

    #[test]
    fn a_question_has_a_default_among_its_options() {
        let wrong = json!([{"about": "scope", "question": "All?", "options": ["yes"], "default": "no"}]);
        let (questions, told) = asked(wrong);
        assert_eq!((questions.len(), told), (0, Err("the default \"no\" is none of the options".to_owned())));
        assert!(asked(json!([{"about": "scope", "question": " ", "options": [], "default": "x"}])).1.is_err());
        assert!(asked(json!([])).1.is_err());
    }
}
