//! A repository in a folder of its own, with something outside of it that must stay as it is.

use git2::{Repository, RepositoryInitOptions};
use skillhost_core::path::is_git_name;
use skillhost_test_support::tree::{Found, picture};
use skillhost_worktree::{NewWorktree, Worktree, WorktreeError};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with `repository` (`main` with one commit), `trees`, and `outside`.
pub(crate) struct Place {
    folder: TempDir,
    before: BTreeMap<PathBuf, Found>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["trees", "outside"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        fs::write(folder.path().join("outside/secret"), "secret").expect("a file");
        let mut options = RepositoryInitOptions::new();
        options.external_template(false).initial_head("main");
        let git = Repository::init_opts(folder.path().join("repository"), &options).expect("a repository");
        let blob = git.blob(b"hello\n").expect("a blob");
        let mut tree = git.treebuilder(None).expect("a tree");
        tree.insert("README.md", blob, 0o100_644).expect("an entry");
        let tree = git.find_tree(tree.write().expect("a tree")).expect("a tree");
        let person = git2::Signature::new("Ada", "ada@example.com", &git2::Time::new(0, 0)).expect("a person");
        git.commit(Some("refs/heads/main"), &person, &person, "first", &tree, &[]).expect("a commit");
        let before = picture(&folder.path().join("outside"), |_| false);
        Self { folder, before }
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    pub(crate) fn git(&self) -> Repository {
        Repository::open(self.repository()).expect("it was made here")
    }

    /// Makes a tree of a commit, as a run does.
    pub(crate) fn worktree(&self, commit: &str) -> Result<Worktree, WorktreeError> {
        let repository = skillhost_worktree::Repository::open(&self.repository())?;
        repository.create_worktree(NewWorktree {
            run: "7f3k".parse().expect("a run's id"),
            agent: "main".parse().expect("an agent's id"),
            base: repository.resolve(commit)?,
            branch: "skillhost/goal-7f3k".to_owned(),
            dir: self.folder.path().join("trees/7f3k"),
        })
    }

    /// Nothing outside changed; and what lies in a tree stays in it.
    pub(crate) fn check(&self) {
        let outside = picture(&self.folder.path().join("outside"), |_| false);
        assert_eq!(outside, self.before, "something outside changed");
        for (name, found) in picture(&self.folder.path().join("trees/7f3k"), |_| false) {
            let names = name.components().map(|component| component.as_os_str().as_bytes());
            assert!(!names.into_iter().any(is_git_name), "{} is in a tree", name.display());
            if let Found::Link { target } = found {
                let is_inside = stays_inside(&name, &target.to_string_lossy());
                assert!(is_inside, "{} {} leads out", name.display(), target.display());
            }
        }
    }
}

/// Whether a link's target, taken literally, stays in its tree.
fn stays_inside(link: &Path, target: &str) -> bool {
    let mut depth = link.components().count() - 1;
    if target.starts_with('/') {
        return false;
    }
    for component in target.split('/').filter(|component| !matches!(*component, "" | ".")) {
        if component != ".." {
            depth += 1;
        } else if depth == 0 {
            return false;
        } else {
            depth -= 1;
        }
    }
    true
}
