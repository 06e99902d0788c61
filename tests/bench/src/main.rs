//! The benchmarks: what the host costs, each time against the same work without it.
//!
//! Ratios, since machines differ and are shared: both sides run in turn, and medians of several rounds are compared.
//! `cargo xtask bench` builds what is needed and starts this program.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measuring program: it works on the machine, and what it prints is its result"
)]

mod call;
mod figures;
mod files;
mod floor;
mod host;
mod hostile;
mod install;
mod languages;
mod network;
mod peer;
mod program;
mod review;
mod rounds;
mod sandbox;
mod simulation;
mod turns;
mod worktrees;

use anyhow::{Context, Result, bail};
use figures::Figures;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

const USAGE: &str = "skillhost-bench [--smoke] [--json FILE] [call | cli | files | hostile | install | languages | loop | network | review | sandbox | worktrees]…";

static SMOKE: AtomicBool = AtomicBool::new(false);

/// Whether this only shows that everything can be measured: one round, the program as the tests have it, and no peer.
fn is_smoke() -> bool {
    SMOKE.load(Ordering::Relaxed)
}

fn main() -> ExitCode {
    // The command sandbox starts this program again as its init, and the engine to compile components.
    skillhost_sandbox::init_if_requested();
    if let Some(code) = skillhost_engine::job_if_requested() {
        return ExitCode::from(code);
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

type Group = (&'static str, fn(&mut Figures) -> Result<()>);

const GROUPS: [Group; 11] = [
    ("call", call::measure),
    ("cli", program::measure),
    ("files", files::measure),
    ("hostile", hostile::measure),
    ("install", install::measure),
    ("languages", languages::measure),
    ("loop", turns::measure),
    ("network", network::measure),
    ("review", review::measure),
    ("sandbox", sandbox::measure),
    ("worktrees", worktrees::measure),
];

fn run() -> Result<()> {
    let mut json: Option<PathBuf> = None;
    let mut wanted = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => json = Some(words.next().context("--json needs a file")?.into()),
            "--smoke" => SMOKE.store(true, Ordering::Relaxed),
            name if GROUPS.iter().any(|(group, _)| *group == name) => wanted.push(word),
            _ => bail!("`{word}` is no part of: {USAGE}"),
        }
    }
    std::fs::create_dir_all(work_folder())?;
    let mut figures = Figures::default();
    for (name, measure) in GROUPS {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            eprintln!("Measuring    {name}");
            measure(&mut figures).with_context(|| name.to_owned())?;
        }
    }
    print!("{figures}");
    if let Some(file) = json {
        std::fs::write(&file, figures.to_json()).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// The workspace's build folder.
fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")
}

/// Where the benchmarks keep what they make.
fn work_folder() -> PathBuf {
    target().join("bench")
}

/// A guest that `cargo xtask bench` has built.
fn guest(name: &str) -> Result<Vec<u8>> {
    let file = target().join("guests").join(format!("{name}.wasm"));
    std::fs::read(&file).with_context(|| format!("{} is missing; `cargo xtask bench` builds it", file.display()))
}

/// A folder in memory where the machine has one: creating many files on a disk drifts from round to round.
fn memory_folder() -> Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    Ok(if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }?)
}
