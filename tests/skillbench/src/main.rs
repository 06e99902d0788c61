//! A measure of quality: small tasks on code that nobody here wrote, each judged by tests that nobody who works sees.
//!
//! With scripts it shows that the product lets good work through and nothing else: the script of a model that knows what to
//! do has to end ready, and one that misbehaves must not. With a real model it tells how many of the tasks it solves.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measuring program: it works on the machine, and what it prints is its result"
)]

mod folder;
mod hostile;
mod judge;
mod language;
mod place;
mod ran;
mod registry;
mod script;
mod strong;
mod suite;
mod task;

use anyhow::{Context, Result, bail, ensure};
use judge::Judge;
use place::Place;
use std::path::PathBuf;
use std::process::ExitCode;
use suite::Outcome;

const USAGE: &str = "skillhost-skillbench [--program FILE] [--jobs N] [--json FILE] [TASK | REPOSITORY | hostile]…";

/// Runs at once: a run mostly waits for its tests.
const JOBS: usize = 2;

fn main() -> ExitCode {
    // The command sandbox starts this program again as its init.
    skillhost_sandbox::init_if_requested();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    program: PathBuf,
    jobs: usize,
    json: Option<PathBuf>,
    wanted: Vec<String>,
}

impl Options {
    fn read() -> Result<Self> {
        let program = folder::root().join("target/debug/skillhost");
        let mut options = Self { program, jobs: JOBS, json: None, wanted: Vec::new() };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value; usage: {USAGE}"));
            match word.as_str() {
                "--program" => options.program = value()?.into(),
                "--jobs" => options.jobs = value()?.parse().context("--jobs")?,
                "--json" => options.json = Some(value()?.into()),
                _ if word.starts_with('-') => bail!("`{word}` is no part of: {USAGE}"),
                _ => options.wanted.push(word),
            }
        }
        Ok(options)
    }

    /// Whether a task or a script is among what was named, by its whole name or the part before the stroke.
    fn wants(&self, id: &str) -> bool {
        let named = |word: &String| id == word || id.strip_prefix(word.as_str()).is_some_and(|it| it.starts_with('/'));
        self.wanted.is_empty() || self.wanted.iter().any(named)
    }
}

fn run() -> Result<()> {
    let options = Options::read()?;
    let all = task::all()?;
    let tasks: Vec<_> = all.iter().filter(|task| options.wants(&task.id())).collect();
    let hostile = hostile::all(&all)?;
    let hostile: Vec<_> = hostile.iter().filter(|(it, _)| options.wants(&format!("hostile/{}", it.name))).collect();
    ensure!(!tasks.is_empty() || !hostile.is_empty(), "nothing is named so: {}", options.wanted.join(", "));

    let place = Place::new(&options.program)?;
    place.add_tools("")?;
    place.warm()?;
    let judge = Judge::new(&place)?;
    let strong = suite::side_by_side(&tasks, options.jobs, |task| show(suite::strong(&place, &judge, task)));
    let hostile = suite::side_by_side(&hostile, options.jobs, |(it, task)| show(suite::hostile(&place, it, task)));

    let solved = strong.iter().filter(|it| it.faults.is_empty()).count();
    let ready = hostile.iter().filter(|it| it.is_ready).count();
    let ratio = solved as f64 / strong.len().max(1) as f64;
    println!("skillbench.tasks {}", strong.len());
    println!("skillbench.scripted_solved_ratio {ratio:.2}");
    println!("skillbench.hostile_ready {ready} of {}", hostile.len());
    if let Some(file) = &options.json {
        let figures = serde_json::json!({
            "skillbench.tasks": strong.len(), "skillbench.scripted_solved_ratio": ratio, "skillbench.hostile_ready": ready,
        });
        std::fs::write(file, format!("{figures:#}\n")).with_context(|| file.display().to_string())?;
    }
    let wrong = strong.iter().chain(&hostile).filter(|it| !it.faults.is_empty()).count();
    ensure!(wrong == 0, "{wrong} did not end as they must");
    Ok(())
}

/// A row of the table, as soon as it is known.
fn show(outcome: Outcome) -> Outcome {
    let Outcome { id, faults, calls, seconds, reason, open, .. } = &outcome;
    let (verdict, reason) = match (open, outcome.is_ready) {
        _ if !faults.is_empty() => ("WRONG", brief(reason)),
        (Some(rule), true) => ("open", format!("ready, for want of: {rule}")),
        (Some(_), false) => ("closed", format!("no longer ready: take its mark away. {}", brief(reason))),
        (None, _) => ("ok", brief(reason)),
    };
    println!("{id:<40} {verdict:<6} {calls:>4} calls {seconds:>6.1} s  {reason}");
    for fault in faults {
        println!("    {fault}");
    }
    outcome
}

fn brief(text: &str) -> String {
    text.chars().take(110).collect()
}
