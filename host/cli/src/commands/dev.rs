//! `skillhost dev`: build and test, again each time that something changes.

mod ambient;
mod builds;
mod watch;

use self::watch::Watch;
use crate::args::{Dev, Global};
use crate::authoring::cases::{Cases, Player};
use crate::commands::test;
use crate::failure::{Exit, Failure};
use crate::interrupt::cancelled_by_signal;
use crate::terminal::printer::Printer;
use crate::terminal::progress::Progress;
use crate::{block_on, runtime};
use std::sync::Arc;

/// Most changed files that are named.
const NAMED: usize = 5;

pub(crate) fn run(arguments: &Dev, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    if printer.is_json() {
        return Err(Failure::new(Exit::Usage, "dev shows its results to people, one after the other")
            .hint("skillhost test --format json gives one document"));
    }
    test::check_folder()?;
    let player = Player::new(global, printer)?;
    let progress = Progress::new(printer);
    block_on(runtime()?, async {
        let mut cancel = cancelled_by_signal(progress.clone());
        let mut watch = Watch::begin(printer).await?;
        loop {
            let ended = tokio::select! {
                biased;
                _ = cancel.wait_for(|is_cancelled| *is_cancelled) => return Ok(Exit::Interrupted),
                ended = round(arguments, &player, &mut watch, &progress, printer) => ended,
            };
            if let Err(failure) = ended {
                printer.explain(&failure);
            }
            printer.note("waiting for a change; Ctrl-C ends");
            let changed = tokio::select! {
                biased;
                _ = cancel.wait_for(|is_cancelled| *is_cancelled) => return Ok(Exit::Interrupted),
                changed = watch.changed() => changed?,
            };
            printer.note(format!("──── changed: {} ────", named(&changed)));
        }
    })?
}

async fn round(
    arguments: &Dev,
    player: &Player,
    watch: &mut Watch,
    progress: &Progress,
    printer: Printer,
) -> Result<(), Failure> {
    let cases = Cases::read(&arguments.filters)?;
    // Elsewhere, so that a signal is heard meanwhile; the tool chain gets it, too, where it comes from a terminal.
    let engine = Arc::clone(player.engine());
    let built = tokio::task::spawn_blocking(move || test::built(&engine, printer)).await;
    let own = watch.built().await?;
    if !own.is_empty() {
        let files = named(&own);
        printer.warn(format!(
            "each build changes {files}, which begins no more rounds: put it into .gitignore; if it was you, save again"
        ));
    }
    let file = built.map_err(|e| Failure::new(Exit::Bug, "the build ended early").because(e))??;
    let mut round = test::Round::default();
    let ended = round.play(player, &cases, &file, false, (progress, printer)).await;
    round.tell(&cases, ended.as_ref().err(), printer);
    ended
}

fn named(files: &[String]) -> String {
    let named = files.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match files.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
