//! What a project declares for agents: the validation commands of `AGENTS.md` and of `.ai/agentic.config.json`.

use super::{Files, Found, argv};
use crate::conventions::validation_commands;
use serde_json::Value;
use skillhost_core::name::CommandName;
use skillhost_core::path::SkillPath;
use skillhost_core::text::escape_terminal;
use std::collections::BTreeSet;

const CONFIG: &str = ".ai/agentic.config.json";

/// What was declared.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub(super) base: Option<String>,
    pub(super) setup: Option<Found>,
    pub(super) gates: Vec<Found>,
    pub(super) spec_path: Option<String>,
    pub(super) notes: Vec<String>,
}

/// What a command is for.
enum Purpose {
    Setup,
    Gate(&'static str),
    /// A name of its own.
    Other,
    /// Runs until somebody ends it, changes a database, or publishes.
    NoGate,
}

pub(super) fn detect(files: &Files<'_>) -> Declared {
    let mut declared = Declared::default();
    let mut lines: Vec<(String, &'static str)> = Vec::new();
    if let Some(config) = files.text(CONFIG).and_then(|text| serde_json::from_str::<Value>(&text).ok()) {
        declared.base = config["baseBranch"].as_str().map(str::to_owned);
        declared.spec_path = config["paths"]["specs"].as_str().and_then(spec_path);
        let commands = config["validation"]["commands"].as_array().into_iter().flatten();
        lines.extend(commands.filter_map(Value::as_str).map(|line| (line.to_owned(), CONFIG)));
    }
    if lines.is_empty() {
        let text = files.text("AGENTS.md").unwrap_or_default();
        lines.extend(validation_commands(&text).into_iter().map(|line| (line, "AGENTS.md")));
    }
    for (line, origin) in lines.into_iter().take(32) {
        for run in argv::commands(&line) {
            add(&mut declared, run, &line, origin);
        }
    }
    declared
}

fn add(declared: &mut Declared, run: Vec<String>, line: &str, origin: &'static str) {
    let shown = escape_terminal(line, 100);
    let found =
        |name: CommandName, run| Found { name, run, origin: format!("{origin}: {shown}"), hosts: BTreeSet::new() };
    let placeholder = line.contains(['<', '…']) || line.contains("...") || line.contains("path/to");
    match purpose(&run) {
        _ if placeholder => declared.notes.push(format!("left out, it has a placeholder: {shown}")),
        Purpose::NoGate => declared.notes.push(format!("left out, it is no check: {shown}")),
        Purpose::Setup => {
            if declared.setup.is_none() {
                declared.setup = "setup".parse().ok().map(|name| found(name, run));
            }
        }
        Purpose::Gate(name) => declared.gates.extend(name.parse().ok().map(|name| found(name, run))),
        Purpose::Other => declared.gates.extend(own_name(&run).map(|name| found(name, run))),
    }
}

/// What a command is for, told from its words.
fn purpose(run: &[String]) -> Purpose {
    let line = run.join(" ").to_lowercase();
    let words: Vec<&str> = line.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
    if has(&["dev", "start", "serve", "watch", "publish", "deploy", "release", "migrate", "push", "rm"]) {
        Purpose::NoGate
    } else if has(&["install", "ci", "fetch", "sync"]) && !has(&["test", "check", "run"]) {
        Purpose::Setup
    } else if has(&["e2e", "playwright", "cypress", "integration"]) {
        Purpose::Gate("e2e")
    } else if has(&["lint", "eslint", "clippy", "ruff", "flake8", "biome", "golangci"]) {
        Purpose::Gate("lint")
    } else if has(&["typecheck", "tsc", "mypy", "pyright", "types"]) {
        Purpose::Gate("typecheck")
    } else if has(&["fmt", "format", "prettier", "black", "rustfmt"]) {
        Purpose::Gate("format")
    } else if has(&[
        "test", "tests", "pytest", "unittest", "jest", "vitest", "mocha", "tox", "nextest", "ava", "tape", "rspec",
    ]) {
        Purpose::Gate("test")
    } else if has(&["build"]) {
        Purpose::Gate("build")
    } else {
        Purpose::Other
    }
}

/// A name from the command's last plain words: `yarn i18n:check-sync` is `i18n:check-sync`.
fn own_name(run: &[String]) -> Option<CommandName> {
    if argv::is_shell(run) {
        return "check".parse().ok();
    }
    let word = run.iter().rev().find(|word| !word.starts_with('-') && word.parse::<CommandName>().is_ok());
    word.and_then(|word| word.parse().ok()).or_else(|| "check".parse().ok())
}

fn spec_path(dir: &str) -> Option<String> {
    let dir = SkillPath::parse(dir).ok().filter(|dir| !dir.is_root())?;
    Some(format!("{dir}/{{slug}}.md"))
}
