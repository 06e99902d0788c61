//! Rows G-09 and G-10: many trees at once, and those that a kill left half-made.

use crate::do_everything;
use crate::fixture::{Fixture, commit, names, path, put, set, try_commit};
use skillhost_worktree::{NewWorktree, Worktree, WorktreeError};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn g_09_thirty_two_worktrees_at_once() {
    let fixture = Fixture::new();
    let before = fixture.state();
    let repository = fixture.open();
    let made: Vec<Worktree> = std::thread::scope(|scope| {
        let work = |n: usize| {
            let (repository, new) = (&repository, fixture.new_worktree(&format!("run{n}")));
            scope.spawn(move || {
                let worktree = repository.create_worktree(new).unwrap();
                worktree.write_file(&path("mine"), n.to_string().as_bytes()).unwrap();
                commit(&worktree, &["mine"]).commit.unwrap();
                worktree
            })
        };
        let workers: Vec<_> = (0..32).map(work).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    for (n, worktree) in made.iter().enumerate() {
        assert_eq!(fixture.git(&["show", &format!("{}:mine", worktree.branch())]), n.to_string());
    }
    fixture.git(&["gc", "-q", "--prune=now"]);
    fixture.git(&["worktree", "prune"]);
    for worktree in &made {
        assert!(!worktree.is_dirty(&set(&["mine"])).unwrap());
        put(&worktree.dir().join("mine"), "after gc");
        assert!(commit(worktree, &["mine"]).commit.is_some());
    }
    assert_eq!(fixture.state(), before);
    fixture.check_integrity();
}

#[test]
fn g_10_a_lock_that_a_kill_left_is_named_and_nothing_is_lost() {
    let fixture = Fixture::new();
    let worktree = fixture.worktree("run1");
    for reference in ["refs/heads/skillhost/goal-run1", "refs/skillhost/keep/run1", "refs/skillhost/rescue/run1-main"] {
        let lock = fixture.dir.join(".git").join(format!("{reference}.lock"));
        put(&lock, "");
        put(&worktree.dir().join("uncommitted"), reference);
        let error = match reference.contains("rescue") {
            true => fixture.open().remove_worktree(&worktree.record()).unwrap_err(),
            false => try_commit(&worktree, &["uncommitted"], &[], &|_| true).unwrap_err(),
        };
        assert!(matches!(error, WorktreeError::Locked { .. }), "{error}");
        assert!(error.to_string().contains(&format!("{reference}.lock")), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("remove the lock file")));
        assert!(lock.exists() && worktree.dir().join("uncommitted").exists());
        fs::remove_file(lock).unwrap();
    }
    fixture.open().remove_worktree(&worktree.record()).unwrap();
    assert!(!worktree.dir().exists());
    fixture.check_integrity();
}

#[test]
fn g_10_what_a_kill_leaves_is_taken_up_again() {
    let fixture = Fixture::new();
    let repository = fixture.open();
    // Killed while files were written.
    put(&fixture.trees.join("run1/src/half"), "half");
    put(&fixture.trees.join("run1.making"), "");
    let worktree = fixture.worktree("run1");
    assert_eq!(names(worktree.dir()), ["README.md", "src"]);
    // Killed after the branch was made.
    put(&fixture.trees.join("run1.making"), "");
    let worktree = fixture.worktree("run1");
    // A tree that is somebody's is not taken for a left-over.
    let again = NewWorktree { branch: "skillhost/b-run1".to_owned(), ..fixture.new_worktree("run1") };
    assert!(matches!(repository.create_worktree(again), Err(WorktreeError::Exists { .. })));
    // Killed between the two refs of a commit.
    put(&worktree.dir().join("x"), "x");
    let head = worktree.head().unwrap();
    let kept = commit(&worktree, &["x"]).commit.unwrap();
    fixture.git(&["update-ref", &format!("refs/heads/{}", worktree.branch()), &head.to_string()]);
    let worktree = Worktree::open(&worktree.record()).unwrap();
    // What was kept was whole, and stands.
    assert_eq!(worktree.head().unwrap(), kept);
    assert_eq!(fixture.open().branch_tip(worktree.branch()), Some(kept));
    assert!(commit(&worktree, &["x"]).commit.is_none());
    // Killed while it was removed.
    fs::remove_dir_all(worktree.dir()).unwrap();
    repository.remove_worktree(&worktree.record()).unwrap();
    assert!(names(&fixture.trees).is_empty());
}

/// What a child of this test does with a worktree, from making it to removing it.
fn live(fixture: &Fixture) {
    let worktree = fixture.worktree("run1");
    for number in 0..6 {
        worktree.write_file(&path(&format!("part{number}")), b"written\n").unwrap();
        commit(&worktree, &[&format!("part{number}")]).commit.unwrap();
    }
    put(&worktree.dir().join("uncommitted"), "not committed\n");
    fixture.open().remove_worktree(&worktree.record()).unwrap();
}

/// What can be seen of a worktree's life from outside: its files, and the refs and objects of the repository, by name.
fn visible(fixture: &Fixture) -> Vec<PathBuf> {
    let git = fixture.dir.join(".git");
    let mut pending = vec![fixture.trees.clone(), git.join("refs"), git.join("objects")];
    let mut seen = Vec::new();
    while let Some(dir) = pending.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                pending.push(entry.path());
            }
            seen.push(entry.path());
        }
    }
    seen.sort();
    seen
}

