//! Row G-06: git directories in which things stand that git would not have made.

use crate::fixture::{Fixture, commit, fifo, names, put};
use crate::{answers, do_everything};
use skillhost_worktree::{NewWorktree, Repository, WorktreeError};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

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

#[test]
fn g_06_what_would_block_a_reader_of_the_git_directory_is_refused() {
    for file in ["config", "packed-refs", "HEAD", "refs/heads/other", "objects/info/alternates", "info/attributes"] {
        let fixture = Fixture::new();
        let place = fixture.dir.join(".git").join(file);
        drop(fs::remove_file(&place));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fifo(&place);
        let error = Repository::open(&fixture.dir).unwrap_err();
        assert!(matches!(&error, WorktreeError::Irregular { path } if path.ends_with(file)), "{file}: {error}");
        assert!(error.hint().is_some());
    }
    // The same where another directory holds them.
    let fixture = Fixture::new();
    let linked = fixture.temporary.path().join("linked");
    fixture.git(&["worktree", "add", "-q", &linked.display().to_string()]);
    assert!(Repository::open(&linked).is_ok());
    fifo(&fixture.dir.join(".git/packed-refs"));
    assert!(matches!(Repository::open(&linked), Err(WorktreeError::Irregular { .. })));
}

#[test]
fn g_06_no_index_is_read_and_none_is_written() {
    type Spoil = fn(&Path);
    let ways: [Spoil; 7] = [
        |index| fs::write(index, b"").unwrap(),
        |index| fs::write(index, b"DIRC\0\0\0\x02\xff\xff\xff\xff").unwrap(),
        |index| fs::write(index, &fs::read(index).unwrap()[..40]).unwrap(),
        |index| fs::File::options().write(true).open(index).unwrap().set_len(1 << 40).unwrap(),
        // A split index without its other half, and an extension that must be understood.
        |index| fs::write(index, [b"DIRC\0\0\0\x02\0\0\0\0link\0\0\0\x14", &[7; 20][..]].concat()).unwrap(),
        |index| fs::write(index, [b"DIRC\0\0\0\x02\0\0\0\0evil\xff\xff\xff\xff", &[0; 20][..]].concat()).unwrap(),
        |index| {
            fs::remove_file(index).unwrap();
            symlink("/etc/passwd", index).unwrap();
        },
    ];
    for spoil in ways {
        let fixture = Fixture::new();
        let index = fixture.dir.join(".git/index");
        spoil(&index);
        let seen = || (index.symlink_metadata().unwrap().len(), index.symlink_metadata().unwrap().modified().unwrap());
        let before = (seen(), fixture.git(&["for-each-ref", "refs/heads/main"]));
        do_everything(&fixture, "run1");
        assert_eq!((seen(), fixture.git(&["for-each-ref", "refs/heads/main"])), before);
    }
}

