//! Checks 9 and 12: the bar was lowered, for all of the code or for one line.

use std::collections::BTreeMap;

use super::line::{self, code, has, is_code, words};
use super::{Hit, Scene, bounds};
use crate::changed::Line;
use crate::intact::looks_like_test;
use crate::{ChangeKind, Severity};

/// Words in a key that name a least value: less of it asks for less.
const LEAST: &[&str] =
    &["coverage", "threshold", "branches", "functions", "lines", "statements", "minimum", "minscore", "msi"];
/// Words in a key that name a greatest value: more of it asks for less.
const MOST: &[&str] = &["warnings", "complexity", "max-lines", "max_line", "line-length", "line_length"];
/// A level of a lint, from strict to nothing.
const LEVELS: &[&[&str]] =
    &[&["forbid"], &["deny", "error"], &["warn", "warning"], &["allow", "off", "ignore", "none"]];

/// A number or a level in a file of configuration that asks for less than before, or that went.
pub(super) fn lowered(scene: &Scene<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    let files = scene.change.files.iter().filter(|file| file.kind != ChangeKind::Added && is_configuration(&file.path));
    for file in files.filter(|file| !scene.announces(&file.path)) {
        let now: BTreeMap<String, (Bar, Line<'_>)> = bars(&file.path, &file.added());
        for (key, (before, was)) in bars(&file.path, &file.removed()) {
            let (lower, line) = match now.get(&key) {
                Some((bar, line)) => (bar.asks_less_than(&before), *line),
                None => (matches!(before, Bar::Least(_) | Bar::Most(_)) && file.kind != ChangeKind::Deleted, was),
            };
            if lower {
                hits.push(Hit {
                    severity: Severity::Major,
                    message: format!(
                        "`{key}` asks for less than at the base commit, where it stood as `{}`.",
                        was.text.trim()
                    ),
                    suggestion: "Take it back, or say in the spec why less is enough.",
                    ..Hit::at(&file.path, line)
                });
            }
        }
    }
    hits.extend(bounds::loosened(scene));
    hits
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bar {
    Least(f64),
    Most(f64),
    Level(usize),
}

impl Bar {
    fn asks_less_than(self, before: &Bar) -> bool {
        match (self, *before) {
            (Bar::Least(now), Bar::Least(before)) => now < before,
            (Bar::Most(now), Bar::Most(before)) => now > before,
            (Bar::Level(now), Bar::Level(before)) => now > before,
            _ => false,
        }
    }
}

/// Files that may hold a bar. What a program of the project is configured with is none: its thresholds are its own.
fn is_configuration(path: &str) -> bool {
    const ENDS: &[&str] =
        &[".json", ".jsonc", ".toml", ".yml", ".yaml", ".cfg", ".ini", ".xml", ".properties", ".gradle"];
    let name = line::name(path).to_lowercase();
    let is_file = ENDS.iter().any(|end| name.ends_with(end)) || name.ends_with("rc") || name.contains(".config.");
    let is_script = ["makefile", "justfile", "noxfile.py", "setup.py", "build.gradle.kts"].contains(&name.as_str());
    !name.contains("lock") && (is_file || is_script)
}

/// Configuration of what measures tests, or of a linter, by the name of its file.
pub(super) fn measures(path: &str) -> bool {
    const TOOLS: &[&str] = &[
        "jest",
        "vitest",
        "nyc",
        "c8rc",
        "karma",
        "package.json",
        "pyproject",
        "setup.cfg",
        "tox.ini",
        "coverage",
        "codecov",
        "sonar",
        "build.gradle",
        "pom.xml",
        "phpunit",
        "tarpaulin",
        "stryker",
        "pytest",
    ];
    let name = line::name(path).to_lowercase();
    TOOLS.iter().any(|tool| name.contains(tool)) || lints(path)
}

fn lints(path: &str) -> bool {
    const TOOLS: &[&str] =
        &["lint", "biome", "clippy", "golangci", "rubocop", "deny.toml", "cargo.toml", "ruff", "flake8", "phpstan"];
    let name = line::name(path).to_lowercase();
    TOOLS.iter().any(|tool| name.contains(tool))
}

/// The bars that lines set, by their keys; where a key stands twice, the first.
fn bars<'a>(path: &str, lines: &[Line<'a>]) -> BTreeMap<String, (Bar, Line<'a>)> {
    let mut bars = BTreeMap::new();
    for line in lines {
        if let Some((key, bar)) = bar(path, line.text) {
            bars.entry(key).or_insert((bar, *line));
        }
    }
    bars
}

