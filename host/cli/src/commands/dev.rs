//! `skillhost dev`: build and test, again each time that something changes.

mod builds;
mod watch;

use self::watch::Watch;
use crate::args::{Dev, Global};
use crate::authoring::cases::{Cases, Player};
use crate::commands::test;
use crate::failure::{Exit, Failure};
use crate::interrupt::{cancelled_by_signal, unless_cancelled};
use crate::terminal::printer::Printer;
use crate::terminal::progress::Progress;
use crate::{block_on, runtime};
use tokio::sync::watch::Receiver;

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
            match round(arguments, &player, &mut watch, (&progress, printer), &mut cancel).await {
                Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
                Err(failure) => printer.explain(&failure),
                Ok(()) => {}
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
    (progress, printer): (&Progress, Printer),
    cancel: &mut Receiver<bool>,
) -> Result<(), Failure> {
    let cases = Cases::read(&arguments.filters)?;
    let built = test::built(player.engine(), printer, cancel).await;
    let own = watch.built().await?;
    if !own.is_empty() {
        let files = named(&own);
        printer.warn(format!(
            "each build changes {files}, which begins no more rounds: put it into .gitignore; if it was you, save again"
        ));
    }
    let file = built?;
    let mut round = test::Round::default();
    let ended = unless_cancelled(cancel, round.play(player, &cases, &file, false, (progress, printer))).await;
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
