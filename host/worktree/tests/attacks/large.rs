//! Row F-12: trees and commits that are larger than they look.

use crate::fixture::{Fixture, names, path, put, set};
use skillhost_worktree::{NewWorktree, WorktreeError};
use std::fs;

/// A commit on `main` with this tree.
fn commit_tree(fixture: &Fixture, tree: &str) {
    let commit = fixture.git(&["commit-tree", "-m", "hostile", tree]);
    fixture.git(&["update-ref", "refs/heads/main", &commit]);
}

#[test]
fn f_12_a_few_objects_that_unfold_without_end_are_refused() {
    let fixture = Fixture::new();
    let git = git2::Repository::open(&fixture.dir).unwrap();
    let blob = git.blob(b"x").unwrap();
    let directory = |entries: &[(&str, git2::Oid)], mode| {
        let mut builder = git.treebuilder(None).unwrap();
        entries.iter().for_each(|(name, id)| drop(builder.insert(name, *id, mode).unwrap()));
        builder.write().unwrap()
    };
    let mut tree = directory(&[("file", blob)], 0o100_644);
    for _ in 0..60 {
        tree = directory(&[("a", tree), ("b", tree)], 0o040_000);
    }
    commit_tree(&fixture, &tree.to_string());
    let repository = fixture.open();
    let base = repository.resolve("main").unwrap();
    assert!(matches!(repository.list_files(&base), Err(WorktreeError::CommitTooLarge { .. })));

    // One that unfolds to more than a disk has room for: nothing of it is written.
    let large = git.blob(&vec![0; 1 << 20]).unwrap();
    let numbers: Vec<String> = (0..17_000).map(|number| format!("{number}")).collect();
    let entries: Vec<_> = numbers.iter().map(|name| (name.as_str(), large)).collect();
    commit_tree(&fixture, &directory(&entries, 0o100_644).to_string());
    let new = NewWorktree { base: repository.resolve("main").unwrap(), ..fixture.new_worktree("run1") };
    let error = repository.create_worktree(new).unwrap_err();
    assert!(matches!(error, WorktreeError::CommitTooLarge { .. }) && error.is_limit(), "{error}");
    assert!(error.hint().unwrap().contains("start from a commit"));
    assert_eq!(names(&fixture.trees), Vec::<String>::new());
}

#[test]
fn f_12_large_files_that_cost_a_command_nothing_are_not_read_all() {
    let names: Vec<String> = (0..40).map(|number| format!("f{number:02}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "small\n")).collect();
    let fixture = Fixture::with(&files);
    let worktree = fixture.worktree("run1");
    put(&worktree.dir().join("f00"), "changed\n");
    for name in &names[1..] {
        let file = fs::OpenOptions::new().write(true).open(worktree.dir().join(name)).unwrap();
        file.set_len(50 << 20).unwrap();
    }
    let error = worktree.changes(&set(&[])).unwrap_err();
    assert!(matches!(error, WorktreeError::TooLarge { .. }) && error.is_limit(), "{error}");
    assert!(worktree.diff(&[], 1_000_000).is_err());
    // Of one path only that one is read.
    assert!(worktree.diff(&[path("f00")], 1_000).unwrap().contains("+changed"));
}
