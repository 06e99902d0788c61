//! Row G-07: no ref moves but the run's own.

use crate::fixture::{Fixture, commit, names, put, try_commit};
use skillhost_worktree::{NewWorktree, Worktree, WorktreeError};
use std::fs;

#[test]
fn g_07_no_other_branch_can_be_moved() {
    let fixture = Fixture::new();
    let repository = fixture.open();
    let before = fixture.state();
    for name in ["main", "skillhost/goal-run2", "refs/heads/main", "run1", "../run1", "HEAD"] {
        let refused =
            repository.create_worktree(NewWorktree { branch: name.to_owned(), ..fixture.new_worktree("run1") });
        assert!(matches!(refused, Err(WorktreeError::Branch { .. })), "{name}");
    }
    let worktree = fixture.worktree("run1");
    let again = NewWorktree { dir: fixture.trees.join("other"), ..fixture.new_worktree("run1") };
    assert!(matches!(repository.create_worktree(again), Err(WorktreeError::BranchExists { .. })));
    assert_eq!(names(&fixture.trees), ["run1", "run1.files"]);
    // The branch becomes a link to main.
    put(&worktree.dir().join("x"), "x");
    let branch = fixture.dir.join(".git/refs/heads").join(worktree.branch());
    let tip = fs::read(&branch).unwrap();
    fs::write(&branch, "ref: refs/heads/main\n").unwrap();
    let refused = try_commit(&worktree, &["x"], &[], &|_| true);
    assert!(matches!(refused, Err(WorktreeError::BranchMoved { .. })));
    fs::write(&branch, tip).unwrap();
    // Somebody else commits to it.
    fixture.git(&[
        "update-ref",
        &format!("refs/heads/{}", worktree.branch()),
        &fixture.git(&["commit-tree", "-m", "theirs", "HEAD^{tree}"]),
    ]);
    let refused = try_commit(&worktree, &["x"], &[], &|_| true);
    assert!(matches!(refused, Err(WorktreeError::BranchMoved { .. })));
    assert_eq!(fixture.state(), before);
}

#[test]
fn g_07_a_branch_in_the_way_is_named_and_nothing_is_left() {
    let fixture = Fixture::new();
    fixture.git(&["branch", "skillhost"]);
    let before = fixture.git(&["for-each-ref"]);
    let error = fixture.open().create_worktree(fixture.new_worktree("run1")).unwrap_err();
    assert!(matches!(&error, WorktreeError::BranchCollides { with, .. } if with == "skillhost"), "{error}");
    assert!(error.hint().unwrap().contains("branch = "));
    assert_eq!(fixture.git(&["for-each-ref"]), before);
    // Nor is a kept ref moved that somebody else made.
    fixture.git(&["branch", "-D", "skillhost"]);
    let other = fixture.git(&["commit-tree", "-m", "other", "main^{tree}"]);
    fixture.git(&["update-ref", "refs/skillhost/keep/run1", &other]);
    let before = fixture.git(&["for-each-ref"]);
    assert!(fixture.open().create_worktree(fixture.new_worktree("run1")).is_err());
    assert_eq!(fixture.git(&["for-each-ref"]), before);
    assert_eq!(names(&fixture.trees), Vec::<String>::new());
}

#[test]
fn each_agent_of_a_run_is_kept_by_itself() {
    let fixture = Fixture::new();
    let main = fixture.worktree("run1");
    let part = NewWorktree {
        agent: "step-1".parse().unwrap(),
        branch: "skillhost/goal-run1.step-1".to_owned(),
        dir: fixture.trees.join("part"),
        ..fixture.new_worktree("run1")
    };
    let part = fixture.open().create_worktree(part).unwrap();
    for worktree in [&main, &part] {
        put(&worktree.dir().join("x"), worktree.branch());
        let head = commit(worktree, &["x"]).commit.unwrap();
        assert_eq!(worktree.head().unwrap(), head);
    }
    let kept = fixture.git(&["for-each-ref", "--format=%(refname)", "refs/skillhost/keep"]);
    assert_eq!(kept, "refs/skillhost/keep/run1\nrefs/skillhost/keep/run1-step-1");
}

#[test]
fn g_07_a_ref_that_leads_to_another_is_not_written_through() {
    let names = |run: &str| {
        [
            format!("refs/heads/skillhost/goal-{run}"),
            format!("refs/skillhost/keep/{run}"),
            format!("refs/skillhost/rescue/{run}-main"),
        ]
    };
    // To the base branch, to one that is not there yet, to itself, and to another that leads to the base branch.
    for (number, to) in ["refs/heads/main", "refs/heads/new", "", "refs/heads/second"].into_iter().enumerate() {
        for which in 0..3 {
            // There before the run, and put there while it works.
            for is_before in [true, false] {
                let fixture = Fixture::new();
                fixture.git(&["symbolic-ref", "refs/heads/second", "refs/heads/main"]);
                let run = format!("run{number}");
                let name = names(&run)[which].clone();
                let lead = || {
                    let file = fixture.dir.join(".git").join(&name);
                    put(&file, &format!("ref: {}\n", if to.is_empty() { &name } else { to }));
                };
                let new = fixture.new_worktree(&run);
                let before = fixture.state();
                if is_before {
                    lead();
                }
                let made = fixture.open().create_worktree(new);
                // What is to be made finds what is there, and nothing is left of it.
                assert_eq!(made.is_ok(), !(is_before && which < 2), "{name} to {to:?}: {:?}", made.err());
                let Ok(worktree) = made else {
                    assert_eq!(names_of(&fixture), Vec::<String>::new());
                    assert_eq!(fixture.state(), before);
                    continue;
                };
                if !is_before {
                    lead();
                }
                put(&worktree.dir().join("x"), "x");
                let committed = try_commit(&worktree, &["x"], &[], &|_| true);
                assert_eq!(committed.is_ok(), which == 2, "{name} to {to:?}");
                put(&worktree.dir().join("y"), "y");
                let removed = fixture.open().remove_worktree(&worktree.record());
                assert_eq!(removed.is_ok(), which < 2, "{name} to {to:?}: {removed:?}");
                // What could not be saved is still there.
                assert_eq!(worktree.dir().join("y").exists(), which == 2);
                assert_eq!(fixture.state(), before, "{name} to {to:?}");
                assert_eq!(fixture.open().branch_tip("new"), None);
            }
        }
    }
}

