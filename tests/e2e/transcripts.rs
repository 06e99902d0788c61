//! Transcripts in documents, executed. A block that begins with the name of a file in a comment is that file; one of
//! `console` has a command behind each `$`, and beneath it what the command prints, where `…` stands for anything.

use crate::authors::project::with_tools;
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
    let mut commands = 0;
    for block in text.split("\n```").skip(1).step_by(2) {
        let (kind, content) = block.split_once('\n').unwrap();
        if kind == "console" {
            commands += session(&world, &bin, content);
        } else if let Some(name) = file_of(content) {
            let path = world.repo().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{content}\n")).unwrap();
        }
    }
    commands
}

/// The file that a block is, by the comment that it begins with.
fn file_of(content: &str) -> Option<&str> {
    let (first, _) = content.split_once('\n')?;
    let name = ["# ", "// ", "/* "].iter().find_map(|comment| first.strip_prefix(comment))?.trim_end_matches(" */");
    let is_file = !name.starts_with('/')
        && name.rsplit_once('.').is_some_and(|(_, ending)| !ending.is_empty() && !ending.contains('/'));
    (is_file && !name.contains(' ')).then_some(name)
}

fn session(world: &World, bin: &Path, content: &str) -> usize {
    let steps = format!("\n{content}");
    let steps = steps.split("\n$ ").skip(1);
    steps
        .map(|step| {
            let (command, expected) = step.split_once('\n').unwrap_or((step, ""));
            let mut shell = Command::new("sh");
            // Tool chains fetch what they need as this machine lets them; the program is in the world alone.
            with_tools(shell.args(["-c", &format!("{{ {command}\n}} 2>&1")]).current_dir(world.repo()));
            let path = shell.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap().to_owned();
            shell.env("PATH", format!("{}:{}", bin.display(), path.display()));
            for (name, folder) in
                [("XDG_CONFIG_HOME", ".config"), ("XDG_CACHE_HOME", ".cache"), ("XDG_STATE_HOME", ".local/state")]
            {
                shell.env(name, world.home().join(folder));
            }
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
        ("docs/authors/testing.md", 5),
        ("docs/authors/diagnostics.md", 12),
        ("docs/authors/versions.md", 1),
    ] {
        let commands = executed(document);
        assert!(commands >= least, "{document}: {commands}");
    }
}

/// The quick start of a language.
fn starts(language: &str) {
    let commands = executed(&format!("docs/authors/{language}.md"));
    assert!(commands >= 4, "{language}: {commands}");
}

#[test]
fn a_skill_in_rust() {
    starts("rust");
}

#[test]
fn a_skill_in_javascript_and_typescript() {
    starts("javascript");
}

#[test]
fn a_skill_in_python() {
    starts("python");
}

#[test]
fn a_skill_in_c() {
    starts("c");
}

#[test]
fn a_skill_in_cpp() {
    starts("cpp");
}

#[test]
fn a_skill_in_go() {
    starts("go");
}

#[test]
fn a_transcript_that_differs_is_noticed() {
    assert!(is_like("a…b", "a x b") && is_like("…", "") && is_like("a", "a") && is_like("a…b…", "aXbY"));
    assert!(!is_like("a…b", "a x c") && !is_like("a", "ab") && !is_like("", "a") && !is_like("a…b…c", "a c"));
}
