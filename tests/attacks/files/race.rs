//! F-13: somebody else moves folders and links about while the skill works.

use super::*;
use crate::support::{block_on, ended};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

const SWAPS: u64 = 100_000;

/// `out/swap` is by turns a folder of the grant, and a link to what is not in it: outside, git's directory, what is
/// hidden. The names beneath are the same.
fn prepare(lab: &Lab) {
    for (path, text) in [
        ("out/swap/file.txt", "inside"),
        (".git/file.txt", "[core]"),
        ("hidden/file.txt", "hidden"),
        ("ro/file.txt", "read"),
    ] {
        plant(lab, path, text);
    }
    for (name, target) in
        [("l-out", "../../neighbour"), ("l-git", "../.git"), ("l-hidden", "../hidden"), ("l-ro", "../ro")]
    {
        link(lab, &format!("out/{name}"), target);
    }
}

/// Does `round` over and over while the folder is exchanged with each of the links in turn; only `expected` is answered.
fn race(round: &[Value], expected: &[&str]) {
    let lab = lab();
    prepare(&lab);
    lab.watch();
    let out = lab.tree().join("out");
    let (done, swaps) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut answers = BTreeSet::new();
    let mut calls = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(SeqCst) {
                for link in ["l-out", "l-git", "l-hidden", "l-ro"] {
                    for _ in 0..2 {
                        renameat_with(CWD, out.join("swap"), CWD, out.join(link), RenameFlags::EXCHANGE).unwrap();
                    }
                    swaps.fetch_add(2, SeqCst);
                }
            }
        });
        let _finish = StopOnDrop(&done);
        block_on(async {
            // Until both were met, too, however the threads were scheduled.
            let mut worked = (false, false);
            while swaps.load(SeqCst) < SWAPS || worked != (true, true) {
                let quotas = Quotas { bytes_written: u64::MAX, created: u64::MAX, ..Quotas::default() };
                let script = [json!({ "do": "repeat", "times": 2000, "of": round })];
                let answered = call(&lab, &grant(), quotas, &script).await.unwrap().answer.unwrap();
                for answer in answered[0].as_object().unwrap().keys() {
                    if answer.starts_with('!') {
                        worked.1 = true
                    } else {
                        worked.0 = true
                    }
                    answers.insert(answer.clone());
                }
                calls += 1;
            }
        });
    });
    let given: Vec<&str> = answers.iter().map(String::as_str).filter(|answer| !answer.starts_with('!')).collect();
    assert!(given.iter().all(|answer| expected.contains(answer)), "{answers:?}");
    let names = |folder: &str| fs::read_dir(lab.folder.path().join(folder)).unwrap().count();
    assert_eq!((names("neighbour"), names("tree/hidden"), names("tree/.git"), names("tree/ro")), (3, 2, 2, 2));
    // Some was denied, as `worked` says; in one call the other thread may not have had its turn.
    block_on(lab.held(ended("done").any_denials().times(calls)));
}

/// Ends the other thread where an assertion fails, too.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn f_13_reading_while_a_folder_is_swapped() {
    // What may be read anyway is read by way of the link to it, too.
    let answers = ["inside", "6", "read", "4"];
    race(&[step("read", "out/swap/file.txt"), step("stat", "out/swap/file.txt")], &answers);
}

#[test]
fn f_13_writing_while_a_folder_is_swapped() {
    let round = [
        json!({ "do": "write", "path": "out/swap/file.txt", "text": "inside" }),
        json!({ "do": "resize", "path": "out/swap/file.txt", "size": 6 }),
    ];
    race(&round, &["6", "true"]);
}

#[test]
fn f_13_naming_while_a_folder_is_swapped() {
    let round = [
        step("mkdir", "out/swap/new"),
        step("rmdir", "out/swap/new"),
        to("symlink", "out/swap/link", "file.txt"),
        step("unlink", "out/swap/link"),
        to("rename", "out/swap/file.txt", "out/swap/file.txt"),
        step("times", "out/swap/file.txt"),
    ];
    race(&round, &["true"]);
}
