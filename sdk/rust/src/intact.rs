//! Whether the tests that the base commit had are still there, still run, and still assert as much.
//!
//! A test is found again by its file and name; where it moved, by its name among those that are new; where its name changed,
//! as a new one of the same file that asserts no less. A change may move and rename a test, it may not lose or empty one, and
//! it may expect another result only where the spec names it.

mod assertion;
mod case;
mod exits;
mod expected;
mod judge;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::{fmt, io};

use crate::{Brief, Change, ChangeKind, Error, Host};

pub use skillhost_suite::{is_code, looks_like_test};

use case::{Case, Suite};

pub(crate) use text::{skeleton, tokens};

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
    /// The literals on both sides of each assertion that is new, as they stand without quotes and signs.
    pub values: Vec<[Vec<String>; 2]>,
}

/// Compares the changed files with the base commit. An error says what could not be read.
pub fn compare(host: &dyn Host, brief: &Brief) -> Result<Comparison, String> {
    let read = read(host)?;
    let asked = asked(brief);
    let mut problems = judge::judge(&read.before, &read.after, &asked);
    problems.extend(read.deleted.iter().map(|path| Problem::of_file(path, Damage::Deleted, "is deleted")));
    problems.retain(|problem| !problem.named_in(&asked));
    let count = |suites: &Suites| suites.values().map(|suite| suite.cases.len()).sum();
    let tests = (count(&read.after), count(&read.before));
    Ok(Comparison { problems, tests, values: values(&read), unread: read.unread })
}

/// What was asked for, line by line: by the user, by the spec, and by the criteria that were reviewed with it.
pub fn asked(brief: &Brief) -> String {
    let spec = brief.spec.iter().map(|spec| spec.text.as_str());
    let criteria = brief.criteria.iter().map(|criterion| criterion.statement.as_str());
    std::iter::once(brief.goal.as_str()).chain(spec).chain(criteria).collect::<Vec<_>>().join("\n")
}

/// The literals of the assertions that the base does not have.
fn values(read: &Read) -> Vec<[Vec<String>; 2]> {
    let cases = |suites| -> Vec<&Case> { Suites::values(suites).flat_map(|suite| &suite.cases).collect() };
    let before = expected::all(cases(&read.before).into_iter());
    let now = expected::all(cases(&read.after).into_iter());
    let mut new: Vec<_> = now.difference(&before).map(|(_, operands)| assertion::literals(operands)).collect();
    new.sort();
    new
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
    /// Where it shows, and the line's text: where the test was declared at the base commit, or what stands there now.
    place: Option<(u32, String)>,
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
    /// A test may be left before what it asserts.
    Left,
    /// A test asserts as often, and compares less.
    Comparisons,
    /// A test asserts what holds whatever the code does.
    Idle,
    /// A test asks for another result.
    Expected,
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
        Problem { path: path.into(), test: String::new(), damage, what: what.into(), place: None }
    }

    fn of_test(path: &str, case: &Case, damage: Damage, what: impl Into<String>) -> Problem {
        let place = Some((case.line, case.declaration.clone()));
        Problem { path: path.into(), test: case.name.clone(), damage, what: what.into(), place }
    }

    fn at(self, path: &str, place: Option<(u32, String)>) -> Problem {
        Problem { path: path.into(), place: place.or(self.place), ..self }
    }

    /// The file; where it moved or went, where it was.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What kind of damage it is.
    pub fn damage(&self) -> Damage {
        self.damage
    }

    /// Where it shows in the file, 1-based, and the text of that line.
    pub fn place(&self) -> Option<(u32, &str)> {
        self.place.as_ref().map(|(line, text)| (*line, text.as_str()))
    }

    /// Whether it shows in what stands there now, rather than in what went.
    pub fn is_there(&self) -> bool {
        matches!(self.damage, Damage::Left | Damage::Idle | Damage::Expected)
    }

    /// What would be right.
    pub fn advice(&self) -> &'static str {
        match self.damage {
            Damage::Left => "Let the test come to all that it asserts.",
            Damage::Idle => "Compare what the code gives with a value that the spec names.",
            Damage::Expected => {
                "Take the old value back. Where the spec asks for another, it has to name the value, or to say of \
                 the test's file what is expected there."
            }
            _ => "Restore it, or say in the spec why it changes.",
        }
    }

    /// Whether a line of what was asked names this test, or its file, and says that it goes or changes.
    fn named_in(&self, asked: &str) -> bool {
        const GOES: &[&str] = &["remov", "delet", "replac", "renam", "obsolete", "drop", "skip", "ignore"];
        let is_expected = || announces_expectation(asked, &self.path) || announces(asked, &[&self.test], EXPECTS);
        announces(asked, &[&self.path, &self.test], GOES) || (self.damage == Damage::Expected && is_expected())
    }
}

/// Words of a line that says what a test expects. That tests are added to a file says nothing about those that are there.
const EXPECTS: &[&str] = &["expect", "assert", "adapt", "correct"];

/// Whether a line of what was asked names the file of tests, and speaks of what they expect.
pub fn announces_expectation(asked: &str, path: &str) -> bool {
    announces(asked, &[path, path.rsplit('/').next().unwrap_or_default()], EXPECTS)
}

/// Whether a line of what was asked has one of the names, as a whole, and begins one of its words with one of these.
pub fn announces(spec: &str, names: &[&str], words: &[&str]) -> bool {
    spec.lines().any(|line| {
        let names = names.iter().any(|name| has_word(line, name));
        let line = line.to_lowercase();
        names && words.iter().any(|word| line.contains(word))
    })
}

/// Whether `line` holds `word`, and not as a part of a longer name or path.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/');
    let free = |at: usize| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        // A full stop ends a sentence; one with something behind it goes on with a name.
        let goes_on = after.starts_with(part) || after.strip_prefix('.').is_some_and(|rest| rest.starts_with(part));
        !before.ends_with(|c| part(c) || c == '.') && !goes_on
    };
    !word.is_empty() && line.match_indices(word).any(|(at, _)| free(at))
}
