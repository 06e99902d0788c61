//! What a plan has to be before anybody works from it. Each problem names the field.

use std::collections::{HashMap, HashSet};

use regex_lite::Regex;
use skillhost_sdk::glob::Globs;
use skillhost_sdk::{Brief, Command, Step};

use crate::check_document::placeholder;
use crate::plan::Plan;

const MAX_STEPS: usize = 12;
const MAX_CRITERIA: usize = 15;
/// Words that nothing can be measured by.
const VAGUE: &str =
    r"(?i)\b(fast|quickly|robust|robustly|intuitive|user-friendly|seamless|seamlessly|scalable|as appropriate|etc)\b";

pub(crate) fn problems(plan: &Plan, brief: &Brief, commands: &[Command]) -> Vec<String> {
    let mut problems = vec![];
    problems.extend(sizes(plan));
    problems.extend(ids("steps", plan.steps.iter().map(|step| &step.id)));
    problems.extend(ids("criteria", plan.criteria.iter().map(|criterion| &criterion.id)));
    problems.extend(plan.steps.iter().flat_map(|step| check_step(step, plan)));
    problems.extend(cycle(&plan.steps));
    problems.extend(overlaps(&plan.steps));
    problems.extend(criteria(plan, commands));
    let answered = |id: &String| plan.answers.iter().any(|answer| answer.finding == *id && !answer.text.is_empty());
    problems.extend(
        brief.findings.iter().filter(|it| !answered(&it.id)).map(|it| format!("answers: finding {} has none", it.id)),
    );
    problems
}

fn sizes(plan: &Plan) -> Vec<String> {
    [("steps", plan.steps.len(), MAX_STEPS), ("criteria", plan.criteria.len(), MAX_CRITERIA)]
        .into_iter()
        .filter(|(_, count, max)| *count == 0 || count > max)
        .map(|(name, count, max)| format!("{name}: there are {count}, and there must be 1 to {max}"))
        .collect()
}

fn ids<'p>(name: &str, ids: impl Iterator<Item = &'p String>) -> Vec<String> {
    let mut seen = HashSet::new();
    ids.filter_map(|id| match (id.is_empty(), seen.insert(id)) {
        (true, _) => Some(format!("{name}: one has no id")),
        (_, false) => Some(format!("{name}: the id {id} is there twice")),
        _ => None,
    })
    .collect()
}

fn check_step(step: &Step, plan: &Plan) -> Vec<String> {
    let mut problems = vec![];
    let mut problem = |what: String| problems.push(format!("step {}: {what}", step.id));
    for (name, text) in [("title", &step.title), ("instructions", &step.instructions)] {
        if text.is_empty() {
            problem(format!("{name} is empty"));
        } else if let Some(found) = placeholder(text) {
            problem(format!("{name} has the placeholder \"{found}\""));
        }
    }
    match Globs::parse(&step.files) {
        Ok(_) if step.files.is_empty() => problem("files is empty".into()),
        Ok(_) => {}
        Err(why) => problem(format!("files: {why}")),
    }
    for id in step.after.iter().filter(|id| !plan.steps.iter().any(|other| other.id == **id)) {
        problem(format!("after: there is no step {id}"));
    }
    for id in step.criteria.iter().filter(|id| !plan.criteria.iter().any(|it| it.id == **id)) {
        problem(format!("criteria: there is no criterion {id}"));
    }
    if step.criteria.is_empty() {
        problem("it serves no criterion".into());
    }
    problems
}

fn criteria(plan: &Plan, commands: &[Command]) -> Vec<String> {
    let vague = Regex::new(VAGUE).ok();
    let mut problems = vec![];
    for criterion in &plan.criteria {
        let mut problem = |what: String| problems.push(format!("criterion {}: {what}", criterion.id));
        if criterion.statement.is_empty() {
            problem("statement is empty".into());
        }
        if let Some(found) = placeholder(&criterion.statement) {
            problem(format!("the placeholder \"{found}\""));
        }
        if let Some(found) = vague.as_ref().and_then(|regex| regex.find(&criterion.statement)) {
            problem(format!("\"{}\" can't be measured: give an exact value", found.as_str()));
        }
        if !plan.steps.iter().any(|step| step.criteria.contains(&criterion.id)) {
            problem("no step serves it".into());
        }
        let declared = |name: &str| commands.iter().any(|command| command.name == name);
        if let Some(command) = criterion.command.as_ref().filter(|name| !declared(name)) {
            problem(match commands {
                [] => format!("`{command}` is not declared, nor is any other command: `command` is null"),
                _ => {
                    let names: Vec<String> = commands.iter().map(|command| format!("`{}`", command.name)).collect();
                    format!("`{command}` is not declared; `command` is null or one of {}", names.join(", "))
                }
            });
        }
    }
    problems
}

/// The steps that come before each, directly or not.
fn ancestors(steps: &[Step]) -> HashMap<&str, HashSet<&str>> {
    let direct = steps.iter().map(|step| (step.id.as_str(), step.after.iter().map(String::as_str).collect()));
    let mut ancestors: HashMap<&str, HashSet<&str>> = direct.collect();
    for _ in steps {
        let before = ancestors.clone();
        for found in ancestors.values_mut() {
            let further: Vec<&str> = found.iter().filter_map(|id| before.get(id)).flatten().copied().collect();
            found.extend(further);
        }
    }
    ancestors
}

fn cycle(steps: &[Step]) -> Option<String> {
    let ancestors = ancestors(steps);
    let in_cycle =
        |step: &&Step| ancestors.get(step.id.as_str()).is_some_and(|before| before.contains(step.id.as_str()));
    steps.iter().find(in_cycle).map(|step| format!("step {}: it comes after itself", step.id))
}

