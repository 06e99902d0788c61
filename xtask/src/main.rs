//! Development commands: `cargo xtask COMMAND`.

#![allow(clippy::disallowed_methods, reason = "made of processes and files, and never shipped")]

mod attacks;
mod bench;
mod ci;
mod components;
mod conformance;
mod demo;
mod fuzz;
mod machine;
mod mutants;
mod process;
mod rows;
mod setup;
mod skillbench;
mod test;

use anyhow::{Result, bail};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  setup   installs what building needs (the wasm32-wasip2 target), and builds the bundled skills into target/skills
  demo    builds skillhost, and runs the main job on a sample application with a scripted model
  test    runs every test
  attacks runs the attack corpus row by row, or the rows and groups that are named
  mutants takes the walls away one by one, and shows which attacks notice
  bench   runs the benchmarks; --json FILE writes the figures as one flat object
  skillbench
          runs small tasks on real code with scripted models; with --model PROVIDER:MODEL a real one, and writes a report;
          TASK…, REPOSITORY… or `hostile` names some
  fuzz    runs the fuzz targets, each for 10 minutes; TARGET… names some, --time 1h says how long
  conformance
          runs the cases of a WASI file system through the file guard and on stock WASI, and writes docs/conformance.md;
          only those that contain a word, where words are given
  bindings
          writes what the SDKs' languages need of wit/ anew
  ci      what a change must pass: format, lints, tests, demo

Each command does first what the ones above it need.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("  caused by: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["setup"] => setup::run(),
        ["demo"] => demo::run(),
        ["test", filters @ ..] => test::run(filters),
        ["attacks", rows @ ..] => attacks::run(rows),
        ["mutants", words @ ..] => mutants::run(words),
        ["bench", options @ ..] => bench::run(options),
        ["skillbench", words @ ..] => skillbench::run(words),
        ["fuzz", options @ ..] => fuzz::run(options),
        ["conformance", cases @ ..] => conformance::run(cases),
        ["bindings"] => process::run(process::cargo().args([
            "run",
            "--locked",
            "--quiet",
            "--package",
            "skillhost-bindings",
            "--example",
            "bindings",
        ])),
        ["ci"] => ci::run(),
        [] | ["help" | "-h" | "--help"] => {
            println!("{HELP}");
            Ok(())
        }
        _ => bail!("`cargo xtask {}` is not a command; see `cargo xtask help`", words.join(" ")),
    }
}
