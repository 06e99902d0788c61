//! `--trace`: each call of a skill to the host, with its arguments, its result, and how long it took.
//!
//! The code that hands calls over is made by `bindgen!`, here and in Wasmtime, and tells each one as events of `tracing`: so
//! all interfaces are covered, and where nobody listens it costs what looking at a number does. What is told is the guest's:
//! it is cut, masked as everything else is, and escaped.

mod calling;
mod text;

use self::calling::Calling;
use crate::ambient;
use crate::args::Command;
use crate::failure::{Exit, Failure};
use crate::terminal::printer::Printer;
use serde_json::{Value, json};
use skillhost_core::text::escape_json;
use skillhost_models::Models;
use skillhost_runs::web::Web;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Calls that are told; a guest can make millions.
const MAX_CALLS: u64 = 100_000;
/// Whose events are looked at: the code that bindings are, and the call around them.
const SOURCES: [&str; 7] = [
    "skillhost_engine::contract",
    "skillhost_engine::files::bindings",
    "skillhost_engine::call",
    "wasi::http",
    "wasmtime_wasi",
    "wasmtime_wasi_io",
    "wasmtime_wasi_http",
];
/// What bindings call the span around a call.
const IMPORT: &str = "wit-bindgen import";

/// What takes secrets out of a text.
type Mask = Box<dyn Fn(&str) -> String + Send + Sync>;
static MASK: OnceLock<Mask> = OnceLock::new();

/// From here on, the keys of these models and the secrets of that web are taken out of what is told.
pub(crate) fn mask(models: Option<Arc<Models>>, web: Option<Web>) {
    let mask = move |text: &str| {
        let text = models.as_ref().map_or_else(|| text.to_owned(), |models| models.scrub(text));
        web.as_ref().map_or_else(|| text.clone(), |web| web.scrub(&text))
    };
    // A program calls for one command.
    let _ = MASK.set(Box::new(mask));
}

fn masked(text: &str) -> String {
    MASK.get().map_or_else(|| text.to_owned(), |mask| mask(text))
}

impl Command {
    /// What the command line wants to see of calls.
    pub(crate) fn tracer(&self, printer: Printer) -> Result<Option<Tracer>, Failure> {
        let wanted = match self {
            Self::Call(call) => call.trace.as_ref(),
            _ => None,
        };
        wanted.map(|file| Tracer::open(file.as_deref(), printer)).transpose()
    }
}

/// Where calls are told.
pub(crate) struct Tracer {
    to: To,
    told: AtomicU64,
}

enum To {
    /// stderr, a line for each.
    People(Printer),
    /// A file, an object for each; none once it could not be written.
    Programs(Mutex<Option<File>>, Printer),
}

impl Tracer {
    /// On stderr for people, or in a file for programs.
    pub(crate) fn open(file: Option<&Path>, printer: Printer) -> Result<Self, Failure> {
        let Some(path) = file else { return Ok(Self { to: To::People(printer), told: AtomicU64::new(0) }) };
        let unwritable = |e: std::io::Error| {
            Failure::new(Exit::Usage, format!("--trace={}: it can't be written", path.display())).because(e)
        };
        let mut file = ambient::create(path).map_err(unwritable)?;
        writeln!(file, "{}", json!({ "schema": "skillhost.trace/1" })).map_err(unwritable)?;
        Ok(Self { to: To::Programs(Mutex::new(Some(file)), printer), told: AtomicU64::new(0) })
    }

    /// What listens.
    pub(crate) fn layer<S>(self) -> impl Layer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let targets = SOURCES.map(|source| (source, Level::TRACE));
        Listener(self).with_filter(Targets::new().with_targets(targets))
    }

    fn tell(&self, skill: &str, calling: &Calling) {
        let told = self.told.fetch_add(1, Relaxed);
        match &self.to {
            To::People(printer) if told < MAX_CALLS => printer.note(calling.line(skill)),
            To::Programs(file, printer) if told < MAX_CALLS => write(file, *printer, &calling.document(skill)),
            To::People(printer) | To::Programs(_, printer) if told == MAX_CALLS => {
                printer.warn(format!("trace: it shows {MAX_CALLS} calls, and no more"));
            }
            _ => {}
        }
    }
}

