//! What a skill says while it is called, and what it printed.

use crate::terminal::printer::Printer;
use skillhost_core::text::{Escaped, escape_block};
use skillhost_engine::Printed;
use skillhost_engine::contract::log;
use skillhost_engine::ports::Log;
use skillhost_runs::event::{Event, Watcher};

pub(super) fn show_printed(printer: Printer, name: &str, printed: &Printed) {
    let text = escape_block(&String::from_utf8_lossy(&printed.kept), 64 << 10);
    for line in text.lines() {
        printer.note(format!("  {name} | {line}"));
    }
    if printed.dropped_bytes > 0 {
        printer.note(format!("  {name} | … {} more bytes were dropped", printed.dropped_bytes));
    }
}

/// Shows what is done with models, as it happens.
pub(super) fn watcher(printer: Printer) -> Watcher {
    Watcher::new(move |_, event| {
        if let (Event::Doing { what, .. }, true) = (event, printer.shows_progress) {
            printer.note(format!("  {what}"));
        }
    })
}

/// Shows what a skill logs, as it comes.
pub(super) struct Stderr(pub(super) Printer);

impl Log for Stderr {
    fn log(&self, level: log::Level, message: Escaped) {
        match level {
            log::Level::Debug => tracing::debug!("{message}"),
            log::Level::Info => tracing::info!("{message}"),
            log::Level::Warn | log::Level::Error => self.0.note(format!("  skill: {message}")),
        }
    }

    fn progress(&self, message: Escaped, fraction: Option<f32>) {
        if self.0.shows_progress {
            let part = fraction.map(|part| format!(" {:.0}%", part * 100.0)).unwrap_or_default();
            self.0.note(format!("  {message}{part}"));
        }
    }
}
