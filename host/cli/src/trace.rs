//! `--trace`: each call of a skill to the host, with its arguments, its result, and how long it took.
//!
//! The code that hands calls over is made by `bindgen!`, here and in Wasmtime, and tells each one as events of `tracing`: so
//! all interfaces are covered, and where nobody listens it costs what looking at a number does. Whose a call is stands in
//! the spans around it. What is told is the guest's: it is cut, masked as everything else is, and escaped.

mod ambient;
mod calling;
mod file;
mod text;
mod whose;

use self::calling::Calling;
use self::file::TraceFile;
use self::whose::Whose;
use crate::args::Command;
use crate::failure::Failure;
use crate::terminal::progress::Progress;
use skillhost_models::Models;
use skillhost_runs::web::Web;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use tracing::callsite::rebuild_interest_cache;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt as _, Targets, dynamic_filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// Calls that are told; a guest can make millions.
const MAX_CALLS: u64 = 100_000;
/// Whose events are looked at: the code that bindings are, and what says whose the calls are.
const SOURCES: [&str; 9] = [
    "skillhost_engine::contract",
    "skillhost_engine::files::bindings",
    "skillhost_engine::call",
    "skillhost_runs::state",
    "skillhost::commands::test",
    "wasi::http",
    "wasmtime_wasi",
    "wasmtime_wasi_io",
    "wasmtime_wasi_http",
];
/// What bindings call the span around a call.
const IMPORT: &str = "wit-bindgen import";
/// The spans that say whose a call is.
const WHOSE: [&str; 3] = ["case", "turn", "skill"];

/// What has to be known before a call may be told.
struct Begun {
    /// Takes secrets out of a text.
    mask: Box<dyn Fn(&str) -> String + Send + Sync>,
    progress: Progress,
}

static BEGUN: OnceLock<Begun> = OnceLock::new();

/// From here on calls are told; none before. The keys of these models and the secrets of that web are taken out.
pub(crate) fn begin(progress: &Progress, models: Option<Arc<Models>>, web: Option<Web>) {
    let mask = move |text: &str| {
        let text = models.as_ref().map_or_else(|| text.to_owned(), |models| models.scrub(text));
        web.as_ref().map_or_else(|| text.clone(), |web| web.scrub(&text))
    };
    // A program runs for one command, which begins once.
    let _ = BEGUN.set(Begun { mask: Box::new(mask), progress: progress.clone() });
}

/// Nothing of a text before it is known what to take out.
fn masked(text: &str) -> String {
    BEGUN.get().map(|begun| (begun.mask)(text)).unwrap_or_default()
}

impl Command {
    /// What the command line wants to see of calls.
    pub(crate) fn tracer(&self) -> Result<Option<Tracer>, Failure> {
        let (wanted, reports, record) = match self {
            Self::Call(call) => (&call.traced, &call.reports, call.models.record.as_deref()),
            Self::Run(run) => (&run.traced, &run.reports, run.models.record.as_deref()),
            Self::Test(test) => (&test.traced, &test.reports, None),
            _ => return Ok(None),
        };
        let reports = reports.iter().map(|report| ("--report", report.file()));
        let others: Vec<_> = reports.chain(record.map(|file| ("--record", file))).collect();
        wanted.trace.as_ref().map(|file| Tracer::open(file.as_deref(), &others)).transpose()
    }
}

/// Where calls are told.
pub(crate) struct Tracer {
    to: To,
    told: Arc<AtomicU64>,
}

enum To {
    /// stderr, a line for each.
    People,
    /// A file, an object for each.
    Programs(TraceFile),
}

impl Tracer {
    /// On stderr for people, or in a file for programs that nothing else goes to.
    fn open(file: Option<&Path>, others: &[(&str, &Path)]) -> Result<Self, Failure> {
        let to = file.map_or(Ok(To::People), |path| TraceFile::open(path, others).map(To::Programs))?;
        Ok(Self { to, told: Arc::default() })
    }

    /// What listens.
    pub(crate) fn layer<S>(self) -> impl Layer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let told = Arc::clone(&self.told);
        // Asked before a span is made: calls that are not told any more are not looked at, but for the first of them,
        // which says so. From there on the bindings themselves know that nobody listens.
        let is_open = move || told.load(Relaxed) <= MAX_CALLS;
        let knows = is_open.clone();
        let is_open = dynamic_filter_fn(move |_, _| is_open() && BEGUN.get().is_some())
            .with_callsite_filter(move |_| if knows() { Interest::sometimes() } else { Interest::never() });
        let sources = Targets::new().with_targets(SOURCES.map(|source| (source, Level::TRACE)));
        Listener(self).with_filter(sources.and(is_open))
    }

    fn tell(&self, whose: &Whose, calling: &Calling) {
        let Some(Begun { progress, .. }) = BEGUN.get() else { return };
        match self.told.fetch_add(1, Relaxed) {
            ..MAX_CALLS => match &self.to {
                To::People => progress.trace(calling.line(whose)),
                To::Programs(file) => file.write(&calling.document(whose), progress),
            },
            MAX_CALLS => {
                progress.warn(format!("trace: it shows {MAX_CALLS} calls, and no more"));
                rebuild_interest_cache();
            }
            _ => {}
        }
    }
}