/// Steps that may run side by side must not touch the same files. Globs are compared as far as one names the other.
fn overlaps(steps: &[Step]) -> Vec<String> {
    let ancestors = ancestors(steps);
    let ordered = |a: &str, b: &str| ancestors.get(a).is_some_and(|before| before.contains(b));
    let mut problems = vec![];
    for (index, a) in steps.iter().enumerate() {
        for b in &steps[index + 1..] {
            let shared = a.files.iter().find(|glob| b.files.iter().any(|other| meet(glob, other)));
            if let Some(shared) = shared.filter(|_| a.id != b.id && !ordered(&a.id, &b.id) && !ordered(&b.id, &a.id)) {
                problems.push(format!(
                    "steps {} and {}: both touch {shared}; order them with after, or split the files",
                    a.id, b.id
                ));
            }
        }
    }
    problems
}

fn meet(a: &str, b: &str) -> bool {
    let matches = |glob: &str, path: &str| Globs::parse([glob]).is_ok_and(|globs| globs.matches(path));
    a == b || matches(a, b) || matches(b, a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillhost_sdk::{Criterion, Finding, Severity, mock};

    fn step(id: &str, after: &[&str], files: &[&str]) -> Step {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Step {
            id: id.into(),
            title: "t".into(),
            instructions: "i".into(),
            files: own(files),
            after: own(after),
            criteria: own(&["C1"]),
        }
    }

    fn plan(steps: Vec<Step>) -> Plan {
        let criteria =
            vec![Criterion { id: "C1".into(), statement: "GET /x returns 200".into(), command: Some("test".into()) }];
        Plan { steps, criteria, ..Plan::default() }
    }

    fn check(plan: &Plan) -> String {
        let commands = [Command { name: "test".into(), description: String::new() }];
        problems(plan, &mock::brief("g"), &commands).join("\n")
    }

    #[test]
    fn a_sound_plan_passes() {
        assert_eq!(check(&plan(vec![step("1", &[], &["src/**"]), step("2", &["1"], &["src/a.rs", "tests/**"])])), "");
    }

    #[test]
    fn each_problem_names_its_field() {
        assert_eq!(
            check(&Plan::default()),
            "steps: there are 0, and there must be 1 to 12\ncriteria: there are 0, and there must be 1 to 15"
        );
        assert!(
            check(&plan(vec![step("1", &[], &["a"]), step("1", &[], &["b"])]))
                .contains("steps: the id 1 is there twice")
        );
        assert!(
            check(&plan(vec![step("1", &["2"], &["a"]), step("2", &["1"], &["b"])])).contains("it comes after itself")
        );
        assert!(check(&plan(vec![step("1", &["9"], &["a"])])).contains("after: there is no step 9"));
        assert!(check(&plan(vec![step("1", &[], &["../x"])])).contains("files: `../x` is not a glob"));
        assert!(check(&plan(vec![step("1", &[], &[])])).contains("files is empty"));
        let overlap = check(&plan(vec![step("1", &[], &["src/**"]), step("2", &[], &["src/a.rs"])]));
        assert!(overlap.contains("steps 1 and 2: both touch src/**"), "{overlap}");
    }

    #[test]
    fn steps_and_criteria_cover_each_other() {
        let mut lonely = plan(vec![step("1", &[], &["a"])]);
        lonely.criteria.push(Criterion {
            id: "C2".into(),
            statement: "It is fast".into(),
            command: Some("bench".into()),
        });
        let text = check(&lonely);
        for expected in [
            "no step serves it",
            "\"fast\" can't be measured",
            "`bench` is not declared; `command` is null or one of `test`",
        ] {
            assert!(text.contains(expected), "{text}");
        }
        let mut idle = plan(vec![step("1", &[], &["a"])]);
        idle.steps[0].criteria.clear();
        assert!(check(&idle).contains("it serves no criterion"));
        idle.steps[0].criteria.push("C9".into());
        idle.steps[0].instructions = "TODO".into();
        let text = check(&idle);
        assert!(text.contains("there is no criterion C9") && text.contains("the placeholder \"TODO\""), "{text}");
    }

    #[test]
    fn without_declared_commands_a_criterion_has_none() {
        let mut plan = plan(vec![step("1", &[], &["a"])]);
        let told = problems(&plan, &mock::brief("g"), &[]).join("\n");
        assert_eq!(told, "criterion C1: `test` is not declared, nor is any other command: `command` is null");
        plan.criteria[0].command = None;
        assert!(problems(&plan, &mock::brief("g"), &[]).is_empty());
    }

    #[test]
    fn every_finding_is_answered() {
        let mut brief = mock::brief("g");
        let (id, category, message) = ("F1".to_owned(), "routing".to_owned(), "m".to_owned());
        brief.findings =
            vec![Finding { id, severity: Severity::Major, category, at: None, quote: None, message, suggestion: None }];
        let commands = [Command { name: "test".into(), description: String::new() }];
        assert_eq!(problems(&plan(vec![step("1", &[], &["a"])]), &brief, &commands), ["answers: finding F1 has none"]);
    }

    #[test]
    fn a_plan_is_read_from_around_its_fence_and_a_cut_one_is_not() {
        assert_eq!(
            Plan::parse("Here:\n```json\n{\"assumptions\":[\"a\"]}\n```").map(|plan| plan.assumptions),
            Ok(vec!["a".to_owned()])
        );
        assert!(Plan::parse("{\"steps\": [").is_err_and(|why| why.contains("cut off")));
        assert!(Plan::parse("[]").is_err());
    }
}
