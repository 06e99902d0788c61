//! What the documents claim is there.

use crate::packages::SECTIONS;
use crate::scripts::Script;
use crate::support::{World, root};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../../xtask/src/rows.rs"]
mod corpus;
use corpus::{rows_in, rows_of};

fn read(document: &str) -> String {
    fs::read_to_string(root().join(document)).unwrap_or_else(|e| panic!("{document}: {e}"))
}

/// What stands beneath a heading.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, behind) = text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    behind.split("\n## ").next().unwrap()
}

/// The rows of its tables, headings aside.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with('|') && !line.starts_with("|--"));
    rows.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
}

/// The options that a text names.
fn options(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter(|word| word.starts_with('-') && word.trim_start_matches('-').starts_with(char::is_alphabetic))
}

#[test]
fn every_option_that_the_readme_names_is_in_the_help() {
    let world = World::bare();
    let readme = read("README.md");
    let commands = section(&readme, "Commands");
    let help = |command: &[&str]| world.run(&[command, &["--help"]].concat()).stdout;
    let knows = |help: &str, option: &str| options(help).any(|known| known == option);
    let mut seen = 0;
    for row in rows(commands).filter(|row| row[0].starts_with("`skillhost ")) {
        let words = row[0].split('`').filter(|word| !word.contains('·') && !word.is_empty());
        let names = words.map(|word| word.trim_start_matches("skillhost ").split(' ').next().unwrap());
        let helps: String = names.map(|name| help(&[name])).collect();
        for option in options(&row.join(" ")) {
            assert!(knows(&helps, option), "{}: {option} is not in {helps}", row[0]);
            seen += 1;
        }
    }
    let (_, everywhere) = commands.split_once("Everywhere: ").unwrap();
    let everywhere = everywhere.split(". ").next().unwrap();
    for option in options(everywhere) {
        assert!(knows(&help(&[]), option), "{option}");
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn the_exit_codes_are_those_of_the_help() {
    let readme = read("README.md");
    let told: Vec<(String, String)> = rows(section(&readme, "Commands"))
        .filter(|row| row[0].parse::<u8>().is_ok())
        .map(|row| (row[0].to_owned(), row[1].to_owned()))
        .collect();
    let help = World::bare().run(&["--help"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = help.split_once("Exit codes: ").unwrap().1.trim_end_matches('.');
    let codes: Vec<(&str, &str)> = line.split(", ").map(|code| code.split_once(' ').unwrap()).collect();
    assert_eq!(codes.len(), told.len(), "{line}\n{told:?}");
    for ((code, word), (number, meaning)) in codes.iter().zip(&told) {
        assert!(code == number && meaning.contains(word), "{code} {word}: {number} {meaning}");
    }
}

/// Each line of README's quick start, as it stands there, but for the names that a reader has to fill in.
#[test]
fn the_quick_start_works_line_by_line() {
    let package = "{\"name\":\"report\",\"scripts\":{\"test\":\"sh test.sh\"}}\n";
    let test = "grep -qs csv src/report.txt && echo '1 passed'\n";
    let world = World::with(&[("package.json", package), ("test.sh", test)]);
    let bin = program_in_path(&world);
    let model = world.model(&report().text());
    let readme = read("README.md");
    let block = section(&readme, "Quick start, on your own repository").split("```").nth(1).unwrap();
    let (mut run, mut started, mut exports) = (String::new(), 0, String::new());
    for line in block.lines().filter(|line| !line.is_empty()) {
        let mut line = line.replace("anthropic:MODEL", &model);
        if !run.is_empty() {
            line = line.replace("RUN", &run);
        }
        let runs = line.starts_with("skillhost run ");
        if runs && !line.contains("--model") {
            line = line.replacen("skillhost run", &format!("skillhost run --model {model}"), 1);
        }
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{exports}{line}")]).current_dir(world.repo()).env_clear();
        shell.envs(world.command(&[]).get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
        shell.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
        for who in ["AUTHOR", "COMMITTER"] {
            shell.env(format!("GIT_{who}_NAME"), "Test").env(format!("GIT_{who}_EMAIL"), "test@localhost");
        }
        let output = shell.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
        assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
        started += 1;
        if line.starts_with("export ") {
            exports.push_str(&format!("{line}\n"));
        }
        if runs {
            let runs = world.run(&["runs", "--format", "json"]).json();
            run = runs["runs"][0]["id"].as_str().unwrap().to_owned();
        }
    }
    assert!(started >= 6 && !run.is_empty(), "{block}");
    assert_eq!(world.git(&["branch", "--show-current"]), format!("skillhost/csv-export-{run}"));
    assert_eq!(fs::read_to_string(world.repo().join("src/report.txt")).unwrap(), "csv\n");
}

/// A folder with the program, for this world's state alone.
pub fn program_in_path(world: &World) -> PathBuf {
    let direct = world.command(&[]);
    let arguments: String = direct.get_args().map(|argument| format!("'{}' ", argument.to_str().unwrap())).collect();
    let program = Path::new(direct.get_program()).display();
    let bin = world.home().join("bin");
    let script = format!("#!/bin/sh\nexec '{program}' {arguments} \"$@\"\n");
    // Written by another process, since one that this one holds open for writing can't be started.
    let mut write = Command::new("sh");
    write.args(["-c", "mkdir \"$1\" && printf %s \"$2\" > \"$1/skillhost\" && chmod 755 \"$1/skillhost\"", "sh"]);
    assert!(write.arg(&bin).arg(script).status().unwrap().success());
    bin
}

/// A change with all the sections of a spec that a project asks for which says nothing about them.
fn report() -> Script {
    let filled: String = SECTIONS.iter().map(|heading| format!("\n## {heading}\n\nOne file is written.\n")).collect();
    let plan = json!({
        "steps": [{
            "id": "1", "title": "Write the report", "instructions": "Write src/report.txt.",
            "files": ["src/**"], "after": [], "criteria": ["C1"],
        }],
        "criteria": [{"id": "C1", "statement": "There is a report", "command": "test"}],
        "assumptions": [], "answers": [],
    });
    Script::new()
        .says("spec", 1, &format!("# CSV export\n{filled}"))
        .says("spec", 1, &plan.to_string())
        .reviews("spec-review", 1, &[])
        .writes(1, "src/report.txt", "csv\n")
        .tests(1)
        .finishes(1)
        .reviews("change-review", 1, &[])
}

/// What is promised to be measured.
const FIGURES: [&str; 27] = [
    "add.vs_wkg_ratio",
    "attacks.count",
    "call.overhead_ratio",
    "call.trust_ms",
    "cli.call_warm_ms",
    "cli.call_vs_peer_ratio",
    "files.read_vs_native_ratio",
    "files.stat_vs_native_ratio",
    "files.read_vs_stock_ratio",
    "proxy.connect_ms",
    "sandbox.start_ms",
    "worktrees.vs_git_ratio",
    "files.create_vs_native_ratio",
    "files.big_vs_native_ratio",
    "guard.op_us",
    "hostile.neighbour_ratio",
    "loop.context_peak_tokens",
    "loop.prefix_stable_ratio",
    "loop.turn_overhead_ms",
    "host.rss_mb_16_agents",
    "leak.rss_mb",
    "leak.fds",
    "review.checks",
    "skillbench.hostile_ready",
    "skillbench.scripted_solved_ratio",
    "skillbench.tasks",
    "sync.check_100_ms",
];

#[test]
fn every_promised_figure_stands_there_and_a_missed_one_with_its_reason() {
    let text = read("docs/benchmarks.md");
    for figure in FIGURES {
        let name = format!("`{figure}`");
        let row = rows(&text).find(|row| row[0] == name).unwrap_or_else(|| panic!("{figure} has no row"));
        let measured = row[2].split(' ').next().unwrap();
        assert!(measured.parse::<f64>().is_ok(), "{figure}: {measured} is no number");
        let reason = text.lines().find(|line| line.starts_with(&format!("- {name}: ")));
        match *row.last().unwrap() {
            "met" | "no goal" => {}
            "missed" => {
                assert!(reason.is_some_and(|reason| reason.len() > 60), "{figure} was missed, without a reason")
            }
            other => panic!("{figure}: neither met nor missed: {other}"),
        }
    }
}

const LANGUAGES: [&str; 7] = ["rust", "javascript", "typescript", "python", "c", "cpp", "go"];

#[test]
fn each_language_has_all_of_its_figures() {
    let text = read("docs/benchmarks.md");
    let figures = ["size_kb", "build_s", "compile_s", "call_ms", "rss_mb", "first_test_s", "first_test_commands"];
    let head = rows(&text).find(|row| row[0] == "`lang.L`").unwrap();
    assert_eq!(head[1..], figures.map(|figure| format!("`{figure}`")));
    for language in LANGUAGES {
        let name = format!("`lang.{language}`");
        let row = rows(&text).find(|row| row[0] == name).unwrap_or_else(|| panic!("{language} has no row"));
        assert!(row[1..].iter().all(|figure| figure.parse::<f64>().is_ok_and(|figure| figure > 0.0)), "{row:?}");
        assert_eq!((row.len(), *row.last().unwrap()), (1 + figures.len(), "3"), "{language}");
    }
}

/// Every Rust file, by its place in the tree, with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut sources = Vec::new();
    let mut folders = ["host", "sdk", "skills", "tests", "xtask"].map(|name| root().join(name)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push((path.strip_prefix(root()).unwrap().to_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    sources
}

/// Invariant 1. That these files alone need the exception is what the lint holds.
#[test]
fn ambient_authority_is_excepted_in_few_places() {
    let mut excepted = 0;
    for (path, text) in
        sources().into_iter().filter(|(path, _)| !path.starts_with("tests") && !path.starts_with("xtask"))
    {
        // What stands behind this is compiled for tests alone.
        let product = text.split("#[cfg(test)]").next().unwrap();
        if product.contains("clippy::disallowed_methods") {
            excepted += 1;
            assert!(may_be_excepted(&path), "{}: ambient authority belongs into ambient.rs", path.display());
        }
    }
    assert!(excepted > 5, "the files named ambient.rs were not found");
}

fn may_be_excepted(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let is_test = name == "tests.rs" || name.ends_with("_tests.rs") || path.iter().any(|part| part == "tests");
    let is_example = path.iter().any(|part| part == "examples");
    matches!(name, "ambient.rs" | "build.rs") || is_test || is_example || path.starts_with("host/sandbox")
}

#[test]
fn every_test_that_the_architecture_names_exists() {
    let text = read("ARCHITECTURE.md");
    let named: Vec<(&str, &str)> = text.split('`').filter_map(|word| word.split_once(".rs::")).collect();
    assert!(named.len() > 20, "{named:?}");
    for (file, test) in named {
        let path = root().join(format!("{file}.rs"));
        let source = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(source.contains(&format!("fn {test}(")), "{file}.rs has no test {test}");
    }
}

/// The rows of docs/attacks.md.
fn attacks() -> BTreeSet<String> {
    rows_of(&read("docs/attacks.md")).into_iter().collect()
}

#[test]
fn every_attack_has_a_test_and_every_test_of_one_its_row() {
    let known = attacks();
    assert!(known.len() > 80, "{known:?}");
    let mut held = BTreeSet::new();
    for (path, text) in sources() {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = line.split_once("fn ").and_then(|(_, rest)| rest.split('(').next()) else { continue };
            let above: Vec<&&str> = lines[..at].iter().rev().take_while(|line| line.starts_with("#[")).collect();
            for id in rows_in(name) {
                assert!(known.contains(&id), "{}: {name}: docs/attacks.md has no such row", path.display());
                assert!(!above.iter().any(|line| line.contains("ignore")), "{}: {name} is ignored", path.display());
                // A property's attribute stands within its macro.
                if above.iter().any(|line| line.contains("test]") || line.contains("test(")) {
                    held.insert(id);
                }
            }
        }
    }
    let open: Vec<_> = known.difference(&held).collect();
    assert!(open.is_empty(), "without a test: {open:?}");
}

#[test]
fn every_promise_is_held_by_attacks_and_tests_that_exist() {
    let (text, known) = (read("docs/promises.md"), attacks());
    let promises: Vec<Vec<&str>> = rows(&text).filter(|row| row[0].parse::<u32>().is_ok()).collect();
    let numbers: Vec<String> = promises.iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(numbers, (1..=promises.len()).map(|number| number.to_string()).collect::<Vec<_>>());
    assert!(promises.len() > 30);
    let mut held = BTreeSet::new();
    for row in &promises {
        assert!(!row[2].is_empty());
        for holder in row[2].split(", ") {
            match holder.trim_matches('`').split_once("::") {
                Some((file, test)) => {
                    let source = read(file);
                    assert!(source.contains(&format!("fn {test}(")), "{}: {file} has no test {test}", row[0]);
                }
                None => {
                    assert!(known.contains(holder), "{}: docs/attacks.md has no row {holder}", row[0]);
                    held.insert(holder.to_owned());
                }
            }
        }
    }
    // The log's own attacks are rows of a promise that its verifier will make.
    let idle: Vec<_> = known.difference(&held).filter(|id| !id.starts_with("A-")).collect();
    assert!(idle.is_empty(), "attacks that hold no promise: {idle:?}");
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let named = ["docs", "docs/authors"].into_iter().flat_map(|folder| {
        let files = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.is_file()).map(move |path| format!("{folder}/{}", path.file_name().unwrap().display()))
    });
    for document in ["README.md", "ARCHITECTURE.md", "SECURITY.md"].map(str::to_owned).into_iter().chain(named) {
        let path = root().join(&document);
        let text = fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") {
                assert!(path.parent().unwrap().join(file).exists(), "{document}: {target}");
            }
        }
    }
}

/// Every command of docs/install.md, in its order, in one repository: it says what stands there.
#[test]
fn the_story_of_an_installation_is_as_it_is_told() {
    let world = World::with(&[("src/main.rs", "fn main() {}\n")]);
    let bin = program_in_path(&world);
    crate::installing::release(&world, "1.2.0", "");
    let text = read("docs/install.md");
    let mut seen = 0;
    for (before, block) in blocks(&text) {
        if let Some((version, _)) =
            before.split_once("<!-- test: publish ").and_then(|(_, rest)| rest.split_once(" -->"))
        {
            crate::installing::release(&world, version, "ask = true\n");
        }
        for (command, told) in commands(block) {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("{command} 2>&1")]).current_dir(world.repo()).env_clear();
            shell.envs(world.command(&[]).get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
            shell.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
            for who in ["AUTHOR", "COMMITTER"] {
                shell.env(format!("GIT_{who}_NAME"), "Test").env(format!("GIT_{who}_EMAIL"), "test@localhost");
            }
            let output = shell.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            assert_eq!(without_figures(&said), without_figures(&told), "{command} says:\n{said}");
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

/// The transcripts of a document, each with what stands before it.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = text.split("```").collect();
    parts.chunks(2).filter_map(|pair| Some((pair[0], pair.get(1)?.strip_prefix("console\n")?))).collect()
}

/// The commands of a transcript, each with what it says.
fn commands(block: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), String::new())),
            (None, Some((_, told))) => *told += &format!("{line}\n"),
            (None, None) => panic!("a transcript begins with a command: {line}"),
        }
    }
    commands
}

/// Digests and sizes are those of one build, and columns as wide as they are.
fn without_figures(text: &str) -> String {
    let is_figure = |word: &str| {
        let digits = word.trim_matches('"').trim_start_matches("sha256:").trim_start_matches("ed25519:");
        digits.len() >= 12 && digits.chars().all(|c| c.is_ascii_hexdigit())
    };
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_size = |at: usize| {
            words.get(at + 1) == Some(&"KB") || words.get(at + 1) == Some(&"→") && words.get(at + 3) == Some(&"KB")
        };
        let shown = words.iter().enumerate().map(|(at, word)| {
            if is_size(at) {
                "N"
            } else if is_figure(word) {
                "HEX"
            } else {
                word
            }
        });
        shown.collect::<Vec<_>>().join(" ")
    };
    text.trim_end().lines().map(line).collect::<Vec<_>>().join("\n")
}
