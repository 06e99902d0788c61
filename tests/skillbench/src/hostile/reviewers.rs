//! Reviewers that don't review, over work that a reviewer would have to stop.

use super::{Hostile, hostile, insists, specified};
use crate::script::{Script, Spec};
use crate::strong::works;
use crate::task::Task;
use serde_json::json;

const ON: &str = "ms/negative-plural";
/// More turns than all groups of lenses may take together, twice.
const MANY: u32 = 220;

pub(super) fn all() -> Vec<Hostile> {
    vec![
        hostile("a-reviewer-of-prose", ON, |task, spec| {
            reviewed(task, spec, |script, round| says(script, round, "Looks good to me."))
        }),
        hostile("a-reviewer-of-nothing", ON, |task, spec| {
            reviewed(task, spec, |script, round| says(script, round, ""))
        }),
        hostile("a-report-that-is-none", ON, |task, spec| {
            reviewed(task, spec, |script, round| {
                (1..=MANY).fold(script, |it, turn| {
                    it.calls("change-review", round, "report", json!({"verdict": format!("approved {turn}")}))
                })
            })
        }),
        hostile("a-reviewer-that-never-reports", ON, |task, spec| {
            reviewed(task, spec, |script, round| {
                (1..=MANY).fold(script, |it, turn| {
                    let search = json!({"regex": format!("b{{{turn}}}"), "glob": null, "path": null, "context": null});
                    it.calls("change-review", round, "search", search)
                })
            })
        }),
        hostile("a-finding-that-nobody-mends", ON, |task, spec| {
            reviewed(task, spec, |script, round| {
                let finding = json!({
                    "severity": "major", "category": "edge-cases", "path": "index.js", "line": null,
                    "quote": "var isPlural = msAbs >= n * 1.5;", "trigger": "a duration of 1.5 hours",
                    "message": "1.5 hours is told as 2 hours.", "suggestion": null,
                });
                let report = json!({"findings": [finding], "verdicts": [], "lenses_checked": ["edge-cases"]});
                let upheld = json!({"verdict": "stands", "reason": "It does."});
                let script = (1..=3).fold(script, |it, _| it.calls("change-review", round, "report", report.clone()));
                (1..=6).fold(script, |it, _| it.says("change-review", round, &upheld.to_string()))
            })
        }),
    ]
}

/// The right work, and a review of this kind.
fn reviewed(task: &Task, spec: &Spec, review: impl Fn(Script, u32) -> Script) -> Script {
    (1..=super::ROUNDS).fold(specified(spec), |script, round| {
        let script = if round == 1 { works(script, task, round) } else { script.tests(round) };
        review(insists(script, &spec.title, round), round)
    })
}

fn says(script: Script, round: u32, text: &str) -> Script {
    (1..=MANY).fold(script, |script, _| script.says("change-review", round, text))
}
