//! What an entry of a lock grants that its component never asked for. A skill gets what both say, so it gives nothing; but
//! whoever reviews the lock reads that it does. Who checks a lock is stopped by it, and who uses one is told.

use crate::terminal::printer::Printer;
use skillhost_core::capability::Capabilities;
use skillhost_core::lock::{FILE, Locked};
use skillhost_core::permission::Permission;

/// It, in words that go on from the skill's name; nothing where there is none.
pub(crate) fn of(locked: &Locked, asked: &Capabilities) -> Option<String> {
    let mut excess = locked.grant.permissions();
    excess.retain(|permission| !asked.covers(permission));
    if excess.is_empty() {
        return None;
    }
    let list = |permissions: &[Permission]| permissions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut instead = asked.permissions();
    instead.retain(|permission| excess.iter().any(|one| one.capability() == permission.capability()));
    let instead = if instead.is_empty() { String::new() } else { format!(" (it asks for {})", list(&instead)) };
    Some(format!("grants {}, which the component doesn't ask for{instead}", list(&excess)))
}

/// Why that is no danger by itself.
pub(crate) const HARMLESS: &str = "a skill gets no more than it asks for";

/// What takes it out.
pub(crate) fn remedy(locked: &Locked) -> String {
    format!("skillhost update {} --keep-grants takes it out of {FILE}", locked.name)
}

/// Tells whoever uses the entry.
pub(crate) fn warn(locked: &Locked, asked: &Capabilities, printer: Printer) {
    if let Some(excess) = of(locked, asked) {
        printer.warn(format!("{FILE}: `{}` {excess}: {HARMLESS}; {}", locked.name, remedy(locked)));
    }
}
