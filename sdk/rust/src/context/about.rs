//! What a call was about, in the few words that stay when its result is dropped.

use crate::arguments::Arguments;
use crate::clip::head;
use crate::path;

const MAX_SUBJECT_BYTES: usize = 120;
/// In the order in which they tell most.
const SUBJECTS: [&str; 6] = ["path", "regex", "glob", "name", "from", "to"];

/// What a call was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// A few words: `read src/a.rs 1–400`.
    pub what: String,
    /// The file that it showed. Where that changed since, the line that stays says so.
    pub file: Option<String>,
    /// The newest result with this name is never dropped: the last run of each command.
    pub slot: Option<String>,
}

impl About {
    /// What most tools need: the name, and the fields that name something. `run` and `plan` keep their last result.
    pub fn of(name: &str, arguments: &Arguments, result: &str) -> About {
        let mut words = vec![name.to_owned()];
        words.extend(SUBJECTS.iter().filter_map(|field| arguments.text_or_null(field)).map(short));
        words.extend(arguments.texts("paths").iter().take(3).map(|path| short(path)));
        if name == "read" {
            words.extend(range(result));
        }
        let slot = match name {
            "run" => Some(format!("run {}", arguments.text("name"))),
            "plan" => Some(name.to_owned()),
            _ => None,
        };
        let file = arguments.text_or_null("path").and_then(|path| path::clean(path).ok());
        About { what: words.join(" "), file, slot }
    }
}

/// The lines that a result of `read` says it shows.
fn range(result: &str) -> Option<String> {
    let (_, rest) = result.lines().next()?.rsplit_once(": lines ")?;
    rest.split_once(" of ").map(|(range, _)| short(range))
}

/// One line of it.
fn short(text: &str) -> String {
    head(text, MAX_SUBJECT_BYTES).split(char::is_control).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::explore;

    fn about(name: &str, arguments: &str, result: &str) -> About {
        let tool = explore::definitions().into_iter().find(|tool| tool.name == name).unwrap();
        About::of(name, &Arguments::parse(arguments, &tool.parameters).unwrap(), result)
    }

    #[test]
    fn a_call_is_told_by_what_it_names() {
        let read = about("read", r#"{"path":"./src/a.rs"}"#, "src/a.rs: lines 1–400 of 900, tabs\n1|x");
        assert_eq!((read.what.as_str(), read.file.as_deref()), ("read ./src/a.rs 1–400", Some("src/a.rs")));
        let search = about("search", r#"{"regex":"fn\nmain","path":"src"}"#, "1 matching lines");
        assert_eq!((search.what.as_str(), search.slot), ("search src fn main", None));
        let long = about("list", &format!(r#"{{"glob":"{}"}}"#, "é".repeat(400)), "");
        assert!(long.what.len() <= MAX_SUBJECT_BYTES + 5, "{}", long.what);
    }

    #[test]
    fn runs_of_one_command_share_a_slot() {
        let fields =
            [("name", crate::schema::text("")), ("arguments", crate::schema::list("", crate::schema::text("")))];
        let parse = |text: &str| Arguments::parse(text, &crate::schema::object(&fields).to_string()).unwrap();
        let slot = |text| About::of("run", &parse(text), "exit 0").slot;
        assert_eq!(slot(r#"{"name":"test","arguments":["one"]}"#), slot(r#"{"name":"test","arguments":[]}"#));
        assert_ne!(slot(r#"{"name":"test","arguments":[]}"#), slot(r#"{"name":"lint","arguments":[]}"#));
    }
}
