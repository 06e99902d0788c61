//! `skillhost list`: the skills of this project, and what each of them may do.

use crate::args::{Global, List};
use crate::failure::{Exit, Failure};
use crate::installing::workshop::{Workshop, entry};
use crate::terminal::printer::Printer;
use skillhost_core::lock::{FILE, Locked};
use skillhost_core::manifest::Manifest;

/// How a component stands in the store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Yes,
    No,
    Altered,
}

impl Kept {
    fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Altered => "altered",
        }
    }
}

/// Widest a column of the table is, in characters, but for the last.
const MAX_COLUMN_CHARS: usize = 48;

pub(crate) fn run(_: &List, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let shop = Workshop::look(global, printer)?;
    let lock = shop.read()?.lock;
    let looked: Vec<(&Locked, Kept, Option<Manifest>)> = lock.skills.iter().map(|locked| look(&shop, locked)).collect();
    if printer.is_json() {
        let skills: Vec<serde_json::Value> = looked
            .iter()
            .map(|(locked, kept, manifest)| {
                let mut shown = entry(locked);
                shown["kind"] = manifest.as_ref().map(|manifest| manifest.skill.kind.as_str()).into();
                shown["in_store"] = (*kept == Kept::Yes).into();
                shown["store"] = kept.word().into();
                shown
            })
            .collect();
        let lock = shop.lock.path().display().to_string();
        printer.json(&serde_json::json!({ "schema": "skillhost.list/1", "lock": lock, "skills": skills }));
        return Ok(Exit::Done);
    }
    if looked.is_empty() {
        printer.note(format!("{FILE} has no skills; skillhost add REF puts one there"));
        return Ok(Exit::Done);
    }
    let head = ["name", "version", "kind", "digest", "in store", "signer", "source", "may"].map(str::to_owned);
    let rows = looked.iter().map(|(locked, kept, manifest)| row(locked, *kept, manifest.as_ref()));
    for line in table(std::iter::once(head).chain(rows).collect()) {
        printer.data(line);
    }
    if looked.iter().any(|(_, kept, _)| *kept != Kept::Yes) {
        printer.note("skillhost sync fetches what is not in the store");
    }
    Ok(Exit::Done)
}

fn look<'a>(shop: &Workshop, locked: &'a Locked) -> (&'a Locked, Kept, Option<Manifest>) {
    match shop.store.load(&locked.digest) {
        Ok(Some(component)) => (locked, Kept::Yes, Manifest::from_component(component.bytes()).ok()),
        Ok(None) => (locked, Kept::No, None),
        Err(_) => (locked, Kept::Altered, None),
    }
}

fn row(locked: &Locked, kept: Kept, manifest: Option<&Manifest>) -> [String; 8] {
    let grant: Vec<String> = locked.grant.permissions().iter().map(ToString::to_string).collect();
    [
        locked.name.to_string(),
        locked.version.to_string(),
        manifest.map_or("?", |manifest| manifest.skill.kind.as_str()).to_owned(),
        locked.digest.short(),
        kept.word().to_owned(),
        locked.signer.as_ref().map_or_else(|| "unsigned".to_owned(), |signer| short(&signer.to_string())),
        locked.source.to_string(),
        if grant.is_empty() { "only compute".to_owned() } else { grant.join(" ") },
    ]
}

/// A key by its first digits, as a digest is.
fn short(signer: &str) -> String {
    signer
        .strip_prefix("ed25519:")
        .map_or_else(|| signer.to_owned(), |key| format!("ed25519:{}", &key[..12.min(key.len())]))
}

fn table(rows: Vec<[String; 8]>) -> Vec<String> {
    let width = |column: usize| {
        let longest = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        longest.min(MAX_COLUMN_CHARS)
    };
    let widths: Vec<usize> = (0..8).map(width).collect();
    let line = |row: &[String; 8]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
