//! Repositories as they are: each works, or ends with an exit code and a hint.

use crate::main_job::{entry, pull_request, text};
use crate::scripts::{CONFIG, GATE, Script, greeting, project};
use crate::support::{Ran, World, ran};
use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;

const GOAL: &str = "Greet everybody";

/// The small project, cloned from another place with these options.
fn cloned(options: &[&str]) -> World {
    let world = World::with(&project());
    world.commit(&[("later", "a second commit\n")]);
    let source = world.repo().with_file_name("source.git").display().to_string();
    world.git(&["clone", "--quiet", "--bare", ".", &source]);
    world.git(&["--git-dir", &source, "config", "uploadpack.allowFilter", "true"]);
    fs::remove_dir_all(world.repo()).unwrap();
    fs::create_dir(world.repo()).unwrap();
    let from = format!("file://{source}");
    world.git(&[&["clone", "--quiet"], options, &[from.as_str(), "."]].concat());
    world
}

/// Runs the goal in a folder, and checks that it ended with the greeting on its branch.
fn works_in(world: &World, folder: &Path) -> Ran {
    let model = world.model(&greeting().text());
    let mut command = world.command(&["run", GOAL, "--format", "json", "--model", &model]);
    let ran = ran(command.current_dir(folder).output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let branch = text(&entry(&ran)["branch"]).to_owned();
    let at = folder.display().to_string();
    assert_eq!(world.git(&["-C", &at, "show", &format!("{branch}:src/greeting.txt")]), "hello");
    ran
}

fn works(world: &World) -> Ran {
    let before = world.footprint();
    let ran = works_in(world, &world.repo());
    assert_eq!(world.footprint(), before);
    ran
}

fn refused(world: &World, texts: &[&str]) {
    world.goal(GOAL, &greeting().text(), &[]).failed(3, texts);
    assert!(!world.state().join("runs").exists());
}

#[test]
fn g_11_a_partial_clone_is_refused() {
    refused(&cloned(&["--filter=blob:none"]), &["error: the repository is a partial clone", "hint: make a full clone"]);
}

#[test]
fn g_11_a_reftable_is_refused() {
    refused(&cloned(&["--ref-format=reftable"]), &["reftable", "hint: convert it: `git refs migrate"]);
}

#[test]
fn g_11_a_shallow_clone_works_and_names_what_it_lacks() {
    let world = cloned(&["--depth", "1"]);
    world.goal(GOAL, &greeting().text(), &["--base", "HEAD~1"]).failed(3, &["hint: the clone is shallow"]);
    let ran = works(&world);
    assert!(ran.stderr.contains("the clone is shallow"), "{ran:#?}");
}

#[test]
fn g_04_g_11_submodules_and_lfs_pointers_stay_what_they_are() {
    let world = World::with(&project());
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 12345\n";
    world.write(&[(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n"), ("large.bin", pointer)]);
    let head = world.git(&["rev-parse", "HEAD"]);
    world.git(&["-c", "filter.lfs.clean=cat", "-c", "filter.lfs.required=false", "add", "--all"]);
    world.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},vendor/module")]);
    world.git(&["commit", "--quiet", "--message", "module and pointer"]);
    world.write(&[]);
    let ran = works_in(&world, &world.repo());
    assert!(ran.stderr.contains("1 submodules stay empty") && ran.stderr.contains("Git LFS"), "{ran:#?}");
    let branch = text(&entry(&ran)["branch"]).to_owned();
    assert_eq!(world.git(&["show", &format!("{branch}:large.bin")]) + "\n", pointer);
    assert!(world.git(&["ls-tree", &branch, "vendor/module"]).starts_with("160000"));
}

#[test]
fn g_11_required_signatures_and_a_missing_identity_stop_nothing() {
    let world = World::with(&project());
    let canary = world.home().join("canary");
    let signer = world.home().join("sign");
    fs::write(&signer, format!("#!/bin/sh\necho signed >> {}\n", canary.display())).unwrap();
    fs::set_permissions(&signer, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    world.git(&["config", "commit.gpgsign", "true"]);
    world.git(&["config", "gpg.program", signer.to_str().unwrap()]);
    let ran = works(&world);
    assert!(!canary.exists(), "nothing of the repository's configuration is run");
    assert!(ran.stderr.contains("commits are signed here"), "{ran:#?}");
    let author = world.git(&["show", "--no-patch", "--format=%an <%ae>", text(&entry(&ran)["branch"])]);
    assert_eq!(author, "skillhost <skillhost@localhost>");
}

#[test]
fn a_detached_head_is_left_where_it_is() {
    let world = World::with(&project());
    world.git(&["checkout", "--quiet", "--detach"]);
    let head = world.git(&["rev-parse", "HEAD"]);
    works_in(&world, &world.repo());
    assert_eq!(fs::read_to_string(world.repo().join(".git/HEAD")).unwrap().trim(), head);
}

/// As CI systems check out a pull request: its commit, and of the base at most what was fetched.
#[test]
fn a_checkout_without_the_base_branch_starts_from_what_is_there() {
    let world = World::with(&project());
    let base = world.git(&["rev-parse", "HEAD"]);
    world.git(&["checkout", "--quiet", "--detach"]);
    world.git(&["branch", "--quiet", "--delete", "--force", "main"]);
    world.git(&["commit", "--quiet", "--allow-empty", "--message", "of the pull request"]);
    let head = world.git(&["rev-parse", "HEAD"]);
    let starts_from = |commit: &str| {
        let ran = works_in(&world, &world.repo());
        assert!(ran.stderr.contains("there is no branch main here"), "{ran:#?}");
        let branch = text(&entry(&ran)["branch"]).to_owned();
        assert_eq!(world.git(&["merge-base", &branch, &head]), commit);
    };
    starts_from(&head);
    world.git(&["update-ref", "refs/remotes/origin/main", &base]);
    starts_from(&base);
    // Whoever is on a branch of their own named a base that is not there.
    world.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    world.git(&["checkout", "--quiet", "-b", "mine"]);
    world.goal(GOAL, &greeting().text(), &[]).failed(3, &["does not name a commit"]);
}

#[test]
fn a_linked_worktree_is_the_users_repository_too() {
    let world = World::with(&project());
    let linked = world.repo().with_file_name("linked");
    world.git(&["worktree", "add", "--quiet", "-b", "mine", linked.to_str().unwrap()]);
    let before = world.footprint();
    works_in(&world, &linked);
    assert_eq!(world.footprint(), before);
    assert_eq!(world.git(&["-C", linked.to_str().unwrap(), "status", "--porcelain"]), "");
}

#[test]
fn a_submodule_is_the_users_repository_too() {
    let world = World::with(&project());
    let outer = world.repo().with_file_name("outer").display().to_string();
    let source = world.repo().display().to_string();
    world.git(&["init", "--quiet", &outer]);
    let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &source, "inner"];
    world.git(&[&["-C", outer.as_str()], &add[..]].concat());
    let inner = Path::new(&outer).join("inner");
    assert!(inner.join(".git").is_file());
    works_in(&world, &inner);
    assert_eq!(world.git(&["-C", &outer, "status", "--porcelain", "inner"]), "A  inner");
}

#[test]
fn another_users_repository_is_refused_until_it_is_called_safe() {
    let world = World::with(&project());
    // Only root can give files away; for others the machine has no such repository to test with.
    if chown(world.repo(), Some(65_534), Some(65_534)).is_err() {
        assert!(!rustix::process::geteuid().is_root());
        return;
    }
    chown(world.repo().join(".git"), Some(65_534), Some(65_534)).unwrap();
    refused(&world, &["belongs to another user", "hint: ", "safe.directory"]);
    let repository = world.repo().canonicalize().unwrap();
    fs::write(world.home().join(".gitconfig"), format!("[safe]\n\tdirectory = {}\n", repository.display())).unwrap();
    let model = world.model(&greeting().text());
    let ran = world.run(&["run", GOAL, "--format", "json", "--model", &model]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}

#[test]
fn a_branch_in_the_way_of_the_runs_branch_is_named() {
    let world = World::with(&project());
    world.git(&["branch", "skillhost"]);
    let before = world.git(&["for-each-ref"]);
    world
        .goal(GOAL, &greeting().text(), &[])
        .failed(3, &["beside the branch", "hint: rename that branch", "branch = "]);
    assert_eq!(world.git(&["for-each-ref"]), before);
}

#[test]
fn what_a_command_does_to_its_repository_does_not_reach_the_next() {
    let plant = "set -e\n\
        if [ -e .git/hooks/planted ] || [ \"$(cat .git/HEAD)\" != 'ref: refs/heads/base' ]; then echo REACHED; exit 1; fi\n\
        git rev-parse --verify --quiet HEAD >/dev/null\n\
        mkdir -p .git/hooks; echo > .git/hooks/planted; echo 'ref: refs/heads/elsewhere' > .git/HEAD\nset +e\n";
    let world = World::with(&project());
    let set_up = "[commands.setup]\nrun = [\"sh\", \"setup.sh\"]\n[verify]";
    let config = CONFIG.replace("[verify]", set_up);
    world.commit(&[("skillhost.toml", &config), ("setup.sh", plant), ("test.sh", &format!("{plant}{GATE}"))]);
    let script = Script::specified().writes(1, "src/greeting.txt", "hello\n").tests(1).tests(1).finishes(1).reviews(
        "change-review",
        1,
        &[],
    );
    let ran = world.goal(GOAL, &script.text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(pull_request(&entry(&ran)).contains("passed, exit 0"));
    let folder = world.state().join("runs").join(text(&entry(&ran)["run"]));
    let left: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("repository-")), "{left:?}");
}
