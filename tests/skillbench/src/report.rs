//! What a model did, as JSON for programs and as Markdown for people, so that models and prompts can be compared.

use crate::folder::write;
use crate::model::Attempt;
use anyhow::Result;
use serde::Serialize;
use std::path::Path;

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    model: String,
    /// Of the program: prompts and rules change with it.
    version: String,
    tasks: usize,
    solved: usize,
    /// The worst: the product says that it is ready, and the hidden tests fail.
    ready_but_wrong: usize,
    turns: usize,
    tokens: u64,
    /// None where a price is unknown.
    cost_usd: Option<f64>,
    seconds: f64,
    attempts: Vec<Attempt>,
}

impl Report {
    pub(crate) fn new(model: &str, version: &str, attempts: Vec<Attempt>) -> Self {
        Self {
            schema: "skillhost.skillbench/1",
            model: model.to_owned(),
            version: version.to_owned(),
            tasks: attempts.len(),
            solved: attempts.iter().filter(|it| it.solved).count(),
            ready_but_wrong: attempts.iter().filter(|it| it.ready && !it.right).count(),
            turns: attempts.iter().map(|it| it.turns).sum(),
            tokens: attempts.iter().map(|it| it.tokens).sum(),
            cost_usd: attempts.iter().map(|it| it.cost_usd).sum(),
            seconds: attempts.iter().map(|it| it.seconds).sum(),
            attempts,
        }
    }

    /// One line.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{}: {} of {} solved, {} ready but wrong, {} turns, {} tokens, {}, {:.0} s",
            self.model,
            self.solved,
            self.tasks,
            self.ready_but_wrong,
            self.turns,
            self.tokens,
            dollars(self.cost_usd),
            self.seconds
        )
    }

    /// Writes `report.json` and `report.md`.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        write(&folder.join("report.json"), &format!("{}\n", serde_json::to_string_pretty(self)?))?;
        write(&folder.join("report.md"), &self.markdown())
    }

    fn markdown(&self) -> String {
        let mut text = format!("# {}\n\n{}, with {}.\n\n", self.model, self.summary(), self.version);
        text.push_str(
            "| task | language | solved | ready | hidden tests | turns | tokens | cost | seconds | reason |\n",
        );
        text.push_str("|---|---|---|---|---|---|---|---|---|---|\n");
        for it in &self.attempts {
            let mark = |yes: bool| if yes { "yes" } else { "no" };
            let hidden = if it.right { "pass" } else { "fail" };
            let reason = it.reason.replace('|', "\\|");
            text.push_str(&format!(
                "| {} | {} | {} | {} | {hidden} | {} | {} | {} | {} | {reason} |\n",
                it.task,
                it.language,
                mark(it.solved),
                mark(it.ready),
                it.turns,
                it.tokens,
                dollars(it.cost_usd),
                it.seconds
            ));
        }
        text
    }
}

/// One row of the table on the terminal.
pub(crate) fn row(it: &Attempt) -> String {
    let verdict = match (it.solved, it.ready, it.right) {
        (true, ..) => "solved",
        (_, true, _) => "READY BUT WRONG",
        (.., true) => "right, a draft",
        _ => "not solved",
    };
    let Attempt { task, turns, tokens, seconds, reason, .. } = it;
    let reason: String = reason.chars().take(100).collect();
    format!(
        "{task:<32} {verdict:<16} {turns:>4} turns {tokens:>9} tokens {:>9} {seconds:>7.1} s  {reason}",
        dollars(it.cost_usd)
    )
}

fn dollars(cost: Option<f64>) -> String {
    cost.map_or("cost unknown".to_owned(), |cost| format!("${cost:.4}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(ready: bool, right: bool, cost_usd: Option<f64>) -> Attempt {
        Attempt {
            task: "ms/weeks".into(),
            language: "JavaScript".into(),
            solved: ready && right,
            ready,
            right,
            exit_code: Some(0),
            turns: 10,
            tokens: 1000,
            cost_usd,
            seconds: 1.5,
            reason: "a | b".into(),
        }
    }

    #[test]
    fn solved_is_ready_and_right() {
        let attempts =
            vec![attempt(true, true, Some(0.5)), attempt(true, false, Some(0.25)), attempt(false, true, Some(0.0))];
        let report = Report::new("local:x", "skillhost 1", attempts);
        assert_eq!((report.tasks, report.solved, report.ready_but_wrong), (3, 1, 1));
        let line = "local:x: 1 of 3 solved, 1 ready but wrong, 30 turns, 3000 tokens, $0.7500, 4 s";
        assert_eq!(report.summary(), line);
        assert!(
            report
                .markdown()
                .contains("| ms/weeks | JavaScript | no | yes | fail | 10 | 1000 | $0.2500 | 1.5 | a \\| b |")
        );
    }

    #[test]
    fn a_price_that_is_unknown_once_is_unknown() {
        let report =
            Report::new("local:x", "skillhost 1", vec![attempt(true, true, Some(0.5)), attempt(true, true, None)]);
        assert!(report.summary().contains("cost unknown"), "{}", report.summary());
    }
}
