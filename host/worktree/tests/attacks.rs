//! Attacks of `attacks.md`, rows G and F-15 to F-18: hostile repositories, and trees that were tampered with.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod fixture;

use fixture::{Fixture, commit, executable, names, path, put, set, try_commit};
use skillhost_worktree::{
    LeftOutReason, NewWorktree, Repository, Skipped, SweepAction, SweepWhat, Worktree, WorktreeError,
};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

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
    repository.checkout(worktree.base(), &fixture.trees.join("gate")).unwrap();
    repository.throwaway_repository(worktree.base(), &fixture.trees.join("gate.git")).unwrap();
    put(&worktree.dir().join("src/lib.rs"), "changed again\n");
    repository.remove_worktree(&worktree.record()).unwrap();
}

#[test]
fn g_01_g_02_g_03_g_12_nothing_that_a_repository_configures_is_executed() {
    let fixture = Fixture::new();
    let canary = fixture.temporary.path().join("canary");
    let script = fixture.temporary.path().join("script");
    executable(&script, &format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", canary.display()));
    let script = script.display().to_string();
    put(&fixture.dir.join(".gitattributes"), "* filter=evil diff=evil merge=evil text\n");
    fixture.git(&["add", "-A"]);
    fixture.git(&["commit", "-q", "-m", "attributes"]);
    for name in [
        "pre-commit",
        "prepare-commit-msg",
        "commit-msg",
        "post-commit",
        "post-checkout",
        "post-merge",
        "pre-push",
        "post-rewrite",
        "reference-transaction",
        "post-index-change",
        "fsmonitor-watchman",
        "update",
        "pre-auto-gc",
    ] {
        executable(
            &fixture.dir.join(".git/hooks").join(name),
            &format!("#!/bin/sh\necho hook >> {}\n", canary.display()),
        );
    }
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "credential.helper",
        "gpg.program",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "merge.evil.driver",
        "uploadpack.packObjectsHook",
        "sequence.editor",
        "interactive.diffFilter",
    ] {
        fixture.git(&["config", key, &script]);
    }
    fixture.git(&["config", "commit.gpgsign", "true"]);
    fixture.git(&["config", "filter.evil.required", "true"]);
    fixture.git(&["config", "core.hooksPath", ".git/hooks"]);
    // Redirections: to another tree, and to another user's files.
    fixture.git(&["config", "core.worktree", "/"]);
    fixture.git(&["config", "core.attributesFile", "/etc/passwd"]);
    do_everything(&fixture, "run1");
    assert!(!canary.exists(), "{}", fs::read_to_string(&canary).unwrap());
    assert_eq!(fixture.open().workdir(), fs::canonicalize(&fixture.dir).unwrap());
    assert!(fixture.open().notes().iter().any(|note| note.contains("signed")));
}

#[test]
fn g_04_g_11_submodules_shallow_clones_and_lfs_work_and_are_noted() {
    let fixture = Fixture::new();
    let id = fixture.git(&["rev-parse", "HEAD"]);
    fixture.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{id},vendor/module")]);
    put(&fixture.dir.join(".gitattributes"), "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    fixture.git(&["add", ".gitattributes"]);
    fixture.git(&["commit", "-q", "-m", "module"]);
    fixture.git(&["commit", "-q", "--allow-empty", "-m", "one more"]);
    let shallow = fixture.temporary.path().join("shallow");
    let source = format!("file://{}", fixture.dir.display());
    fixture.git(&["clone", "-q", "--depth", "1", &source, &shallow.display().to_string()]);
    let repository = Repository::open(&shallow).unwrap();
    let notes = repository.notes().join("\n");
    assert!(notes.contains("1 submodules") && notes.contains("LFS") && notes.contains("shallow"), "{notes}");
    assert!(repository.resolve("HEAD~1").unwrap_err().hint().unwrap().contains("shallow"));
    let base = repository.resolve("HEAD").unwrap();
    let new = NewWorktree { base, ..fixture.new_worktree("run1") };
    let worktree = repository.create_worktree(new).unwrap();
    assert_eq!(worktree.skipped(), [Skipped::Submodule("vendor/module".to_owned())]);
    put(&worktree.dir().join("vendor/module/file"), "not the submodule's");
    put(&worktree.dir().join("x"), "x");
    let committed = commit(&worktree, &["x", "vendor/module/file"]);
    assert_eq!(committed.included, [path("x")]);
    assert_eq!(committed.left_out[0].reason, LeftOutReason::Occupied);
    let entry = Command::new("git")
        .args(["ls-tree", &committed.commit.unwrap().to_string(), "vendor/module"])
        .current_dir(&shallow)
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&entry.stdout).starts_with("160000"));
    assert!(fixture.try_git(&shallow, &["fsck"]).0);
}

