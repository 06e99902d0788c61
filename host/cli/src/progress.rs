//! What people see while runs work: one line for each run on a terminal, one line for each change of phase elsewhere.

use crate::commands::runs::cost;
use crate::printer::{Printer, line};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use skillhost_core::name::RunId;
use skillhost_runs::event::{Event, Watcher};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Waiting is shown after this.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// What a phase came to is told in one line, in characters; `skillhost show` has all of it.
const NOTE_CHARS: usize = 72;

/// Shows events of all runs of this program.
#[derive(Clone)]
pub(crate) struct Progress {
    printer: Printer,
    bars: MultiProgress,
    lines: Arc<Mutex<BTreeMap<RunId, Line>>>,
    /// What is to be said once the terminal is free again; none where it is.
    held: Arc<Mutex<Option<Vec<Said>>>>,
}

struct Line {
    bar: Option<ProgressBar>,
    phase: String,
    doing: String,
    tokens: u64,
    cost_micro_usd: Option<u64>,
}

enum Said {
    Note(String),
    Warning(String),
}

/// While this lives, the terminal belongs to a question.
pub(crate) struct Paused<'a>(&'a Progress);

impl Progress {
    pub(crate) fn new(printer: Printer) -> Self {
        Self { printer, bars: MultiProgress::new(), lines: Arc::default(), held: Arc::default() }
    }

    pub(crate) fn watcher(&self) -> Watcher {
        let progress = self.clone();
        Watcher::new(move |run, event| progress.show(run, event))
    }

    /// A line that stays.
    pub(crate) fn say(&self, text: impl std::fmt::Display) {
        self.tell(Said::Note(text.to_string()));
    }

    /// A warning that stays, however quiet the program is.
    pub(crate) fn warn(&self, text: impl std::fmt::Display) {
        self.tell(Said::Warning(text.to_string()));
    }

    fn tell(&self, said: Said) {
        if let Some(held) = self.held.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            held.push(said);
            return;
        }
        match said {
            // Above the live lines.
            Said::Note(text) if self.printer.shows_progress => drop(self.bars.println(line(text))),
            Said::Warning(text) if self.printer.shows_progress => drop(self.bars.println(self.printer.warning(text))),
            Said::Note(text) => self.printer.note(text),
            Said::Warning(text) => self.printer.warn(text),
        }
    }

    /// Takes the live lines off the terminal, and keeps what is said for later.
    pub(crate) fn pause(&self) -> Paused<'_> {
        // Nothing that ends between the two is lost: it is drawn once more afterwards.
        let _ = self.bars.clear();
        self.bars.set_draw_target(ProgressDrawTarget::hidden());
        self.held.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
        Paused(self)
    }

    /// Waits, and says for what where it takes long.
    pub(crate) async fn waiting<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        let show = || {
            let bar = self.printer.shows_progress.then(|| self.bar());
            if let Some(bar) = &bar {
                bar.set_message(line(what));
            }
            Cleared(bar)
        };
        shown_after(SHOWN_AFTER, show, future).await
    }

    fn show(&self, run: &RunId, event: Event) {
        let Ok(mut lines) = self.lines.lock() else { return };
        match event {
            Event::Started { goal, branch, base } => {
                self.say(format!("  goal   {goal}"));
                self.say(format!("  run    {run} · branch {branch} · base {base}"));
                let bar = self.printer.shows_progress.then(|| self.bar());
                lines.insert(
                    run.clone(),
                    Line { bar, phase: String::new(), doing: String::new(), tokens: 0, cost_micro_usd: Some(0) },
                );
            }
            Event::PhaseStarted { phase, round, .. } => update(&mut lines, run, |line| {
                line.phase = if round > 1 { format!("{phase} ({round})") } else { phase.to_string() };
                line.doing.clear();
            }),
            Event::Doing { what, .. } => update(&mut lines, run, |line| line.doing = format!("▸ {what}")),
            Event::Spent { tokens, cost_micro_usd } => update(&mut lines, run, |line| {
                (line.tokens, line.cost_micro_usd) = (tokens, cost_micro_usd);
            }),
            Event::PhaseEnded { name, by, is_good, note, duration_ms } => {
                let mark = if is_good { "✓" } else { "•" };
                let seconds = Duration::from_millis(duration_ms).as_secs_f64();
                let which = if lines.len() > 1 { format!("{run}  ") } else { String::new() };
                let note = cut(&note.to_string());
                self.say(format!("  {which}{mark} {name:<13} {by:<18} {note}  {seconds:.1}s"));
            }
            Event::Warning(text) => {
                let which = if lines.len() > 1 { format!("{run}: ") } else { String::new() };
                self.warn(format!("{which}{text}"));
            }
            _ => {}
        }
    }

    fn bar(&self) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new_spinner());
        // What is cut where the terminal is narrow is what the run is doing, never what it costs.
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {wide_msg} {prefix} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        bar
    }

    /// A run is over: its live line goes.
    pub(crate) fn end(&self, run: &RunId) {
        if let Ok(mut lines) = self.lines.lock()
            && let Some(line) = lines.get_mut(run)
            && let Some(bar) = line.bar.take()
        {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        let Self(progress) = self;
        progress.bars.set_draw_target(ProgressDrawTarget::stderr());
        let held = progress.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        for said in held.into_iter().flatten() {
            progress.tell(said);
        }
    }
}

fn cut(note: &str) -> String {
    match note.char_indices().nth(NOTE_CHARS) {
        Some((at, _)) => format!("{} …", note.get(..at).unwrap_or_default().trim_end()),
        None => note.to_owned(),
    }
}

/// Waits; where it takes longer than `delay`, what `show` gives lives until the end.
async fn shown_after<T, S>(delay: Duration, show: impl FnOnce() -> S, future: impl Future<Output = T>) -> T {
    let shown = async {
        tokio::time::sleep(delay).await;
        let _shown = show();
        std::future::pending::<std::convert::Infallible>().await
    };
    tokio::select! {
        ended = future => ended,
        never = shown => match never {},
    }
}

/// A live line that goes with this.
struct Cleared(Option<ProgressBar>);

impl Drop for Cleared {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn update(lines: &mut BTreeMap<RunId, Line>, run: &RunId, change: impl FnOnce(&mut Line)) {
    if let Some(shown) = lines.get_mut(run) {
        change(shown);
        if let Some(bar) = &shown.bar {
            bar.set_message(line(format!("{run}  {:<14} {}", shown.phase, shown.doing)));
            bar.set_prefix(format!("{} tok  {}", shown.tokens, cost(shown.cost_micro_usd)));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn a_long_wait_is_shown_until_it_ends() {
        let (shown, seen) = oneshot::channel();
        let alive = Arc::new(());
        let witness = Arc::clone(&alive);
        let show = move || {
            shown.send(()).unwrap();
            witness
        };
        // It ends because it was shown.
        shown_after(Duration::ZERO, show, seen).await.unwrap();
        assert_eq!(Arc::strong_count(&alive), 1, "and then it is gone");
    }

    #[tokio::test]
    async fn a_short_wait_is_not() {
        let waited = shown_after(Duration::MAX, || unreachable!("nothing was long"), async { 7 }).await;
        assert_eq!(waited, 7);
    }
}
