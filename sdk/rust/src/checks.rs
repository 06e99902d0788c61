//! What a program sees in a change by itself, without a model: one table of checks, each of which looks at the whole change.
//!
//! A check is cheap and literal, and looks only at what the change adds or takes away: a line that merely moved is no hit.
//! Where it is wrong, a reviewer closes its finding with a reason. A review reports the hits; a verifier fails over those that
//! weaken what the change is measured by.

mod bars;
mod bounds;
mod dependencies;
mod exits;
mod files;
mod leftovers;
mod line;
mod manifest;
mod oracles;
mod pipeline;
mod project;
mod references;
mod schema;
mod secrets;
mod special;
mod suite;
mod swallowed;

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::changed::{Changed, ChangedFile, Line};
use crate::intact::{self, Comparison};
use crate::walk::{self, Walk};
use crate::{Brief, Host, Severity, Step};

/// Longest quote, in characters.
const MAX_QUOTE: usize = 200;
/// A shorter line is written anew rather than moved, as an attribute is, unless it goes and comes in the same file.
const MIN_MOVED_BYTES: usize = 12;

/// Looks at the whole change.
type Look = fn(&Scene<'_>) -> Vec<Hit>;

/// A check's name, and what it does.
const CHECKS: [(&str, Look); 26] = [
    ("test-deleted", suite::deleted),
    ("fewer-tests", suite::fewer),
    ("test-skipped", suite::skipped),
    ("test-focused", suite::focused),
    ("fewer-assertions", suite::fewer_assertions),
    ("weaker-matcher", suite::weaker),
    ("snapshot-alone", oracles::snapshot_alone),
    ("self-mock", oracles::self_mock),
    ("threshold-lowered", bars::lowered),
    ("test-command-changed", pipeline::changed),
    ("protected-path", project::protected),
    ("suppression", bars::suppressed),
    ("test-literal", oracles::test_literal),
    ("secret", secrets::find),
    ("conflict-marker", leftovers::conflict_markers),
    ("debug-leftover", leftovers::debugging),
    ("stub", leftovers::stubs),
    ("swallowed-error", swallowed::find),
    ("lockfile", dependencies::lockfile),
    ("dependency", dependencies::unnamed),
    ("outside-plan", project::outside_plan),
    ("generated-file", files::generated),
    ("schema", schema::find),
    ("removed-but-used", references::find),
    ("untested", files::untested),
    ("odd-file", files::odd),
];

/// Those that look at what the change is measured by. Lists of their own, so that a skill holds no more than it runs.
const MEASURES: [(&str, Look); 9] =
    [CHECKS[2], CHECKS[3], CHECKS[6], CHECKS[7], CHECKS[8], CHECKS[9], CHECKS[10], CHECKS[11], CHECKS[12]];
/// Those among them that an author can't go on with.
const REFUSED: [(&str, Look); 5] = [CHECKS[2], CHECKS[3], CHECKS[8], CHECKS[9], CHECKS[12]];

/// The checks' names, in their order.
pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
    CHECKS.iter().map(|(name, _)| *name)
}

/// Whether a line of what was asked, of the spec or of the goal, names the file and says that something is done to it.
pub fn announces(asked: &[&str], path: &str) -> bool {
    const WORDS: &[&str] =
        &["chang", "lower", "rais", "add", "remov", "delet", "replac", "renam", "updat", "edit", "set to", "new "];
    asked.iter().any(|text| intact::announces(text, &[path, line::name(path)], WORDS))
}

/// Whether a line of what was asked names the file and speaks of the tolerances or thresholds in it.
pub fn announces_bounds(asked: &[&str], path: &str) -> bool {
    bounds::is_announced(asked, path)
}

/// Files that the commands of the gates name, by the configuration in the tree.
pub fn programs(host: &dyn Host) -> Vec<String> {
    let text = host.read(project::FILE).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    project::programs_in(&text.unwrap_or_default())
}

/// What a file is, where a change of it is one of what the change is measured by.
pub fn measure(path: &str, programs: &[String]) -> Option<&'static str> {
    pipeline::measure(path, programs).or((path == project::FILE).then_some("what declares the gates"))
}

/// Whether a threshold or a lint's level may stand in the file.
pub fn may_set_bars(path: &str) -> bool {
    bars::measures(path)
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// How bad it is, taken by itself.
    pub severity: Severity,
    /// The file.
    pub path: String,
    /// 1-based; where it stands now, or where it stood for what was removed.
    pub line: Option<u32>,
    /// Verbatim text at that place; none where it must not be repeated.
    pub quote: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub suggestion: &'static str,
}

/// All that a check may look at.
pub struct Scene<'a> {
    change: &'a Changed<'a>,
    brief: &'a Brief,
    /// The lines that each file adds, without those that the change only moves.
    fresh: Vec<Vec<Line<'a>>>,
    tests: OnceCell<Result<Comparison, String>>,
    tree: OnceCell<Walk>,
}

/// Runs the checks that are wanted, in their order; gives their names and hits.
pub fn run(scene: &Scene<'_>, wanted: impl Fn(&str) -> bool) -> Vec<(&'static str, Hit)> {
    look_with(CHECKS.iter().filter(|(name, _)| wanted(name)), scene).collect()
}

