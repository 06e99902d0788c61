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

/// Writes an object whose bytes need not be whole.
fn write(fixture: &Fixture, kind: &str, bytes: &[u8], length: u64) -> String {
    let file = fixture.temporary.path().join("object");
    fs::write(&file, bytes).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_len(length).unwrap();
    fixture.git(&["hash-object", "-t", kind, "--literally", "-w", &file.display().to_string()])
}

#[test]
fn g_06_a_directory_is_left_as_soon_as_it_is_too_much() {
    let fixture = Fixture::new();
    let blob = [7; 20];
    // Of one directory's entries, each of which has a long path, the last is one that would be refused if it were reached.
    let mut tree = Vec::new();
    for name in (0..70_000).map(|number| format!("{number:06}")).chain(["zz".to_owned(), "zz".to_owned()]) {
        tree.extend([b"100644 ", name.as_bytes(), b"\0", &blob].concat());
    }
    let mut tree = write(&fixture, "tree", &tree, tree.len() as u64);
    for _ in 0..15 {
        let id = (0..40).step_by(2).map(|at| u8::from_str_radix(&tree[at..at + 2], 16).unwrap());
        let above: Vec<u8> = [b"40000 ", "d".repeat(255).as_bytes(), b"\0"].concat().into_iter().chain(id).collect();
        tree = write(&fixture, "tree", &above, above.len() as u64);
    }
    commit_tree(&fixture, &tree);
    let repository = fixture.open();
    let error = repository.list_files(&repository.resolve("main").unwrap()).unwrap_err();
    assert!(matches!(error, WorktreeError::CommitTooLarge { what: "bytes of paths", .. }), "{error}");
}

#[test]
fn g_06_what_a_tag_names_is_looked_at_before_it_is_read() {
    let fixture = Fixture::new();
    let tree = fixture.git(&["rev-parse", "HEAD^{tree}"]);
    let text = format!("tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\n");
    let huge = write(&fixture, "commit", text.as_bytes(), 200 << 20);
    let mut tag = huge.clone();
    for kind in ["commit", "tag", "tag"] {
        let text = format!("object {tag}\ntype {kind}\ntag v1\ntagger A <a@b> 1 +0000\n\nx\n");
        tag = write(&fixture, "tag", text.as_bytes(), text.len() as u64);
        put(&fixture.dir.join(".git/refs/tags/v1"), &format!("{tag}\n"));
        for rev in ["v1", &tag, &huge] {
            let error = fixture.open().resolve(rev).unwrap_err();
            assert!(matches!(error, WorktreeError::CommitTooLarge { .. }), "{rev}: {error}");
        }
    }
    // One that names an honest commit is as good as its id; a missing one is only no commit.
    fixture.git(&["tag", "-a", "-m", "two", "v2", "main"]);
    assert_eq!(fixture.open().resolve("v2").unwrap(), fixture.open().resolve("main").unwrap());
    let missing = fixture.open().resolve(&"7".repeat(40)).unwrap_err();
    assert!(matches!(missing, WorktreeError::Revision { .. }), "{missing}");
}
