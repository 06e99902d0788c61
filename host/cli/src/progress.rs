//! What people see while runs work: one line for each run on a terminal, one line for each change of phase elsewhere.

use crate::commands::runs::cost;
use crate::printer::Printer;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use skillhost_core::name::RunId;
use skillhost_runs::event::{Event, Watcher};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Shows events of all runs of this program.
#[derive(Clone)]
pub(crate) struct Progress {
    printer: Printer,
    bars: MultiProgress,
    lines: Arc<Mutex<BTreeMap<RunId, Line>>>,
}

struct Line {
    bar: Option<ProgressBar>,
    phase: String,
    doing: String,
    tokens: u64,
    cost_micro_usd: Option<u64>,
}

impl Progress {
    pub(crate) fn new(printer: Printer) -> Self {
        Self { printer, bars: MultiProgress::new(), lines: Arc::default() }
    }

    pub(crate) fn watcher(&self) -> Watcher {
        let progress = self.clone();
        Watcher::new(move |run, event| progress.show(run, event))
    }

    /// A line that stays.
    pub(crate) fn say(&self, text: impl std::fmt::Display) {
        if self.printer.shows_progress {
            // Above the live lines.
            let _ = self.bars.println(text.to_string());
        } else {
            self.printer.note(text);
        }
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
                self.say(format!("  {which}{mark} {name:<13} {by:<18} {note}  {seconds:.1}s"));
            }
            Event::Warning(text) => self.say(format!("  ! {text}")),
            _ => {}
        }
    }

    fn bar(&self) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {wide_msg} {elapsed}") {
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

fn update(lines: &mut BTreeMap<RunId, Line>, run: &RunId, change: impl FnOnce(&mut Line)) {
    if let Some(line) = lines.get_mut(run) {
        change(line);
        if let Some(bar) = &line.bar {
            let cost = cost(line.cost_micro_usd);
            bar.set_message(format!("{run}  {:<14} {:<44} {} tok  {cost}", line.phase, line.doing, line.tokens));
        }
    }
}
