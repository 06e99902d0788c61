//! Scripted models, written short: what each phase says, turn by turn.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A recording in the making. Turns of a phase's round are numbered in the order in which they are added.
pub struct Script {
    lines: Vec<String>,
    turns: BTreeMap<(String, u32), u32>,
    has_run: bool,
}

impl Script {
    pub fn new() -> Self {
        let header = r#"{"schema":"skillhost.recording/1","authored":true}"#;
        Self { lines: vec![header.to_owned()], turns: BTreeMap::new(), has_run: false }
    }

    /// The model answers with text.
    pub fn says(self, phase: &str, round: u32, text: &str) -> Self {
        self.turn(phase, round, "end", &json!({ "text": text }))
    }

    /// The model calls a tool.
    pub fn calls(self, phase: &str, round: u32, tool: &str, arguments: &Value) -> Self {
        let id = format!("c{}", self.lines.len());
        self.turn(phase, round, "tool-calls", &json!({"tool_call": {"id": id, "name": tool, "arguments": arguments}}))
    }

    /// The next turn of a phase's round has this number: an earlier attempt used those before.
    pub fn starting_at(mut self, phase: &str, round: u32, turn: u32) -> Self {
        self.turns.insert((phase.to_owned(), round), turn - 1);
        self
    }

    fn turn(mut self, phase: &str, round: u32, stop: &str, part: &Value) -> Self {
        let turn = self.turns.entry((phase.to_owned(), round)).or_default();
        *turn += 1;
        let line = json!({
            "agent": "main", "phase": phase, "round": round, "turn": turn,
            "reply": {
                "parts": [part], "stop": stop, "model": "scripted",
                "usage": {"input_tokens": 100, "output_tokens": 10},
            },
        });
        self.lines.push(line.to_string());
        self
    }

    /// The request of the last turn must hold these texts.
    pub fn expecting(mut self, texts: &[&str]) -> Self {
        let line = self.lines.pop().unwrap();
        let mut turn: Value = serde_json::from_str(&line).unwrap();
        turn["expect"] = json!(texts);
        self.lines.push(turn.to_string());
        self
    }

    /// A spec with one section, one step and one criterion, which its review lets pass.
    pub fn specified() -> Self {
        Self::new().specifies(1).reviews("spec-review", 1, &[])
    }

    /// One draft of that spec.
    pub fn specifies(self, round: u32) -> Self {
        let plan = json!({
            "steps": [{
                "id": "1", "title": "Write the greeting", "instructions": "Write src/greeting.txt.",
                "files": ["src/**"], "after": [], "criteria": ["C1"],
            }],
            "criteria": [{"id": "C1", "statement": "The greeting says hello", "command": "test"}],
            "assumptions": [], "answers": [],
        });
        self.says("spec", round, "# Greeting\n\n## Problem\n\nNobody is greeted. A file with a greeting is added.\n")
            .says("spec", round, &plan.to_string())
    }

    /// A review with these findings, on the first line of `src/greeting.txt`: severity and message.
    pub fn reviews(self, phase: &str, round: u32, findings: &[(&str, &str)]) -> Self {
        self.decides(phase, round, findings, &[])
    }

    /// The same, with these of the earlier findings closed.
    pub fn decides(self, phase: &str, round: u32, findings: &[(&str, &str)], closed: &[&str]) -> Self {
        let finding = |(severity, message): &(&str, &str)| {
            json!({
                "severity": severity, "category": "edge-cases", "path": "src/greeting.txt", "line": 1,
                "quote": "hello", "trigger": "somebody reads it", "message": message, "suggestion": null,
            })
        };
        let findings: Vec<Value> = findings.iter().map(finding).collect();
        let verdict = |id: &&str| json!({"finding": id, "closed": true, "reason": "It is mended."});
        let verdicts: Vec<Value> = closed.iter().map(verdict).collect();
        self.reports(phase, round, &findings, &verdicts)
    }

