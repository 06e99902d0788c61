//! The tests of a change on the sources of its base: tests that pass there, too, show nothing of it.
//!
//! It is asked once all gates passed, and speaks against a change only where it can be told: the change has tests in files of
//! their own; the base passed; and with these files laid over it, every gate passes there again, running as many tests as on
//! the change. Whoever means to change no behaviour says so in the goal or the spec, and a goal may ask for tests alone.

use super::gate::{Purpose, Tests};
use crate::error::RunError;
use crate::ledger::{EvidenceRow, deciding};
use crate::pull_request::{File, FileChange};
use crate::state::{State, Work};
use crate::tree::{Tree, read_text};
use skillhost_core::name::CommandName;
use skillhost_core::path::SkillPath;
use skillhost_core::project::SETUP;
use skillhost_suite::{asks_for_tests, belongs_to_tests, is_product, keeps_behaviour, looks_like_test, tests_within};

/// A change of more files is not looked at.
const MAX_FILES: usize = 2_000;
/// A larger file of code was written by a program.
const MAX_CODE_BYTES: usize = 1 << 20;
/// What its author is told.
pub(super) const SHOWS_NOTHING: &str = "the tests of the change pass on the base's sources, too, so they show nothing of it: \
                                        add a test that fails without the change";

/// What the tests of a change do on the sources of its base.
#[derive(Debug, Default)]
pub(crate) enum OnBase {
    /// It was not asked, or can't be told.
    #[default]
    Untold,
    /// They fail, as this run shows.
    Fail(Box<EvidenceRow>),
    /// They pass, as these runs of all gates show.
    Pass(Vec<EvidenceRow>),
}

impl OnBase {
    /// The runs that show it.
    pub(crate) fn runs(&self) -> &[EvidenceRow] {
        match self {
            OnBase::Untold => &[],
            OnBase::Fail(run) => std::slice::from_ref(&**run),
            OnBase::Pass(runs) => runs,
        }
    }
}

impl State {
    /// Whether nothing speaks against the tests of a change whose gates passed.
    pub(crate) async fn tests_show_it(&self, work: &mut Work, goal: &str, commit: &str) -> Result<bool, RunError> {
        work.on_base = self.tests_on_base(work, goal, commit).await?;
        let pass = matches!(work.on_base, OnBase::Pass(_));
        if pass {
            self.warn(SHOWS_NOTHING);
        }
        Ok(!pass)
    }

    async fn tests_on_base(&self, work: &Work, goal: &str, commit: &str) -> Result<OnBase, RunError> {
        let spec = work.spec.as_ref().map_or("", |spec| spec.text.as_str());
        if !self.host.project.verify.baseline || keeps_behaviour(goal) || keeps_behaviour(spec) {
            return Ok(OnBase::Untold);
        }
        let Some(tests) = self.tests_of(goal, commit).await? else { return Ok(OnBase::Untold) };
        // Those that count their tests first: one of them most likely decides. The others may run tests, too.
        let (counted, others): (Vec<_>, Vec<_>) = deciding(&work.evidence).partition(|row| row.tests.is_some());
        if counted.is_empty() {
            return Ok(OnBase::Untold);
        }
        let mut passed = Vec::new();
        for judged in counted.into_iter().chain(others) {
            let is_gate = |name: &&CommandName| name.as_str() == judged.name;
            let commands = &self.host.project.commands;
            let Some(gate) = commands.keys().find(is_gate).and_then(|name| commands.get_key_value(name)) else {
                return Ok(OnBase::Untold);
            };
            // What failed before fails with any tests.
            if judged.tests.is_some() && self.baseline(gate).await?.exit_code != Some(0) {
                return Ok(OnBase::Untold);
            }
            let ran = self.run_gate(gate, Purpose::TestsOnBase(&tests)).await?;
            self.ledger(|ledger| ledger.save_evidence(&ran))?;
            if ran.name == SETUP || (ran.exit_code == Some(0) && ran.tests < judged.tests) {
                return Ok(OnBase::Untold);
            }
            if ran.exit_code != Some(0) {
                return Ok(if judged.tests.is_some() { OnBase::Fail(Box::new(ran)) } else { OnBase::Untold });
            }
            passed.push(ran);
        }
        Ok(OnBase::Pass(passed))
    }

    /// The files of the change's tests; none where it has none, is meant to have nothing else, or they can't be told apart.
    async fn tests_of(&self, goal: &str, commit: &str) -> Result<Option<Tests>, RunError> {
        let (changed, _) = self.tree.committed_changes().await?;
        let has_tests = changed.iter().any(|file| file.kind != FileChange::Deleted && looks_like_test(&file.path));
        let has_code = changed.iter().any(|file| is_product(&file.path));
        if !has_tests || (!has_code && asks_for_tests(goal)) || changed.len() > MAX_FILES {
            return Ok(None);
        }
        let (base, now) = (self.tree.at_base().await?, self.tree.at(commit).await?);
        if changed.iter().any(|file| changes_tests_within(file, &base, &now)) {
            return Ok(None);
        }
        let paths = changed.iter().flat_map(|file| [Some(&file.path), file.from.as_ref()]).flatten();
        let files = paths.filter(|path| belongs_to_tests(path)).map(|path| SkillPath::parse(path).ok());
        let files: Option<Vec<SkillPath>> = files.collect();
        Ok(files.map(|files| Tests { commit: commit.to_owned(), files }))
    }
}

/// Whether tests changed that stand in a file of the product, so that they can't be had without it.
fn changes_tests_within(file: &File, base: &dyn Tree, now: &dyn Tree) -> bool {
    let differ = || {
        let read = |tree: &dyn Tree, path: &str| read_text(tree, &SkillPath::parse(path).ok()?, MAX_CODE_BYTES);
        let before = read(base, file.from.as_ref().unwrap_or(&file.path)).unwrap_or_default();
        let after = read(now, &file.path).unwrap_or_default();
        tests_within(&before) != tests_within(&after)
    };
    is_product(&file.path) && differ()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tests::tree;

    #[test]
    fn tests_in_a_file_of_the_product_can_not_be_had_without_it() {
        const CODE: &str = "fn f() {}\n#[cfg(test)]\nmod tests {}\n";
        let changes = |path: &str, before: &str, after: &str| {
            let file = File {
                path: path.to_owned(),
                from: None,
                kind: FileChange::Modified,
                added: 1,
                removed: 0,
                protected: false,
            };
            changes_tests_within(&file, &tree(&[(path, before)]), &tree(&[(path, after)]))
        };
        assert!(!changes("src/a.rs", CODE, &CODE.replace("f()", "g()")));
        assert!(changes("src/a.rs", CODE, &CODE.replace("{}\n", "{ }\n").replace("f()", "g()")));
        assert!(changes("src/a.rs", "fn f() {}\n", CODE));
        assert!(!changes("tests/a.rs", "fn f() {}\n", CODE));
    }
}
