//! What people see while runs work: one line for each run on a terminal, one line for each change of phase elsewhere.

use crate::commands::runs::cost;
use crate::terminal::printer::Printer;
use crate::terminal::{Bar, Label, Line, Live, line};
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
    live: Live,
    works: Arc<Mutex<BTreeMap<RunId, Work>>>,
    /// What is to be said once the terminal is free again; none where it is.
    held: Arc<Mutex<Option<Vec<Line>>>>,
}

/// What one run does.
struct Work {
    bar: Option<Bar>,
    phase: String,
    doing: String,
    tokens: u64,
    cost_micro_usd: Option<u64>,
}

/// While this lives, the terminal belongs to a question.
pub(crate) struct Paused<'a>(&'a Progress);

impl Progress {
    pub(crate) fn new(printer: Printer) -> Self {
        Self { printer, live: Live::default(), works: Arc::default(), held: Arc::default() }
    }

    pub(crate) fn watcher(&self) -> Watcher {
        let progress = self.clone();
        Watcher::new(move |run, event| progress.show(run, event))
    }

    /// A line that stays.
    pub(crate) fn say(&self, text: impl std::fmt::Display) {
        self.tell(Line::plain(text));
    }

    /// A warning that stays, however quiet the program is.
    pub(crate) fn warn(&self, text: impl std::fmt::Display) {
        self.tell(Line::labelled(Label::Warning, text));
    }

    /// A call that is traced: it was asked for, so it is shown however quiet the program is.
    pub(crate) fn trace(&self, text: impl std::fmt::Display) {
        self.tell(Line::labelled(Label::Trace, text));
    }

    fn tell(&self, said: Line) {
        if let Some(held) = self.held.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            held.push(said);
            return;
        }
        if self.printer.shows_progress {
            self.live.write_line(&said, self.printer.has_colour);
        } else {
            self.printer.tell(&said);
        }
    }

    /// Takes the live lines off the terminal, and keeps what is said for later.
    pub(crate) fn pause(&self) -> Paused<'_> {
        // Nothing that ends between the two is lost: it is drawn once more afterwards.
        self.live.hide();
        self.held.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
        Paused(self)
    }

    /// Waits, and says for what where it takes long.
    pub(crate) async fn waiting<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        let show = || {
            let bar = self.printer.shows_progress.then(|| self.live.add());
            if let Some(bar) = &bar {
                bar.say(&line(what));
            }
            bar
        };
        shown_after(SHOWN_AFTER, show, future).await
    }

    fn show(&self, run: &RunId, event: Event) {
        let Ok(mut works) = self.works.lock() else { return };
        match event {
            Event::Started { goal, branch, base } => {
                self.say(format!("  goal   {goal}"));
                self.say(format!("  run    {run} · branch {branch} · base {base}"));
                let bar = self.printer.shows_progress.then(|| self.live.add());
                works.insert(
                    run.clone(),
                    Work { bar, phase: String::new(), doing: String::new(), tokens: 0, cost_micro_usd: Some(0) },
                );
            }
            Event::PhaseStarted { phase, round, .. } => update(&mut works, run, |work| {
                work.phase = if round > 1 { format!("{phase} ({round})") } else { phase.to_string() };
                work.doing.clear();
            }),
            Event::Doing { what, .. } => update(&mut works, run, |work| work.doing = format!("▸ {what}")),
            Event::Spent { tokens, cost_micro_usd } => update(&mut works, run, |work| {
                (work.tokens, work.cost_micro_usd) = (tokens, cost_micro_usd);
            }),
            Event::PhaseEnded { name, by, is_good, note, duration_ms } => {
                let mark = if is_good { "✓" } else { "•" };
                let seconds = Duration::from_millis(duration_ms).as_secs_f64();
                let which = if works.len() > 1 { format!("{run}  ") } else { String::new() };
                let note = cut(&note.to_string());
                self.say(format!("  {which}{mark} {name:<13} {by:<18} {note}  {seconds:.1}s"));
            }
            Event::Warning(text) => {
                let which = if works.len() > 1 { format!("{run}: ") } else { String::new() };
                self.warn(format!("{which}{text}"));
            }
            _ => {}
        }
    }

    /// A run is over: its live line goes.
    pub(crate) fn end(&self, run: &RunId) {
        if let Ok(mut works) = self.works.lock()
            && let Some(work) = works.get_mut(run)
        {
            work.bar = None;
        }
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        let Self(progress) = self;
        progress.live.show();
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

fn update(works: &mut BTreeMap<RunId, Work>, run: &RunId, change: impl FnOnce(&mut Work)) {
    if let Some(work) = works.get_mut(run) {
        change(work);
        if let Some(bar) = &work.bar {
            bar.say(&line(format!("{run}  {:<14} {}", work.phase, work.doing)));
            bar.count(&line(format!("{} tok  {}", work.tokens, cost(work.cost_micro_usd))));
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
