//! What build files imply: Cargo, Go, Make here; Node and Python, which need more looking, in modules of their own.

use super::{Files, Found, hosts, node, python};
use std::collections::BTreeSet;
use toml_edit::DocumentMut;

/// What the build files of a repository's root imply.
#[derive(Debug, Default)]
pub(super) struct Implied {
    pub(super) setup: Option<Found>,
    pub(super) gates: Vec<Found>,
    pub(super) others: Vec<Found>,
    pub(super) notes: Vec<String>,
}

impl Implied {
    /// Takes in what another build file implies; there can be one set-up.
    fn add(&mut self, other: Implied) {
        if let (Some(_), Some(second)) = (&self.setup, &other.setup) {
            self.notes.push(format!(
                "only one set-up command is possible; a second one was found ({}): join them in a script",
                second.run.join(" ")
            ));
        }
        self.setup = self.setup.take().or(other.setup);
        self.gates.extend(other.gates);
        self.others.extend(other.others);
        self.notes.extend(other.notes);
    }
}

pub(super) fn detect(files: &Files<'_>) -> Implied {
    let mut implied = Implied::default();
    for found in [node::detect(files), cargo(files), python::detect(files), go(files)].into_iter().flatten() {
        implied.add(found);
    }
    if implied.gates.is_empty() {
        implied.add(make(files).unwrap_or_default());
    }
    if implied.gates.is_empty() {
        let manifests = ["package.json", "Cargo.toml", "pyproject.toml", "go.mod"];
        let nested: BTreeSet<String> = files
            .paths
            .iter()
            .filter(|path| path.components().count() == 2 && path.name().is_some_and(|name| manifests.contains(&name)))
            .filter_map(|path| Some(skillhost_core::text::escape_terminal(path.parent()?.as_str(), 60).to_string()))
            .take(5)
            .collect();
        if !nested.is_empty() {
            let dirs: Vec<String> = nested.into_iter().collect();
            implied.notes.push(format!("build files lie in {}: declare their commands by hand", dirs.join(", ")));
        }
    }
    implied
}

/// A command under a name that is known to be valid.
pub(super) fn found(name: &str, run: &[&str], origin: &str) -> Option<Found> {
    Some(Found {
        name: name.parse().ok()?,
        run: run.iter().map(|word| (*word).to_owned()).collect(),
        origin: origin.to_owned(),
        hosts: BTreeSet::new(),
    })
}

fn cargo(files: &Files<'_>) -> Option<Implied> {
    let manifest: DocumentMut = files.text("Cargo.toml")?.parse().ok()?;
    let workspace = manifest.get("workspace").is_some();
    let locked = files.has("Cargo.lock");
    let depends = ["dependencies", "dev-dependencies", "build-dependencies", "target"]
        .iter()
        .any(|key| manifest.get(key).and_then(|table| table.as_table_like()).is_some_and(|table| !table.is_empty()));
    let lock = files.text("Cargo.lock").unwrap_or_default();
    let fetches = if locked { lock.contains("source = ") } else { depends || workspace };

    let mut implied = Implied::default();
    let mut test = vec!["cargo", "test"];
    test.extend(workspace.then_some("--workspace"));
    test.extend(locked.then_some("--locked"));
    if fetches {
        let fetch: &[&str] = if locked { &["cargo", "fetch", "--locked"] } else { &["cargo", "fetch"] };
        implied.setup = found("setup", fetch, "Cargo.toml has dependencies");
        implied.notes.push(
            "cargo's lock file does not say which hosts it downloads from: name them in [commands.setup] network"
                .to_owned(),
        );
    }
    // Gates have no network: what set-up fetched is all there is.
    test.push("--offline");
    implied.gates.extend(found("test", &test, "Cargo.toml"));
    Some(implied)
}

fn go(files: &Files<'_>) -> Option<Implied> {
    let module = files.text("go.mod")?;
    let mut implied = Implied::default();
    if module.contains("require") {
        implied.setup = found("setup", &["go", "mod", "download"], "go.mod has requirements");
        implied
            .notes
            .push("go.mod does not say which proxy modules come from: name it in [commands.setup] network".to_owned());
    }
    implied.gates.extend(found("test", &["go", "test", "./..."], "go.mod"));
    Some(implied)
}

/// A Makefile's own target for tests.
fn make(files: &Files<'_>) -> Option<Implied> {
    let name = ["GNUmakefile", "makefile", "Makefile"].into_iter().find(|name| files.has(name))?;
    let text = files.text(name)?;
    let targets: BTreeSet<&str> = text
        .lines()
        .filter(|line| !line.starts_with(['\t', '#', ' ', '.']))
        .filter_map(|line| line.split_once(':').filter(|(_, rest)| !rest.starts_with('=')))
        .flat_map(|(targets, _)| targets.split_whitespace())
        .collect();
    let mut implied = Implied::default();
    let test = ["test", "tests", "check"].into_iter().find(|target| targets.contains(target));
    implied.gates.extend(test.and_then(|target| found("test", &["make", target], name)));
    let lint = targets.contains("lint").then(|| found("lint", &["make", "lint"], name)).flatten();
    implied.others.extend(lint);
    Some(implied)
}

/// The hosts of a lock file, into the command that reads it.
pub(super) fn with_hosts(command: Option<Found>, lock: Option<String>) -> Option<Found> {
    let hosts = lock.map(|lock| hosts::hosts(&lock)).unwrap_or_default();
    command.map(|command| Found { hosts, ..command })
}
