//! JUnit's XML: a suite for each goal, a test case for each gate, check and review, and one for how all of it ended; for a
//! skill's tests, a test case for each of theirs.

use super::{Case, Outcome, Report, Suite};
use crate::failure::Exit;
use quick_junit::{NonSuccessKind, Property, SerializeError, TestCase, TestCaseStatus, TestSuite, XmlString};
use skillhost_core::text::{escape_block, escape_terminal};

/// Longest text of one case, in characters: what a gate printed.
const OUTPUT_CHARS: usize = 64 << 10;
/// Longest name or message.
const LINE_CHARS: usize = 500;

/// One document; of the same report, always the same.
pub(super) fn document(report: &Report) -> Result<String, SerializeError> {
    let mut document = quick_junit::Report::new("skillhost");
    for of in &report.suites {
        document.add_test_suite(suite(of));
    }
    document.to_string()
}

fn suite(of: &Suite) -> TestSuite {
    let mut suite = TestSuite::new(line(&of.title()));
    for case in &of.cases {
        suite.add_test_case(test_case(case));
    }
    for denial in &of.denials {
        let name = format!("{} {} for {}", denial.capability, denial.what, denial.by);
        // What was denied fails nothing by itself; what became of it shows elsewhere.
        let mut status = TestCaseStatus::skipped();
        status.set_message(line(&denial.describe()));
        suite.add_test_case(named(&name, "grant", status));
    }
    if !is_told_by_cases(of) {
        suite.add_test_case(ending(of));
    }
    if let Some(duration) = of.duration {
        suite.set_time(duration);
    }
    let facts = of.run.iter().flat_map(|run| {
        let facts = [
            ("run", Some(&run.id)),
            ("branch", Some(&run.branch)),
            ("commit", run.commit.as_ref()),
            ("pull-request", run.pull_request.as_ref()),
        ];
        facts.into_iter().filter_map(|(name, value)| Some(Property::new(name, line(value?))))
    });
    suite.add_properties(facts);
    suite
}

/// Whether nothing is left to tell of how it ended: a skill's tests fail where one of their cases does.
fn is_told_by_cases(of: &Suite) -> bool {
    let has_failed = || of.cases.iter().any(|case| matches!(case.outcome, Outcome::Failed(_)));
    of.kind == "test"
        && match of.exit {
            Exit::Done => !of.cases.is_empty(),
            Exit::Negative => has_failed(),
            _ => false,
        }
}

/// How all of it ended: a failure where something was negative, an error where it ended early.
fn ending(of: &Suite) -> TestCase {
    let why = of.reasons.first().cloned().unwrap_or_else(|| format!("it ended with exit code {}", of.exit as u8));
    let kind = match of.exit {
        Exit::Done => return named(&of.name, of.kind, TestCaseStatus::success()),
        Exit::Negative => NonSuccessKind::Failure,
        _ => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(line(&why)).set_type(format!("exit-{}", of.exit as u8));
    status.set_description(block(&of.reasons.join("\n")));
    named(&of.name, of.kind, status)
}

fn test_case(of: &Case) -> TestCase {
    let status = match &of.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::NotRun(why) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(line(why));
            status
        }
        Outcome::Failed(why) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(line(why)).set_type(of.class.as_str()).set_description(block(&of.output));
            status
        }
    };
    let has_failed = matches!(of.outcome, Outcome::Failed(_));
    let mut case = named(&of.name, of.class.as_str(), status);
    if let Some(duration) = of.duration {
        case.set_time(duration);
    }
    if !has_failed && !of.output.is_empty() {
        case.set_system_out(block(&of.output));
    }
    case
}

fn named(name: &str, class: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(line(name), status);
    case.set_classname(format!("skillhost.{class}"));
    case
}

/// Escaped, there is no character in it that XML can't hold.
fn line(text: &str) -> XmlString {
    XmlString::new(escape_terminal(text, LINE_CHARS).as_str())
}

fn block(text: &str) -> XmlString {
    XmlString::new(escape_block(text, OUTPUT_CHARS).as_str())
}
