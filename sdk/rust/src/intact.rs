//! Whether the tests that the base commit had are still there, still run, and still assert as much.
//!
//! A test is found again by its file and name; where it moved, by its name among those that are new; where its name changed,
//! as a new one of the same file that asserts no less. A change may move and rename a test, it may not lose or empty one.

mod case;

use std::collections::{BTreeMap, BTreeSet};
use std::{fmt, io};

use crate::{Change, ChangeKind, Error, Host};

pub use skillhost_suite::{is_code, looks_like_test};

use case::{Case, Suite};

/// Most files and bytes of each that are looked at; what is beyond makes the check `not-run`.
const MAX_FILES: usize = 2_000;
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// What `original` hands over at once.
const PART_BYTES: usize = 1024 * 1024;

/// What was done to tests, and how many there are.
#[derive(Debug)]
pub struct Comparison {
    /// Tests that vanished, are off or assert less, apart from what the spec says.
    pub problems: Vec<Problem>,
    /// Tests in the changed files now, and at the base commit.
    pub tests: (usize, usize),
    /// Changed files that look like tests, in a language that is not read: nothing is known of them.
    pub unread: Vec<String>,
}

/// Compares the changed files with the base commit. An error says what could not be read.
pub fn compare(host: &dyn Host, spec: &str) -> Result<Comparison, String> {
    let read = read(host)?;
    let mut problems = judge(&read.before, &read.after);
    problems.extend(read.deleted.iter().map(|path| Problem::of_file(path, Damage::Deleted, "is deleted")));
    problems.retain(|problem| !problem.named_in(spec));
    let count = |suites: &Suites| suites.values().map(|suite| suite.cases.len()).sum();
    Ok(Comparison { problems, tests: (count(&read.after), count(&read.before)), unread: read.unread })
}

/// Suites by path.
type Suites = BTreeMap<String, Suite>;

/// All that changed, as far as it is about tests.
#[derive(Default)]
struct Read {
    before: Suites,
    after: Suites,
    /// Files that look like tests and went, without a test in them that could be told.
    deleted: Vec<String>,
    unread: Vec<String>,
}

/// The suites of all changed files, at the base commit and now.
fn read(host: &dyn Host) -> Result<Read, String> {
    let changes = host.changes().map_err(|error| format!("the change can't be read: {error}"))?;
    if changes.len() > MAX_FILES {
        return Err(format!("{} files changed, more than {MAX_FILES} are not looked at", changes.len()));
    }
    let mut read = Read::default();
    for change in changes {
        // A language that is not known has no suite, whatever the text is: don't read it.
        if case::suite(&change.path, "").is_none() {
            match change.kind {
                ChangeKind::Added => {}
                _ if !looks_like_test(&change.path) => {}
                ChangeKind::Deleted => read.deleted.push(change.path),
                ChangeKind::Modified | ChangeKind::Renamed => read.unread.push(change.path),
            }
            continue;
        }
        let was = base_text(host, &change)?.and_then(|text| case::suite(&change.path, &text));
        if change.kind == ChangeKind::Deleted {
            let has_none = was.as_ref().is_none_or(|suite| suite.cases.is_empty());
            read.deleted.extend((has_none && looks_like_test(&change.path)).then(|| change.path.clone()));
        } else {
            let unreadable = |reason: String| format!("{} can't be read: {reason}", change.path);
            let text = match host.size(&change.path) {
                Ok(size) if size > MAX_BYTES as u64 => Err(unreadable("it is too large".to_owned())),
                Ok(_) => host.read(&change.path).map_err(|error| unreadable(error.to_string())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(vec![]),
                Err(error) => Err(unreadable(error.to_string())),
            };
            let now = case::suite(&change.path, &String::from_utf8_lossy(&text?));
            read.after.extend(now.map(|suite| (change.path.clone(), suite)));
        }
        read.before.extend(was.map(|suite| (change.path, suite)));
    }
    Ok(read)
}

/// Names of the test cases in the files that changed, now and at the base commit. An error says what can't be told.
pub fn touched(host: &dyn Host) -> Result<BTreeSet<String>, String> {
    let read = read(host)?;
    if let Some(path) = read.unread.iter().chain(&read.deleted).next() {
        return Err(format!("{path} changed, and the tests in it can't be told"));
    }
    let cases = read.before.into_values().chain(read.after.into_values()).flat_map(|suite| suite.cases);
    Ok(cases.map(|case| case.name).collect())
}

/// Whether the cases of a file can be told: its language is one that is read.
pub fn is_read(path: &str) -> bool {
    case::suite(path, "").is_some()
}

/// Test cases that a file's text declares, as far as its language is read.
pub fn cases(path: &str, text: &str) -> usize {
    case::suite(path, text).map_or(0, |suite| suite.cases.len())
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    path: String,
    /// Empty where it concerns the whole file.
    test: String,
    damage: Damage,
    what: String,
    /// Where the test was declared at the base commit, or is now where it is new, and the line's text.
    declared: Option<(u32, String)>,
}

/// The kinds of what can be done to tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// A file of tests went.
    Deleted,
    /// A test went.
    Gone,
    /// A test is switched off.
    Skipped,
    /// More than one test is, or is left out by a focus on others.
    Switched,
    /// A test asserts less often.
    Assertions,
    /// A test asserts as often, and compares less.
    Comparisons,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { path, test, what, .. } = self;
        match test.is_empty() {
            true => write!(f, "{path}: {what}"),
            false => write!(f, "{path}: {test} {what}"),
        }
    }
}