/// Lets a process run for a part of a millisecond. False once it has ended, which it has to do well.
fn runs_on_for_a_moment(child: &mut Child) -> bool {
    use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
    let pid = Pid::from_child(child);
    kill_process(pid, Signal::CONT).unwrap();
    let until = Instant::now() + Duration::from_micros(50);
    while Instant::now() < until {
        std::hint::spin_loop();
    }
    kill_process(pid, Signal::STOP).unwrap();
    let (_, status) = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().unwrap();
    assert!(status.stopped() || status.exit_status() == Some(0), "{status:?}");
    status.stopped()
}

#[test]
fn g_10_a_kill_at_every_step_leaves_what_can_be_gone_on_with() {
    const PLACE: &str = "SKILLHOST_TEST_PLACE";
    if let Some(place) = std::env::var_os(PLACE) {
        return live(&Fixture::at(Path::new(&place)));
    }
    let mut is_whole = false;
    let mut step = 1;
    while !is_whole {
        let files: Vec<String> = (0..150).map(|number| format!("dir{}/file{number}", number % 10)).collect();
        let fixture = Fixture::with(&files.iter().map(|name| (name.as_str(), "content\n")).collect::<Vec<_>>());
        let before = fixture.state();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "many::g_10_a_kill_at_every_step_leaves_what_can_be_gone_on_with"]);
        let mut child =
            child.env(PLACE, fixture.temporary.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // It runs in slices, and is killed once so many changes were seen.
        let (mut seen, mut changes) = (visible(&fixture), 0);
        is_whole = loop {
            if !runs_on_for_a_moment(&mut child) {
                break true;
            }
            let now = visible(&fixture);
            if now != seen {
                (seen, changes) = (now, changes + 1);
            }
            if changes >= step {
                child.kill().unwrap();
                child.wait().unwrap();
                break false;
            }
        };
        assert_eq!(fixture.state(), before, "{step}");
        fixture.check_integrity();
        // What the ledger would know: the tree is removed, and what was in no commit is saved.
        let planned = fixture.open().plan_worktree(fixture.new_worktree("run1")).unwrap().record();
        let was_uncommitted = planned.dir.join("uncommitted").exists();
        if fixture.open().remove_worktree(&planned).is_err() {
            // A lock of git's on one of the run's refs may be left, as after a killed git: nothing is removed until it is.
            assert!(planned.dir.exists(), "{step}");
            crate::fixture::every_file(&fixture.dir.join(".git/refs"), &mut |path| {
                if path.extension().is_some_and(|extension| extension == "lock") {
                    fs::remove_file(path).unwrap();
                }
            });
            fixture.open().remove_worktree(&planned).unwrap();
        }
        assert_eq!(crate::fixture::names(&fixture.trees), Vec::<String>::new(), "{step}");
        if was_uncommitted {
            assert_eq!(fixture.git(&["show", "refs/skillhost/rescue/run1-main:uncommitted"]), "not committed");
        }
        // And the repository is as good as before.
        do_everything(&fixture, "run2");
        assert_eq!(fixture.state(), before, "{step}");
        fixture.check_integrity();
        step += 1 + step / 8;
    }
    assert!(step > 10, "only {step} steps were seen");
}
