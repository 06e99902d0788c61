//! The Rust SDK outside of this workspace: its crates' manifests without what they inherit from here, and the versions that
//! it is tested with.

use super::File;
use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use toml::{Table, Value};

/// The crates: where each is here, and in a project.
const CRATES: [(&str, &str); 2] = [("sdk/rust", "sdk/rust"), ("host/suite", "sdk/suite")];

/// The manifest of each crate, and the lock file.
pub(super) fn manifests(root: &Path) -> Result<Vec<File>, Box<dyn Error>> {
    let read = |file: &str| -> Result<Table, Box<dyn Error>> {
        println!("cargo::rerun-if-changed={}", root.join(file).display());
        Ok(std::fs::read_to_string(root.join(file))?.parse()?)
    };
    let workspace = read("Cargo.toml")?.remove("workspace").and_then(into_table).ok_or("no [workspace]")?;
    let mut files = Vec::new();
    let mut needed = BTreeSet::new();
    for (here, there) in CRATES {
        let manifest = on_its_own(read(&format!("{here}/Cargo.toml"))?, &workspace)?;
        if let Some(Value::Table(dependencies)) = manifest.get("dependencies") {
            needed.extend(dependencies.keys().cloned());
        }
        files.push((format!("{there}/Cargo.toml"), manifest.to_string()));
    }
    files.push(("Cargo.lock".to_owned(), pruned(read("Cargo.lock")?, &needed)?));
    Ok(files)
}

/// A manifest with what it inherits written into it. Lints and tests are this workspace's.
fn on_its_own(mut manifest: Table, workspace: &Table) -> Result<Table, Box<dyn Error>> {
    for name in ["lints", "dev-dependencies"] {
        manifest.remove(name);
    }
    for name in ["package", "dependencies"] {
        let given = workspace.get(name).and_then(Value::as_table).ok_or("nothing to inherit")?;
        for (key, value) in manifest.get_mut(name).and_then(Value::as_table_mut).into_iter().flatten() {
            if value.get("workspace").is_some() {
                *value = given.get(key).ok_or_else(|| format!("{key} is not in the workspace"))?.clone();
            }
            // The crates lie side by side.
            if let Some(path) = value.get_mut("path") {
                let to =
                    CRATES.iter().find(|(here, _)| path.as_str() == Some(here)).ok_or("a crate of this workspace")?;
                *path = Value::String(format!("../../{}", to.1));
            }
        }
    }
    Ok(manifest)
}

/// The lock file with what these packages need, and nothing else.
fn pruned(lock: Table, roots: &BTreeSet<String>) -> Result<String, Box<dyn Error>> {
    let text = |package: &Table, key: &str| package.get(key).and_then(Value::as_str).map(str::to_owned);
    let all = lock.get("package").and_then(Value::as_array).ok_or("no packages in Cargo.lock")?;
    let all: Vec<&Table> = all.iter().filter_map(Value::as_table).collect();
    // A dependency is `name`, or `name version` where there are several.
    let named = |wanted: &str| {
        let mut words = wanted.split(' ').map(str::to_owned);
        let (name, version) = (words.next(), words.next());
        all.iter()
            .copied()
            .find(|package| text(package, "name") == name && (version.is_none() || text(package, "version") == version))
    };
    let mut kept: BTreeSet<(String, String)> = BTreeSet::new();
    // The workspace's own are without a source, and written anew.
    let mut left: Vec<String> = Vec::new();
    for package in all.iter().filter(|package| {
        text(package, "name").is_some_and(|name| name == "skillhost-sdk" || name == "skillhost-suite")
    }) {
        for dependency in
            package.get("dependencies").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            if dependency.split(' ').next().is_some_and(|name| roots.contains(name)) {
                left.push(dependency.to_owned());
            }
        }
    }
    while let Some(next) = left.pop() {
        let Some(package) = named(&next).filter(|package| package.contains_key("source")) else { continue };
        let id = text(package, "name").zip(text(package, "version")).ok_or("a package without a name")?;
        if kept.insert(id) {
            let needs = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
            left.extend(needs.filter_map(Value::as_str).map(str::to_owned));
        }
    }
    let is_kept = |package: &&&Table| {
        let id = text(package, "name").zip(text(package, "version"));
        package.contains_key("source") && id.is_some_and(|id| kept.contains(&id))
    };
    let packages: Vec<Value> = all.iter().filter(is_kept).map(|package| Value::Table((*package).clone())).collect();
    let mut pruned = Table::new();
    pruned.insert("version".to_owned(), lock.get("version").cloned().ok_or("a lock file without a version")?);
    pruned.insert("package".to_owned(), Value::Array(packages));
    Ok(pruned.to_string())
}

fn into_table(value: Value) -> Option<Table> {
    if let Value::Table(table) = value { Some(table) } else { None }
}
