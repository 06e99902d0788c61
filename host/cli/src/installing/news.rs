//! What a lock grants on this machine that was not granted here before, told in plain words: after a merge, a pull or a
//! clone, nobody here has said yes to it yet.

use crate::installing::asks;
use crate::installing::known::{Known, News, Why};
use crate::places::Places;
use crate::terminal::printer::Printer;
use skillhost_core::capability::Capabilities;
use skillhost_core::lock::{FILE, Lock};
use skillhost_core::name::SkillName;
use std::path::Path;

/// For people: each skill with what it may do now, gravest first.
pub(crate) fn tell(news: &[News<'_>], printer: Printer) {
    if news.is_empty() {
        return;
    }
    printer.note(format!("{FILE} grants what was not granted on this machine before:"));
    for News { locked, why, granted } in news {
        let name = format!("{} {}", locked.name, locked.version);
        let lines = Capabilities::of(granted.iter().cloned()).map(|granted| asks::lines(&granted)).unwrap_or_default();
        let only = if lines.is_empty() { " only compute." } else { ":" };
        printer.note(match why {
            Why::New => format!("{name}, which is new here, may{only}"),
            Why::Another => format!("{name}, another component than before ({}), may{only}", locked.digest.short()),
            Why::More => format!("{name} may now also{only}"),
        });
        lines.iter().for_each(|line| printer.note(line));
        asks::together(&locked.grant).iter().for_each(|line| printer.note(line));
    }
}

/// For programs.
pub(crate) fn json(news: &[News<'_>]) -> Vec<serde_json::Value> {
    let one = |News { locked, why, granted }: &News<'_>| {
        serde_json::json!({
            "name": locked.name,
            "version": locked.version,
            "digest": locked.digest,
            "why": match why { Why::New => "new", Why::Another => "another", Why::More => "more" },
            "permissions": granted.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    };
    news.iter().map(one).collect()
}

/// What settling a conflict brought, of which nobody was asked: told and known from now on. `but` was told already.
pub(crate) fn tell_settled(places: &Places, path: &Path, lock: &Lock, but: &SkillName, printer: Printer) {
    printer.note(SETTLED);
    let known = Known::read(places, path);
    let mut news = known.news(lock);
    news.retain(|news| news.locked.name != *but);
    tell(&news, printer);
    if let Err(error) = Known::edit(places, path, |known| known.see(lock)) {
        tracing::info!(%error, "what was told could not be written down, and is told again");
    }
}

/// What is said of a conflict that is one no longer.
pub(crate) const SETTLED: &str = "skillhost.lock is settled: both sides' skills are in it";
