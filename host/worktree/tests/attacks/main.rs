//! Attacks of rows G, and of row F as far as trees and commits are concerned: hostile repositories, and trees that were
//! tampered with. The `git` program makes the repositories, and says afterwards whether anything of the user's changed.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

#[path = "../fixture/mod.rs"]
mod fixture;

mod configuration;
mod large;
mod many;
mod messages;
mod odd;
mod packs;
mod pointers;
mod refs;
mod repositories;
mod trees;

use fixture::{Fixture, commit, path, put, set};

/// Everything that the crate does with a repository, in one go.
fn do_everything(fixture: &Fixture, run: &str) {
    let repository = fixture.open();
    let worktree = fixture.worktree(run);
    repository.notes();
    repository.list_files(worktree.base()).unwrap();
    worktree.write_file(&path("src/new.rs"), b"new\n").unwrap();
    put(&worktree.dir().join("src/lib.rs"), "changed\n");
    worktree.changes(&set(&["src/new.rs"])).unwrap();
    worktree.diff(&[], 100_000).unwrap();
    commit(&worktree, &["src/new.rs"]).commit.unwrap();
    repository.checkout(worktree.base(), &fixture.trees.join(format!("{run}-gate"))).unwrap();
    repository.throwaway_repository(worktree.base(), &fixture.trees.join(format!("{run}-gate.git"))).unwrap();
    put(&worktree.dir().join("src/lib.rs"), "changed again\n");
    repository.remove_worktree(&worktree.record()).unwrap();
}

/// Does something that an attacker would make last for ever.
fn answers<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver
        .recv_timeout(std::time::Duration::from_secs(120))
        .expect("it ends within two minutes, and it does not panic")
}
