//! `skillhost test`: a skill against its cases.

use crate::args::{Build, Global, Test};
use crate::authoring::cases::{Cases, Loaded, Played, Player, accept, report, show};
use crate::authoring::sources;
use crate::commands::build;
use crate::failure::{Exit, Failure};
use crate::interrupt::{cancelled_by_signal, unless_cancelled};
use crate::reports::{Report, Reporter, Suite};
use crate::terminal::printer::Printer;
use crate::terminal::progress::Progress;
use crate::{block_on, runtime, trace};
use skillhost_engine::Engine;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use tracing::Instrument as _;

pub(crate) fn run(arguments: &Test, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let reporter = Reporter::open(&arguments.reports, printer)?;
    reporter.around("test", &["cases".to_owned()], |told| work(arguments, global, printer, told))
}

fn work(arguments: &Test, global: &Global, printer: Printer, told: &mut Report) -> Result<Exit, Failure> {
    // All of it before a tool chain works for minutes.
    if arguments.component.is_none() {
        check_folder()?;
    }
    let cases = Cases::read(&arguments.filters)?;
    let player = Player::new(global, printer)?;
    let progress = Progress::new(printer);
    let mut round = Round::default();
    let ended = block_on(runtime()?, async {
        let mut cancel = cancelled_by_signal(progress.clone());
        let file = skill(arguments, player.engine(), printer, &mut cancel).await?;
        // Nothing has to be masked: a case's skill is handed no key and no secret, and no server or model is asked.
        trace::begin(&progress, None, None);
        let played = round.play(&player, &cases, &file, arguments.update, (&progress, printer));
        unless_cancelled(&mut cancel, played).await
    })?;
    let Some((exit, suite)) = round.tell(&cases, ended.as_ref().err(), printer) else {
        return ended.map(|()| Exit::Done);
    };
    told.suites.push(suite);
    // Programs have their one document already.
    ended.err().iter().for_each(|failure| printer.explain(failure));
    Ok(exit)
}

/// Whether a skill is here at all.
pub(super) fn check_folder() -> Result<(), Failure> {
    if crate::ambient::exists(Path::new(build::MANIFEST)) {
        return Ok(());
    }
    Err(Failure::new(Exit::Configuration, format!("there is no {} here", build::MANIFEST))
        .hint("test in a skill's folder (-C DIR), or begin one: skillhost new NAME --lang rust"))
}

/// The skill that is tested.
async fn skill(
    arguments: &Test,
    engine: &Arc<Engine>,
    printer: Printer,
    cancel: &mut watch::Receiver<bool>,
) -> Result<PathBuf, Failure> {
    if let Some(file) = &arguments.component {
        return Ok(file.clone());
    }
    if arguments.no_build {
        let (_, manifest) = build::read_manifest(Path::new(build::MANIFEST))?;
        let file = build::usual_place(&manifest);
        if !crate::ambient::exists(&file) {
            return Err(Failure::new(Exit::Usage, format!("{} is not there", file.display()))
                .hint("leave --no-build away, or build it: skillhost build"));
        }
        if let Some(source) = sources::newer(Path::new(build::MANIFEST), &file) {
            let (file, source) = (file.display(), source.display());
            printer.warn(format!("{source} is newer than {file}, which is tested as it is: leave --no-build away"));
        }
        return Ok(file);
    }
    built(engine, printer, cancel).await
}

/// Builds the skill of this folder.
pub(super) async fn built(
    engine: &Arc<Engine>,
    printer: Printer,
    cancel: &mut watch::Receiver<bool>,
) -> Result<PathBuf, Failure> {
    let arguments = Build { component: None, manifest: PathBuf::from(build::MANIFEST), out: None, keep_debug: false };
    let built = build::build(&arguments, engine, printer, cancel).await?;
    let (file, kb) = (built.file.display(), built.found.size_bytes.div_ceil(1000));
    printer.note(format!("built {file}, {kb} KB"));
    Ok(built.file)
}

/// A skill, and what was played of its cases so far: that is told, too, where the rest can't be played.
#[derive(Default)]
pub(super) struct Round {
    loaded: Option<Loaded>,
    played: Vec<Played>,
    shown: usize,
    /// Of what differs.
    kept_bytes: usize,
}

impl Round {
    /// Plays all cases, one after the other.
    pub(super) async fn play(
        &mut self,
        player: &Player,
        cases: &Cases,
        file: &Path,
        updates: bool,
        (progress, printer): (&Progress, Printer),
    ) -> Result<(), Failure> {
        let loaded = player.load(file, progress).await?;
        player.check(&loaded, cases)?;
        let loaded = self.loaded.insert(loaded);
        for chosen in &cases.chosen {
            // Says whose its calls are, for whoever traces them.
            let span = tracing::trace_span!("case", case = cases.case(*chosen).name.as_str());
            let mut played = player.play(loaded, cases, *chosen).instrument(span).await?;
            if !updates {
                show(cases, &played, printer);
                self.shown += 1;
            }
            if !played.keep(&mut self.kept_bytes, updates) {
                printer.warn(format!("{}: too much differs in all cases to keep it; name fewer", cases.place(*chosen)));
            }
            self.played.push(played);
        }
        if updates { accept(cases, &mut self.played, printer) } else { Ok(()) }
    }

    /// Tells what came of it, and what for reports; nothing where none was played.
    pub(super) fn tell(&self, cases: &Cases, failure: Option<&Failure>, printer: Printer) -> Option<(Exit, Suite)> {
        let loaded = self.loaded.as_ref().filter(|_| !self.played.is_empty())?;
        self.played[self.shown..].iter().for_each(|played| show(cases, played, printer));
        Some(report(cases, &self.played, loaded.skill.inspection(), failure, printer))
    }
}
