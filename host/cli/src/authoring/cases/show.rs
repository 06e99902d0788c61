//! What came of cases, for people, for programs, and for reports.

use super::{Cases, Pick, Played};
use crate::failure::{Exit, Failure};
use crate::reports::{Case as Reported, Class, Outcome, Suite};
use crate::terminal::printer::Printer;
use crate::terminal::{Tone, line};
use serde::Serialize;
use skillhost_cases::{DiffLine, Difference, unified};
use skillhost_core::text::escape_block;
use skillhost_engine::inspect::Inspection;

/// Most of what a skill printed that is shown of a case that failed, in characters.
const PRINTED_CHARS: usize = 4000;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    skill: &'a str,
    version: &'a str,
    digest: String,
    passed: usize,
    failed: usize,
    updated: usize,
    /// Since it ended early.
    not_played: usize,
    cases: Vec<Entry<'a>>,
    /// Why it ended early.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    file: &'a str,
    line: usize,
    /// `passed`, `failed` or `updated`.
    outcome: &'static str,
    duration_ms: u64,
    differences: Vec<Told<'a>>,
    /// Why it was not updated, where that was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_updated: Option<&'a str>,
}

#[derive(Serialize)]
struct Told<'a> {
    what: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    came: Option<&'a str>,
}

impl Played {
    fn outcome(&self) -> &'static str {
        match (self.has_passed(), self.is_accepted) {
            (true, _) => "passed",
            (false, true) => "updated",
            (false, false) => "failed",
        }
    }

    fn duration_ms(&self) -> u64 {
        u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Shows a case as it ends; programs get all of them at the end.
pub(crate) fn show(cases: &Cases, played: &Played, printer: Printer) {
    if printer.is_json() {
        return;
    }
    let case = cases.case(played.chosen);
    let (name, took) = (&case.name, played.duration_ms());
    if played.has_passed() {
        printer.toned(Tone::Good, format!("ok {name}"), format!(" ({took} ms)"));
        return;
    }
    let (tone, word) = if played.is_accepted { (Tone::Plain, "updated") } else { (Tone::Bad, "FAILED") };
    printer.toned(tone, format!("{word} {name}"), format!(" ({took} ms) {}", cases.place(played.chosen)));
    for difference in &played.differences {
        printer.data(format!("  {}", line(&difference.what)));
        diff(difference, printer);
    }
    if let Some(refused) = &played.refused {
        printer.data(format!("  not updated: {refused}"));
    }
    if !played.printed.is_empty() {
        printer.data("  it printed:");
        let printed = escape_block(&played.printed, PRINTED_CHARS);
        printed.lines().for_each(|text| printer.data(format!("    | {text}")));
    }
}

fn diff(difference: &Difference, printer: Printer) {
    if difference.texts.is_some() {
        printer.toned(Tone::Bad, "    --- expected", "");
        printer.toned(Tone::Good, "    +++ came", "");
    }
    for shown in lines_of(difference) {
        let line = format!("    {shown}");
        match shown {
            DiffLine::Head(_) | DiffLine::Same(_) => printer.data(line),
            DiffLine::Expected(_) => printer.toned(Tone::Bad, line, ""),
            DiffLine::Came(_) => printer.toned(Tone::Good, line, ""),
        }
    }
}

fn lines_of(difference: &Difference) -> impl Iterator<Item = DiffLine> {
    difference.texts.iter().flat_map(|(expected, came)| unified(expected, came))
}

/// Tells how all of it ended, and gives what it is for a report. A failure is what kept the rest from being played.
pub(crate) fn report(
    cases: &Cases,
    played: &[Played],
    of: &Inspection,
    failure: Option<&Failure>,
    printer: Printer,
) -> (Exit, Suite) {
    let left = &cases.chosen[played.len()..];
    let count = |outcome| played.iter().filter(|played| played.outcome() == outcome).count();
    let (passed, failed, updated) = (count("passed"), count("failed"), count("updated"));
    let skill = &of.manifest.skill;
    if printer.is_json() {
        printer.json(&Document {
            schema: "skillhost.test/1",
            skill: skill.name.as_str(),
            version: skill.version.as_str(),
            digest: of.digest.to_string(),
            passed,
            failed,
            updated,
            not_played: left.len(),
            cases: played.iter().map(|played| entry(cases, played)).collect(),
            failure: failure.map(Failure::json),
        });
    } else {
        let all = cases.chosen.len();
        let all = if all == 1 { "1 case".to_owned() } else { format!("{all} cases") };
        let parts = [(passed, "passed"), (updated, "updated"), (failed, "failed"), (left.len(), "not played")];
        let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        printer.data(format!("{all}: {}", parts.collect::<Vec<_>>().join(", ")));
        let is_open = |played: &Played| played.outcome() == "failed" && played.refused.is_none();
        if played.iter().any(|it| is_open(it) && it.differences.iter().all(|difference| difference.fixes.is_some())) {
            printer.note("Where what came is right: skillhost test --update");
        }
    }
    let exit = if failed == 0 { Exit::Done } else { Exit::Negative };
    let exit = failure.map_or(exit, |failure| failure.exit);
    let mut reasons = failure.map(Failure::reasons).unwrap_or_default();
    if failed > 0 {
        reasons.push(format!("{failed} of {} cases failed", cases.chosen.len()));
    }
    let not_run = |chosen: &Pick| Reported {
        class: Class::Case,
        name: cases.case(*chosen).name.clone(),
        duration: None,
        outcome: Outcome::NotRun(failure.map(Failure::message).unwrap_or_default()),
        output: String::new(),
    };
    let suite = Suite {
        name: skill.name.to_string(),
        kind: "test",
        run: None,
        exit,
        reasons,
        cases: played.iter().map(|played| reported(cases, played)).chain(left.iter().map(not_run)).collect(),
        findings: Vec::new(),
        denials: Vec::new(),
        duration: Some(played.iter().map(|played| played.duration).sum()),
    };
    (exit, suite)
}

fn entry<'a>(cases: &'a Cases, played: &'a Played) -> Entry<'a> {
    let case = cases.case(played.chosen);
    let told = |difference: &'a Difference| {
        let (expected, came) = difference.texts.as_ref().map(|(was, is)| (was.as_str(), is.as_str())).unzip();
        Told { what: &difference.what, expected, came }
    };
    Entry {
        name: &case.name,
        file: &cases.files[played.chosen.file].file,
        line: case.line,
        outcome: played.outcome(),
        duration_ms: played.duration_ms(),
        differences: played.differences.iter().map(told).collect(),
        not_updated: played.refused.as_deref(),
    }
}

fn reported(cases: &Cases, played: &Played) -> Reported {
    let whats: Vec<&str> = played.differences.iter().map(|difference| difference.what.as_str()).collect();
    let outcome = match played.outcome() {
        "failed" => Outcome::Failed(whats.join("; ")),
        _ => Outcome::Passed,
    };
    let mut output = String::new();
    for difference in played.differences.iter().filter(|_| !played.is_accepted) {
        output += &format!("{}\n", difference.what);
        for shown in lines_of(difference) {
            output += &format!("{shown}\n");
        }
    }
    let name = cases.case(played.chosen).name.clone();
    Reported { class: Class::Case, name, duration: Some(played.duration), outcome, output }
}