#[test]
fn g_05_objects_of_alternates_are_read() {
    let fixture = Fixture::new();
    let clone = fixture.temporary.path().join("clone");
    fixture.git(&["clone", "-q", "--shared", ".", &clone.display().to_string()]);
    let repository = Repository::open(&clone).unwrap();
    let worktree = repository.create_worktree(fixture.new_worktree("run1")).unwrap();
    put(&worktree.dir().join("x"), "x");
    assert!(commit(&worktree, &["x"]).commit.is_some());
    assert!(fixture.try_git(&clone, &["fsck"]).0);
}

#[test]
fn g_06_odd_refs_and_indexes_do_no_harm() {
    let fixture = Fixture::new();
    let id = fixture.git(&["rev-parse", "HEAD"]);
    fs::write(fixture.dir.join(".git/refs/heads/a\u{1b}]0;x\u{7}"), format!("{id}\n")).unwrap();
    fs::write(fixture.dir.join(".git/refs/heads/broken"), "not an id\n").unwrap();
    fs::write(fixture.dir.join(".git/index"), b"DIRC\xff\xff\xff\xff garbage").unwrap();
    let worktree = fixture.worktree("run1");
    put(&worktree.dir().join("x"), "x");
    assert!(commit(&worktree, &["x"]).commit.is_some());
    assert_eq!(fixture.open().branch_tip("broken"), None);
    // HEAD as a link to a file that is none of git's.
    fs::remove_file(fixture.dir.join(".git/HEAD")).unwrap();
    symlink("/etc/passwd", fixture.dir.join(".git/HEAD")).unwrap();
    if let Ok(repository) = Repository::open(&fixture.dir) {
        assert!(repository.head_branch().is_none() && repository.resolve("HEAD").is_err());
    }
}

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
fn g_08_messages_and_authors_are_cleaned() {
    let fixture = Fixture::new();
    fixture.git(&["config", "user.name", "Ada\u{1b}[31m <x>"]);
    assert_eq!(fixture.open().identity().unwrap().0, "Ada[31m x");
    let worktree = fixture.worktree("run1");
    put(&worktree.dir().join("x"), "x");
    let request = skillhost_worktree::CommitRequest {
        title: "title\u{1b}]52;c;x\u{7}\nSkillhost-Run: forged",
        body: "Skillhost-Agent: forged\n\u{202e}",
        trailers: &[("Skillhost-Run", "run1".to_owned())],
        written: &set(&["x"]),
        also: &[],
        may_write: &|_| true,
        author: Some(("\n<>".to_owned(), "a\nb@c".to_owned())),
    };
    worktree.commit(request).unwrap();
    let raw = fixture.git(&["cat-file", "commit", worktree.branch()]);
    assert!(raw.chars().all(|c| c == '\n' || !c.is_control()), "{raw:?}");
    assert_eq!(fixture.git(&["log", "-1", "--format=%(trailers:only)", worktree.branch()]), "Skillhost-Run: run1");
    fixture.check_integrity();
}

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
    commit(&worktree, &["x"]).commit.unwrap();
    fixture.git(&["update-ref", &format!("refs/heads/{}", worktree.branch()), &head.to_string()]);
    let worktree = Worktree::open(&worktree.record()).unwrap();
    assert_eq!(worktree.head().unwrap(), head);
    assert_eq!(commit(&worktree, &["x"]).included, [path("x")]);
    // Killed while it was removed.
    fs::remove_dir_all(worktree.dir()).unwrap();
    repository.remove_worktree(&worktree.record()).unwrap();
    assert!(names(&fixture.trees).is_empty());
}