struct Listener(Tracer);

impl<S> Layer<S> for Listener
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if span.name() == IMPORT {
            span.extensions_mut().insert(Calling::new(attributes));
        } else if WHOSE.contains(&span.name()) {
            let whose = whose(&span).and(attributes);
            span.extensions_mut().insert(Arc::new(whose));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(span) = context.event_span(event) else { return };
        // What the host's own code says within a call is another event.
        if span.name() != IMPORT || !is_same_place(span.metadata(), event.metadata()) {
            return;
        }
        if let Some(calling) = span.extensions_mut().get_mut::<Calling>()
            && calling.take(event)
        {
            self.0.tell(&around(&span), calling);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(calling) = span.extensions().get::<Calling>().filter(|calling| calling.is_open()) {
            self.0.tell(&around(&span), calling);
        }
    }
}

/// Whose what is in a span is.
fn whose<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Arc<Whose> {
    span.scope().find_map(|span| span.extensions().get::<Arc<Whose>>().cloned()).unwrap_or_default()
}

/// The same, of a span that is being looked at itself.
fn around<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Arc<Whose> {
    span.parent().map(|parent| whose(&parent)).unwrap_or_default()
}

fn is_same_place(span: &Metadata<'_>, event: &Metadata<'_>) -> bool {
    span.target() == event.target()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::terminal::printer::{Color, Format, Printer};
    use serde_json::{Value, json};
    use std::cell::Cell;
    use std::fmt::{Debug, Formatter};
    use tracing_subscriber::layer::SubscriberExt as _;

    /// A call as bindings tell one.
    fn call(argument: &dyn Debug, is_answered: bool) {
        let span =
            tracing::trace_span!(target: "wasi::http::x_y", "wit-bindgen import", module = "x-y", function = "f");
        let _enter = span.enter();
        tracing::trace!(target: "wasi::http::x_y", an_argument = ?argument, "call");
        tracing::trace!(target: "skillhost_engine::call", "something of the host's");
        if is_answered {
            tracing::trace!(target: "wasi::http::x_y", result = ?Ok::<_, ()>(7), "return");
        }
    }

    fn traced(told: u64, work: impl FnOnce()) -> Vec<Value> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trace.jsonl");
        begin(&Progress::new(Printer::new(Format::Human, Color::Never, true, true, true)), None, None);
        let tracer = Tracer::open(Some(&file), &[]).unwrap();
        tracer.told.store(told, Relaxed);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(tracer.layer()), work);
        let text = std::fs::read_to_string(file).unwrap();
        assert!(!text.contains('\u{1b}'));
        text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_call_is_told_with_whose_it_is_and_with_its_answer_or_as_one_without() {
        let told = traced(0, || {
            let turn = tracing::trace_span!(target: "skillhost_runs::state", "turn", run = %"7f3k", round = 2_u32);
            let skill = turn
                .in_scope(|| tracing::trace_span!(target: "skillhost_engine::call", "skill", skill = "pro\u{1b}be"));
            skill.in_scope(|| call(&"\u{1b}[2J", true));
            call(&1, false);
        });
        assert_eq!(told.len(), 2);
        assert_eq!(
            (&told[0]["run"], &told[0]["round"], &told[0]["skill"], &told[0]["import"]),
            (&json!("7f3k"), &json!(2), &json!("pro\\u{1b}be"), &json!("wasi:http/x-y"))
        );
        assert_eq!(told[0]["arguments"], json!({ "an-argument": "\"\\u{1b}[2J\"" }));
        assert_eq!((&told[0]["result"], &told[1]["result"]), (&json!("7"), &Value::Null));
        assert_eq!(told[1].get("run"), None);
    }

    /// Counts how often it is written out.
    struct Counting<'a>(&'a Cell<usize>);

    impl Debug for Counting<'_> {
        fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
            self.0.set(self.0.get() + 1);
            f.write_str("counted")
        }
    }

    #[test]
    fn calls_without_end_are_told_and_looked_at_up_to_a_number() {
        let written = Cell::new(0);
        let told = traced(MAX_CALLS - 2, || (0..50).for_each(|_| call(&Counting(&written), true)));
        // And the one that says that there are more.
        assert_eq!((told.len(), written.get()), (2, 3));
    }
}
