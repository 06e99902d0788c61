//! A person at the terminal, whom skills may ask. Nobody is asked where input or stderr is no terminal.

use crate::ambient;
use crate::terminal::printer::Printer;
use crate::terminal::progress::Progress;
use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_runs::{Person, Question};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long an answer is waited for. A run that was left alone goes on with the default then.
const PATIENCE: Duration = Duration::from_secs(300);

/// Asks on the terminal, one question at a time.
struct Terminal {
    printer: Printer,
    progress: Progress,
    turn: Mutex<()>,
}

/// Who can be asked; nobody where there is no terminal, or nobody wants to be.
pub(crate) fn person(printer: Printer, progress: &Progress, no_prompt: bool) -> Option<Arc<dyn Person>> {
    let is_there = !no_prompt && ambient::has_terminal();
    is_there
        .then(|| Arc::new(Terminal { printer, progress: progress.clone(), turn: Mutex::new(()) }) as Arc<dyn Person>)
}

impl Person for Terminal {
    fn answer<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Option<String>> {
        async move {
            let _turn = self.turn.lock().await;
            let _paused = self.progress.pause();
            // What was typed before the question was there answers nothing.
            if !ambient::forget_typed() {
                return None;
            }
            self.show(question);
            tokio::time::timeout(PATIENCE, ambient::typed_line()).await.ok().flatten()
        }
        .boxed()
    }
}

impl Terminal {
    fn show(&self, question: &Question) {
        let Question { from, text, options, default } = question;
        let mut lines = vec![format!("  {from} asks: {text}")];
        lines.extend(options.iter().enumerate().map(|(index, option)| format!("    {}  {option}", index + 1)));
        let minutes = PATIENCE.as_secs() / 60;
        let last = format!("  answer, or Enter for \"{default}\", which is also taken after {minutes} minutes: ");
        self.printer.ask(&lines, &last);
    }
}
