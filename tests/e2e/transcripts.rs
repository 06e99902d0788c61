//! Transcripts in documents, executed. A block of `toml` that begins with the name of a file is that file; one of
//! `console` has a command behind each `$`, and beneath it what the command prints, where `…` stands for anything.

use crate::authors::shared_target;
use crate::documents::program_in_path;
use crate::support::{World, root};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Everything that `document` shows, in one world, in which `licence-check.wasm` is a file.
fn executed(document: &str) -> usize {
    let world = World::bare();
    fs::write(world.repo().join("licence-check.wasm"), "not yet a component\n").unwrap();
    let bin = program_in_path(&world);
    let text = fs::read_to_string(root().join(document)).unwrap();
    let mut blocks = text.split("\n```").skip(1).step_by(2);
    let mut commands = 0;
    blocks.by_ref().for_each(|block| {
        let (kind, content) = block.split_once('\n').unwrap();
        match (kind, content.split_once('\n')) {
            ("toml", Some((first, _))) => {
                if let Some(name) = first.strip_prefix("# ").filter(|name| name.ends_with(".toml")) {
                    fs::write(world.repo().join(name), content).unwrap();
                }
            }
            ("console", _) => commands += session(&world, &bin, content),
            _ => {}
        }
    });
    commands
}

fn session(world: &World, bin: &Path, content: &str) -> usize {
    let steps = format!("\n{content}");
    let steps = steps.split("\n$ ").skip(1);
    steps
        .map(|step| {
            let (command, expected) = step.split_once('\n').unwrap_or((step, ""));
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("{{ {command}\n}} 2>&1")]).current_dir(world.repo()).env_clear();
            shell.envs(world.command(&[]).get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
            shell.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
            shell.env("CARGO_TARGET_DIR", shared_target());
            let printed = String::from_utf8(shell.output().unwrap().stdout).unwrap();
            assert!(is_like(expected.trim_end(), printed.trim_end()), "$ {command}\n{printed}\nis not\n{expected}");
        })
        .count()
}

/// Whether `text` is `pattern`, with anything for each `…`.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[test]
fn what_the_documents_show_is_what_happens() {
    for (document, least) in [
        ("docs/policy.md", 7),
        ("docs/signatures.md", 2),
        ("docs/authors/README.md", 4),
        ("docs/authors/diagnostics.md", 12),
        ("docs/authors/versions.md", 1),
    ] {
        let commands = executed(document);
        assert!(commands >= least, "{document}: {commands}");
    }
}

#[test]
fn a_transcript_that_differs_is_noticed() {
    assert!(is_like("a…b", "a x b") && is_like("…", "") && is_like("a", "a") && is_like("a…b…", "aXbY"));
    assert!(!is_like("a…b", "a x c") && !is_like("a", "ab") && !is_like("", "a") && !is_like("a…b…c", "a c"));
}
