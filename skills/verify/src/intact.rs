//! Whether the tests that the base commit had are still there, still run, and still assert as much.
//!
//! A test is found again by its file and name, or, where it moved, by its name among those that are new. Tests whose names
//! changed are told apart from tests that vanished by their number: a change may rename a test, it may not lose one.

use std::collections::BTreeMap;
use std::io;

use skillhost_sdk::{Brief, Change, ChangeKind, Check, CheckOutcome, Error, Host};

use crate::case::{self, Case, Suite};

/// Most files and bytes of each that are looked at; what is beyond makes the check `not-run`.
const MAX_FILES: usize = 2_000;
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// What `original` hands over at once.
const PART_BYTES: usize = 1024 * 1024;
/// Most problems that the detail names.
const MAX_NAMED: usize = 20;

/// The check `tests-intact`.
pub(crate) fn check(host: &dyn Host, brief: &Brief) -> Check {
    let evidence: Vec<String> =
        brief.gates.iter().map(|gate| gate.evidence.clone()).filter(|evidence| !evidence.is_empty()).collect();
    let spec = brief.spec.as_ref().map_or("", |spec| spec.text.as_str());
    let (outcome, detail) = match read(host) {
        Err(reason) => (CheckOutcome::NotRun, reason),
        Ok((before, after)) => {
            let problems: Vec<Problem> =
                compare(&before, &after).into_iter().filter(|problem| !problem.named_in(spec)).collect();
            match problems.len() {
                0 => (CheckOutcome::Passed, summary(&before, &after)),
                _ => (CheckOutcome::Failed, listing(&problems)),
            }
        }
    };
    Check { id: "tests-intact".into(), outcome, evidence, detail }
}

/// Suites by path.
type Suites = BTreeMap<String, Suite>;

/// The suites of all changed files, at the base commit and now.
fn read(host: &dyn Host) -> Result<(Suites, Suites), String> {
    let changes = host.changes().map_err(|error| format!("the change can't be read: {error}"))?;
    if changes.len() > MAX_FILES {
        return Err(format!("{} files changed, more than {MAX_FILES} are not looked at", changes.len()));
    }
    let (mut before, mut after) = (Suites::new(), Suites::new());
    for change in changes {
        // A language that is not known has no suite, whatever the text is: don't read it.
        if case::suite(&change.path, "").is_none() {
            continue;
        }
        if let Some(text) = base_text(host, &change)? {
            before.extend(case::suite(&change.path, &text).map(|suite| (change.path.clone(), suite)));
        }
        if change.kind != ChangeKind::Deleted {
            let text = match host.read(&change.path) {
                Ok(bytes) if bytes.len() > MAX_BYTES => Err("it is too large".to_owned()),
                Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
                Err(error) => Err(error.to_string()),
            };
            let text = text.map_err(|reason| format!("{} can't be read: {reason}", change.path))?;
            after.extend(case::suite(&change.path, &text).map(|suite| (change.path.clone(), suite)));
        }
    }
    Ok((before, after))
}