#[test]
fn g_11_what_is_not_supported_ends_with_a_hint() {
    let hint = |prepare: &dyn Fn(&Fixture)| {
        let fixture = Fixture::new();
        prepare(&fixture);
        let error = Repository::open(&fixture.dir.join("src")).unwrap_err();
        (error.hint().unwrap(), error)
    };
    let configure = |pairs: &'static [[&'static str; 2]]| {
        move |fixture: &Fixture| pairs.iter().for_each(|[key, value]| drop(fixture.git(&["config", key, value])))
    };
    let (advice, error) =
        hint(&configure(&[["remote.origin.promisor", "true"], ["remote.origin.partialclonefilter", "blob:none"]]));
    assert!(matches!(error, WorktreeError::PartialClone) && advice.contains("full clone"), "{error}");
    let version = ["core.repositoryformatversion", "1"];
    let (_, error) = hint(&|f: &Fixture| {
        f.git(&["config", version[0], version[1]]);
        put(
            &f.dir.join(".git/config"),
            &format!(
                "{}[extensions]\n\tpartialclone = origin\n",
                fs::read_to_string(f.dir.join(".git/config")).unwrap()
            ),
        );
    });
    assert!(matches!(error, WorktreeError::PartialClone), "{error}");
    for (line, expected) in
        [("refstorage = reftable", "migrate"), ("objectformat = sha256", "sha1"), ("unheardof = 1", "extensions")]
    {
        let (advice, error) = hint(&|f: &Fixture| {
            let config = fs::read_to_string(f.dir.join(".git/config")).unwrap();
            let config = config.replace("repositoryformatversion = 0", "repositoryformatversion = 1");
            put(&f.dir.join(".git/config"), &format!("{config}[extensions]\n\t{line}\n"));
        });
        assert!(advice.contains(expected), "{line}: {error}: {advice}");
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Repository::open(empty.path()), Err(WorktreeError::NoRepository { .. })));
    let fixture = Fixture::new();
    fixture.git(&["init", "-q", "--bare", &empty.path().display().to_string()]);
    assert!(matches!(Repository::open(empty.path()), Err(WorktreeError::Bare { .. })));
    let new = tempfile::tempdir().unwrap();
    fixture.git(&["init", "-q", &new.path().display().to_string()]);
    assert!(matches!(Repository::open(new.path()), Err(WorktreeError::NoCommits)));
    // No identity is no obstacle.
    fixture.git(&["config", "--unset", "user.name"]);
    fixture.git(&["config", "user.email", ""]);
    assert_eq!(fixture.open().identity(), None);
    do_everything(&fixture, "run1");
}

#[test]
fn f_15_links_out_of_the_tree_are_neither_made_nor_committed() {
    let fixture = Fixture::new();
    symlink("/etc/passwd", fixture.dir.join("absolute")).unwrap();
    symlink("../../../up", fixture.dir.join("src/up")).unwrap();
    symlink("lib.rs", fixture.dir.join("src/fine")).unwrap();
    fixture.git(&["add", "-A"]);
    fixture.git(&["commit", "-q", "-m", "links"]);
    let worktree = fixture.worktree("run1");
    assert_eq!(
        worktree.skipped(),
        [Skipped::EscapingLink("absolute".to_owned()), Skipped::EscapingLink("src/up".to_owned())]
    );
    assert_eq!(names(&worktree.dir().join("src")), ["deep", "fine", "lib.rs"]);
    assert!(worktree.changes(&set(&[])).unwrap().is_empty());
    symlink("/etc/shadow", worktree.dir().join("src/new")).unwrap();
    fs::remove_dir_all(worktree.dir().join("src/deep")).unwrap();
    symlink("/etc", worktree.dir().join("src/deep")).unwrap();
    let committed = commit(&worktree, &["src/new", "src/deep", "src/deep/passwd"]);
    assert_eq!(committed.included, [path("src/deep/a.txt")]);
    assert_eq!(committed.findings.iter().filter(|f| f.what == SweepWhat::EscapingLink).count(), 2);
    assert!(committed.left_out.iter().all(|left| left.reason == LeftOutReason::EscapingLink));
    assert_eq!(worktree.read_file(&path("src/deep/passwd"), 10_000).unwrap(), None);
    assert!(worktree.write_file(&path("src/deep/skillhost-test"), b"").is_err());
    // The links of the base are in the commit still.
    assert!(fixture.git(&["ls-tree", worktree.branch(), "absolute"]).starts_with("120000"));
}

