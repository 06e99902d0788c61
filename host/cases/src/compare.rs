//! Where what happened is not what a case expects, and what would make it so.

use crate::answer::{canonical, checks, field, findings, named, pretty};
use crate::case::Case;
use crate::expect::{Expect, Failing};
use crate::file::Content;
use crate::happened::{Happened, Now, Outcome};
use crate::update::Fix;
use serde_json::{Value, json};
use skillhost_core::kind::Kind;
use skillhost_core::path::SkillPath;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of files that differ of one case, as texts.
const MAX_TEXTS_BYTES: usize = 64 << 20;

/// One thing that is not as expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// What it is; not escaped.
    pub what: String,
    /// What was expected and what came, where a diff tells more.
    pub texts: Option<(String, String)>,
    /// What makes the case expect what came; none where nobody should.
    pub fixes: Option<Vec<Fix>>,
}

impl Difference {
    /// How much it holds of texts and files, in bytes.
    pub fn bytes(&self) -> usize {
        let texts = self.texts.as_ref().map_or(0, |(expected, came)| expected.len() + came.len());
        texts + self.fixes.iter().flatten().map(Fix::bytes).sum::<usize>()
    }

    /// Leaves its texts out where there is no room for them: many files may be expected to hold one that is large.
    fn fit(&mut self, room: &mut usize) {
        let bytes = self.texts.as_ref().map_or(0, |(expected, came)| expected.len() + came.len());
        match room.checked_sub(bytes) {
            Some(rest) => *room = rest,
            None => {
                self.what += "; too much differs to show all of it";
                self.texts = None;
            }
        }
    }

    fn unfixable(what: impl Into<String>) -> Self {
        Self { what: what.into(), texts: None, fixes: None }
    }

    fn of_lists(what: &str, key: &str, expected: &[String], came: &[String]) -> Option<Self> {
        (expected != came).then(|| Self {
            what: what.to_owned(),
            texts: Some((lines(expected), lines(came))),
            fixes: Some(vec![Fix::set(&[key], json!(came))]),
        })
    }
}

/// Everything that is not as expected of a skill of this kind. `beside` has the files beside the case file that it names.
#[must_use]
pub fn compare(case: &Case, kind: Kind, beside: &BTreeMap<SkillPath, Vec<u8>>, happened: &Happened) -> Vec<Difference> {
    let mut differences: Vec<Difference> = happened.unmet.iter().map(Difference::unfixable).collect();
    if let Outcome::Unanswered(why) = &happened.outcome {
        differences.push(Difference::unfixable(format!("it ended without an answer: {why}")));
        // Which may be why.
        let denials = case.expect.as_ref().map_or(&[][..], |expect| &expect.denials);
        differences.extend(Difference::of_lists("other denials", "denials", denials, &happened.denials));
        return differences;
    }
    let nothing = Expect::default();
    let expect = case.expect.as_ref().unwrap_or(&nothing);
    match &happened.outcome {
        Outcome::Failed(failing, text) => differences.extend(failed(expect, *failing, text)),
        Outcome::Answered(answer) if case.expect.is_none() => differences.push(Difference {
            what: "the case expects nothing yet".to_owned(),
            texts: Some((String::new(), pretty(answer))),
            fixes: Some(vec![whole(kind, answer)]),
        }),
        Outcome::Answered(answer) => differences.extend(answered(kind, expect, answer)),
        Outcome::Unanswered(_) => {}
    }
    let paths: BTreeSet<&SkillPath> = expect.files.keys().chain(&happened.touched).collect();
    let mut room = MAX_TEXTS_BYTES;
    differences.extend(paths.into_iter().filter_map(|path| {
        let now = happened.files.get(path).unwrap_or(&Now::Absent);
        let mut difference = file(path, expect.files.get(path), beside, now)?;
        difference.fit(&mut room);
        Some(difference)
    }));
    differences.extend(Difference::of_lists("other denials", "denials", &expect.denials, &happened.denials));
    if let Some(commands) = &expect.commands {
        differences.extend(Difference::of_lists("other commands were run", "commands", commands, &happened.commands));
    }
    for text in expect.log.iter().filter(|text| !happened.log.iter().any(|line| line.contains(text.as_str()))) {
        differences.push(Difference {
            what: format!("no line of its log has {text:?}"),
            texts: Some((lines(std::slice::from_ref(text)), lines(&happened.log))),
            fixes: None,
        });
    }
    differences
}

/// What an update keeps of the text of an error.
const SAID_CHARS: usize = 200;

fn failed(expect: &Expect, failing: Failing, text: &str) -> Option<Difference> {
    let came = format!("{failing}: {text}\n");
    let expected = match (&expect.error, &expect.error_has) {
        (Some(error), has) if *error == failing && has.as_ref().is_none_or(|has| text.contains(has.as_str())) => {
            return None;
        }
        (Some(error), Some(has)) => format!("{error}: … {has} …\n"),
        (Some(error), None) => format!("{error}\n"),
        (None, _) => "an answer\n".to_owned(),
    };
    let mut fixes: Vec<Fix> =
        ["answer", "answer_has", "findings", "checks"].iter().map(|key| Fix::remove(&[key])).collect();
    fixes.push(Fix::set(&["error"], json!(failing)));
    let said: String = text.lines().next().unwrap_or_default().chars().take(SAID_CHARS).collect();
    // A case that never expected a failure is held to this one, not to any of its kind.
    if !said.is_empty() && (expect.error_has.is_some() || expect.error.is_none()) {
        fixes.push(Fix::set(&["error_has"], json!(said)));
    }
    Some(Difference { what: "it failed otherwise".to_owned(), texts: Some((expected, came)), fixes: Some(fixes) })
}

