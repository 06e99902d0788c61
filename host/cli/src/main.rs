//! `skillhost`: the command line.

mod ambient;
mod args;
mod authoring;
mod calling;
mod commands;
mod failure;
mod installing;
mod interrupt;
mod places;
mod project;
mod reports;
mod terminal;
mod trace;

use args::{Cli, Command};
use clap::{ColorChoice, CommandFactory, FromArgMatches};
use failure::{Exit, Failure};
use std::ffi::OsString;
use std::process::ExitCode;
use terminal::printer::{self, Color, Printer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

fn main() -> ExitCode {
    // This program is also the init of its command sandbox, and its own compiler process.
    skillhost_sandbox::init_if_requested();
    if let Some(code) = skillhost_engine::job_if_requested() {
        return ExitCode::from(code);
    }
    let cli = match parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let global = &cli.global;
    let no_color = ambient::variable("NO_COLOR").is_some();
    let printer = Printer::new(global.format, global.color, global.quiet, global.no_progress, no_color);
    tell_of_panics(printer);
    let ended = caught(|| {
        enter(global.folder.as_deref())?;
        start_tracing(global.verbose, cli.command.tracer()?);
        dispatch(&cli, printer)
    });
    let exit = ended.unwrap_or_else(|failure| {
        printer.failure(&failure);
        failure.exit
    });
    let written = printer.finish().map_or_else(
        |failure| {
            printer.explain(&failure);
            failure.exit
        },
        |()| Exit::Done,
    );
    ExitCode::from(exit.worse(written) as u8)
}

/// Reads the command line; what can't be read is explained, in the colours that it asks for.
fn parse() -> Result<Cli, ExitCode> {
    let arguments = ambient::arguments();
    let color = match printer::color_in(&arguments) {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let read = |arguments: Vec<OsString>| {
        let name = std::iter::once(OsString::from("skillhost"));
        let parsed = Cli::command().color(color).try_get_matches_from(name.chain(arguments));
        parsed.and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches))
    };
    read(arguments.clone()).map_err(|error| {
        // What clap shows has colours of its own, and quotes the arguments: so it is made again of escaped ones.
        let escaped = |argument: &OsString| terminal::line(argument.to_string_lossy()).to_string().into();
        let shown = read(arguments.iter().map(escaped).collect()).err();
        // Help and version go to stdout and are no error; clap knows.
        let printed = shown.unwrap_or_else(|| clap::Error::new(error.kind())).print();
        let is_lost = printed.is_err_and(|e| e.kind() != std::io::ErrorKind::BrokenPipe);
        let exit = match (error.use_stderr(), is_lost) {
            (true, _) => Exit::Usage,
            (false, true) => Exit::Limit,
            (false, false) => Exit::Done,
        };
        ExitCode::from(exit as u8)
    })
}

/// A panic is a bug, wherever it happens; what it says may hold what others wrote.
fn tell_of_panics(printer: Printer) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
        let said = panic.payload_as_str().unwrap_or("it doesn't say why");
        printer.warn(format!("a part of the program panicked{place}: {said}"));
    }));
}

/// Does the work, and takes a panic in it for what it is.
fn caught(work: impl FnOnce() -> Result<Exit, Failure>) -> Result<Exit, Failure> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Failure::new(Exit::Bug, "skillhost ended because of a bug of its own")
            .hint("please report it, with the warning above; what runs left is kept: skillhost runs"))
    })
}

fn enter(folder: Option<&std::path::Path>) -> Result<(), Failure> {
    folder.map_or(Ok(()), |folder| {
        ambient::enter_folder(folder)
            .map_err(|e| Failure::new(Exit::Usage, format!("-C {}: it can't be entered", folder.display())).because(e))
    })
}

fn dispatch(cli: &Cli, printer: Printer) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Add(add) => commands::add::run(add, &cli.global, printer),
        Command::Remove(remove) => commands::remove::run(remove, &cli.global, printer),
        Command::List(list) => commands::list::run(list, &cli.global, printer),
        Command::Test(test) => commands::test::run(test, &cli.global, printer),
        Command::Dev(dev) => commands::dev::run(dev, &cli.global, printer),
        Command::Update(update) => commands::update::run(update, &cli.global, printer),
        Command::Sync(sync) => commands::sync::run(sync, &cli.global, printer),
        Command::Build(build) => commands::build::run(build, &cli.global, printer),
        Command::Call(call) => commands::call::run(call, &cli.global, printer),
        Command::Inspect(inspect) => commands::inspect::run(inspect, &cli.global, printer),
        Command::Completions(completions) => commands::completions::run(completions, printer),
        Command::Doctor(doctor) => commands::doctor::run(doctor, printer),
        Command::Init(init) => commands::init::run(init, printer),
        Command::New(new) => commands::new::run(new, printer),
        Command::Push(push) => commands::push::run(push, &cli.global, printer),
        Command::Run(run) => commands::run::run(run, &cli.global, printer),
        Command::Runs(runs) => commands::runs::run(runs, &cli.global, printer),
        Command::Show(show) => commands::show::run(show, &cli.global, printer),
        Command::Sign(sign) => commands::sign::run(sign, &cli.global, printer),
        Command::Keys(keys) => commands::keys::run(keys, &cli.global, printer),
        Command::Gc(gc) => commands::gc::run(gc, &cli.global, printer),
    }
}

/// Diagnostics of the host itself, on stderr; those of libraries are for whoever asks for more. The environment can't turn
/// them on: what a machine logs is asked for.
fn start_tracing(verbose: u8, tracer: Option<trace::Tracer>) {
    let filter = match verbose {
        0 => "skillhost=warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let told = tracing_subscriber::fmt::layer()
        .with_writer(|| printer::Diagnostics)
        .with_ansi(false)
        .with_target(verbose > 1)
        .without_time()
        .compact()
        .with_filter(EnvFilter::new(filter));
    let subscriber = tracing_subscriber::registry().with(told);
    // Without one, nothing asks for the events of calls, and they cost what looking at a number does.
    let _ = match tracer {
        Some(tracer) => subscriber.with(tracer.layer()).try_init(),
        None => subscriber.try_init(),
    };
}

/// The runtime of commands that do one thing at a time.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    started(skillhost_engine::runtime_of_one_call())
}

/// The runtime of many agents side by side.
fn runtime_of_runs() -> Result<tokio::runtime::Runtime, Failure> {
    started(skillhost_engine::runtime())
}

fn started(runtime: std::io::Result<tokio::runtime::Runtime>) -> Result<tokio::runtime::Runtime, Failure> {
    runtime.map_err(|e| Failure::new(Exit::Bug, "no threads could be started").because(e))
}

/// How long the program waits, at its end, for what is still at work. What is stuck in the kernel is left behind.
const LAST_WAIT: std::time::Duration = std::time::Duration::from_secs(1);

/// Does the work of a command.
fn block_on<T>(runtime: tokio::runtime::Runtime, work: impl Future<Output = T>) -> Result<T, Failure> {
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(LAST_WAIT);
    Ok(done)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_panic_is_a_bug_and_nothing_else() {
        let failure = caught(|| panic!("\u{1b}[2J")).unwrap_err();
        assert_eq!(failure.exit as u8, 70);
        let lines: String = failure.lines().iter().map(ToString::to_string).collect();
        assert!(lines.contains("a bug of its own") && lines.contains("hint: "));
        assert_eq!(caught(|| Ok(Exit::Limit)).unwrap(), Exit::Limit);
    }
}