#[test]
fn f_14_f_16_f_17_a_planted_git_directory_is_removed_and_nothing_executes() {
    let fixture = Fixture::new();
    let worktree = fixture.worktree("run1");
    let canary = fixture.temporary.path().join("canary");
    let script = format!("#!/bin/sh\ntouch {}\n", canary.display());
    let hostile = format!("[core]\n\tfsmonitor = touch {}\n\tbare = false\n", canary.display());
    for place in [".git", "vendor/x/.GIT", "src/git~1", "src/.git ", "src/.g\u{200c}it"] {
        executable(&worktree.dir().join(place).join("hooks/pre-commit"), &script);
        put(&worktree.dir().join(place).join("config"), &hostile);
        put(&worktree.dir().join(place).join("HEAD"), "ref: refs/heads/main\n");
    }
    put(&worktree.dir().join("src/deep/.git"), "gitdir: /tmp/attacker\n");
    put(&worktree.dir().join("vendor/x/file"), "x");
    fs::remove_file(worktree.dir().join("README.md")).unwrap();
    for fifo in ["README.md", "target-fifo"] {
        assert!(Command::new("mkfifo").arg(worktree.dir().join(fifo)).status().unwrap().success());
    }
    put(&worktree.dir().join("src/Lib.rs"), "a twin");
    put(&worktree.dir().join(".envrc"), "evil");
    let committed = commit(&worktree, &["vendor/x/file", "src/Lib.rs", ".envrc"]);
    assert!(!canary.exists());
    assert_eq!(committed.included.len(), 3);
    let found = |what, action| {
        committed
            .findings
            .iter()
            .filter(|f| f.what == what && f.action == action)
            .map(|f| f.path.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(SweepWhat::GitName, SweepAction::Removed).len(), 6);
    assert_eq!(found(SweepWhat::Special, SweepAction::Refused), ["README.md"]);
    assert_eq!(found(SweepWhat::Special, SweepAction::Removed), ["target-fifo"]);
    assert_eq!(found(SweepWhat::Twin, SweepAction::Reported), ["src/Lib.rs", "src/lib.rs"]);
    assert_eq!(found(SweepWhat::ExecutesByItself, SweepAction::Reported), [".envrc"]);
    assert!(committed.left_out.iter().any(|l| l.path == "README.md" && l.reason == LeftOutReason::Special));
    assert_eq!(names(worktree.dir()), [".envrc", "README.md", "src", "vendor"]);
    // It went to the recorded repository.
    assert_eq!(fixture.git(&["show", &format!("{}:vendor/x/file", worktree.branch())]), "x");
    fixture.check_integrity();
}

#[test]
fn f_16_a_sweep_alone_removes_what_a_command_left() {
    let fixture = Fixture::new();
    let worktree = fixture.worktree("run1");
    put(&worktree.dir().join("node_modules/x/.git/config"), "[core]\n");
    let outside = fixture.temporary.path().join("outside");
    put(&outside.join("keep"), "keep");
    symlink(&outside, worktree.dir().join(".Git")).unwrap();
    let findings = worktree.sweep(&set(&[])).unwrap();
    assert_eq!(findings.len(), 2);
    assert!(findings.iter().all(|f| f.what == SweepWhat::GitName && f.action == SweepAction::Removed));
    assert_eq!(names(worktree.dir()), ["README.md", "node_modules", "src"]);
    assert_eq!(names(&outside), ["keep"]);
    assert!(worktree.sweep(&set(&[])).unwrap().is_empty());
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
fn a_file_that_was_given_its_old_times_back_is_still_found() {
    let fixture = Fixture::new();
    let worktree = fixture.worktree("run1");
    let file = worktree.dir().join("src/lib.rs");
    let times = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, "ONE\ntwo\nthree\n").unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(times).unwrap();
    assert_eq!(worktree.changes(&set(&[])).unwrap().len(), 1);
}

#[test]
fn g_06_a_tree_with_unsafe_entries_is_refused_before_anything_is_made() {
    let fixture = Fixture::new();
    let blob = fixture.git(&["rev-parse", "HEAD:README.md"]);
    let mut tree = b"100644 .GIT\0".to_vec();
    tree.extend((0..40).step_by(2).map(|at| u8::from_str_radix(&blob[at..at + 2], 16).unwrap()));
    let raw = fixture.temporary.path().join("raw");
    fs::write(&raw, tree).unwrap();
    let tree = fixture.git(&["hash-object", "-t", "tree", "--literally", "-w", &raw.display().to_string()]);
    let base = fixture.git(&["commit-tree", "-m", "evil", &tree]);
    let new = NewWorktree { base: base.parse().unwrap(), ..fixture.new_worktree("run1") };
    let refused = fixture.open().create_worktree(new);
    assert!(matches!(refused, Err(WorktreeError::UnsafeTree { .. })));
    assert!(names(&fixture.trees).is_empty());
    assert!(fixture.open().branch_tip("skillhost/goal-run1").is_none());
}

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
    let names: Vec<String> = (0..17_000).map(|number| format!("{number}")).collect();
    let entries: Vec<_> = names.iter().map(|name| (name.as_str(), large)).collect();
    commit_tree(&fixture, &directory(&entries, 0o100_644).to_string());
    let new = NewWorktree { base: repository.resolve("main").unwrap(), ..fixture.new_worktree("run1") };
    let error = repository.create_worktree(new).unwrap_err();
    assert!(matches!(error, WorktreeError::CommitTooLarge { .. }) && error.is_limit(), "{error}");
    assert!(error.hint().unwrap().contains("start from a commit"));
    assert_eq!(names_of(&fixture), Vec::<String>::new());
}

