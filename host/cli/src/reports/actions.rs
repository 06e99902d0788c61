//! GitHub Actions, where the program runs there: annotations beside the lines that they are about, the job's summary, and
//! outputs for later steps. What can't be written there is told and fails nothing.

use super::{Outcome, Report, Suite, ambient, by_severity, message, place, summary};
use crate::failure::Exit;
use crate::terminal::printer::Printer;
use crate::terminal::{Command, Level, write_command};
use skillhost_core::text::escape_terminal;
use skillhost_runs::findings::Severity;
use std::path::PathBuf;

/// Annotations of one level that GitHub shows for one step.
const MAX_ANNOTATIONS: usize = 10;
/// What a step's summary may hold.
const MAX_SUMMARY_BYTES: u64 = 1 << 20;
/// What a step's outputs may hold.
const MAX_OUTPUT_BYTES: u64 = 1 << 20;
/// Longest output, in characters.
const OUTPUT_CHARS: usize = 4000;

/// Where GitHub Actions is told.
pub(super) struct Actions {
    summary: Option<PathBuf>,
    output: Option<PathBuf>,
}

impl Actions {
    /// None where the program doesn't run there.
    pub(super) fn find() -> Option<Self> {
        let is_there = ambient::variable("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        let file = |name| ambient::variable(name).map(PathBuf::from);
        is_there.then(|| Self { summary: file("GITHUB_STEP_SUMMARY"), output: file("GITHUB_OUTPUT") })
    }

    pub(super) fn tell(&self, report: &Report, printer: Printer) {
        for level in [Level::Error, Level::Warning, Level::Notice] {
            let all: Vec<Command> = report.suites.iter().flat_map(annotations).filter(|it| it.level == level).collect();
            for annotation in all.iter().take(MAX_ANNOTATIONS) {
                write_command(annotation);
            }
            if all.len() > MAX_ANNOTATIONS {
                printer.note(format!("  {} more annotations are in the summary", all.len() - MAX_ANNOTATIONS));
            }
        }
        let lost = |what: &str, why: &dyn std::fmt::Display| {
            printer.warn(format!("GitHub Actions was not told the {what}: {why}"));
        };
        if let Some(file) = &self.summary {
            let room = MAX_SUMMARY_BYTES.saturating_sub(ambient::length(file));
            let page = summary::page(report, usize::try_from(room).unwrap_or_default());
            match ambient::append(file, &page, MAX_SUMMARY_BYTES) {
                Ok(true) if !page.is_empty() => {}
                Ok(_) => lost("summary", &"there is no room left in it"),
                Err(error) => lost("summary", &error),
            }
        }
        if let Some(file) = &self.output {
            match ambient::append(file, &outputs(report, ambient::token), MAX_OUTPUT_BYTES) {
                Ok(true) => {}
                Ok(false) => lost("outputs", &"there is no room left for them"),
                Err(error) => lost("outputs", &error),
            }
        }
    }
}

/// Severest first within each level.
fn annotations(suite: &Suite) -> Vec<Command> {
    let mut annotations = Vec::new();
    let mut add = |level, title: String, at, message| annotations.push(Command { level, title, at, message });
    if !matches!(suite.exit, Exit::Done | Exit::Negative) {
        add(Level::Error, format!("skillhost: {}", suite.title()), None, suite.reasons.join("\n"));
    }
    for case in &suite.cases {
        if let Outcome::Failed(why) = &case.outcome {
            add(Level::Error, format!("skillhost {} {}", case.class.as_str(), case.name), None, why.clone());
        }
    }
    for finding in by_severity(&suite.findings) {
        let level = match finding.severity {
            Severity::Blocker | Severity::Major => Level::Error,
            Severity::Minor => Level::Warning,
            Severity::Nit => Level::Notice,
        };
        let title = format!("skillhost {}: {}", finding.severity.as_str(), finding.category);
        add(level, title, place(finding).map(|(path, line)| (path.to_owned(), line)), message(finding));
    }
    for denial in &suite.denials {
        add(Level::Warning, format!("skillhost denied {}", denial.capability), None, denial.describe());
    }
    annotations
}

/// Outputs of the step, each between delimiters that nobody who wrote a value could know. Of several goals, those of the
/// first.
pub(super) fn outputs(report: &Report, token: impl Fn() -> String) -> String {
    let Some(suite) = report.suites.first() else { return String::new() };
    let run = suite.run.as_ref();
    let values = [
        ("run", run.map(|run| run.id.clone())),
        ("branch", run.map(|run| run.branch.clone())),
        ("pull-request", run.and_then(|run| run.pull_request.clone())),
        ("ready", Some(report.suites.iter().all(Suite::is_ready).to_string())),
    ];
    let output = |(name, value): (&str, Option<String>)| {
        let (delimiter, value) = (token(), value.unwrap_or_default());
        format!("{name}<<{delimiter}\n{}\n{delimiter}\n", escape_terminal(&value, OUTPUT_CHARS))
    };
    values.map(output).concat()
}
