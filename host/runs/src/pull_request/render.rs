//! `PR.md`. The headings and their order are part of the contract.

use super::text::{MarkdownText, Page};
use super::{Criterion, Evidence, FileChange, Gate, Outcome, PullRequest, Run, first_looks};
use crate::findings::{Finding, Quote};

/// Rows of the list of files; a longer list is git's job.
const MAX_FILES: usize = 100;
/// Rows of any other table.
const MAX_ROWS: usize = 200;
const MAX_LINE_CHARS: usize = 400;
const MAX_PROSE_CHARS: usize = 6000;

/// Writes the pull request's text.
pub fn render(pr: &PullRequest) -> String {
    let mut page = Page::default();
    page.line(&[&"# ", &line(&pr.title)]);
    let drafts = pr.drafts();
    if !drafts.is_empty() {
        page.paragraph(&[&"> Draft: ", &line(&drafts.join("; ")), &"."]);
    }
    what_changed(&mut page, pr);
    page.heading("Why");
    prose(&mut page, &pr.why, "The author gave no reason.");
    list(&mut page, "Open questions, and how they were decided:", &pr.assumptions);
    page.heading("How it was verified");
    verified(&mut page, pr);
    page.heading("Review findings");
    findings(&mut page, &pr.findings);
    page.heading("Breaking changes");
    if pr.breaking.is_empty() {
        page.paragraph(&[&"None that the author names."]);
    } else {
        list(&mut page, "The author names:", &pr.breaking);
    }
    page.heading("Rollback");
    prose(&mut page, &pr.rollback, "The author names no steps beyond reverting the merge.");
    page.heading("Run");
    run(&mut page, &pr.run);
    page.finish()
}

fn what_changed(page: &mut Page, pr: &PullRequest) {
    page.heading("What changed");
    let change = &pr.change;
    let added = change.files.iter().fold(0u64, |sum, file| sum.saturating_add(file.added));
    let removed = change.files.iter().fold(0u64, |sum, file| sum.saturating_add(file.removed));
    let (files, commits) = (change.files.len() as u64, change.commits);
    page.paragraph(&[
        &files,
        &plural(files, " file, +", " files, +"),
        &added,
        &" −",
        &removed,
        &", in ",
        &commits,
        &plural(commits, " commit.", " commits."),
    ]);
    let (looks, unnamed) = first_looks(&change.files);
    if !looks.is_empty() {
        page.paragraph(&[&"First to look at:"]);
        page.line(&[&""]);
        for look in looks {
            page.line(&[&"- ", &code(look.path), &" (", &look.reason, &")"]);
        }
        if unnamed > 0 {
            page.line(&[&"- and ", &(unnamed as u64), &" more like these: look at every file"]);
        }
    }
    if !change.summary.trim().is_empty() {
        prose(page, &change.summary, "");
    }
    let rows: Vec<_> = change
        .files
        .iter()
        .take(MAX_FILES)
        .map(|file| {
            let kind = match file.kind {
                FileChange::Added => "added",
                FileChange::Modified => "modified",
                FileChange::Deleted => "deleted",
                FileChange::Renamed => "renamed",
            };
            let kind = if file.protected { format!("{kind}, protected") } else { kind.to_owned() };
            [code(&file.path), line(&kind), line(&format!("+{} −{}", file.added, file.removed))]
        })
        .collect();
    page.table(["file", "change", "lines"], &rows);
    more(page, change.files.len(), MAX_FILES);
    list(page, "Left undone by the author:", &change.unfinished);
    if !change.left_out.is_empty() {
        page.paragraph(&[&"Not part of the change:"]);
        let rows: Vec<_> =
            change.left_out.iter().take(MAX_FILES).map(|file| [code(&file.path), line(&file.reason)]).collect();
        page.table(["file", "why it was left out"], &rows);
        more(page, change.left_out.len(), MAX_FILES);
    }
}