fn names_of(fixture: &Fixture) -> Vec<String> {
    names(&fixture.trees)
}

#[test]
fn g_06_what_would_block_a_reader_of_the_git_directory_is_refused() {
    for file in ["config", "packed-refs", "HEAD", "refs/heads/other", "objects/info/alternates", "info/attributes"] {
        let fixture = Fixture::new();
        let place = fixture.dir.join(".git").join(file);
        drop(fs::remove_file(&place));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(&place).status().unwrap().success());
        let error = Repository::open(&fixture.dir).unwrap_err();
        assert!(matches!(&error, WorktreeError::Irregular { path } if path.ends_with(file)), "{file}: {error}");
        assert!(error.hint().is_some());
    }
    // The same where another directory holds them.
    let fixture = Fixture::new();
    let linked = fixture.temporary.path().join("linked");
    fixture.git(&["worktree", "add", "-q", &linked.display().to_string()]);
    assert!(Repository::open(&linked).is_ok());
    assert!(Command::new("mkfifo").arg(fixture.dir.join(".git/packed-refs")).status().unwrap().success());
    assert!(matches!(Repository::open(&linked), Err(WorktreeError::Irregular { .. })));
}

#[test]
fn g_11_a_linked_worktree_of_a_shallow_clone_says_so() {
    let fixture = Fixture::new();
    fixture.git(&["commit", "-q", "--allow-empty", "-m", "one more"]);
    let shallow = fixture.temporary.path().join("shallow");
    let source = format!("file://{}", fixture.dir.display());
    fixture.git(&["clone", "-q", "--depth", "1", &source, &shallow.display().to_string()]);
    let linked = fixture.temporary.path().join("linked");
    assert!(fixture.try_git(&shallow, &["worktree", "add", "-q", &linked.display().to_string()]).0);
    let error = Repository::open(&linked).unwrap().resolve("HEAD~1").unwrap_err();
    assert!(error.hint().unwrap().contains("shallow"), "{error}");
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
    assert_eq!(names_of(&fixture), Vec::<String>::new());
}

#[test]
fn f_12_what_is_nested_too_deep_is_swept_and_keeps_nothing_from_being_cleaned() {
    let fixture = Fixture::new();
    let worktree = fixture.worktree("run1");
    let nest = || fs::create_dir_all(worktree.dir().join("d/".repeat(300))).unwrap();
    nest();
    let findings = worktree.sweep(&set(&[])).unwrap();
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].what, findings[0].action), (SweepWhat::Deep, SweepAction::Removed));
    assert_eq!(worktree.sweep(&set(&[])).unwrap(), []);
    put(&worktree.dir().join("x"), "x");
    nest();
    assert!(commit(&worktree, &["x"]).commit.is_some());
    nest();
    put(&worktree.dir().join("y"), "y");
    fixture.open().remove_worktree(&worktree.record()).unwrap();
    assert_eq!(fixture.git(&["show", "refs/skillhost/rescue/run1-main:y"]), "y");
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

#[test]
fn x_06_trees_that_an_ordinary_user_can_not_simply_remove_are_removed() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    const PLACE: &str = "SKILLHOST_TEST_PLACE";
    if let Some(place) = std::env::var_os(PLACE) {
        let tree = std::path::Path::new(&place).join("tree");
        let modes = [0o555, 0o500, 0o444, 0o400, 0o300, 0o000];
        for (number, mode) in modes.into_iter().enumerate() {
            let closed = tree.join(number.to_string());
            fs::create_dir_all(closed.join("below/empty")).unwrap();
            put(&closed.join("below/file"), "x");
            for dir in [closed.join("below/empty"), closed.join("below"), closed] {
                fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
            }
        }
        skillhost_worktree::remove_directory(&tree).unwrap();
        assert!(!tree.exists());
        return;
    }
    // A program of its own, as a user for whom modes count, in a place that this user can reach.
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mut child = Command::new(&program);
    child.args(["--exact", "x_06_trees_that_an_ordinary_user_can_not_simply_remove_are_removed"]);
    child.env(PLACE, place.path()).current_dir("/");
    if rustix::process::geteuid().is_root() {
        use std::os::unix::process::CommandExt as _;
        const NOBODY: u32 = 65_534;
        chown(place.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        child.uid(NOBODY).gid(NOBODY);
    }
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
