//! What became of each test: found again by its name, or as one that takes its place, and held against what it was.

use super::case::{Case, Suite};
use super::{Damage, Problem, Suites, expected};

/// The problems of the tests in the changed files, at the base commit and now.
pub(super) fn judge(before: &Suites, after: &Suites, asked: &str) -> Vec<Problem> {
    let none = Suite::default();
    let elsewhere = expected::all(after.values().flat_map(|suite| &suite.cases));
    let other = |path: &str, before: &Case, after: &Case| {
        let found = expected::changed(before, after, &elsewhere, asked)?;
        let (was, is) = found.values;
        let what = format!("expects `{}` instead of `{}`, and the spec names neither", short(is), short(was));
        let place = Some((found.now.line, found.now.quote.clone()));
        Some(Problem::of_test(path, after, Damage::Expected, what).at(path, place))
    };
    let mut problems = Vec::new();
    let mut new: Vec<(&str, &Case)> = Vec::new();
    let mut lost: Vec<(&str, &Case)> = Vec::new();
    for (path, now) in after {
        let was = before.get(path).unwrap_or(&none);
        if now.switches > was.switches {
            let what = "switches off, or focuses on, more than one test";
            problems.push(Problem::of_file(path, Damage::Switched, what));
        }
        new.extend(unmatched(&now.cases, &was.cases).into_iter().map(|case| (path.as_str(), case)));
    }
    for (path, was) in before {
        let now = after.get(path).unwrap_or(&none);
        lost.extend(unmatched(&was.cases, &now.cases).into_iter().map(|case| (path.as_str(), case)));
        for (case, twin) in pairs(&was.cases, &now.cases) {
            problems.extend(weaker(path, path, case, twin).or_else(|| other(path, case, twin)));
        }
    }
    // Tests that moved to another file keep their names.
    lost.retain(|(path, case)| match new.iter().position(|(_, moved)| moved.name == case.name) {
        Some(at) => {
            let (file, moved) = new.swap_remove(at);
            problems.extend(weaker(path, file, case, moved).or_else(|| other(file, case, moved)));
            false
        }
        None => true,
    });
    // Tests whose names changed stay in their file and assert no less. The one that asserts most chooses first, and takes
    // the one that is most like it.
    lost.sort_by_key(|(_, case)| std::cmp::Reverse((case.assertions, case.comparisons)));
    lost.retain(|(path, case)| {
        let fits = |(at, (file, heir)): (usize, &(&str, &Case))| {
            (file == path && weaker(path, file, case, heir).is_none()).then_some((
                heir.assertions,
                heir.comparisons,
                at,
            ))
        };
        match new.iter().enumerate().filter_map(fits).min() {
            Some((.., at)) => {
                let (file, heir) = new.swap_remove(at);
                problems.extend(other(file, case, heir));
                false
            }
            None => true,
        }
    });
    lost.sort_by_key(|(path, case)| (*path, &case.name));
    problems.extend(lost.into_iter().map(|(path, case)| Problem::of_test(path, case, Damage::Gone, "is gone")));
    new.sort_by_key(|(path, case)| (*path, &case.name));
    problems.extend(new.into_iter().filter_map(|(path, case)| {
        let idle = || case.idle().next().map(|it| (it.line, it.quote.clone()));
        match (case.skipped, case.is_idle()) {
            (true, _) => Some(Problem::of_test(path, case, Damage::Skipped, "is new, and skipped")),
            (_, true) => {
                let what = "is new, and asserts nothing that could fail";
                Some(Problem::of_test(path, case, Damage::Idle, what).at(path, idle()))
            }
            _ => None,
        }
    }));
    problems
}

/// Longest value that is shown, in characters.
const MAX_VALUE_CHARS: usize = 60;

fn short(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Cases of the same name in both lists, the nth of one with the nth of the other.
fn pairs<'a>(ours: &'a [Case], theirs: &'a [Case]) -> Vec<(&'a Case, &'a Case)> {
    let mut left: Vec<&Case> = theirs.iter().collect();
    let pair = |case: &'a Case| {
        let at = left.iter().position(|twin| twin.name == case.name)?;
        Some((case, left.remove(at)))
    };
    ours.iter().filter_map(pair).collect()
}

/// Cases of ours that have no pair.
fn unmatched<'a>(ours: &'a [Case], theirs: &'a [Case]) -> Vec<&'a Case> {
    let mut left: Vec<&Case> = theirs.iter().collect();
    let alone = |case: &&'a Case| match left.iter().position(|twin| twin.name == case.name) {
        Some(at) => {
            left.remove(at);
            false
        }
        None => true,
    };
    ours.iter().filter(alone).collect()
}

/// How a test shows less than before, if it does: `file` is where it stands now.
fn weaker(path: &str, file: &str, before: &Case, after: &Case) -> Option<Problem> {
    let kept = |now: usize, was: usize, what: &str| format!("keeps {now} of {was} {what}");
    let reached = |case: &Case| case.assertions.saturating_sub(case.left);
    let problem = |damage, what| Problem::of_test(path, before, damage, what);
    if after.skipped && !before.skipped {
        Some(problem(Damage::Skipped, "is skipped now".to_owned()))
    } else if after.assertions < before.assertions {
        Some(problem(Damage::Assertions, kept(after.assertions, before.assertions, "assertions")))
    } else if after.comparisons < before.comparisons {
        Some(problem(Damage::Comparisons, kept(after.comparisons, before.comparisons, "comparisons")))
    } else if reached(after) < reached(before) {
        let what = format!("may be left before {} of its {} assertions", after.left, after.assertions);
        Some(problem(Damage::Left, what).at(file, after.exit.clone()))
    } else if after.shown() < before.shown() {
        let idle = after.idle().find(|it| !before.compared.iter().any(|was| was.operands == it.operands));
        let what = "compares what can't differ".to_owned();
        Some(problem(Damage::Idle, what).at(file, idle.map(|it| (it.line, it.quote.clone()))))
    } else {
        None
    }
}