    /// A review of the spec that finds a blocker in this quote.
    pub fn blocks(self, path: &str, quote: &str) -> Self {
        let finding = json!({
            "severity": "blocker", "category": "edge-cases", "path": path, "line": 5, "quote": quote,
            "trigger": "somebody reads it", "message": "It greets the wrong people.", "suggestion": null,
        });
        self.reports("spec-review", 1, &[finding], &[])
    }

    /// The reports of the three groups, of which the first has all of it, and then for each finding that it stands.
    fn reports(self, phase: &str, round: u32, findings: &[Value], verdicts: &[Value]) -> Self {
        let stands = json!({"verdict": "stands", "quote": null, "reason": "It does."}).to_string();
        let script = self.group_reports(phase, round, findings, verdicts);
        let script = (1..3).fold(script, |script, _| script.group_reports(phase, round, &[], &[]));
        findings.iter().fold(script, |script, _| script.says(phase, round, &stands))
    }

    /// The report of one group.
    pub fn group_reports(self, phase: &str, round: u32, findings: &[Value], verdicts: &[Value]) -> Self {
        let report = json!({"findings": findings, "verdicts": verdicts, "lenses_checked": ["tests"]});
        self.calls(phase, round, "report", &report)
    }

    pub fn writes(self, round: u32, path: &str, text: &str) -> Self {
        self.calls("implement", round, "write", &json!({"path": path, "text": text}))
    }

    pub fn tests(mut self, round: u32) -> Self {
        self.has_run = true;
        self.calls("implement", round, "run", &json!({"name": "test", "arguments": []}))
    }

    /// Ends the author's work: the first time the whole diff is shown, the second time counts.
    pub fn finishes(self, round: u32) -> Self {
        self.answers_all(round, 0)
    }

    /// The same, with an answer to each of the findings F1 to F`count`.
    pub fn answers_all(self, round: u32, count: u32) -> Self {
        let ids: Vec<String> = (1..=count).map(|number| format!("F{number}")).collect();
        self.answers(round, &ids.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The same, with an answer to each of these.
    pub fn answers(self, round: u32, findings: &[&str]) -> Self {
        let answers: Vec<Value> = findings.iter().map(|id| json!({"finding": id, "text": "Mended."})).collect();
        // Who may not run the tests can't name their run.
        let evidence = self.has_run.then_some("test");
        let summary = json!({
            "status": "done", "title": "Greet everybody", "what": "A file greets.", "why": "Nobody was greeted.",
            "breaking": [], "rollback": "Revert the commits.",
            "criteria": [{"id": "C1", "evidence": evidence}], "answers": answers,
        });
        self.calls("implement", round, "finish", &summary).calls("implement", round, "finish", &summary)
    }

    pub fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }
}

/// The whole job on [`project`], without a fault.
pub fn greeting() -> Script {
    Script::specified().writes(1, "src/greeting.txt", "hello\n").tests(1).finishes(1).reviews("change-review", 1, &[])
}

/// What the tests' small project is configured with; each line can be replaced. Its gate runs once, so that a test can tell
/// what that did.
pub const CONFIG: &str = r#"base = "main"
rounds = 1
[grants.implement]
write = ["**"]
exec = ["test"]
[commands.test]
run = ["sh", "test.sh"]
timeout = "5m"
[verify]
commands = ["test"]
baseline = false
[spec]
sections = ["Problem"]
"#;

/// A gate that wants a greeting, leaves something behind, and waits where it is told to.
pub const GATE: &str = r#"echo "noise" > out.log
if grep -qs wait src/greeting.txt; then echo > started; exec sleep "$(cat length)"; fi
grep -qs hello src/greeting.txt && echo "1 passed"
"#;

/// A small project with a shell script as its tests.
pub fn project() -> [(&'static str, &'static str); 4] {
    [
        ("skillhost.toml", CONFIG),
        ("test.sh", GATE),
        ("length", "86399"),
        ("AGENTS.md", "# Rules\n\nGreetings are polite.\n"),
    ]
}