fn bar(path: &str, line: &str) -> Option<(String, Bar)> {
    let code = code(line);
    // `--cov-fail-under=80` and `--max-warnings 0` stand inside of commands.
    for flag in ["--cov-fail-under", "--fail-under", "--max-warnings", "--min-coverage"] {
        let Some((_, rest)) = code.split_once(flag) else { continue };
        let value = number(rest.trim_start_matches(['=', ' ']))?;
        return Some((flag.into(), if flag == "--max-warnings" { Bar::Most(value) } else { Bar::Least(value) }));
    }
    let (key, value) = code.split_once([':', '='])?;
    let key = key.trim().trim_matches(['"', '\'']).to_lowercase();
    let value = value.trim().trim_start_matches(['"', '\'', '[', ' ']);
    if let Some(number) = number(value) {
        let named = |words: &[&str]| measures(path) && words.iter().any(|word| key.contains(word));
        let covers = ["fail_under", "fail-under"].iter().any(|word| key.contains(word));
        return match (named(MOST), named(LEAST) || covers) {
            (true, _) => Some((key, Bar::Most(number))),
            (_, true) => Some((key, Bar::Least(number))),
            _ => None,
        };
    }
    let level = words(value).next().filter(|_| lints(path))?;
    let level = LEVELS.iter().position(|names| names.contains(&level))?;
    Some((key, Bar::Level(level)))
}

fn number(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text[..end].parse().ok()
}

/// A warning that was silenced where it stands.
pub(super) fn suppressed(scene: &Scene<'_>) -> Vec<Hit> {
    // Most of these are comments themselves.
    const IN_COMMENTS: &[&str] = &[
        "# noqa",
        "# type: ignore",
        "# pyright: ignore",
        "# mypy: ignore",
        "# pylint: disable",
        "# nosec",
        "@ts-ignore",
        "@ts-nocheck",
        "@ts-expect-error",
        "eslint-disable",
        "biome-ignore",
        "tslint:disable",
        "//nolint",
        "// nolint",
        "NOSONAR",
        "rubocop:disable",
        "istanbul ignore",
        "c8 ignore",
        "v8 ignore",
        "pragma: no cover",
        "phpcs:ignore",
        "@phpstan-ignore",
        "prettier-ignore",
        "shellcheck disable",
    ];
    const IN_CODE: &[&str] = &["#[allow(", "#![allow(", "@SuppressWarnings(", "@Suppress("];
    let allows = |line: &str| has(line, IN_CODE) && !line.contains("reason =");
    let matches = |line: &str| allows(line) || IN_COMMENTS.iter().any(|mark| is_comment_with(line, mark));
    scene.each_line(
        |path| is_code(path) && !looks_like_test(path),
        matches,
        |hit, _| Hit {
            message: "A warning is silenced instead of heeded.".into(),
            suggestion: "Mend what it warns of, or say beside it why it is wrong.",
            ..hit
        },
    )
}

/// Whether the mark stands behind the beginning of a comment, and not in a text between quotes.
fn is_comment_with(line: &str, mark: &str) -> bool {
    let Some(at) = line.find(mark).filter(|_| line.len() <= 1_000) else { return false };
    let before = &line[..at];
    let in_text = before.matches('"').count() % 2 == 1 || before.matches('\'').count() % 2 == 1;
    let in_comment =
        mark.starts_with(['#', '/']) || ["//", "/*", "#", "<!--"].iter().any(|begin| before.contains(begin));
    in_comment && !in_text
}
