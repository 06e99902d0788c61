//! Criteria: one trigger, one observable result, exact values, and a command that shows it.

use regex_lite::Regex;
use skillhost_sdk::{Command, Criterion};

use super::steps::short;
use crate::check_document::{placeholder, without_code};
use crate::plan::Plan;

/// Longest statement, in characters.
const MAX_STATEMENT_CHARS: usize = 500;
/// Runs before every gate, and is none.
const SETUP: &str = "setup";
/// Words that nothing can be measured by.
const VAGUE: &str = r"(?i)\b(fast|faster|quickly|robust|robustly|reliable|reliably|intuitive|intuitively|user[- ]friendly|seamless|seamlessly|scalable|efficient|efficiently|performant|graceful|gracefully|properly|appropriate|appropriately|reasonable|reasonably|adequate|adequately|easy|easily|as needed|if possible|and so on|etc)\b";

pub(super) fn problems(plan: &Plan, commands: &[Command]) -> Vec<String> {
    let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).filter(|name| *name != SETUP).collect();
    let vague = Regex::new(VAGUE).ok();
    let mut problems = vec![];
    for criterion in &plan.criteria {
        let mut problem = |what: String| problems.push(format!("criterion {}: {what}", short(&criterion.id)));
        statement(&criterion.statement, vague.as_ref()).into_iter().for_each(&mut problem);
        if !plan.steps.iter().any(|step| step.criteria.contains(&criterion.id)) {
            problem("no step serves it".into());
        }
        command(criterion, &names).into_iter().for_each(problem);
    }
    problems
}

fn statement(statement: &str, vague: Option<&Regex>) -> Vec<String> {
    if statement.is_empty() {
        return vec!["statement is empty".into()];
    }
    let mut problems = vec![];
    // What stands in code is a value.
    let said: Vec<String> = statement.lines().map(without_code).collect();
    if statement.chars().count() > MAX_STATEMENT_CHARS {
        problems.push(format!("longer than {MAX_STATEMENT_CHARS} characters"));
    } else if said.len() > 1 || has_two_sentences(&said.concat()) {
        problems.push("more than one sentence: one trigger and one observable result; split it".into());
    }
    problems.extend(placeholder(statement).map(|found| format!("the placeholder \"{found}\"")));
    let found = said.iter().find_map(|line| vague?.find(line).map(|found| found.as_str().to_owned()));
    problems.extend(found.map(|word| format!("\"{word}\" can't be measured: give an exact value")));
    problems
}

fn has_two_sentences(text: &str) -> bool {
    let ends = |text: &str, mark: &str| text.split(mark).skip(1).any(|rest| rest.starts_with(char::is_uppercase));
    [". ", "! ", "? "].iter().any(|mark| ends(text, mark))
}

/// Without a command nothing would ever show it.
fn command(criterion: &Criterion, names: &[&str]) -> Option<String> {
    let choice = || names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (&criterion.command, names) {
        (Some(command), []) => {
            Some(format!("`{command}` is not declared, nor is any other command: `command` is null"))
        }
        (Some(command), _) if command == SETUP => Some(format!("`{SETUP}` shows nothing: name one of {}", choice())),
        (Some(command), names) if !names.contains(&command.as_str()) => {
            Some(format!("`{command}` is not declared; `command` is one of {}", choice()))
        }
        (None, [_, ..]) => Some(format!("`command` is null, so nothing would show it: name one of {}", choice())),
        _ => None,
    }
}
