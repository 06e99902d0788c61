//! Rows G-04, G-05 and G-11: repositories that are made of others, and those that are not supported.

use crate::fixture::{Fixture, commit, executable, fifo, names, path, paths, put};
use crate::{answers, do_everything};
use skillhost_worktree::{LeftOutReason, NewWorktree, Repository, Skipped, WorktreeError};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

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
fn g_04_what_gitmodules_say_leads_nowhere() {
    let fixture = Fixture::new();
    let trace = fixture.temporary.path().join("trace");
    let head = fixture.git(&["rev-parse", "HEAD"]);
    let modules = format!(
        "[submodule \"../../.git/hooks\"]\n\tpath = a\n\turl = ext::sh -c 'touch {0}'\n\tupdate = !touch {0}\n\
         [submodule \"x\"]\n\tpath = -u./payload\n\turl = --upload-pack=touch {0}\n\
         [submodule \"y\"]\n\tpath = .git/hooks\n\turl = ../../../elsewhere\n\
         [submodule \"z\"]\n\tpath = src/../../up\n\turl = file:///etc\n\tignore = none\n",
        trace.display()
    );
    put(&fixture.dir.join(".gitmodules"), &modules);
    // Links that lead a module's files into a git directory, where a file system tells no `a` from `A`.
    symlink(".git/hooks", fixture.dir.join("A")).unwrap();
    symlink("../.git", fixture.dir.join("src/link")).unwrap();
    fixture.git(&["add", "-A"]);
    for path in ["a", "-u./payload", "src/module"] {
        fixture.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},{path}")]);
    }
    fixture.git(&["commit", "-q", "-m", "modules"]);
    let before = fixture.state();
    let worktree = fixture.worktree("run1");
    assert!(!worktree.dir().join("A").is_symlink() && !worktree.dir().join("src/link").is_symlink());
    // What a command makes of such a place: a nested repository, and a link into one.
    let nested = worktree.dir().join("src/module");
    fixture.git(&["init", "-q", &nested.display().to_string()]);
    executable(&nested.join(".git/hooks/pre-commit"), &format!("#!/bin/sh\ntouch {}\n", trace.display()));
    put(&nested.join("file"), "not the module's");
    put(&worktree.dir().join("vendor/x/.git"), "gitdir: ../../../../repository/.git\n");
    put(&worktree.dir().join("vendor/x/file"), "x");
    put(&worktree.dir().join("x"), "x");
    let committed = commit(&worktree, &["x", "vendor/x/file", "src/module/file", ".gitmodules"]);
    assert_eq!(committed.included, paths(&["vendor/x/file", "x"]));
    assert!(!nested.join(".git").exists() && !worktree.dir().join("vendor/x/.git").exists());
    let listed = fixture.git(&["ls-tree", "-r", "--format=%(objectmode) %(path)", worktree.branch()]);
    assert_eq!(listed.lines().filter(|line| line.starts_with("160000")).count(), 3, "{listed}");
    do_everything(&fixture, "run2");
    assert!(!trace.exists());
    assert_eq!(fixture.state(), before);
}

#[test]
fn g_05_alternates_lead_to_objects_and_to_nothing_that_blocks() {
    let fixture = Fixture::new();
    let list = fixture.dir.join(".git/objects/info/alternates");
    let outside = fixture.temporary.path().join("outside");
    fs::create_dir_all(outside.join("pack")).unwrap();
    // In a circle, deep, to what is not there, and over a protocol that is not spoken.
    put(&outside.join("info/alternates"), &format!("{}\n../outside\n", fixture.dir.join(".git/objects").display()));
    let http = "http://127.0.0.1:9/objects\n";
    // Any directory may be named, however much is in it.
    let everything = "/\n/usr\n/usr/";
    put(&fixture.dir.join(".git/objects/info/http-alternates"), http);
    put(
        &list,
        &format!("# a comment\n{}\n./\n../objects\n/no/such/place\n{everything}\n\u{1b}]0;x\u{7}\n", outside.display()),
    );
    let before = fixture.state();
    let seen: Vec<String> = names(&outside);
    let fixture = answers(move || {
        do_everything(&fixture, "run1");
        fixture
    });
    assert_eq!((fixture.state(), names(&outside)), (before, seen));
    // A directory that a long way leads to first, and a short one afterwards.
    let fixture = Fixture::new();
    let outside = |number: usize| fixture.temporary.path().join(format!("outside{number}"));
    let list = format!("{}\n{}\n", outside(1).display(), outside(12).display());
    put(&fixture.dir.join(".git/objects/info/alternates"), &list);
    for number in 1..13 {
        put(&outside(number).join("info/alternates"), &format!("{}\n", outside(number + 1).display()));
    }
    fifo(&outside(13).join("00/1234"));
    let dir = fixture.dir.clone();
    assert!(matches!(answers(move || Repository::open(&dir)), Err(WorktreeError::Irregular { .. })));
    // An object that would never be read to its end, there or at the end of a chain.
    for (place, depth) in [("00/1234", 1), ("pack/pack-1.idx", 1), ("00/1234", 3)] {
        let fixture = Fixture::new();
        let outside = |number: usize| fixture.temporary.path().join(format!("outside{number}"));
        put(&fixture.dir.join(".git/objects/info/alternates"), &format!("{}\n", outside(1).display()));
        for number in 1..depth {
            put(&outside(number).join("info/alternates"), &format!("{}\n", outside(number + 1).display()));
        }
        fifo(&outside(depth).join(place));
        let dir = fixture.dir.clone();
        let error = answers(move || Repository::open(&dir)).unwrap_err();
        assert!(matches!(&error, WorktreeError::Irregular { path } if path.ends_with(place)), "{error}");
    }
}

#[test]
fn g_11_places_whose_names_are_no_text_are_refused_before_anything_is_made() {
    use std::os::unix::ffi::OsStrExt as _;
    let odd = std::ffi::OsStr::from_bytes(b"o\xffd");
    let fixture = Fixture::new();
    let trees = fixture.temporary.path().join(odd);
    fs::create_dir(&trees).unwrap();
    let new = NewWorktree { dir: trees.join("run1"), ..fixture.new_worktree("run1") };
    let error = fixture.open().create_worktree(new).unwrap_err();
    assert!(matches!(error, WorktreeError::NotText { .. }) && error.hint().is_some(), "{error}");
    assert!(names(&trees).is_empty() && fixture.open().branch_tip("skillhost/goal-run1").is_none());
    fs::rename(&fixture.dir, trees.join("repository")).unwrap();
    let error = Repository::open(&trees.join("repository")).unwrap_err();
    assert!(matches!(error, WorktreeError::NotText { .. }), "{error}");
}