/// What weakens that which the change is measured by, or may: the rest of what [`intact::compare`] sees. Of the test cases in a
/// language that it reads, it says itself what became of them.
pub fn tampering(scene: &Scene<'_>) -> Vec<(&'static str, Hit)> {
    look_with(MEASURES.iter(), scene).filter(|(name, hit)| !is_compared(name, hit)).collect()
}

/// Those hits among them that a verifier fails over, or that stay open in a review.
pub fn refused(scene: &Scene<'_>) -> Vec<(&'static str, Hit)> {
    let hits = look_with(REFUSED.iter(), scene);
    hits.filter(|(name, hit)| hit.severity == Severity::Major && !is_compared(name, hit)).collect()
}

fn look_with<'s>(
    checks: impl Iterator<Item = &'static (&'static str, Look)> + 's,
    scene: &'s Scene<'_>,
) -> impl Iterator<Item = (&'static str, Hit)> + 's {
    checks.flat_map(|(name, look)| look(scene).into_iter().map(move |hit| (*name, hit)))
}

fn is_compared(name: &str, hit: &Hit) -> bool {
    matches!(name, "test-skipped" | "test-focused") && intact::is_read(&hit.path)
}

impl<'a> Scene<'a> {
    /// The change, and what its author was told to do.
    pub fn new(change: &'a Changed<'a>, brief: &'a Brief) -> Scene<'a> {
        Scene { change, brief, fresh: fresh(change), tests: OnceCell::new(), tree: OnceCell::new() }
    }

    /// Files with the lines that they add.
    fn files(&self) -> impl Iterator<Item = (&'a ChangedFile, &[Line<'a>])> {
        self.change.files.iter().zip(self.fresh.iter().map(Vec::as_slice))
    }

    fn file(&self, path: &str) -> Option<&'a ChangedFile> {
        self.change.files.iter().find(|file| file.path == path)
    }

    /// The spec's text, with the goal: whoever asked for something there need not be told of it.
    fn asked(&self) -> [&'a str; 2] {
        [self.brief.spec.as_ref().map_or("", |spec| spec.text.as_str()), self.brief.goal.as_str()]
    }

    fn announces(&self, path: &str) -> bool {
        announces(&self.asked(), path)
    }

    fn is_spec(&self, path: &str) -> bool {
        self.brief.spec.as_ref().is_some_and(|spec| spec.path == path)
    }

    fn steps(&self) -> &'a [Step] {
        &self.brief.steps
    }

    /// What happened to the tests of the base.
    fn tests(&self) -> &Result<Comparison, String> {
        self.tests.get_or_init(|| intact::compare(self.change.host(), self.brief))
    }

    /// Why the tests can't be compared with those of the base, so that the checks that do so see nothing.
    pub fn untold(&self) -> Option<&str> {
        self.tests().as_ref().err().map(String::as_str)
    }

    /// All files of the tree.
    fn tree(&self) -> &Walk {
        self.tree.get_or_init(|| walk::walk(self.change.host(), "").unwrap_or_default())
    }

    /// A hit on each fresh line that matches, in the files that are looked at.
    fn each_line(
        &self,
        looks_at: impl Fn(&str) -> bool,
        matches: impl Fn(&str) -> bool,
        hit: impl Fn(Hit, &str) -> Hit,
    ) -> Vec<Hit> {
        let files = self.files().filter(|(file, _)| looks_at(&file.path));
        let lines = files.flat_map(|(file, lines)| lines.iter().map(move |line| (file, line)));
        lines
            .filter(|(_, line)| matches(line.text))
            .map(|(file, line)| hit(Hit::at(&file.path, *line), line.text))
            .collect()
    }
}

impl Hit {
    /// A hit on a line, to be completed.
    fn at(path: &str, line: Line<'_>) -> Hit {
        let quote = line.text.trim().chars().take(MAX_QUOTE).collect();
        Hit { line: Some(line.line), quote: Some(quote), ..Hit::on(path) }
    }

    /// A hit on a whole file, to be completed.
    fn on(path: &str) -> Hit {
        Hit {
            severity: Severity::Minor,
            path: path.into(),
            line: None,
            quote: None,
            message: String::new(),
            suggestion: "",
        }
    }
}

/// The added lines of each file, without those that were removed from it, or from another file of the change.
fn fresh<'a>(change: &'a Changed<'_>) -> Vec<Vec<Line<'a>>> {
    let mut elsewhere: HashMap<&str, usize> = HashMap::new();
    let removed = |file: &'a ChangedFile| file.removed().into_iter().map(|line| line.text.trim());
    for text in change.files.iter().flat_map(removed).filter(|text| text.len() >= MIN_MOVED_BYTES) {
        *elsewhere.entry(text).or_default() += 1;
    }
    let of_file = |file: &'a ChangedFile| {
        let mut own: HashMap<&str, usize> = HashMap::new();
        removed(file).for_each(|text| *own.entry(text).or_default() += 1);
        let mut lines = file.added();
        lines.retain(|line| {
            let text = line.text.trim();
            let moved_from = if text.len() >= MIN_MOVED_BYTES { &mut elsewhere } else { &mut own };
            match moved_from.get_mut(text) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    false
                }
                _ => true,
            }
        });
        lines
    };
    change.files.iter().map(of_file).collect()
}

#[cfg(test)]
mod tests;