fn write(file: &Mutex<Option<File>>, printer: Printer, document: &Value) {
    let Ok(mut file) = file.lock() else { return };
    let Some(open) = file.as_mut() else { return };
    if let Err(error) = writeln!(open, "{}", escape_json(&document.to_string())) {
        *file = None;
        printer.warn(format!("the trace could not be written further: {error}"));
    }
}

struct Listener(Tracer);

impl<S> Layer<S> for Listener
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        match attributes.metadata().name() {
            IMPORT => span.extensions_mut().insert(Calling::new(attributes)),
            "skill" => span.extensions_mut().insert(text::Fields::of(|fields| attributes.record(fields))),
            _ => {}
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(span) = context.event_span(event) else { return };
        // What the host's own code says within a call is another event.
        if span.name() != IMPORT || !is_same_place(span.metadata(), event.metadata()) {
            return;
        }
        let skill = span.scope().find_map(|span| span.extensions().get::<text::Fields>().map(text::Fields::first));
        if let Some(calling) = span.extensions_mut().get_mut::<Calling>()
            && calling.take(event)
        {
            self.0.tell(&skill.unwrap_or_default(), calling);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let skill = span.scope().find_map(|span| span.extensions().get::<text::Fields>().map(text::Fields::first));
        let extensions = span.extensions();
        if let Some(calling) = extensions.get::<Calling>().filter(|calling| calling.is_open()) {
            self.0.tell(&skill.unwrap_or_default(), calling);
        }
    }
}

fn is_same_place(span: &Metadata<'_>, event: &Metadata<'_>) -> bool {
    span.target() == event.target()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::terminal::printer::{Color, Format};
    use tracing_subscriber::layer::SubscriberExt as _;

    /// A call as bindings tell one.
    fn call(is_answered: bool) {
        let span =
            tracing::trace_span!(target: "wasi::http::x_y", "wit-bindgen import", module = "x-y", function = "f");
        let _enter = span.enter();
        tracing::trace!(target: "wasi::http::x_y", an_argument = ?"\u{1b}[2J", "call");
        tracing::trace!(target: "skillhost_engine::call", "something of the host's");
        if is_answered {
            tracing::trace!(target: "wasi::http::x_y", result = ?Ok::<_, ()>(7), "return");
        }
    }

    fn traced(told: u64, work: impl FnOnce()) -> Vec<Value> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trace.jsonl");
        let printer = Printer::new(Format::Human, Color::Never, true, true, true);
        let tracer = Tracer::open(Some(&file), printer).unwrap();
        tracer.told.store(told, Relaxed);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(tracer.layer()), work);
        let text = std::fs::read_to_string(file).unwrap();
        assert!(!text.contains('\u{1b}'));
        text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_call_is_told_with_its_answer_or_as_one_without() {
        let told = traced(0, || {
            let skill = tracing::trace_span!(target: "skillhost_engine::call", "skill", name = "probe");
            skill.in_scope(|| call(true));
            call(false);
        });
        assert_eq!(told.len(), 2);
        assert_eq!((&told[0]["skill"], &told[0]["import"]), (&json!("probe"), &json!("wasi:http/x-y")));
        assert_eq!(told[0]["arguments"], json!({ "an-argument": "\"\\u{1b}[2J\"" }));
        assert_eq!((&told[0]["result"], &told[1]["result"]), (&json!("7"), &Value::Null));
    }

    #[test]
    fn calls_without_end_are_told_up_to_a_number() {
        assert_eq!(traced(MAX_CALLS - 2, || (0..5).for_each(|_| call(true))).len(), 2);
    }
}
