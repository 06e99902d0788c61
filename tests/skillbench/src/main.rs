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
mod model;
mod options;
mod place;
mod ran;
mod registry;
mod report;
mod script;
mod strong;
mod suite;
mod task;

use anyhow::{Context, Result, ensure};
use judge::Judge;
use options::Options;
use place::Place;
use report::Report;
use std::process::ExitCode;
use suite::{Outcome, side_by_side};
use task::Task;

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

fn run() -> Result<()> {
    let options = Options::read(std::env::args().skip(1))?;
    let all = task::all()?;
    let tasks: Vec<&Task> = all.iter().filter(|task| options.wants(&task.id())).collect();
    match &options.model {
        Some(model) => measure(&options, &tasks, model),
        None => play(&options, &all, &tasks),
    }
}

/// All scripts.
fn play(options: &Options, all: &[Task], tasks: &[&Task]) -> Result<()> {
    let hostile = hostile::all(all)?;
    let hostile: Vec<_> = hostile.iter().filter(|(it, _)| options.wants(&format!("hostile/{}", it.name))).collect();
    ensure!(!tasks.is_empty() || !hostile.is_empty(), "nothing is named so: {}", options.wanted.join(", "));
    let place = match &options.keep {
        Some(folder) => Place::with_sites(&options.program, folder)?,
        None => Place::new(&options.program)?,
    };
    place.add_tools("")?;
    place.warm()?;
    let judge = Judge::new(&place)?;
    let strong = side_by_side(tasks, options.jobs, |task| show(suite::strong(&place, &judge, task)));
    let hostile = side_by_side(&hostile, options.jobs, |(it, task)| show(suite::hostile(&place, it, task)));

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
        folder::write(file, &format!("{figures:#}\n"))?;
    }
    let wrong = strong.iter().chain(&hostile).filter(|it| !it.faults.is_empty()).count();
    ensure!(wrong == 0, "{wrong} did not end as they must");
    Ok(())
}

/// A row of the table, as soon as it is known.
fn show(outcome: Outcome) -> Outcome {
    let Outcome { id, faults, calls, seconds, reason, .. } = &outcome;
    let verdict = if faults.is_empty() { "ok" } else { "WRONG" };
    let reason: String = reason.chars().take(110).collect();
    println!("{id:<40} {verdict:<6} {calls:>4} calls {seconds:>6.1} s  {reason}");
    for fault in faults {
        println!("    {fault}");
    }
    outcome
}

/// A real model.
fn measure(options: &Options, tasks: &[&Task], model: &str) -> Result<()> {
    ensure!(!tasks.is_empty(), "no task is named so: {}", options.wanted.join(", "));
    let folder = options.report_folder(model);
    ensure!(!folder.exists(), "{} is there already", folder.display());
    let place = Place::with_sites(&options.program, &folder)?;
    place.add_tools_for_user()?;
    let judge = Judge::new(&place)?;
    let attempts = side_by_side(tasks, options.jobs, |task| {
        let attempt = model::attempt(&place, &judge, task, model);
        if let Ok(attempt) = &attempt {
            println!("{}", report::row(attempt));
        }
        attempt
    });
    let attempts = attempts.into_iter().collect::<Result<Vec<_>>>()?;
    let report = Report::new(model, &place.version()?, attempts);
    report.write(&folder)?;
    println!("{}", report.summary());
    println!("report {}", folder.join("report.md").canonicalize().context("report.md")?.display());
    Ok(())
}
