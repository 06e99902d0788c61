//! `gc`: it leaves a run at work alone, and no run can keep it from cleaning the others.

use crate::main_job::{entry, run_folder, signal, text, waiting};
use crate::scripts::{greeting, project};
use crate::support::{World, ran};
use std::fs;
use std::process::{Command, Stdio};

const GOAL: &str = "Greet everybody";

#[test]
fn a_run_is_left_alone_by_a_gc_that_can_not_see_its_process() {
    let world = World::with(&project());
    let child = waiting(&world);
    let gc = world.command(&["gc", "--format", "json"]);
    // As from another container that shares the state folder.
    let mut apart = Command::new("unshare");
    apart.args(["--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]).arg(gc.get_program());
    apart.args(gc.get_args()).current_dir(world.repo());
    apart.env_clear().envs(gc.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let cleaned = ran(apart.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap());
    assert_eq!(cleaned.code, Some(0), "{cleaned:#?}");
    let document = cleaned.json();
    assert_eq!(document["removed"].as_array().unwrap().len(), 0, "{cleaned:#?}");
    assert!(text(&document["kept"][0]["reason"]).contains("at work"), "{cleaned:#?}");

    signal(&child, "INT");
    let ended = ran(child.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(130), "{ended:#?}");
    let tree = run_folder(&world, &entry(&ended)).join("tree");
    assert_eq!(fs::read_to_string(tree.join("src/greeting.txt")).unwrap(), "wait\n");
    let removed = world.run(&["gc", "--format", "json"]).json();
    assert_eq!(removed["removed"].as_array().unwrap().len(), 1);
    assert!(!tree.exists());
}

#[test]
fn no_run_keeps_gc_from_the_others_and_all_is_recorded() {
    let world = World::with(&project());
    let ended = world.goal(GOAL, &greeting().text(), &[]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let (run, folder) = (text(&entry(&ended)["run"]).to_owned(), run_folder(&world, &entry(&ended)));
    let broken = world.state().join("runs/zzzz");
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("ledger.db"), "no ledger").unwrap();
    // More levels than a process may open.
    fs::create_dir_all(folder.join("gates-0123").join("d/".repeat(1_900))).unwrap();
    fs::create_dir_all(folder.join("repository-7/objects")).unwrap();

    // What can't be saved is not said to go.
    let tree = folder.join("tree");
    let large = fs::File::create(tree.join("large")).unwrap();
    large.set_len(80 << 20).unwrap();
    for arguments in [&["gc", "--dry-run"][..], &["gc"]] {
        let kept = world.run(arguments);
        assert_eq!(kept.code, Some(0), "{kept:#?}");
        assert!(kept.stdout.contains(&format!("kept {run}: what is in it can't be saved")), "{kept:#?}");
        assert!(!kept.stdout.contains("would remove") && tree.is_dir(), "{kept:#?}");
    }
    assert!(!folder.join("gates-0123").exists() && !folder.join("repository-7").exists());
    fs::remove_file(tree.join("large")).unwrap();

    let rescue = format!("refs/skillhost/rescue/{run}-main");
    let dry = world.run(&["gc", "--dry-run"]);
    assert!(dry.stdout.contains(&format!("would be saved at {rescue}")) && tree.is_dir(), "{dry:#?}");
    assert!(!world.git(&["for-each-ref"]).contains(&rescue));
    let before = fs::read_to_string(folder.join("audit.jsonl")).unwrap();
    let cleaned = world.run(&["gc"]);
    assert_eq!(cleaned.code, Some(0), "{cleaned:#?}");
    assert!(cleaned.stdout.contains(&format!("is saved at {rescue}")) && !tree.exists(), "{cleaned:#?}");
    assert!(cleaned.stdout.contains("kept zzzz: its ledger can't be read"), "{cleaned:#?}");

    let log = fs::read_to_string(folder.join("audit.jsonl")).unwrap();
    let added: Vec<serde_json::Value> =
        log.strip_prefix(&before).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = added.iter().map(|e| [&e["class"], &e["kind"], &e["step"]].map(text)).collect();
    assert_eq!(
        told,
        [
            ["ref", "update", "intent"],
            ["ref", "update", "outcome"],
            ["worktree", "remove", "intent"],
            ["worktree", "remove", "outcome"],
        ]
    );

    let shown = world.run(&["show", &run]).stdout;
    assert!(shown.contains("worktree      removed") && shown.contains(&rescue), "{shown}");
    assert!(!shown.contains(tree.to_str().unwrap()), "{shown}");
    // Nothing is left to do, and nothing more is written.
    world.run(&["gc"]);
    assert_eq!(fs::read_to_string(folder.join("audit.jsonl")).unwrap(), log);
}
