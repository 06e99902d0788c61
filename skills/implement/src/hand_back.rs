//! What an attempt that ran out of turns or budget hands on: what is done, what remains, and what comes next. It has to fit
//! 2 KiB, so each part has its share.

use std::collections::BTreeMap;

use skillhost_sdk::clip::clip;
use skillhost_sdk::{Brief, Step};

use crate::workspace::{Run, Workspace};

const MAX_FILES_BYTES: usize = 500;
const MAX_RUNS_BYTES: usize = 300;
const MAX_REMAINING_BYTES: usize = 350;
const MAX_PLAN_BYTES: usize = 550;

/// `at` is the step at hand, of `steps`.
pub(crate) fn hand_back(workspace: &Workspace<'_>, brief: &Brief, steps: &[Step], at: usize) -> String {
    let done: Vec<&str> = steps.iter().take(at).map(|step| step.id.as_str()).collect();
    let left: Vec<&str> = steps.iter().skip(at).map(|step| step.id.as_str()).collect();
    let criteria: Vec<&str> = brief.criteria.iter().map(|criterion| criterion.id.as_str()).collect();
    let findings: Vec<&str> = brief.findings.iter().map(|finding| finding.id.as_str()).collect();
    // The last of each, since a later one replaces an earlier.
    let last: BTreeMap<&str, &Run> = workspace.runs.iter().map(|run| (run.command.as_str(), run)).collect();
    let runs: Vec<String> = last.values().map(|run| ran(run, workspace.generation)).collect();
    let list = |what: &str, names: &[&str]| match names.len() {
        0 => String::new(),
        _ => format!("; {what} {}", names.join(", ")),
    };
    let remaining =
        [list("steps", &left), list("criteria to be shown:", &criteria), list("findings", &findings)].concat();
    let remaining = clip(remaining.trim_start_matches("; "), MAX_REMAINING_BYTES);
    format!(
        "done: changed {}{}\nruns: {}\nremaining: {}\nnext: {}",
        or_nothing(clip(&workspace.changed_paths().join(", "), MAX_FILES_BYTES)),
        list("steps", &done),
        or_nothing(clip(&runs.join(", "), MAX_RUNS_BYTES)),
        or_nothing(remaining),
        match workspace.plan.as_str() {
            "" => "there was no plan; look at the diff, then run the commands".to_owned(),
            plan => format!("the plan was\n{}", clip(plan, MAX_PLAN_BYTES)),
        }
    )
}

fn ran(run: &Run, generation: u64) -> String {
    let how = run.exit_code.map_or_else(|| "was ended".to_owned(), |code| format!("ended with {code}"));
    let when = if run.generation == generation { "" } else { " before the last edit" };
    format!("`{}` {how}{when}", run.command)
}

fn or_nothing(text: String) -> String {
    if text.is_empty() { "nothing".to_owned() } else { text }
}
