//! The job's summary: what people read first, in Markdown that holds what others wrote as text.

use super::{Outcome, Report, Suite, by_severity, place};
use crate::failure::Exit;
use skillhost_runs::pull_request::MarkdownText;

/// Longest cell, in characters.
const CELL_CHARS: usize = 300;
/// What stands where a page was cut.
const CUT: &str = "\n… more is in the reports and in `skillhost show`.\n";

/// A page of at most so many bytes, cut between lines; nothing where not even that fits.
pub(super) fn page(report: &Report, most_bytes: usize) -> String {
    let page: String = report.suites.iter().map(section).collect();
    if page.len() <= most_bytes {
        return page;
    }
    let Some(room) = most_bytes.checked_sub(CUT.len()) else { return String::new() };
    let mut kept = 0;
    for line in page.split_inclusive('\n') {
        if kept + line.len() > room {
            break;
        }
        kept += line.len();
    }
    format!("{}{CUT}", &page[..kept])
}

fn section(suite: &Suite) -> String {
    let word = match (suite.exit, suite.run.is_some()) {
        (Exit::Done, true) => "ready",
        (Exit::Done, false) => "done",
        (Exit::Negative, true) => "draft",
        (Exit::Negative, false) => "negative",
        (Exit::Denied, _) => "denied",
        (Exit::Interrupted, _) => "interrupted",
        _ => "failed",
    };
    let mut page = format!("## skillhost: {word}\n\n{}\n", cell(&suite.name));
    if let Some(run) = &suite.run {
        let branch = MarkdownText::code(&run.branch, CELL_CHARS);
        page.push_str(&format!("\nRun {} on branch {branch}\n", MarkdownText::code(&run.id, CELL_CHARS)));
    }
    for reason in &suite.reasons {
        page.push_str(&format!("\n- {}", cell(reason)));
    }
    if !suite.reasons.is_empty() {
        page.push('\n');
    }
    let cases = suite.cases.iter().map(|case| {
        let (outcome, why) = match &case.outcome {
            Outcome::Passed => ("passed", ""),
            Outcome::Failed(why) => ("failed", why.as_str()),
            Outcome::NotRun(why) => ("not run", why.as_str()),
        };
        let time = case.duration.map(|duration| format!("{:.1} s", duration.as_secs_f64())).unwrap_or_default();
        format!("| {} | {} | {outcome} | {time} | {} |\n", case.class.as_str(), cell(&case.name), cell(why))
    });
    table(&mut page, "| | | result | time | |\n|---|---|---|---|---|\n", cases.collect());
    let findings = by_severity(&suite.findings).into_iter().map(|finding| {
        let place = place(finding).map(|(path, line)| match line {
            Some(line) => format!("{path}:{line}"),
            None => path.to_owned(),
        });
        format!(
            "| {} | {} | {} | {} |\n",
            finding.severity.as_str(),
            cell(&finding.category),
            MarkdownText::code(&place.unwrap_or_default(), CELL_CHARS),
            cell(&finding.message)
        )
    });
    table(&mut page, "| finding | about | where | |\n|---|---|---|---|\n", findings.collect());
    let denials = suite.denials.iter().map(|denial| {
        format!(
            "| {} | {} {} | {} |\n",
            cell(&denial.by),
            cell(&denial.capability),
            cell(&denial.what),
            MarkdownText::code(&denial.remedy, CELL_CHARS)
        )
    });
    table(&mut page, "| denied | what | to grant it |\n|---|---|---|\n", denials.collect());
    page.push('\n');
    page
}

fn table(page: &mut String, header: &str, rows: String) {
    if !rows.is_empty() {
        page.push('\n');
        page.push_str(header);
        page.push_str(&rows);
    }
}

fn cell(text: &str) -> MarkdownText {
    MarkdownText::line(text, CELL_CHARS)
}