fn verified(page: &mut Page, pr: &PullRequest) {
    if pr.gates.is_empty() {
        page.paragraph(&[&"Not at all: the project declares no gates."]);
    }
    let rows: Vec<_> = pr.gates.iter().take(MAX_ROWS).map(|gate| gate_row(pr, gate)).collect();
    page.table(["gate", "command", "result", "time", "evidence"], &rows);
    let rows: Vec<_> = pr.criteria.iter().take(MAX_ROWS).map(|criterion| criterion_row(pr, criterion)).collect();
    page.table(["criterion", "shown by"], &rows);
    page.paragraph(&[&"The host ran each gate itself, on a fresh checkout of ", &code(&pr.change.commit), &"."]);
    if !pr.on_base.is_empty() {
        let passed = pr.on_base.iter().all(|(_, run)| run.passed());
        let so = if passed { ". They show nothing of it." } else { ". So they show it." };
        let run = |(gate, run): &(String, Evidence)| format!("{gate} {} ({})", showed(run), run.id);
        let runs: Vec<String> = pr.on_base.iter().take(MAX_ROWS).map(run).collect();
        page.paragraph(&[&"The tests of this change on the sources of its base: ", &line(&runs.join("; ")), &so]);
    }
    if pr.gates.iter().any(|gate| gate.again.is_some()) {
        page.paragraph(&[
            &"A gate with two entries failed in tests that are in files which this change does not touch, and was run once \
              more, on a checkout of its own. The second run counts where it passed.",
        ]);
    }
}

fn gate_row(pr: &PullRequest, gate: &Gate) -> [MarkdownText; 5] {
    let command = gate.command.iter().map(|argument| shown_argument(argument)).collect::<Vec<_>>().join(" ");
    let (result, time, id) = match (&gate.evidence, pr.fresh(gate)) {
        (None, _) => ("not run".to_owned(), "–".to_owned(), "–".to_owned()),
        (Some(stale), None) => {
            ("not run on this commit (stale)".to_owned(), seconds(stale.duration_ms), stale.id.clone())
        }
        (Some(first), Some(evidence)) => match &gate.again {
            None => (showed(evidence), seconds(evidence.duration_ms), evidence.id.clone()),
            Some(again) => {
                let other = if evidence.id == first.id {
                    format!("run once more: {}", showed(again))
                } else {
                    format!("before that: {}", showed(first))
                };
                let time = format!("{} + {}", seconds(first.duration_ms), seconds(again.duration_ms));
                (format!("{}; {other}", showed(evidence)), time, format!("{}, {}", first.id, again.id))
            }
        },
    };
    [line(&gate.name), code(&command), line(&result), line(&time), line(&id)]
}

/// `passed, exit 0, 14 tests (12 at base)`
fn showed(evidence: &Evidence) -> String {
    let word = if evidence.passed() { "passed" } else { "failed" };
    let tests = match evidence.tests {
        Some(1) => ", 1 test".to_owned(),
        Some(count) => format!(", {count} tests"),
        None => String::new(),
    };
    let base = match (&evidence.discounted, evidence.tests_at_base) {
        (Some(reason), _) => format!(" ({reason})"),
        (None, Some(count)) => format!(" ({count} at base)"),
        (None, None) => String::new(),
    };
    format!("{word}, {}{tests}{base}", evidence.exit)
}

fn criterion_row(pr: &PullRequest, criterion: &Criterion) -> [MarkdownText; 2] {
    let ids = || pr.known(criterion).map(|evidence| evidence.id.as_str()).collect::<Vec<_>>().join(", ");
    let shown = match pr.outcome(criterion) {
        Outcome::Passed => ids(),
        Outcome::Failed => format!("failed, {}", ids()),
        Outcome::NotRun => "not run".to_owned(),
    };
    [line(&format!("{} {}", criterion.id, criterion.statement)), line(&shown)]
}

fn findings(page: &mut Page, findings: &[Finding]) {
    if findings.is_empty() {
        page.paragraph(&[&"The reviews raised none."]);
        return;
    }
    // What is open, and severe, is what a person has to decide.
    let mut order: Vec<&Finding> = findings.iter().collect();
    order.sort_by_key(|finding| (!finding.is_open(), std::cmp::Reverse(finding.severity)));
    let rows: Vec<_> = order.iter().take(MAX_ROWS).map(|finding| finding_row(finding)).collect();
    page.table(["id", "severity", "state", "finding", "answer and verdict"], &rows);
    more(page, findings.len(), MAX_ROWS);
}