#[test]
fn g_06_files_without_end_are_refused_before_they_are_read() {
    for file in ["HEAD", "config", "packed-refs", "refs/heads/other", "info/grafts", "shallow", "config.worktree"] {
        let fixture = Fixture::new();
        let place = fixture.dir.join(".git").join(file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::File::create(&place).unwrap().set_len(1 << 42).unwrap();
        let error = Repository::open(&fixture.dir).unwrap_err();
        assert!(
            matches!(&error, WorktreeError::TooLargeForGit { path, .. } if path.ends_with(file)),
            "{file}: {error}"
        );
        assert!(error.is_limit() && error.hint().is_some());
    }
    // An object that unfolds to more than a machine has.
    let fixture = Fixture::new();
    let text = fixture.temporary.path().join("commit");
    let tree = fixture.git(&["rev-parse", "HEAD^{tree}"]);
    put(&text, &format!("tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\n"));
    fs::File::options().write(true).open(&text).unwrap().set_len(200 << 20).unwrap();
    let huge = fixture.git(&["hash-object", "-t", "commit", "--literally", "-w", &text.display().to_string()]);
    put(&fixture.dir.join(".git/refs/heads/main"), &format!("{huge}\n"));
    let error = Repository::open(&fixture.dir).unwrap_err();
    assert!(matches!(error, WorktreeError::CommitTooLarge { .. }) && error.is_limit(), "{error}");
}

#[test]
fn g_06_nothing_leads_out_of_the_git_directory() {
    type Lead = fn(&Fixture, &Path);
    let ways: [Lead; 6] = [
        // The run's branch would be made in a directory of the attacker's choice.
        |f, outside| symlink(outside, f.dir.join(".git/refs/heads/skillhost")).unwrap(),
        |f, outside| {
            fs::create_dir(outside.join("heads")).unwrap();
            fs::rename(f.dir.join(".git/refs"), outside.join("refs")).unwrap();
            symlink(outside.join("refs"), f.dir.join(".git/refs")).unwrap();
        },
        |f, outside| {
            drop(fs::remove_dir_all(f.dir.join(".git/logs")));
            symlink(outside, f.dir.join(".git/logs")).unwrap();
        },
        |f, outside| symlink(outside, f.dir.join(".git/objects/00")).unwrap(),
        |f, outside| {
            fs::rename(f.dir.join(".git/objects"), outside.join("objects")).unwrap();
            symlink(outside.join("objects"), f.dir.join(".git/objects")).unwrap();
        },
        // A shared directory that is sent on when it is opened by itself.
        |f, outside| {
            f.git(&["clone", "-q", "--bare", ".", &outside.join("second").display().to_string()]);
            f.git(&["clone", "-q", "--bare", ".", &outside.join("third").display().to_string()]);
            put(&outside.join("second/commondir"), "../third\n");
            put(&f.dir.join(".git/commondir"), &outside.join("second").display().to_string());
        },
    ];
    for lead in ways {
        let fixture = Fixture::new();
        let outside = fixture.temporary.path().join("outside");
        fs::create_dir(&outside).unwrap();
        lead(&fixture, &outside);
        let error = Repository::open(&fixture.dir).unwrap_err();
        assert!(matches!(error, WorktreeError::Redirected { .. }) && error.hint().is_some(), "{error}");
    }
    // A shared directory of another place is looked at like the own one.
    let fixture = Fixture::new();
    let shared = fixture.temporary.path().join("shared");
    fixture.git(&["clone", "-q", "--bare", ".", &shared.display().to_string()]);
    fixture.git(&["--git-dir", &shared.display().to_string(), "config", "core.bare", "false"]);
    put(&fixture.dir.join(".git/commondir"), &shared.display().to_string());
    assert!(Repository::open(&fixture.dir).is_ok());
    fs::remove_file(shared.join("packed-refs")).unwrap();
    fifo(&shared.join("packed-refs"));
    let dir = fixture.dir.clone();
    let error = answers(move || Repository::open(&dir)).unwrap_err();
    assert!(matches!(error, WorktreeError::Irregular { .. }), "{error}");
}

#[test]
fn g_06_packed_refs_that_lie_move_nothing() {
    let fixture = Fixture::new();
    let main = fixture.git(&["rev-parse", "main"]);
    let other = fixture.git(&["commit-tree", "-m", "other", "HEAD^{tree}"]);
    let lie = |lines: &str| {
        let head = "# pack-refs with: peeled fully-peeled sorted \n";
        put(&fixture.dir.join(".git/packed-refs"), &format!("{head}{lines}"));
    };
    // Of a branch that stands elsewhere, of what a tag is peeled to, and of a branch of the run's own.
    lie(&format!(
        "{other} refs/heads/a\n{other} refs/heads/main\n{other} refs/heads/skillhost/goal-run0\n\
         {other} refs/tags/z\n^{main}\n"
    ));
    let before = fixture.state();
    assert_eq!(fixture.open().resolve("main").unwrap().to_string(), main, "the loose ref counts");
    do_everything(&fixture, "run1");
    let taken = fixture.open().create_worktree(fixture.new_worktree("run0"));
    assert!(matches!(taken, Err(WorktreeError::BranchExists { .. })), "{taken:?}");
    assert_eq!(fixture.state(), before);
    // Said to be sorted and not; cut in the middle; none of git's: whatever comes of it, nothing of the user's moves.
    for lines in [format!("{other} refs/tags/z\n{other} refs/heads/a\n"), other[..20].to_owned(), "\0\u{1b}".repeat(99)]
    {
        lie(&lines);
        let made = Repository::open(&fixture.dir).and_then(|open| {
            let worktree = open.create_worktree(fixture.new_worktree("run2"))?;
            put(&worktree.dir().join("x"), "x");
            commit(&worktree, &["x"]);
            open.remove_worktree(&worktree.record())
        });
        assert!(made.as_ref().err().is_none_or(|error| error.hint().is_some()), "{made:?}");
        assert_eq!(fs::read_to_string(fixture.dir.join(".git/refs/heads/main")).unwrap().trim(), main);
        assert_eq!(names(&fixture.trees), ["run1-gate", "run1-gate.git"]);
    }
}

#[test]
fn g_06_replacements_and_grafts_change_nothing_that_is_verified_or_committed() {
    let fixture = Fixture::new();
    let main = fixture.git(&["rev-parse", "main"]);
    fixture.git(&["checkout", "-q", "-b", "evil"]);
    put(&fixture.dir.join("README.md"), "another text\n");
    fixture.git(&["commit", "-q", "-a", "-m", "evil"]);
    let evil = fixture.git(&["rev-parse", "evil"]);
    fixture.git(&["checkout", "-q", "main"]);
    let blob = |rev: &str| fixture.git(&["--no-replace-objects", "rev-parse", &format!("{rev}:README.md")]);
    let (honest, other) = (blob("main"), blob("evil"));
    // Commit, tree and file are replaced, and history is rewritten by a graft.
    for (object, by) in [(&main, &evil), (&honest, &other)] {
        fixture.git(&["update-ref", &format!("refs/replace/{object}"), by]);
    }
    put(&fixture.dir.join(".git/info/grafts"), &format!("{main} {evil}\n"));
    fixture.git(&["config", "advice.graftFileDeprecated", "false"]);
    let show = |rev: &str| fixture.git(&["--no-replace-objects", "show", &format!("{rev}:README.md")]);
    assert_eq!(fixture.git(&["show", "main:README.md"]), "another text", "the attack works on git itself");

    let worktree = fixture.worktree("run1");
    assert_eq!(fs::read_to_string(worktree.dir().join("README.md")).unwrap(), "hello\n");
    put(&worktree.dir().join("x"), "x");
    let head = commit(&worktree, &["x"]).commit.unwrap();
    assert_eq!(show(&head.to_string()), "hello");
    let raw = fixture.git(&["--no-replace-objects", "cat-file", "commit", &head.to_string()]);
    assert!(raw.contains(&format!("\nparent {main}\n")), "{raw}");
    assert!(worktree.committed_changes().unwrap().iter().all(|change| change.path.to_string() == "x"));
    let gate = fixture.trees.join("gate");
    fixture.open().checkout(&head, &gate).unwrap();
    assert_eq!(fs::read_to_string(gate.join("README.md")).unwrap(), "hello\n");
}
