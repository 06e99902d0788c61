//! What came of a command, for whoever reads it afterwards by machine: reports that were asked for with `--report`, and
//! what GitHub Actions shows where the program runs there. All are made of one [`Report`].

mod actions;
mod ambient;
mod code_quality;
mod files;
mod fingerprint;
mod junit;
mod of_call;
mod of_run;
mod sarif;
mod summary;
#[cfg(test)]
mod tests;

pub(crate) use files::ReportFlag;
pub(crate) use of_call::{CallEnd, of_call};
pub(crate) use of_run::of_run;

use crate::failure::{Exit, Failure};
use crate::terminal::printer::Printer;
use actions::Actions;
use files::ReportFile;
use skillhost_runs::findings::{Finding, Severity};
use std::time::Duration;

/// Gives a text without what must not be in it.
type Scrub = Box<dyn Fn(&str) -> String>;

/// What came of one command.
#[derive(Default)]
pub(crate) struct Report {
    /// Goals, or the one call.
    pub(crate) suites: Vec<Suite>,
    /// Takes keys out of a text that leaves the machine.
    pub(crate) scrub: Option<Scrub>,
}

/// What came of one goal, or of one call.
pub(crate) struct Suite {
    /// The goal, or the skill with its tool.
    pub(crate) name: String,
    /// `goal`, `call` or `test`.
    pub(crate) kind: &'static str,
    /// The run, where one began.
    pub(crate) run: Option<RunFacts>,
    pub(crate) exit: Exit,
    /// Why it did not end well, the first reason first.
    pub(crate) reasons: Vec<String>,
    /// Gates, checks, reviews, and cases of a skill's tests.
    pub(crate) cases: Vec<Case>,
    /// Findings that are open.
    pub(crate) findings: Vec<Finding>,
    pub(crate) denials: Vec<Denial>,
    pub(crate) duration: Option<Duration>,
}

/// A run, for who goes on from it.
#[derive(Debug, Clone)]
pub(crate) struct RunFacts {
    pub(crate) id: String,
    pub(crate) branch: String,
    pub(crate) commit: Option<String>,
    pub(crate) pull_request: Option<String>,
}

/// Something that was checked.
pub(crate) struct Case {
    pub(crate) class: Class,
    pub(crate) name: String,
    pub(crate) duration: Option<Duration>,
    pub(crate) outcome: Outcome,
    /// What it printed, or said.
    pub(crate) output: String,
}

/// What kind of check a [`Case`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Gate,
    Check,
    Review,
    Case,
}

/// How a [`Case`] ended; with why, where it did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed(String),
    NotRun(String),
}

/// Something that was refused.
#[derive(Debug, Clone)]
pub(crate) struct Denial {
    /// Who wanted it.
    pub(crate) by: String,
    pub(crate) capability: String,
    /// What of it, escaped.
    pub(crate) what: String,
    /// The line that would grant it.
    pub(crate) remedy: String,
}

impl Class {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Check => "check",
            Self::Review => "review",
            Self::Case => "case",
        }
    }
}

impl Denial {
    /// What was refused, with what would grant it.
    pub(crate) fn describe(&self) -> String {
        let Self { by, capability, what, remedy } = self;
        format!("{by} was denied {capability} {what}; to grant it: {remedy}")
    }
}

impl Report {
    /// Takes keys out of everything that others wrote, before it is written in anybody's notation.
    fn scrub(&mut self) {
        if let Some(scrub) = self.scrub.take() {
            self.suites.iter_mut().for_each(|suite| suite.each_text(|text| *text = scrub(text)));
        }
    }
}

impl Suite {
    fn each_text(&mut self, mut change: impl FnMut(&mut String)) {
        change(&mut self.name);
        self.reasons.iter_mut().for_each(&mut change);
        for Case { name, outcome, output, class: _, duration: _ } in &mut self.cases {
            change(name);
            change(output);
            if let Outcome::Failed(why) | Outcome::NotRun(why) = outcome {
                change(why);
            }
        }
        for finding in &mut self.findings {
            change(&mut finding.category);
            change(&mut finding.message);
            finding.quote.iter_mut().chain(&mut finding.suggestion).for_each(&mut change);
        }
        for Denial { by, capability: _, what, remedy } in &mut self.denials {
            [by, what, remedy].into_iter().for_each(&mut change);
        }
    }

    /// Of what never began, or ended before there was anything to tell.
    pub(crate) fn of_failure(name: &str, kind: &'static str, exit: Exit, reasons: Vec<String>) -> Self {
        let (cases, findings, denials) = (Vec::new(), Vec::new(), Vec::new());
        Self { name: name.to_owned(), kind, run: None, exit, reasons, cases, findings, denials, duration: None }
    }

    /// Its name for people: which run it was, too.
    fn title(&self) -> String {
        match &self.run {
            Some(run) => format!("{} ({})", self.name, run.id),
            None => self.name.clone(),
        }
    }

    fn is_ready(&self) -> bool {
        self.exit == Exit::Done
    }
}

/// A finding's place: a path relative to the repository, and a line.
fn place(finding: &Finding) -> Option<(&str, Option<u32>)> {
    let at = finding.at.as_ref()?;
    Some((at.path.as_str(), at.line.filter(|line| *line > 0)))
}

/// What is wrong, and what would be right.
fn message(finding: &Finding) -> String {
    match &finding.suggestion {
        Some(suggestion) => format!("{}\n\nSuggestion: {suggestion}", finding.message),
        None => finding.message.clone(),
    }
}

/// Where reports go.
pub(crate) struct Reporter {
    files: Vec<ReportFile>,
    actions: Option<Actions>,
    printer: Printer,
}

impl Reporter {
    /// Sees that every report can be written, before anything is done that would be lost.
    pub(crate) fn open(flags: &[ReportFlag], printer: Printer) -> Result<Self, Failure> {
        Ok(Self { files: ReportFile::open(flags)?, actions: Actions::find(), printer })
    }

    /// Does a command's work, and reports what came of it, however it ended; `names` are what it was to do. A report that
    /// can't be written takes nothing away: it is told, and the worse exit code counts.
    pub(crate) fn around(
        self,
        kind: &'static str,
        names: &[String],
        work: impl FnOnce(&mut Report) -> Result<Exit, Failure>,
    ) -> Result<Exit, Failure> {
        let mut report = Report::default();
        let ended = work(&mut report);
        if let (Err(failure), true) = (&ended, report.suites.is_empty()) {
            let failed = names.iter().map(|name| Suite::of_failure(name, kind, failure.exit, failure.reasons()));
            report.suites.extend(failed);
        }
        report.scrub();
        let mut lost = Exit::Done;
        for file in &self.files {
            if let Err(failure) = file.write(&report) {
                self.printer.explain(&failure);
                lost = lost.worse(failure.exit);
            }
        }
        if let Some(actions) = &self.actions {
            actions.tell(&report, self.printer);
        }
        ended.map(|exit| exit.worse(lost))
    }
}

/// Severest first, and then as they were raised.
fn by_severity(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    sorted
}

/// Whether a finding keeps a pull request a draft.
fn is_severe(severity: Severity) -> bool {
    severity >= Severity::Major
}
