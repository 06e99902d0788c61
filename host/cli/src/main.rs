//! `skillhost`: the command line.

mod ambient;
mod args;
mod builtin;
mod commands;
mod equip;
mod failure;
mod grants;
mod models;
mod places;
mod policies;
mod printer;
mod progress;
mod project;
mod skills;

use args::{Cli, Command};
use clap::Parser;
use failure::{Exit, Failure};
use printer::Printer;
use std::process::ExitCode;

fn main() -> ExitCode {
    // This program is also the init of its command sandbox, and its own compiler process.
    skillhost_sandbox::init_if_requested();
    if let Some(code) = skillhost_engine::compile_if_requested() {
        return ExitCode::from(code);
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout and are no error; clap knows.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Usage as u8 } else { 0 });
        }
    };
    let global = &cli.global;
    let no_color = ambient::variable("NO_COLOR").is_some();
    let printer = Printer::new(global.format, global.color, global.quiet, global.no_progress, no_color);
    start_tracing(global.verbose, printer);
    let ended = enter(cli.global.folder.as_deref()).and_then(|()| dispatch(&cli, printer));
    match ended {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(failure) => {
            printer.failure(&failure);
            ExitCode::from(failure.exit as u8)
        }
    }
}

fn enter(folder: Option<&std::path::Path>) -> Result<(), Failure> {
    folder.map_or(Ok(()), |folder| {
        ambient::enter_folder(folder)
            .map_err(|e| Failure::new(Exit::Usage, format!("-C {}: it can't be entered", folder.display())).because(e))
    })
}

fn dispatch(cli: &Cli, printer: Printer) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Call(call) => commands::call::run(call, &cli.global, printer),
        Command::Inspect(inspect) => commands::inspect::run(inspect, printer),
        Command::Completions(completions) => commands::completions::run(completions),
        Command::Doctor(_) => commands::doctor::run(printer),
        Command::Init(init) => commands::init::run(init, printer),
        Command::Run(run) => commands::run::run(run, &cli.global, printer),
        Command::Runs(runs) => commands::runs::run(runs, &cli.global, printer),
        Command::Show(show) => commands::show::run(show, &cli.global, printer),
        Command::Gc(gc) => commands::gc::run(gc, &cli.global, printer),
    }
}

/// Diagnostics of the host itself, on stderr. The environment can't turn them on: what a machine logs is asked for.
fn start_tracing(verbose: u8, printer: printer::Printer) {
    let level = match verbose {
        0 => tracing::Level::WARN,
        1 => tracing::Level::INFO,
        2 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(printer.has_colour)
        .with_max_level(level)
        .with_target(verbose > 1)
        .without_time()
        .compact();
    let _ = subscriber.try_init();
}

/// The runtime that calls and runs use.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    skillhost_engine::runtime().map_err(|e| Failure::new(Exit::Bug, "no threads could be started").because(e))
}

/// How long the program waits, at its end, for what is still at work. What is stuck in the kernel is left behind.
const LAST_WAIT: std::time::Duration = std::time::Duration::from_secs(1);

/// Does the work of a command.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = runtime()?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(LAST_WAIT);
    Ok(done)
}
