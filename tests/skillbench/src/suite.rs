//! Runs scripts side by side, and tells for each whether it ended as it must.

use crate::hostile::Hostile;
use crate::judge::Judge;
use crate::place::{Place, Site, git};
use crate::ran::Ran;
use crate::script::{Script, TOKENS_OF_A_CALL};
use crate::strong;
use crate::task::Task;
use anyhow::Result;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How one script ended.
pub(crate) struct Outcome {
    pub(crate) id: String,
    /// Why this is not what it must be; empty where it is.
    pub(crate) faults: Vec<String>,
    pub(crate) is_ready: bool,
    pub(crate) calls: u64,
    pub(crate) seconds: f64,
    /// What the program said of it.
    pub(crate) reason: String,
}

/// Does `work` for each item, `jobs` at once; gives the results in the items' order.
pub(crate) fn side_by_side<T: Sync, R: Send>(items: &[T], jobs: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some((at, item)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
                {
                    let result = work(item);
                    if let Ok(mut done) = done.lock() {
                        done.push((at, result));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The strong script of a task: the pull request is ready, the hidden tests pass, and they failed before.
pub(crate) fn strong(place: &Place, judge: &Judge, task: &Task) -> Outcome {
    let run = || -> Result<Outcome> {
        let site = place.site(task, &task.id())?;
        let base = git(&site.repository, &["rev-parse", "main"])?;
        let ran = play(place, &site, &task.data.goal, &strong::script(task)?)?;
        let mut faults = Vec::new();
        if !ran.is_ready() || ran.code != Some(0) || ran.run["state"] != "ready" {
            faults.push(format!("it is not ready: {}", ran.reason()));
        }
        if ran.run["sandbox"] != "full" {
            faults.push("its commands were not fully sandboxed".to_owned());
        }
        let calls = ran.tokens() / TOKENS_OF_A_CALL;
        let most = strong::most_calls(task);
        if calls > most {
            faults.push(format!("{calls} model calls, more than {most}"));
        }
        if judge.judge(place, &site, task, &base)?.passed {
            faults.push("the hidden tests pass before anything was done".to_owned());
        }
        match ran.head() {
            Some(head) if faults.is_empty() => {
                let verdict = judge.judge(place, &site, task, head)?;
                if !verdict.passed {
                    faults.push(format!("the hidden tests fail: {}", last_lines(&verdict.output)));
                }
            }
            _ => {}
        }
        Ok(outcome(task.id(), faults, &ran))
    };
    run().unwrap_or_else(|error| broken(task.id(), &error))
}

/// A script that misbehaves: whatever it does, nothing that is ready comes of it, and that by a rule of the product, not
/// because the script ended.
pub(crate) fn hostile(place: &Place, hostile: &Hostile, task: &Task) -> Outcome {
    let id = format!("hostile/{}", hostile.name);
    let run = || -> Result<Outcome> {
        let site = place.site_with(task, &id, hostile.files)?;
        let ran = play(place, &site, &task.data.goal, &(hostile.script)(task, &strong::spec(task)?))?;
        let mut faults = Vec::new();
        if ran.is_ready() {
            faults.push("it is ready".to_owned());
        }
        if ran.stderr.contains("the recording has no call") {
            faults.push("the script ended before a rule did".to_owned());
        }
        if ran.run.is_null() {
            faults.push("nothing was run".to_owned());
        }
        Ok(outcome(id.clone(), faults, &ran))
    };
    run().unwrap_or_else(|error| broken(id.clone(), &error))
}

fn play(place: &Place, site: &Site, goal: &str, script: &Script) -> Result<Ran> {
    let file = site.state.with_file_name("script.jsonl");
    std::fs::write(&file, script.recording())?;
    Ran::with_model(place.command(&site.state), site, goal, &format!("replay:{}", file.display()))
}

fn outcome(id: String, faults: Vec<String>, ran: &Ran) -> Outcome {
    Outcome {
        id,
        faults,
        is_ready: ran.is_ready(),
        calls: ran.tokens() / TOKENS_OF_A_CALL,
        seconds: ran.time.as_secs_f64(),
        reason: ran.reason(),
    }
}

fn broken(id: String, error: &anyhow::Error) -> Outcome {
    let faults = vec![format!("{error:#}")];
    Outcome { id, faults, is_ready: false, calls: 0, seconds: 0.0, reason: String::new() }
}

pub(crate) fn last_lines(output: &str) -> String {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_items_order() {
        let items: Vec<u32> = (0..50).collect();
        assert_eq!(side_by_side(&items, 4, |item| item * 2), items.iter().map(|item| item * 2).collect::<Vec<_>>());
    }
}
