//! docs/ci.md: its transcripts are what the program prints, and its snippets are what systems read.

use crate::documents::program_in_path;
use crate::scripts::{Script, greeting, project};
use crate::support::{World, root};
use serde_json::Value;
use std::fs;
use std::process::Command;

fn document() -> String {
    fs::read_to_string(root().join("docs/ci.md")).unwrap()
}

/// The blocks of one language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    text.split(opening.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn every_transcript_is_what_the_program_prints() {
    let world = World::with(&project());
    world.commit(&[("src/a.txt", "a\n")]);
    fs::copy(root().join("target/guests/probe.wasm"), world.repo().join("reader.wasm")).unwrap();
    let bin = program_in_path(&world);
    let model = |name: &str, script: &Script| {
        let file = world.home().join(name);
        fs::write(&file, script.text()).unwrap();
        format!("replay:{}", file.display())
    };
    let found = Script::specified().writes(1, "src/greeting.txt", "hello\n").tests(1).finishes(1).reviews(
        "change-review",
        1,
        &[("major", "The greeting is impolite.")],
    );
    let (found, good) = (model("found.jsonl", &found), model("good.jsonl", &greeting()));
    let text = document();
    let mut commands = 0;
    for block in blocks(&text, "console") {
        for step in block.split("$ ").skip(1).filter(|step| !step.trim().is_empty()) {
            // A dollar in a command is no prompt.
            let (line, expected) = step.split_once('\n').unwrap();
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("exec 2>&1\n{line}")]).current_dir(world.repo()).env_clear();
            shell.envs(world.command(&[]).get_envs().filter_map(|(name, value)| Some((name, value?))));
            shell.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
            shell.env("MODEL", &found).env("GOOD", &good);
            let printed = String::from_utf8(shell.output().unwrap().stdout).unwrap();
            assert_eq!(masked(&printed, &world), expected, "{line}");
            commands += 1;
        }
    }
    assert!(commands >= 6, "{commands}");
}

/// With names for what differs from one run to the next.
fn masked(printed: &str, world: &World) -> String {
    let text = printed.replace(world.state().to_str().unwrap(), "STATE");
    let lines = text.lines().map(|line| match line.strip_prefix("STATE/runs/").and_then(|rest| rest.split_once('/')) {
        Some((_, rest)) => format!("STATE/runs/RUN/{rest}\n"),
        None => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
fn every_snippet_is_read_as_it_is_meant() {
    let text = document();
    let read = |block: &&str| serde_saphyr::from_str::<Value>(block).unwrap_or_else(|e| panic!("{e}: {block}"));
    let snippets: Vec<Value> = blocks(&text, "yaml").iter().map(read).collect();
    assert_eq!(snippets.len(), 2);
    // Each input that the workflow gives is one of the action's.
    let action: Value = serde_saphyr::from_str(&fs::read_to_string(root().join("action.yml")).unwrap()).unwrap();
    let steps = snippets[0]["jobs"]["check"]["steps"].as_array().unwrap();
    let given = steps.iter().filter_map(|step| step["with"].as_object()).flat_map(|with| with.keys());
    let given: Vec<&String> = given.collect();
    assert!(given.len() >= 4 && given.iter().all(|name| action["inputs"].get(name.as_str()).is_some()), "{given:?}");
    // GitLab takes the files that the script writes.
    let job = &snippets[1]["greet"];
    let script = job["script"][0].as_str().unwrap();
    for (format, report) in [("junit", "junit"), ("code-quality", "codequality")] {
        let file = job["artifacts"]["reports"][report].as_str().unwrap();
        assert!(script.contains(&format!("--report {format}={file}")), "{script}");
    }
    let help = World::bare().run(&["call", "--help"]).stdout;
    let named = script.split(' ').filter(|word| word.starts_with("--"));
    assert!(named.clone().count() >= 4 && named.clone().all(|word| help.contains(word)), "{script}");
}
