//! `skillhost remove NAME`: takes a skill out of the lock, and with it all that it was granted.

use crate::args::{Global, Remove};
use crate::failure::{Exit, Failure};
use crate::installing::known::{self, Known};
use crate::installing::workshop::Workshop;
use crate::terminal::printer::Printer;
use skillhost_audit::Kind;
use skillhost_core::lock::{FILE, Lock};

pub(crate) fn run(arguments: &Remove, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let shop = Workshop::open(global, true, printer)?;
    let name = &arguments.name;
    if shop.read()?.lock.find(name.as_str()).is_none() {
        return Err(absent(name.as_str(), &shop.read()?.lock));
    }
    shop.edit(Kind::Remove, name, |lock| if lock.remove(name) { Ok(()) } else { Err(absent(name.as_str(), lock)) })?;
    // What it was let use ends with it.
    Known::edit(&shop.places, &shop.lock.path(), |known| known.remove(name)).map_err(|e| known::unwritable(&e))?;
    printer.note(format!("{name} is no longer in {FILE}, and may do nothing any more"));
    shop.tell_to_commit(&format!("Remove {name}"), "skillhost gc removes what no project needs");
    if printer.is_json() {
        let lock = shop.lock.path().display().to_string();
        printer.json(&serde_json::json!({ "schema": "skillhost.remove/1", "lock": lock, "removed": name }));
    }
    Ok(Exit::Done)
}

/// There is no such skill.
pub(crate) fn absent(name: &str, lock: &Lock) -> Failure {
    let names: Vec<&str> = lock.skills.iter().map(|skill| skill.name.as_str()).collect();
    let failure = Failure::new(Exit::Usage, format!("there is no skill `{name}` in {FILE}"));
    match names.is_empty() {
        true => failure.hint("skillhost add REF puts one there"),
        false => failure.hint(format!("its skills are: {}", names.join(", "))),
    }
}
