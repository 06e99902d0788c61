//! Hostile objects: trees and commits of any bytes, out of which an agent's tree is made, changed, swept and committed.
//!
//! An input is a list of entries, each a byte for what it is, and a name up to [`BETWEEN`](super::BETWEEN). Bytes from 0xf0 end
//! a directory, which later entries can hold.

use super::{BETWEEN, Target};
use crate::place::Place;
use git2::{ObjectType, Oid, Repository};
use skillhost_core::path::SkillPath;
use skillhost_worktree::{CommitRequest, Worktree};
use std::collections::BTreeSet;

pub(super) const TARGET: Target = Target {
    name: "git_commit",
    check,
    seeds,
    words: &[
        ".git",
        ".GIT",
        "git~1",
        "..",
        ".",
        "a",
        "A",
        "a/b",
        ".gitmodules",
        ".gitattributes",
        "\u{200c}.git",
        "con",
        "x.",
        "caf\u{e9}",
        "cafe\u{301}",
        "\u{1b}[2J",
        "\0",
    ],
    mutations: 250,
    mutate: None,
};

/// Contents of files, and targets of links.
const CONTENTS: [&str; 8] = [
    "x\n",
    "../../outside/secret",
    "/etc/passwd",
    ".git/hooks",
    "a",
    "../a",
    "[submodule \"x\"]\npath = a\nurl = ../outside\n",
    "* filter=x diff=x\n",
];
const MODES: [&str; 8] = ["100644", "100755", "120000", "160000", "40000", "040000", "100664", "777777"];

fn seeds() -> Vec<Vec<u8>> {
    let entries = |entries: &[(u8, &str)]| {
        entries.iter().flat_map(|(what, name)| [&[*what], name.as_bytes(), &[BETWEEN]].concat()).collect::<Vec<u8>>()
    };
    vec![
        entries(&[(0, "b.txt"), (1, "run.sh"), (0xf0, ""), (0, "a.txt"), (4, "dir")]),
        entries(&[(0x0a, "link"), (0x12, "abs"), (0x22, "in"), (3, "module")]),
        entries(&[(0, ".git"), (4, "x"), (0, "a"), (0, "a"), (0, "A")]),
    ]
}

fn check(data: &[u8]) {
    // What is written is the repository's own, so a long one only takes time.
    if data.len() > 2048 {
        return;
    }
    let place = Place::new();
    let commit = write(&place.git(), data);
    let refs = references(&place);
    match place.worktree(&commit) {
        Ok(worktree) => work(&worktree),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    place.check();
    assert_eq!(references(&place), refs, "a ref that is not the run's moved");
}

fn work(worktree: &Worktree) {
    let nothing = BTreeSet::new();
    let changes = worktree.changes(&nothing).expect("a fresh tree can be compared");
    assert!(changes.is_empty(), "a fresh tree differs: {changes:?}");
    assert!(!worktree.is_dirty(&nothing).expect("it can be looked at"));
    let findings = worktree.sweep(&nothing).expect("a fresh tree can be swept");
    assert!(findings.iter().all(|finding| finding.action == skillhost_worktree::SweepAction::Reported), "{findings:?}");

    let path = SkillPath::parse("spec/new.md").expect("a path");
    if worktree.write_file(&path, b"new\n").is_err() {
        // `spec` is a file of the commit.
        return;
    }
    let written = BTreeSet::from([path.clone()]);
    let diff = worktree.diff(&[], 1 << 20).expect("it can be compared");
    assert!(!diff.contains("outside/secret\n+secret"), "{diff}");
    let committed =
        worktree.commit(CommitRequest::new("A change", &written)).expect("what was written can be committed");
    assert_eq!(committed.included, [path]);
    let changes = worktree.committed_changes().expect("it can be compared");
    assert_eq!(changes.len(), 1, "{changes:?}");
}

/// Writes the objects, whatever git would say of them, and gives the commit.
fn write(git: &Repository, data: &[u8]) -> String {
    let odb = git.odb().expect("a database");
    let put = |kind, bytes: &[u8]| odb.write(kind, bytes).expect("an object");
    let blobs: Vec<Oid> = CONTENTS.iter().map(|content| put(ObjectType::Blob, content.as_bytes())).collect();
    let mut trees = vec![put(ObjectType::Tree, b"")];
    let mut tree = Vec::new();
    for entry in data.split(|byte| *byte == BETWEEN) {
        let Some((what, name)) = entry.split_first() else { continue };
        if *what >= 0xf0 {
            trees.push(put(ObjectType::Tree, &std::mem::take(&mut tree)));
            continue;
        }
        let mode = MODES[usize::from(what & 7)];
        let id = match mode {
            "40000" | "040000" => trees[usize::from(what >> 3) % trees.len()],
            "160000" => Oid::from_str("0123456789012345678901234567890123456789").expect("an id"),
            _ => blobs[usize::from(what >> 3) % blobs.len()],
        };
        tree.extend_from_slice(&[mode.as_bytes(), b" ", name, b"\0", id.as_bytes()].concat());
    }
    let tree = put(ObjectType::Tree, &tree);
    let person = "Ada <ada@example.com> 0 +0000";
    let commit = format!("tree {tree}\nauthor {person}\ncommitter {person}\n\nhostile\n");
    put(ObjectType::Commit, commit.as_bytes()).to_string()
}

fn references(place: &Place) -> Vec<String> {
    let git = place.git();
    let references = git.references().expect("refs");
    let shown = references
        .flatten()
        .map(|reference| format!("{} {:?}", reference.name_bytes().escape_ascii(), reference.target()));
    let mut shown: Vec<String> = shown.filter(|text| !text.contains("7f3k")).collect();
    shown.sort();
    shown
}
