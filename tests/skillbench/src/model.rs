//! The same tasks with a real model: how many it solves, in how many turns, and for how much.

use crate::judge::Judge;
use crate::place::Place;
use crate::ran::Ran;
use crate::task::Task;
use anyhow::{Result, bail};
use serde::Serialize;

/// What became of one task.
#[derive(Debug, Serialize)]
pub(crate) struct Attempt {
    pub(crate) task: String,
    pub(crate) language: String,
    /// The pull request is ready, and the hidden tests pass.
    pub(crate) solved: bool,
    /// What the product says.
    pub(crate) ready: bool,
    /// What the hidden tests say, of a draft too.
    pub(crate) right: bool,
    pub(crate) exit_code: Option<i32>,
    /// Model calls.
    pub(crate) turns: usize,
    pub(crate) tokens: u64,
    /// None where the model's price is unknown.
    pub(crate) cost_usd: Option<f64>,
    pub(crate) seconds: f64,
    /// Why it is not ready.
    pub(crate) reason: String,
}

/// Lets a model work on a task, with the user's configuration.
///
/// # Errors
/// Where the program can't even begin: what is wrong with the configuration is wrong with every task.
pub(crate) fn attempt(place: &Place, judge: &Judge, task: &Task, model: &str) -> Result<Attempt> {
    let site = place.site(task, &task.id())?;
    let ran = Ran::with_model(place.users_command(&site.state), &site, &task.data.goal, model)?;
    if matches!(ran.code, Some(2 | 3)) {
        bail!("{}: {}", task.id(), ran.stderr.trim());
    }
    let right = match ran.head() {
        Some(head) => judge.judge(place, &site, task, head)?.passed,
        None => false,
    };
    let ready = ran.is_ready();
    // A header, and one line for each call.
    let recorded = std::fs::read_to_string(&site.recording).unwrap_or_default().lines().count();
    Ok(Attempt {
        task: task.id(),
        language: format!("{:?}", task.language()),
        solved: ready && right,
        ready,
        right,
        exit_code: ran.code,
        turns: recorded.saturating_sub(1),
        tokens: ran.tokens(),
        cost_usd: ran.cost().map(|cost| cost as f64 / 1e6),
        seconds: (ran.time.as_secs_f64() * 10.0).round() / 10.0,
        reason: ran.reason(),
    })
}