/// A changed file as it was; none where it was not there.
fn base_text(host: &dyn Host, change: &Change) -> Result<Option<String>, String> {
    let unreadable = |error: Error| format!("{} at the base commit can't be read: {error}", change.path);
    let path = match change.kind {
        ChangeKind::Added => return Ok(None),
        ChangeKind::Modified | ChangeKind::Deleted => change.path.clone(),
        ChangeKind::Renamed => renamed_from(&host.diff(std::slice::from_ref(&change.path)).map_err(unreadable)?)
            .ok_or_else(|| format!("{} was renamed, and its diff does not say from where", change.path))?,
    };
    let mut bytes = Vec::new();
    loop {
        let part = host.original(&path, bytes.len() as u64).map_err(unreadable)?;
        let last = part.len() < PART_BYTES;
        bytes.extend(part);
        if bytes.len() > MAX_BYTES {
            return Err(format!("{path} at the base commit is too large"));
        }
        if last {
            return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}

/// The old path in a diff, by git's `rename from` line or by its `---` line.
fn renamed_from(diff: &str) -> Option<String> {
    let head = || diff.lines().take_while(|line| !line.starts_with("@@"));
    let named = head().find_map(|line| line.strip_prefix("rename from "));
    named.or_else(|| head().find_map(|line| line.strip_prefix("--- a/"))).map(str::to_owned)
}

/// What was done to a test.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    path: String,
    /// Empty where it concerns the whole file.
    test: String,
    what: String,
}

impl Problem {
    fn new(path: &str, test: &str, what: impl Into<String>) -> Problem {
        Problem { path: path.into(), test: test.into(), what: what.into() }
    }

    /// Whether a line of the spec names this test, or its file, and says that it goes or changes.
    fn named_in(&self, spec: &str) -> bool {
        const WORDS: &[&str] = &["remov", "delet", "replac", "renam", "obsolete", "drop", "skip", "ignore"];
        spec.lines().any(|line| {
            let names = line.contains(&self.path) || (!self.test.is_empty() && line.contains(&self.test));
            let line = line.to_lowercase();
            names && WORDS.iter().any(|word| line.contains(word))
        })
    }
}

fn compare(before: &Suites, after: &Suites) -> Vec<Problem> {
    let none = Suite::default();
    let mut problems = Vec::new();
    let mut new: Vec<(&str, &Case)> = Vec::new();
    let mut lost: Vec<(&str, &Case)> = Vec::new();
    for (path, now) in after {
        let was = before.get(path).unwrap_or(&none);
        if now.switches > was.switches {
            problems.push(Problem::new(path, "", "switches off, or focuses on, more than one test"));
        }
        new.extend(unmatched(&now.cases, &was.cases).into_iter().map(|case| (path.as_str(), case)));
    }
    for (path, was) in before {
        let now = after.get(path).unwrap_or(&none);
        lost.extend(unmatched(&was.cases, &now.cases).into_iter().map(|case| (path.as_str(), case)));
        for (case, twin) in pairs(&was.cases, &now.cases) {
            problems.extend(weaker(path, case, twin));
        }
    }
    // Tests that moved to another file keep their names.
    lost.retain(|(path, case)| match new.iter().position(|(_, moved)| moved.name == case.name) {
        Some(at) => {
            problems.extend(weaker(path, case, new.swap_remove(at).1));
            false
        }
        None => true,
    });
    // A test that was off already may change its name, and stay off.
    let were_off = lost.iter().filter(|(_, case)| case.skipped).count();
    let off = new.iter().filter(|(_, case)| case.skipped).skip(were_off);
    problems.extend(off.map(|(path, case)| Problem::new(path, &case.name, "is new, and skipped")));
    // Names that changed: as many new tests as lost ones, in any file.
    if lost.len() > new.len() {
        problems.extend(lost.into_iter().map(|(path, case)| Problem::new(path, &case.name, "is gone")));
    }
    problems
}

/// Cases of the same name in both lists, the nth of one with the nth of the other.
fn pairs<'a>(ours: &'a [Case], theirs: &'a [Case]) -> Vec<(&'a Case, &'a Case)> {
    let mut left: Vec<&Case> = theirs.iter().collect();
    let pair = |case: &'a Case| {
        let at = left.iter().position(|twin| twin.name == case.name)?;
        Some((case, left.remove(at)))
    };
    ours.iter().filter_map(pair).collect()
}

/// Cases of ours that have no pair.
fn unmatched<'a>(ours: &'a [Case], theirs: &'a [Case]) -> Vec<&'a Case> {
    let mut left: Vec<&Case> = theirs.iter().collect();
    let alone = |case: &&'a Case| match left.iter().position(|twin| twin.name == case.name) {
        Some(at) => {
            left.remove(at);
            false
        }
        None => true,
    };
    ours.iter().filter(alone).collect()
}

fn weaker(path: &str, before: &Case, after: &Case) -> Option<Problem> {
    let what = if after.skipped && !before.skipped {
        "is skipped now".to_owned()
    } else if after.assertions < before.assertions {
        format!("keeps {} of {} assertions", after.assertions, before.assertions)
    } else if after.comparisons < before.comparisons {
        format!("keeps {} of {} comparisons", after.comparisons, before.comparisons)
    } else {
        return None;
    };
    Some(Problem::new(path, &before.name, what))
}

fn summary(before: &Suites, after: &Suites) -> String {
    let count = |suites: &Suites| suites.values().map(|suite| suite.cases.len()).sum::<usize>();
    format!("changed files hold {} tests, {} before", count(after), count(before))
}

fn listing(problems: &[Problem]) -> String {
    let line = |Problem { path, test, what }: &Problem| match test.is_empty() {
        true => format!("{path}: {what}"),
        false => format!("{path}: {test} {what}"),
    };
    let mut lines: Vec<String> = problems.iter().take(MAX_NAMED).map(line).collect();
    if problems.len() > MAX_NAMED {
        lines.push(format!("and {} more", problems.len() - MAX_NAMED));
    }
    lines.join("; ")
}
