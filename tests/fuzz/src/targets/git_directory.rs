//! A hostile git directory: any of its files holds anything, and the host opens the repository, reads it, and works in it.
//!
//! An input is a list of files, each a byte for which one, and its content up to [`BETWEEN`](super::BETWEEN).

use super::{BETWEEN, Target};
use crate::place::Place;
use skillhost_core::text::is_deceptive;
use skillhost_worktree::Repository;
use std::collections::BTreeSet;
use std::fs;

pub(super) const TARGET: Target = Target {
    name: "git_directory",
    check,
    seeds,
    words: &[
        "[core]\n",
        "[include]\npath = ../../outside/secret\n",
        "[user]\nname = ",
        "worktree = ../../outside\n",
        "bare = true\n",
        "fsmonitor = touch pwned\n",
        "[extensions]\n",
        "objectformat = sha256\n",
        "ref: refs/heads/",
        "ref: ../../outside/secret",
        "refs/heads/main",
        "gitdir: ../outside",
        "# pack-refs with: peeled fully-peeled sorted \n",
        "0000000000000000000000000000000000000000",
        "DIRC\0\0\0\u{2}",
        "^",
        "\n",
    ],
    mutations: 300,
    mutate: None,
};

const FILES: [&str; 14] = [
    "config",
    "HEAD",
    "packed-refs",
    "index",
    "info/attributes",
    "shallow",
    "commondir",
    "gitdir",
    "objects/info/alternates",
    "refs/heads/main",
    "refs/heads/other",
    "info/exclude",
    "info/grafts",
    "config.worktree",
];

fn seeds() -> Vec<Vec<u8>> {
    let files = |files: &[(u8, &[u8])]| {
        files.iter().flat_map(|(file, content)| [&[*file], *content, &[BETWEEN]].concat()).collect::<Vec<u8>>()
    };
    vec![
        files(&[(0, b"[core]\nrepositoryformatversion = 0\nbare = false\nworktree = ../../outside\nfsmonitor = touch pwned\n[user]\nname = A\nemail = a@b\n[include]\npath = ../../outside/secret\n")]),
        files(&[(1, b"ref: refs/heads/other\n"), (10, b"ref: refs/heads/main\n")]),
        files(&[(2, b"# pack-refs with: peeled fully-peeled sorted \n0123456789012345678901234567890123456789 refs/heads/x\n"), (3, b"DIRC\0\0\0\x02\0\0\0\x01")]),
        files(&[(8, b"../../../outside\n"), (5, b"0123456789012345678901234567890123456789\n")]),
        files(&[(6, b"../../outside\n"), (7, b"../../outside\n")]),
    ]
}

fn check(data: &[u8]) {
    let place = Place::new();
    let directory = place.repository().join(".git");
    for part in data.split(|byte| *byte == BETWEEN).take(8) {
        let Some((file, content)) = part.split_first() else { continue };
        let file = directory.join(FILES[usize::from(*file) % FILES.len()]);
        fs::create_dir_all(file.parent().expect("it lies in a folder")).expect("a folder");
        fs::write(file, content).expect("a file");
    }
    let before = fs::read(directory.join("config")).expect("it is there");
    if let Ok(repository) = Repository::open(&place.repository()) {
        look(&repository);
        if let Ok(worktree) = place.worktree("HEAD") {
            // With objects and refs that somebody else chose, work may fail; it does nothing else.
            drop(worktree.changes(&BTreeSet::new()));
            drop(worktree.sweep(&BTreeSet::new()));
            drop(worktree.head());
        }
    }
    place.check();
    assert_eq!(fs::read(directory.join("config")).expect("it is there"), before, "the configuration changed");
    assert!(!place.repository().join("pwned").exists() && !directory.join("pwned").exists(), "something was executed");
}

fn look(repository: &Repository) {
    if let Some((name, address)) = repository.identity() {
        assert!(
            !name.chars().chain(address.chars()).any(|c| is_deceptive(c) || matches!(c, '<' | '>')),
            "{name:?} {address:?}"
        );
    }
    drop(repository.head_branch());
    drop(repository.notes());
    let _ = repository.branch_tip("main");
    for revision in ["HEAD", "main", "other", "x"] {
        let Ok(commit) = repository.resolve(revision) else { continue };
        if let Ok(files) = repository.list_files(&commit) {
            for file in files.iter().take(8) {
                drop(repository.read_file(&commit, file.as_str(), 1 << 20));
            }
        }
    }
}