fn answered(kind: Kind, expect: &Expect, answer: &Value) -> Vec<Difference> {
    if let Some(error) = expect.error {
        let fixes = vec![Fix::remove(&["error"]), Fix::remove(&["error_has"]), whole(kind, answer)];
        let texts = Some((format!("error: {error}\n"), pretty(answer)));
        return vec![Difference { what: "it answered, and should have failed".to_owned(), texts, fixes: Some(fixes) }];
    }
    let differ = |what: &str, key: &str, expected: &Value, came: Value| {
        (canonical(expected) != canonical(&came)).then(|| Difference {
            what: what.to_owned(),
            texts: Some((pretty(expected), pretty(&came))),
            fixes: Some(vec![Fix::set(&[key], canonical(&came))]),
        })
    };
    let list = |what, key, expected: Value, came: &Value| differ(what, key, &expected, named(came, &expected));
    let within = |part: &Value| match (part, answer) {
        (Value::String(part), Value::String(answer)) if answer.contains(part.as_str()) => None,
        _ => differ("another answer", "answer_has", part, named(&canonical(answer), part)),
    };
    [
        expect.answer.as_ref().and_then(|expected| differ("another answer", "answer", expected, answer.clone())),
        expect.answer_has.as_ref().and_then(within),
        expect
            .findings
            .as_ref()
            .and_then(|expected| list("other findings", "findings", json!(expected), &findings(answer))),
        expect.checks.as_ref().and_then(|expected| list("other checks", "checks", json!(expected), &checks(answer))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What expects an answer as a whole, in the words of its kind.
fn whole(kind: Kind, answer: &Value) -> Fix {
    match kind {
        Kind::Review => Fix::set(&["findings"], findings(answer)),
        Kind::Verify => Fix::set(&["checks"], checks(answer)),
        _ => Fix::set(&["answer"], canonical(answer)),
    }
}

fn file(
    path: &SkillPath,
    expected: Option<&Content>,
    beside: &BTreeMap<SkillPath, Vec<u8>>,
    now: &Now,
) -> Option<Difference> {
    let key = ["files", path.as_str()];
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    // What makes the case expect what is there now.
    let fixes = match now {
        Now::Absent => Some(vec![Fix::set(&key, field("absent", Value::Bool(true)))]),
        Now::Holds(bytes) => text(bytes).map(|text| vec![Fix::set(&key, Value::String(text))]),
        Now::TooLarge => None,
    };
    let differs = |what: String, texts, fixes| Some(Difference { what, texts, fixes });
    let holds = |whole: &[u8], fixes: Option<Vec<Fix>>| match now {
        Now::Holds(bytes) if bytes == whole => None,
        Now::Holds(bytes) => {
            let what = match (text(whole), text(bytes)) {
                (Some(expected), Some(came)) => {
                    return differs(format!("{path} is another"), Some((expected, came)), fixes);
                }
                _ => format!("{path} is another: {} bytes were expected, and {} came", whole.len(), bytes.len()),
            };
            differs(what, None, fixes)
        }
        Now::Absent => differs(format!("{path} is not there"), None, fixes),
        Now::TooLarge => differs(format!("{path} is larger than what is compared"), None, fixes),
    };
    match (expected, now) {
        (None, Now::Absent) => differs(format!("{path} was removed, and the case doesn't name it"), None, fixes),
        (None, _) => {
            let texts = if let Now::Holds(bytes) = now { text(bytes).map(|text| (String::new(), text)) } else { None };
            differs(format!("{path} was written, and the case doesn't name it"), texts, fixes)
        }
        (Some(Content::Absent), Now::Absent) => None,
        (Some(Content::Absent), _) => differs(format!("{path} is there"), None, fixes),
        (Some(Content::Text(whole)), _) => holds(whole.as_bytes(), fixes),
        (Some(Content::From(from)), _) => {
            let Some(whole) = beside.get(from) else { return differs(format!("{from} is not there"), None, None) };
            let fixes = match now {
                Now::Holds(bytes) => Some(vec![Fix::File { path: from.clone(), bytes: bytes.clone() }]),
                _ => fixes,
            };
            holds(whole, fixes)
        }
        (Some(Content::Has(parts)), Now::Holds(bytes)) => {
            let came = String::from_utf8_lossy(bytes);
            let missing: Vec<String> = parts.iter().filter(|part| !came.contains(part.as_str())).cloned().collect();
            if missing.is_empty() {
                return None;
            }
            differs(format!("{path} lacks what it should have"), Some((lines(&missing), came.into_owned())), fixes)
        }
        (Some(Content::Has(_)), _) => holds(&[], fixes),
    }
}

fn lines(list: &[String]) -> String {
    list.iter().map(|line| format!("{line}\n")).collect()
}
