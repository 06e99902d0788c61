//! Rows G as a user meets them: the program in a repository that somebody else made. Nothing of it is executed, waited
//! for or changed, and what happened is in the log.

use crate::audit::{effects, entries};
use crate::main_job::{entry, run_folder, text};
use crate::rogue;
use crate::scripts::{CONFIG, GATE, greeting, project};
use crate::support::{Ran, World, ran, signal, wait_until};
use serde_json::Value;
use skillhost_audit::{Class, Kind, Status};
use skillhost_fake_models::FakeModels;
use skillhost_test_support::tree::{Found, picture};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const GOAL: &str = "Greet everybody";
const EXECUTE: &str = include_str!("../fixtures/hostile.gitconfig");
const HOOKS: &str = include_str!("../fixtures/hooks.txt");

/// A program that leaves a trace of its being run, and the place of the trace.
fn canary(world: &World) -> (String, PathBuf) {
    let (script, trace) = (world.home().join("script"), world.home().join("trace"));
    fs::write(&script, format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", trace.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    (script.display().to_string(), trace)
}

fn add(world: &World, file: &str, more: &str) {
    let file = world.repo().join(file);
    let before = fs::read_to_string(&file).unwrap_or_default();
    fs::write(file, before + more).unwrap();
}

/// Every file of the user's, with git's own: all but objects, and what is the runs'. Git makes and leaves folders as it
/// likes, and writes a file again that stays the same.
fn files(world: &World) -> BTreeMap<PathBuf, Found> {
    let is_the_runs = |name: &Path| name.starts_with(".git/objects") || name.iter().any(|part| part == "skillhost");
    let mut files = picture(&world.repo(), is_the_runs);
    files.retain(|_, found| !matches!(found, Found::Folder { .. }));
    for found in files.values_mut() {
        if let Found::File { changed, .. } = found {
            *changed = (0, 0);
        }
    }
    files
}

/// Everything that the program does with a repository, the first run's result with it.
fn everything(world: &World) -> Ran {
    let before = files(world);
    assert_eq!(world.run(&["init", "--print"]).code, Some(0));
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let id = text(&entry(&ran)["run"]).to_owned();
    fs::write(run_folder(world, &entry(&ran)).join("tree/uncommitted"), "mine\n").unwrap();
    for arguments in [&["runs"][..], &["show", &id], &["gc", "--dry-run"], &["gc"], &["show", &id]] {
        let ran = world.run(arguments);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
    }
    assert_eq!(files(world), before);
    ran
}

fn is_whole(world: &World) {
    world.git(&["fsck", "--strict", "--no-dangling"]);
}

#[test]
fn g_01_g_02_g_03_g_12_a_hostile_repository_executes_nothing() {
    let world = World::with(&project());
    let (program, trace) = canary(&world);
    world.commit(&[(".gitattributes", "* filter=evil diff=evil merge=evil text\n*.txt -diff\n")]);
    world.write(&[("evil.inc", &EXECUTE.replace("{}", &program))]);
    add(&world, ".git/config", &EXECUTE.replace("{}", &program));
    add(&world, ".git/config", "[include]\n\tpath = ../evil.inc\n[includeIf \"gitdir:/\"]\n\tpath = ../evil.inc\n");
    add(&world, ".git/info/attributes", "* filter=evil diff=evil merge=evil -diff\n");
    for name in HOOKS.split_whitespace() {
        fs::copy(&program, world.repo().join(".git/hooks").join(name)).unwrap();
    }
    let ran = everything(&world);
    assert!(!trace.exists(), "{}", fs::read_to_string(&trace).unwrap());
    assert!(ran.stderr.contains("commits are signed here"), "{ran:#?}");
    let log = entries(&run_folder(&world, &entry(&ran)).join("audit.jsonl"));
    assert!(effects(&log, Class::Ref, Kind::Update).iter().all(|(_, end)| end.outcome == Some(Status::Done)));
    // Git itself would have been led astray.
    let mut git = Command::new("git");
    git.args(["add", "evil.inc"]).current_dir(world.repo()).env("GIT_CONFIG_GLOBAL", "/dev/null");
    drop(git.output().unwrap());
    assert!(trace.exists(), "the attack would not have worked at all");
}

#[test]
fn g_05_g_06_what_never_ends_is_refused_and_the_rest_answers() {
    let world = World::with(&project());
    let first = world.goal(GOAL, &greeting().text(), &[]);
    let id = text(&entry(&first)["run"]).to_owned();
    let tree = run_folder(&world, &entry(&first)).join("tree");
    let git = world.repo().join(".git");
    let outside = world.home().join("outside");
    fs::create_dir_all(outside.join("00")).unwrap();
    let fifo = |path: &Path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    fifo(&outside.join("pipe"));
    fifo(&outside.join("00/1234"));
    type Spoil<'a> = Box<dyn Fn() + 'a>;
    let spoils: Vec<(&str, Spoil<'_>)> = vec![
        (
            "config",
            Box::new(|| add(&world, ".git/config", &format!("[include]\n\tpath = {}/pipe\n", outside.display()))),
        ),
        (
            "objects/info/alternates",
            Box::new(|| add(&world, ".git/objects/info/alternates", &format!("{}\n", outside.display()))),
        ),
        ("HEAD", Box::new(|| fs::File::create(git.join("HEAD")).unwrap().set_len(1 << 42).unwrap())),
        ("packed-refs", Box::new(|| fifo(&git.join("packed-refs")))),
        ("refs/heads/x", Box::new(|| symlink(&outside, git.join("refs/heads/x")).unwrap())),
        ("commondir", Box::new(|| fifo(&git.join("commondir")))),
    ];
    for (file, spoil) in spoils {
        let kept = fs::read(git.join(file)).ok();
        spoil();
        let listed: Vec<_> = fs::read_dir(world.state().join("runs")).unwrap().collect();
        for arguments in [&["run", GOAL, "--model", "local:m"][..], &["init", "--print"]] {
            let ran = world.run(arguments);
            assert!(matches!(ran.code, Some(3 | 5)), "{file}: {ran:#?}");
            ran.failed(ran.code.unwrap(), &["error: ", "hint: "]);
        }
        // What was made before is there, and stays as long as it can't be saved.
        assert_eq!(world.run(&["show", &id]).code, Some(0));
        assert_eq!(world.run(&["runs"]).code, Some(0));
        let cleaned = world.run(&["gc"]);
        assert!(cleaned.code == Some(0) && cleaned.stdout.contains(&format!("kept {id}")), "{file}: {cleaned:#?}");
        assert!(tree.is_dir());
        assert_eq!(fs::read_dir(world.state().join("runs")).unwrap().count(), listed.len());
        fs::remove_file(git.join(file)).unwrap();
        if let Some(kept) = kept {
            fs::write(git.join(file), kept).unwrap();
        }
    }
    assert!(world.run(&["gc"]).stdout.contains("removed") && !tree.exists());
    assert_eq!(world.goal(GOAL, &greeting().text(), &[]).code, Some(0));
    is_whole(&world);
}

#[test]
fn g_07_no_template_names_a_branch_that_is_shared() {
    for template in
        ["main", "{slug}", "refs/heads/main", "{run}", "../{run}", "skillhost/{slug}-{run}\u{1b}", "{run}.lock"]
    {
        let world = World::with(&project());
        world.commit(&[("skillhost.toml", &format!("branch = {template:?}\n{CONFIG}"))]);
        let before = files(&world);
        let ran = world.goal(GOAL, &greeting().text(), &[]);
        ran.failed(3, &["error: "]);
        assert_eq!(files(&world), before, "{template}");
        assert!(!world.state().join("runs").exists());
    }
}

/// Git at work where a command finds it, which says what came of it; then everything that could reach the real one.
const MOVES: &str = r#"
echo "HEAD $(git rev-parse HEAD)"
evil=$(git -c user.name=Evil -c user.email=evil@localhost commit-tree -m evil 'HEAD^{tree}')
for branch in base main other; do git update-ref refs/heads/$branch "$evil" && echo "MOVED $branch $(git rev-parse refs/heads/$branch)"; done
git branch --force more "$evil" && echo "MOVED more $(git rev-parse refs/heads/more)"
git symbolic-ref refs/heads/skillhost/x refs/heads/main && echo "LED $(git symbolic-ref refs/heads/skillhost/x)"
git update-ref -d refs/heads/other && echo "DELETED other"
ls @REPO && echo REACHED
git -C @REPO update-ref -d refs/heads/main && echo REACHED
git --git-dir @REPO/.git update-ref refs/heads/main "$evil" && echo REACHED
git push @REPO HEAD:refs/heads/main && echo REACHED
git push --force origin HEAD:main && echo REACHED
find / -xdev -name packed-refs -not -path '/proc/*' -path '*@NAME*' | grep -q . && echo REACHED
"#;

/// A command finds a repository that is not the real one, and moves branches there alone.
#[test]
fn g_07_branches_that_a_command_moves_are_not_the_real_ones() {
    let world = World::with(&project());
    let repository = world.repo();
    let name = repository.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let attack = MOVES.replace("@REPO", repository.to_str().unwrap()).replace("@NAME", name);
    world.commit(&[("test.sh", &format!("({attack}) 2>/dev/null\n{GATE}"))]);
    world.git(&["branch", "other"]);
    let before = (files(&world), world.git(&["reflog", "show", "main"]));
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!((files(&world), world.git(&["reflog", "show", "main"])), before);

    // Git ran, and its moves are in the gate's evidence.
    let document: Value = serde_json::from_slice(&fs::read(text(&entry(&ran)["run_json"])).unwrap()).unwrap();
    let said = text(&document["gates"][0]["output"]);
    let line = |start: &str| said.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_else(|| panic!("{said}"));
    let (head, evil) = (line("HEAD "), line("MOVED main "));
    assert!(head.len() == 40 && evil.len() == 40 && head != evil, "{said}");
    assert!(["base", "other", "more"].iter().all(|branch| line(&format!("MOVED {branch} ")) == evil), "{said}");
    assert_eq!((line("LED "), line("DELETED ")), ("refs/heads/main", "other"));
    assert!(!said.contains("REACHED"), "{said}");
    // Neither what it stood on nor what it made is an object of the real one.
    let objects = world.git(&["cat-file", "--batch-all-objects", "--batch-check"]);
    assert!(!objects.contains(head) && !objects.contains(evil) && objects.contains(&world.git(&["rev-parse", "main"])));

    // Its commands and its own updates of refs are what the log has, each with its outcome.
    let log = entries(&run_folder(&world, &entry(&ran)).join("audit.jsonl"));
    assert!(
        !effects(&log, Class::Command, Kind::Call).is_empty() && !effects(&log, Class::Ref, Kind::Update).is_empty()
    );
    let run = text(&entry(&ran)["run"]).to_owned();
    let branches = world.git(&["for-each-ref", "--format=%(refname)"]);
    let mut others: Vec<_> = branches.lines().filter(|name| !name.contains(&run)).collect();
    others.sort_unstable();
    assert_eq!(others, ["refs/heads/main", "refs/heads/other"]);
    is_whole(&world);
}

#[test]
fn g_08_what_an_author_calls_its_work_forges_nothing() {
    let world = rogue::world(1);
    let before = files(&world);
    let ran = rogue::run(&world, "Write it implement:forge");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(files(&world), before);
    let branch = text(&entry(&ran)["branch"]).to_owned();
    for commit in world.git(&["rev-list", &format!("main..{branch}")]).lines() {
        let raw = world.git(&["cat-file", "commit", commit]);
        assert!(!raw.chars().any(|c| c != '\n' && skillhost_core::text::is_deceptive(c)), "{raw:?}");
        let trailers = world.git(&["log", "-1", "--format=%(trailers:only)", commit]);
        assert!(!trailers.contains("forged") && !trailers.contains("Signed-off-by"), "{raw}");
        assert!(trailers.contains(&format!("Skillhost-Run: {}", text(&entry(&ran)["run"]))), "{raw}");
        assert_eq!(world.git(&["log", "-1", "--format=%cn <%ce>", commit]), "skillhost <skillhost@localhost>");
    }
    is_whole(&world);
}

#[test]
fn g_09_thirty_two_goals_at_once_get_a_tree_and_a_branch_each() {
    let world = World::with(&project());
    world.provider(&format!("{}/v1", FakeModels::start([]).unwrap().url()));
    let before = files(&world);
    let goals: Vec<String> = (0..32).map(|number| format!("Greet number {number}")).collect();
    let words: Vec<&str> = goals.iter().map(String::as_str).collect();
    let server = FakeModels::start([]).unwrap();
    world.provider(&format!("{}/v1", server.url()));
    let options = ["--jobs", "32", "--format", "json", "--model", "local:m"];
    let ran = ran(world.command(&[&["run"][..], &words, &options].concat()).env("LOCAL_KEY", "k").output().unwrap());
    // Each has its tree by the time at which it finds that the model has nothing to say.
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let runs = ran.json()["runs"].as_array().unwrap().clone();
    let branches: std::collections::BTreeSet<_> = runs.iter().map(|run| text(&run["branch"]).to_owned()).collect();
    assert_eq!((runs.len(), branches.len(), server.received().len()), (32, 32, 32));
    for run in &runs {
        let tree = world.state().join("runs").join(text(&run["run"])).join("tree");
        assert_eq!(fs::read(tree.join("test.sh")).unwrap(), GATE.as_bytes());
        assert_eq!(world.git(&["rev-parse", text(&run["branch"])]), world.git(&["rev-parse", "main"]));
    }
    assert_eq!(files(&world), before);
    assert_eq!(world.run(&["gc", "--format", "json"]).json()["removed"].as_array().unwrap().len(), 32);
    is_whole(&world);
}

/// A run that is killed once its log has so many entries; whether it was.
fn killed_at(world: &World, model: &str, count: usize) -> bool {
    let known: Vec<_> =
        fs::read_dir(world.state().join("runs")).into_iter().flatten().flatten().map(|e| e.path()).collect();
    let mut command = world.command(&["run", GOAL, "--model", model]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut is_killed = false;
    wait_until("it ends, or has its entries", || {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        let runs = fs::read_dir(world.state().join("runs")).into_iter().flatten().flatten().map(|entry| entry.path());
        let new =
            runs.filter(|run| !known.contains(run)).find_map(|run| fs::read_to_string(run.join("audit.jsonl")).ok());
        is_killed = new.is_some_and(|log| log.lines().count() >= count);
        is_killed
    });
    if is_killed {
        signal(&child, "KILL");
    }
    child.wait().unwrap();
    is_killed
}

#[test]
fn g_10_a_run_that_is_killed_at_any_entry_of_its_log_leaves_what_can_be_gone_on_with() {
    let world = World::with(&project());
    let model = world.model(&greeting().text());
    let before = files(&world);
    let mut count = 1;
    while killed_at(&world, &model, count) {
        assert_eq!(files(&world), before, "killed at entry {count}");
        is_whole(&world);
        let runs = world.run(&["runs", "--format", "json"]).json();
        let newest = &runs["runs"][0];
        let shown = world.run(&["show", text(&newest["id"])]);
        assert!(shown.code == Some(0) && newest["state"] != "running", "{runs:#} {shown:#?}");
        let cleaned = world.run(&["gc"]);
        assert_eq!(cleaned.code, Some(0), "{cleaned:#?}");
        assert!(!world.state().join("runs").join(text(&newest["id"])).join("tree").exists(), "{count}: {cleaned:#?}");
        count += 4;
    }
    assert!(count > 20, "{count}");
    // The last one was not killed, and another works as if nothing had been.
    let ran = world.run(&["run", GOAL, "--format", "json", "--model", &model]);
    assert_eq!((ran.code, files(&world)), (Some(0), before), "{ran:#?}");
    is_whole(&world);
}

#[test]
fn g_10_a_cleaning_that_is_killed_loses_nothing() {
    let world = World::with(&project());
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    let (folder, before) = (run_folder(&world, &entry(&ran)), files(&world));
    let tree = folder.join("tree");
    let logged = || fs::read_to_string(folder.join("audit.jsonl")).unwrap().lines().count();
    for step in 1..=4 {
        if !tree.exists() {
            break;
        }
        fs::write(tree.join("uncommitted"), format!("step {step}\n")).unwrap();
        let start = logged();
        let mut child = world.command(&["gc"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until("it ends, or has its entries", || child.try_wait().unwrap().is_some() || logged() >= start + step);
        drop(child.kill());
        child.wait().unwrap();
        assert_eq!(files(&world), before, "{step}");
        is_whole(&world);
        // It is in the tree still, or it is saved.
        let reference = format!("refs/skillhost/rescue/{}-main:uncommitted", text(&entry(&ran)["run"]));
        let saved = Command::new("git").args(["show", &reference]).current_dir(world.repo()).output().unwrap().stdout;
        let there = fs::read(tree.join("uncommitted")).unwrap_or(saved);
        assert_eq!(there, format!("step {step}\n").as_bytes());
    }
    // A kill in the middle of a reference leaves git's lock on it. Whose that is nobody can tell, so the tree is kept
    // until somebody took the lock away.
    let lock = format!("refs/skillhost/rescue/{}-main.lock", text(&entry(&ran)["run"]));
    let lock = world.repo().join(".git").join(lock);
    if lock.exists() {
        let kept = world.run(&["gc"]);
        assert!(kept.stdout.contains("kept") && tree.exists(), "{kept:#?}");
        fs::remove_file(lock).unwrap();
    }
    let cleaned = world.run(&["gc"]);
    assert!(cleaned.code == Some(0) && !tree.exists(), "{cleaned:#?}");
    is_whole(&world);
}
