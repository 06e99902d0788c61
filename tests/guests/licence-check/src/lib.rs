//! A skill of somebody else's: adds an SPDX line to source files that lack one. With `fetch` it asks a server for the
//! licence's text, which a project that granted it no host sees denied.

mod header;
mod server;

use header::{has_header, with_header};
use serde_json::{Value, json};
use skillhost_sdk::{Error, Host, Level, Tool};
use std::fs;
use std::path::{Path, PathBuf};

struct LicenceCheck;

/// Where it looks.
const SOURCES: &str = "/repo/src";

impl Tool for LicenceCheck {
    fn call(host: &dyn Host, name: String, arguments: String) -> Result<String, Error> {
        let input: Value = serde_json::from_str(&arguments).map_err(|e| Error::Invalid(e.to_string()))?;
        let mut files = Vec::new();
        list(Path::new(SOURCES), &mut files)?;
        files.sort();
        let answer = match name.as_str() {
            "check" => json!({ "missing": without_header(&files)?.iter().map(|path| shown(path)).collect::<Vec<_>>() }),
            "add-headers" => add(host, &files, &input)?,
            other => return Err(Error::Invalid(format!("there is no tool {other}"))),
        };
        Ok(answer.to_string())
    }
}

fn add(host: &dyn Host, files: &[PathBuf], input: &Value) -> Result<Value, Error> {
    let licence = input["licence"].as_str().unwrap_or_default();
    let is_identifier = |c: char| c.is_ascii_alphanumeric() || "-.+() ".contains(c);
    if licence.is_empty() || !licence.chars().all(is_identifier) {
        return Err(Error::Invalid(format!("{licence:?} is no SPDX expression")));
    }
    // Asked for first: a file that was begun would stay changed where this is denied.
    let text = match input["fetch"].as_bool() {
        Some(true) => Some(server::text(licence).map_err(Error::Denied)?),
        _ => None,
    };
    let mut changed = Vec::new();
    for path in without_header(files)? {
        let Some(with) = with_header(&path, &read(&path)?, licence) else { continue };
        fs::write(&path, with).map_err(|e| Error::Denied(format!("{}: {e}", shown(&path))))?;
        host.log(Level::Info, &format!("added a header to {}", shown(&path)));
        changed.push(shown(&path));
    }
    Ok(json!({ "changed": changed, "text": text.unwrap_or_default() }))
}

/// Files of a kind that a header is known for, and that have none.
fn without_header(files: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut missing = Vec::new();
    for path in files {
        let text = read(path)?;
        if with_header(path, &text, "x").is_some() && !has_header(&text) {
            missing.push(path.clone());
        }
    }
    Ok(missing)
}

fn read(path: &Path) -> Result<String, Error> {
    let bytes = fs::read(path).map_err(|e| Error::Denied(format!("{}: {e}", shown(path))))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn list(folder: &Path, into: &mut Vec<PathBuf>) -> Result<(), Error> {
    let entries = fs::read_dir(folder).map_err(|e| Error::Denied(format!("{}: {e}", shown(folder))))?;
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => list(&entry.path(), into)?,
            Ok(kind) if kind.is_file() => into.push(entry.path()),
            _ => {}
        }
    }
    Ok(())
}

/// As people know it.
fn shown(path: &Path) -> String {
    path.strip_prefix("/repo").unwrap_or(path).display().to_string()
}

skillhost_sdk::export_tool!(LicenceCheck);
