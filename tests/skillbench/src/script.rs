//! What a model says, phase by phase: as a recording for the program, and as answers for a server.
//!
//! Everything that a skill expects of its model stands here, so that one place changes with the skills.

use crate::place::SECTIONS;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What one scripted call is said to have used. A run's tokens tell how many there were.
pub(crate) const TOKENS_OF_A_CALL: u64 = 110;

/// Requests that a review makes at most before anything was found: one for each group of lenses.
const REVIEWERS: u32 = 3;

/// One part of a reply.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(String),
    /// A tool and its arguments; a string is sent as it is, however malformed.
    Call(String, Value),
}

/// One reply.
#[derive(Clone, Debug)]
struct Turn {
    phase: &'static str,
    round: u32,
    turn: u32,
    parts: Vec<Part>,
    stop: &'static str,
}

/// A model's replies, in the order in which they are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    turns: Vec<Turn>,
    next: BTreeMap<(&'static str, u32), u32>,
}

/// What a spec says, as far as a run depends on it.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) title: String,
    pub(crate) change: String,
    pub(crate) files: Vec<String>,
    pub(crate) criterion: String,
}

impl Spec {
    /// Every section, in a few words.
    pub(crate) fn document(&self) -> String {
        let Self { title, change, criterion, .. } = self;
        let section = |heading: &str| {
            let text = match heading {
                "Problem" => format!("{title}. The package does not do so yet."),
                "Change" => change.clone(),
                "Edge cases" => {
                    "None beyond those of the criterion, because nothing else reads what is changed.".into()
                }
                _ => format!("- C1: {criterion}"),
            };
            format!("\n## {heading}\n\n{text}\n")
        };
        format!("# {title}\n{}", SECTIONS.map(section).concat())
    }
}

impl Script {
    /// A reply of any kind.
    pub(crate) fn replies(mut self, phase: &'static str, round: u32, parts: Vec<Part>, stop: &'static str) -> Self {
        let turn = self.next.entry((phase, round)).or_default();
        *turn += 1;
        self.turns.push(Turn { phase, round, turn: *turn, parts, stop });
        self
    }

    pub(crate) fn says(self, phase: &'static str, round: u32, text: &str) -> Self {
        self.replies(phase, round, vec![Part::Text(text.to_owned())], "end")
    }

    pub(crate) fn calls(self, phase: &'static str, round: u32, tool: &str, arguments: Value) -> Self {
        self.replies(phase, round, vec![Part::Call(tool.to_owned(), arguments)], "tool-calls")
    }

    /// Looks around, then the document, then the plan.
    pub(crate) fn specifies(self, spec: &Spec) -> Self {
        let Spec { title, files, criterion, .. } = spec;
        let plan = json!({
            "steps": [{
                "id": "1", "title": title, "instructions": "Make the change, and add a test that fails without it.",
                "files": files, "after": [], "criteria": ["C1"],
            }],
            "criteria": [{"id": "C1", "statement": criterion, "command": "test"}],
            "assumptions": [], "answers": [],
        });
        let looks = self.calls("spec", 1, "list", json!({"glob": "**", "path": null}));
        looks.says("spec", 1, &spec.document()).says("spec", 1, &plan.to_string())
    }

    /// A review that finds nothing, and closes what was found before.
    pub(crate) fn approves(mut self, phase: &'static str, round: u32) -> Self {
        let closed: Vec<Value> = (1..=20 * (round - 1))
            .map(|id| json!({"finding": format!("F{id}"), "closed": true, "reason": "It is mended."}))
            .collect();
        for _ in 0..REVIEWERS {
            let report = json!({"findings": [], "verdicts": closed, "lenses_checked": LENSES});
            self = self.calls(phase, round, "report", report);
        }
        self
    }

    pub(crate) fn works(self, round: u32, tool: &str, arguments: Value) -> Self {
        self.calls("implement", round, tool, arguments)
    }

    pub(crate) fn reads(self, round: u32, path: &str) -> Self {
        self.works(round, "read", json!({"path": path, "from": null, "lines": 2000}))
    }

    pub(crate) fn edits(self, round: u32, path: &str, old: &str, new: &str) -> Self {
        self.works(round, "edit", json!({"path": path, "old": old, "new": new, "all": null, "near_line": null}))
    }

    pub(crate) fn writes(self, round: u32, path: &str, text: &str) -> Self {
        self.works(round, "write", json!({"path": path, "text": text}))
    }

    pub(crate) fn tests(self, round: u32) -> Self {
        self.works(round, "run", json!({"name": "test", "arguments": []}))
    }

    /// Claims to be done. The first claim that passes is shown the whole diff, the second counts.
    pub(crate) fn claims(self, round: u32, title: &str) -> Self {
        let answers: Vec<Value> =
            (1..=20 * (round - 1)).map(|id| json!({"finding": format!("F{id}"), "text": "It is mended."})).collect();
        let title: String = title.chars().take(72).collect();
        let claim = json!({
            "status": "done", "title": title, "what": title, "why": "It was asked for.", "breaking": [],
            "rollback": "Revert the commits.", "criteria": [{"id": "C1", "evidence": "test"}], "answers": answers,
        });
        self.works(round, "finish", claim)
    }

    /// The recording, as `--model replay:FILE` takes it.
    pub(crate) fn recording(&self) -> String {
        let mut lines = vec![r#"{"schema":"skillhost.recording/1","authored":true}"#.to_owned()];
        for (number, Turn { phase, round, turn, parts, stop }) in self.turns.iter().enumerate() {
            let part = |(at, part): (usize, &Part)| match part {
                Part::Text(text) => json!({ "text": text }),
                Part::Call(name, arguments) => {
                    json!({"tool_call": {"id": format!("c{number}-{at}"), "name": name, "arguments": arguments}})
                }
            };
            let line = json!({
                "agent": "main", "phase": phase, "round": round, "turn": turn,
                "reply": {
                    "parts": parts.iter().enumerate().map(part).collect::<Vec<_>>(), "stop": stop, "model": "scripted",
                    "usage": {"input_tokens": TOKENS_OF_A_CALL - 10, "output_tokens": 10},
                },
            });
            lines.push(line.to_string());
        }
        lines.join("\n") + "\n"
    }
}

const LENSES: [&str; 12] = [
    "routing",
    "caching",
    "edge-cases",
    "failure-modes",
    "consent",
    "data-model",
    "access",
    "migrations",
    "concurrency",
    "observability",
    "rollback",
    "tests",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn turns_are_numbered_for_each_phase_and_round() {
        let script = Script::default().tests(1).says("spec", 1, "x").tests(2).tests(1);
        let lines: Vec<Value> =
            script.recording().lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
        let keys: Vec<_> =
            lines.iter().map(|line| (line["phase"].as_str().unwrap(), &line["round"], &line["turn"])).collect();
        let expected = [("implement", 1, 1), ("spec", 1, 1), ("implement", 2, 1), ("implement", 1, 2)];
        let expected = expected.map(|(phase, round, turn)| (phase, Value::from(round), Value::from(turn)));
        assert_eq!(keys, expected.iter().map(|(phase, round, turn)| (*phase, round, turn)).collect::<Vec<_>>());
    }
}