impl Problem {
    fn of_file(path: &str, damage: Damage, what: &str) -> Problem {
        Problem { path: path.into(), test: String::new(), damage, what: what.into(), declared: None }
    }

    fn of_test(path: &str, case: &Case, damage: Damage, what: impl Into<String>) -> Problem {
        let declared = Some((case.line, case.declaration.clone()));
        Problem { path: path.into(), test: case.name.clone(), damage, what: what.into(), declared }
    }

    /// The file; where it moved or went, where it was.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What kind of damage it is.
    pub fn damage(&self) -> Damage {
        self.damage
    }

    /// Where the test stands in its file, 1-based, and the text of that line.
    pub fn declared(&self) -> Option<(u32, &str)> {
        self.declared.as_ref().map(|(line, text)| (*line, text.as_str()))
    }

    /// Whether a line of the spec names this test, or its file, and says that it goes or changes.
    fn named_in(&self, spec: &str) -> bool {
        const WORDS: &[&str] = &["remov", "delet", "replac", "renam", "obsolete", "drop", "skip", "ignore"];
        announces(spec, &[&self.path, &self.test], WORDS)
    }
}

/// Whether a line of the spec has one of the names, as a whole, and begins one of its words with one of these.
pub fn announces(spec: &str, names: &[&str], words: &[&str]) -> bool {
    spec.lines().any(|line| {
        let names = names.iter().any(|name| has_word(line, name));
        let line = line.to_lowercase();
        names && words.iter().any(|word| line.contains(word))
    })
}

/// Whether `line` holds `word`, and not as a part of a longer name or path.
fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/');
    let free = |at: usize| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        // A full stop ends a sentence; one with something behind it goes on with a name.
        let goes_on = after.starts_with(part) || after.strip_prefix('.').is_some_and(|rest| rest.starts_with(part));
        !before.ends_with(|c| part(c) || c == '.') && !goes_on
    };
    !word.is_empty() && line.match_indices(word).any(|(at, _)| free(at))
}

fn judge(before: &Suites, after: &Suites) -> Vec<Problem> {
    let none = Suite::default();
    let mut problems = Vec::new();
    let mut new: Vec<(&str, &Case)> = Vec::new();
    let mut lost: Vec<(&str, &Case)> = Vec::new();
    for (path, now) in after {
        let was = before.get(path).unwrap_or(&none);
        if now.switches > was.switches {
            let what = "switches off, or focuses on, more than one test";
            problems.push(Problem::of_file(path, Damage::Switched, what));
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
    // Tests whose names changed stay in their file and assert no less. The one that asserts most chooses first, and takes
    // the one that is most like it.
    lost.sort_by_key(|(_, case)| std::cmp::Reverse((case.assertions, case.comparisons)));
    lost.retain(|(path, case)| {
        let fits = |(at, (file, heir)): (usize, &(&str, &Case))| {
            (file == path && weaker(path, case, heir).is_none()).then_some((heir.assertions, heir.comparisons, at))
        };
        match new.iter().enumerate().filter_map(fits).min() {
            Some((.., at)) => {
                new.swap_remove(at);
                false
            }
            None => true,
        }
    });
    lost.sort_by_key(|(path, case)| (*path, &case.name));
    problems.extend(lost.into_iter().map(|(path, case)| Problem::of_test(path, case, Damage::Gone, "is gone")));
    new.sort_by_key(|(path, case)| (*path, &case.name));
    let off = new.into_iter().filter(|(_, case)| case.skipped);
    problems.extend(off.map(|(path, case)| Problem::of_test(path, case, Damage::Skipped, "is new, and skipped")));
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
    let kept = |now: usize, was: usize, what: &str| format!("keeps {now} of {was} {what}");
    let (damage, what) = if after.skipped && !before.skipped {
        (Damage::Skipped, "is skipped now".to_owned())
    } else if after.assertions < before.assertions {
        (Damage::Assertions, kept(after.assertions, before.assertions, "assertions"))
    } else if after.comparisons < before.comparisons {
        (Damage::Comparisons, kept(after.comparisons, before.comparisons, "comparisons"))
    } else {
        return None;
    };
    Some(Problem::of_test(path, before, damage, what))
}