fn names_of(fixture: &Fixture) -> Vec<String> {
    crate::fixture::names(&fixture.trees)
}

#[test]
fn g_07_g_09_racing_updates_lose_nothing_and_overwrite_nothing() {
    const WRITERS: usize = 8;
    let fixture = Fixture::new();
    let before = fixture.state();
    let worktree = fixture.worktree("run1");
    let record = worktree.record();
    for number in 0..WRITERS {
        put(&worktree.dir().join(format!("f{number}")), "x");
    }
    // Several who take themselves for the owner of one branch.
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let work = |number: usize| {
            let record = &record;
            scope.spawn(move || {
                let worktree = Worktree::open(record)?;
                try_commit(&worktree, &[&format!("f{number}")], &[], &|_| true)
            })
        };
        let workers: Vec<_> = (0..WRITERS).map(work).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let made: Vec<String> =
        outcomes.iter().flatten().filter_map(|committed| Some(committed.commit?.to_string())).collect();
    assert!(!made.is_empty(), "{outcomes:?}");
    let kept = fixture.git(&["rev-parse", "refs/skillhost/keep/run1"]);
    assert_eq!(Worktree::open(&record).unwrap().head().unwrap().to_string(), kept);
    let history = fixture.git(&["rev-list", &format!("main..{kept}")]);
    // Whoever was told that it succeeded is in the history, and nothing forked.
    assert!(made.iter().all(|commit| history.contains(commit.as_str())), "{made:?} {history}");
    assert_eq!(fixture.git(&["rev-list", "--merges", "--count", &kept]), "0");
    assert_eq!(fixture.state(), before);
    fixture.check_integrity();
}

#[test]
fn g_07_no_reflog_tells_anything_of_others() {
    let fixture = Fixture::new();
    // Logs are wanted everywhere, and HEAD leads to what looks like the run's own branch.
    fixture.git(&["config", "core.logAllRefUpdates", "always"]);
    let before = fixture.state();
    let worktree = fixture.worktree("run1");
    put(&worktree.dir().join("x"), "x");
    commit(&worktree, &["x"]).commit.unwrap();
    fixture.open().remove_worktree(&worktree.record()).unwrap();
    assert_eq!(fixture.state(), before);
    assert!(fixture.git(&["reflog", "show", "main"]).lines().count() == 1);
}

#[test]
fn g_06_a_revision_leads_to_refs_and_their_ancestors_and_to_no_other_file() {
    let fixture = Fixture::new();
    put(&fixture.dir.join("b"), "b");
    fixture.git(&["add", "-A"]);
    fixture.git(&["commit", "-q", "-m", "second"]);
    fixture.git(&["tag", "-a", "-m", "one", "v1", "main"]);
    fixture.git(&["update-ref", "refs/remotes/origin/main", "main~1"]);
    fixture.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    let main = fixture.git(&["rev-parse", "main"]);
    let first = fixture.git(&["rev-parse", "main~1"]);
    for (revision, expected) in [
        ("main", &main),
        ("@", &main),
        ("v1^0", &main),
        ("refs/heads/main", &main),
        ("heads/main", &main),
        (&main[..7], &main),
        ("v1~1", &first),
        ("HEAD^", &first),
        (format!("{}^1", &main[..12]).as_str(), &first),
        ("origin", &first),
        ("origin/main", &first),
    ] {
        assert_eq!(fixture.open().resolve(revision).unwrap().to_string(), *expected, "{revision}");
    }
    // Files that are no refs: none is opened, so a FIFO keeps nobody waiting, by whichever name or ref it is reached.
    let fifo = fixture.dir.join(".git/hooks/fifo");
    crate::fixture::fifo(&fifo);
    put(&fixture.dir.join(".git/refs/heads/lead"), "ref: hooks/fifo\n");
    put(&fixture.dir.join(".git/refs/heads/circle"), "ref: refs/heads/circle\n");
    let repository = fixture.open();
    for missing in ["hooks/fifo", "lead", "circle", "refs/heads/../../hooks/fifo", "config", "v1~7", "HEAD^2", "ffff"] {
        let error = repository.resolve(missing).unwrap_err();
        assert!(
            matches!(error, WorktreeError::Revision { .. } | WorktreeError::RevisionForm { .. }),
            "{missing}: {error}"
        );
    }
    assert_eq!(repository.branch_tip("lead"), None);
    for other in ["HEAD^{tree}", "main@{0}", "@{-1}", ":/second", "main:b", "v1~1x", ""] {
        let error = repository.resolve(other).unwrap_err();
        assert!(matches!(error, WorktreeError::RevisionForm { .. }), "{other}: {error}");
        assert!(error.hint().unwrap().contains("~N"));
    }
}
