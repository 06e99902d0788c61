//! Checks 11 and 21, and what `skillhost.toml` says at the base commit: protected paths, the plan's files, gates' programs.

use super::{Hit, Scene};
use crate::glob::Globs;
use crate::path;

/// Where a project declares its commands.
pub(super) const FILE: &str = "skillhost.toml";
/// What the host protects where a project says nothing.
const PROTECTED: &[&str] =
    &["**/AGENTS.md", "AGENTS.md", ".github/**", ".gitlab-ci.yml", ".forgejo/**", "skillhost.toml", "skillhost.lock"];

/// A path whose change decides how later ones are checked, or what later agents are told.
pub(super) fn protected(scene: &Scene<'_>) -> Vec<Hit> {
    let declared = scene.change.original(FILE).map(|text| strings(&section(&text, "protect"))).unwrap_or_default();
    let own = Globs::parse(&declared).ok().filter(|_| !declared.is_empty());
    let Some(globs) = own.or_else(|| Globs::parse(PROTECTED).ok()) else { return vec![] };
    let touched = scene.change.files.iter().filter(|file| globs.matches(&file.path));
    touched
        .map(|file| Hit {
            message: "A protected path is changed.".into(),
            suggestion: "Look at it first, or take it out of the change.",
            ..Hit::on(&file.path)
        })
        .collect()
}

/// A file that no step of the plan names.
pub(super) fn outside_plan(scene: &Scene<'_>) -> Vec<Hit> {
    let patterns: Vec<&String> = scene.steps().iter().flat_map(|step| &step.files).collect();
    // Without globs, or with ones that can't be read, there is nothing to hold a file against.
    let Some(globs) = Globs::parse(&patterns).ok().filter(|_| !patterns.is_empty()) else { return vec![] };
    let outside = scene.change.files.iter().filter(|file| !globs.matches(&file.path) && !scene.is_spec(&file.path));
    outside
        .map(|file| Hit {
            message: "No step of the plan names this file.".into(),
            suggestion: "Take the change of it back, or name it in the plan.",
            ..Hit::on(&file.path)
        })
        .collect()
}

/// Files of the tree that the commands of the gates name: `test.sh` in `run = ["sh", "test.sh"]`.
pub(super) fn programs(scene: &Scene<'_>) -> Vec<String> {
    programs_in(&scene.change.original(FILE).unwrap_or_default())
}

pub(super) fn programs_in(text: &str) -> Vec<String> {
    let words = strings(&section(text, "commands."));
    words.iter().filter_map(|word| path::clean(word).ok()).filter(|path| !path.is_empty()).collect()
}

/// The lines of the sections whose name begins so.
pub(super) fn section(text: &str, name: &str) -> String {
    let mut inside = false;
    let mut lines = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(title) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            // A list's last line may look like a section's title; no title has a quote in it.
            inside = if title.contains(['"', ',']) { inside } else { title.starts_with(name) };
        }
        if inside && !line.starts_with('#') {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    lines
}

/// The texts between double quotes.
fn strings(text: &str) -> Vec<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}
