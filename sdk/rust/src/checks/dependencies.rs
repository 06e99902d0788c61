//! Checks 19 and 20: what the change depends on beyond what was asked for, and locks that don't go with their manifest.

use std::collections::BTreeMap;

use super::line::name;
use super::manifest::{MANAGERS, Manager, dependencies};
use super::{Hit, Scene};
use crate::changed::ChangedFile;
use crate::{ChangeKind, Severity};

/// A lock without its manifest, or a manifest without its lock.
pub(super) fn lockfile(scene: &Scene<'_>) -> Vec<Hit> {
    MANAGERS.iter().flat_map(|manager| out_of_step(scene, manager)).collect()
}

fn out_of_step(scene: &Scene<'_>, manager: &Manager) -> Vec<Hit> {
    let named = |names: &'static [&'static str]| {
        move |file: &&ChangedFile| names.contains(&name(&file.path)) && file.kind != ChangeKind::Deleted
    };
    let files = &scene.change.files;
    let locks: Vec<&ChangedFile> = files.iter().filter(named(manager.locks)).collect();
    let manifests: Vec<&ChangedFile> = files.iter().filter(named(manager.manifests)).collect();
    let mut hits = Vec::new();
    if manifests.is_empty() {
        hits.extend(locks.iter().map(|lock| Hit {
            message: "The lock was changed, and no manifest: other versions are used than before.".into(),
            suggestion: "Take it back, unless the spec asks for other versions.",
            ..Hit::on(&lock.path)
        }));
    }
    if locks.is_empty() {
        let tree = &scene.tree().files;
        let has_lock = |file: &&&ChangedFile| {
            let above = |lock: &String| file.path.starts_with(lock.rsplit_once('/').map_or("", |(folder, _)| folder));
            tree.iter().any(|path| manager.locks.contains(&name(path)) && above(path))
        };
        let asks_otherwise = |file: &&&ChangedFile| {
            let (before, now) = both(scene, file);
            before != now
        };
        hits.extend(manifests.iter().filter(asks_otherwise).filter(has_lock).map(|file| Hit {
            message: "What this manifest asks for was changed, and the lock was not: they don't go together.".into(),
            suggestion: "Let the package manager write the lock, and commit it.",
            ..Hit::on(&file.path)
        }));
    }
    hits
}

/// A dependency that neither the spec nor the goal names.
pub(super) fn unnamed(scene: &Scene<'_>) -> Vec<Hit> {
    if scene.brief.spec.is_none() {
        return vec![];
    }
    let mut hits = Vec::new();
    for (file, lines) in scene.files().filter(|(file, _)| file.kind != ChangeKind::Deleted) {
        let (before, now) = both(scene, file);
        let is_own = |name: &str| scene.tree().files.iter().any(|path| path.split('/').any(|part| part == name));
        for name in now.keys().filter(|name| !before.contains_key(*name) && !is_own(name) && !is_asked_for(scene, name))
        {
            let line = lines.iter().find(|line| line.text.contains(name.as_str()));
            hits.push(Hit {
                severity: Severity::Minor,
                message: format!("`{name}` is a new dependency, and the spec does not name it."),
                suggestion: "Do without it, or say in the spec why it is needed.",
                ..line.map_or_else(|| Hit::on(&file.path), |line| Hit::at(&file.path, *line))
            });
        }
    }
    hits
}

fn is_asked_for(scene: &Scene<'_>, name: &str) -> bool {
    let name = name.to_lowercase();
    scene.asked().iter().any(|text| text.to_lowercase().contains(&name))
}

/// What a manifest depended on, and depends on.
fn both(scene: &Scene<'_>, file: &ChangedFile) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let Some(now) = dependencies(&file.path, "").and_then(|_| scene.change.text(&file.path)) else {
        return Default::default();
    };
    let before = scene.change.original(file.from().unwrap_or(&file.path)).unwrap_or_default();
    let read = |text: &str| dependencies(&file.path, text).unwrap_or_default();
    (read(&before), read(&now))
}