fn finding_row(finding: &Finding) -> [MarkdownText; 5] {
    let severity = match finding.checked {
        Quote::NotFound => format!("{} (unverified)", finding.severity.as_str()),
        _ => finding.severity.as_str().to_owned(),
    };
    let state = if finding.is_open() { "open" } else { "closed" };
    let place = finding.at.as_ref().map_or(String::new(), |at| match at.line {
        Some(line) => format!(" ({}:{line})", at.path),
        None => format!(" ({})", at.path),
    });
    let answer = finding.answers.last().map(|answer| format!("author: {}", cut(&answer.text)));
    let verdict = finding.verdicts.last().map(|verdict| format!("reviewer: {}", cut(&verdict.reason)));
    let said: Vec<String> = answer.into_iter().chain(verdict).collect();
    let said = if said.is_empty() { "–".to_owned() } else { said.join(" — ") };
    [
        line(&finding.id),
        line(&severity),
        line(state),
        line(&format!("{}: {}{place}", finding.category, cut(&finding.message))),
        MarkdownText::line(&said, 2 * MAX_LINE_CHARS),
    ]
}

fn run(page: &mut Page, run: &Run) {
    let cost = match run.cost_micro_usd {
        Some(micros) => format!("{}.{:02} USD", micros / 1_000_000, micros % 1_000_000 / 10_000),
        None => "cost unknown".to_owned(),
    };
    page.paragraph(&[&"- goal: ", &line(&run.goal)]);
    page.line(&[&"- run ", &code(&run.id), &" on ", &code(&run.branch), &", from ", &code(&run.base)]);
    let cached = match run.cached_tokens {
        0 => String::new(),
        tokens => format!(" ({} from the provider's cache)", grouped(tokens)),
    };
    page.line(&[
        &"- ",
        &line(&format!("{} tokens{cached}", grouped(run.tokens))),
        &", ",
        &line(&cost),
        &", ",
        &line(&seconds(run.duration_ms)),
    ]);
    page.line(&[&"- sandbox level: ", &line(&run.sandbox)]);
    if let Some(audit) = &run.audit {
        page.line(&[&"- audit ", &code(audit)]);
    }
    let rows: Vec<_> = run
        .workers
        .iter()
        .take(MAX_ROWS)
        .map(|worker| {
            let models = if worker.models.is_empty() { "–".to_owned() } else { worker.models.join(", ") };
            [line(&worker.phase), code(&worker.skill), code(&worker.digest), line(&models)]
        })
        .collect();
    page.table(["phase", "skill", "digest", "model"], &rows);
    if run.denials.is_empty() {
        page.paragraph(&[&"Denied: nothing."]);
    } else {
        page.paragraph(&[&"Denied:"]);
        let rows: Vec<_> = run
            .denials
            .iter()
            .take(MAX_ROWS)
            .map(|denial| {
                [code(&denial.skill), code(&denial.capability), line(&grouped(denial.count)), code(&denial.grant)]
            })
            .collect();
        page.table(["skill", "capability", "times", "what would grant it"], &rows);
        more(page, run.denials.len(), MAX_ROWS);
    }
    list(page, "Notes:", &run.notes);
}

fn list(page: &mut Page, heading: &'static str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    page.paragraph(&[&heading]);
    page.line(&[&""]);
    for item in items.iter().take(MAX_ROWS) {
        page.line(&[&"- ", &MarkdownText::line(item, 2 * MAX_LINE_CHARS)]);
    }
}

fn prose(page: &mut Page, text: &str, otherwise: &'static str) {
    let text = MarkdownText::prose(text, MAX_PROSE_CHARS);
    if text.is_empty() {
        page.paragraph(&[&otherwise]);
    } else {
        page.paragraph(&[&text]);
    }
}

fn more(page: &mut Page, count: usize, max: usize) {
    if count > max {
        page.paragraph(&[&(count - max), &" more are not listed."]);
    }
}

fn line(text: &str) -> MarkdownText {
    MarkdownText::line(text, MAX_LINE_CHARS)
}

fn code(text: &str) -> MarkdownText {
    MarkdownText::code(text, MAX_LINE_CHARS)
}

/// So that a long message leaves room for the place behind it.
fn cut(text: &str) -> String {
    text.chars().take(MAX_LINE_CHARS / 2).collect()
}

/// An argument as a person would type it.
fn shown_argument(argument: &str) -> String {
    if argument.is_empty() || argument.contains(char::is_whitespace) {
        format!("'{argument}'")
    } else {
        argument.to_owned()
    }
}

fn plural(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

fn seconds(duration_ms: u64) -> String {
    match duration_ms / 1000 {
        0..=59 => format!("{}.{} s", duration_ms / 1000, duration_ms % 1000 / 100),
        s @ 60..=3599 => format!("{}:{:02} min", s / 60, s % 60),
        s => format!("{}:{:02} h", s / 3600, s % 3600 / 60),
    }
}

/// 41,200
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
