//! The gate that a claim to be done passes: commands ran on this tree, criteria name them, files lie where the plan says,
//! nothing that parsed before is broken, the tests that were there still are, and they are run by, and held to, what they were. It
//! returns problems, not accusations; most claims that fail here are merely early.

use skillhost_sdk::changed::Changed;
use skillhost_sdk::checks::{self, Scene};
use skillhost_sdk::clip::head;
use skillhost_sdk::glob::Globs;
use skillhost_sdk::{Brief, Criterion, Step, intact};

use crate::finish::Claim;
use crate::syntax;
use crate::workspace::{Run, Workspace};

const MAX_TITLE_CHARS: usize = 72;
/// Tests, and places, that are named at once.
const MAX_NAMED: usize = 20;
const MAX_QUOTE_BYTES: usize = 200;
/// What an author can do who is in the right: the spec is not theirs to change.
const BLOCKED: &str = "what the change is measured by asks for less than at the base commit, as below: a pull request with that \
                       is never ready. Take it back, or finish as blocked where the spec asks for it without naming it";
/// Prepares a fresh tree; it says nothing about the change.
const SETUP: &str = "setup";

/// What stands between the claim and done. `step` is the one at hand where the brief has several; `last` where none follows.
pub(crate) fn problems(
    workspace: &Workspace<'_>,
    brief: &Brief,
    claim: &Claim,
    step: Option<&Step>,
    last: bool,
) -> Vec<String> {
    let mut problems = vec![];
    problems.extend(title(&claim.title));
    problems.extend(emptiness(workspace, brief));
    problems.extend(commands(workspace));
    let in_scope = |criterion: &&Criterion| last || step.is_none_or(|step| step.criteria.contains(&criterion.id));
    problems
        .extend(brief.criteria.iter().filter(in_scope).filter_map(|criterion| evidence(workspace, claim, criterion)));
    problems.extend(files(workspace, brief, step));
    problems.extend(broken(workspace));
    let measured = [tests(workspace, brief), measures(workspace, brief)].concat();
    problems.extend((!measured.is_empty()).then(|| BLOCKED.to_owned()));
    problems.extend(measured);
    if last {
        let unanswered = brief
            .findings
            .iter()
            .filter(|finding| !claim.answers.iter().any(|it| it.finding == finding.id && !it.text.is_empty()));
        problems.extend(unanswered.map(|finding| format!("finding {} has no answer", finding.id)));
    }
    problems
}

fn title(title: &str) -> Option<String> {
    let fits = !title.is_empty() && title.chars().count() <= MAX_TITLE_CHARS && !title.contains(char::is_control);
    (!fits).then(|| format!("`title` must be one line of 1 to {MAX_TITLE_CHARS} characters"))
}

fn emptiness(workspace: &Workspace<'_>, brief: &Brief) -> Option<String> {
    // The host commits the spec itself, before anybody implements it.
    let spec = brief.spec.as_ref().map(|spec| spec.path.as_str());
    let nothing = workspace.host.changes().is_ok_and(|changes| changes.iter().all(|it| Some(it.path.as_str()) == spec));
    (nothing && brief.findings.is_empty())
        .then(|| "nothing has changed; where nothing can be done, the status is blocked".into())
}

fn commands(workspace: &Workspace<'_>) -> Vec<String> {
    let mut names = workspace.host.granted();
    names.sort();
    let required = names.into_iter().filter(|name| name != SETUP && !workspace.not_runnable.contains(name));
    required.filter_map(|name| judge(workspace, &name, workspace.last_run(&name))).collect()
}

/// Why the last run of a command does not show anything about this tree.
fn judge(workspace: &Workspace<'_>, name: &str, run: Option<&Run>) -> Option<String> {
    match run {
        None => Some(format!("`{name}` did not run yet")),
        Some(run) if run.generation != workspace.generation => {
            Some(format!("the run of `{name}` predates your last edit; run it again"))
        }
        Some(Run { exit_code: Some(0), .. }) => None,
        Some(Run { exit_code: Some(code), .. }) => {
            Some(format!("`{name}` ended with exit {code} on this tree: repair it, or finish as blocked"))
        }
        Some(_) => Some(format!("`{name}` was ended by a signal or a limit: repair it, or finish as blocked")),
    }
}

fn evidence(workspace: &Workspace<'_>, claim: &Claim, criterion: &Criterion) -> Option<String> {
    let id = &criterion.id;
    let Some((_, evidence)) = claim.criteria.iter().find(|(claimed, _)| claimed == id) else {
        return Some(format!("criterion {id} is missing in `criteria`; where nothing shows it, its evidence is null"));
    };
    let evidence = evidence.as_ref()?;
    let Some(run) = workspace.runs.iter().rev().find(|run| run.id == *evidence || run.command == *evidence) else {
        return Some(format!("{id}: `{evidence}` is neither a command that ran nor the id of a run"));
    };
    match &criterion.command {
        Some(command) if *command != run.command => {
            Some(format!("{id} is shown by `{command}`, not by `{}`", run.command))
        }
        _ => judge(workspace, &run.command, Some(run))
            .or_else(|| (run.tests == Some(0)).then(|| format!("`{}` ran no test, so it shows nothing", run.command)))
            .map(|why| format!("{id}: {why}")),
    }
}

/// What was done to tests of the base. Where they can't be compared, the verifier says so.
fn tests(workspace: &Workspace<'_>, brief: &Brief) -> Vec<String> {
    let problems = intact::compare(workspace.host, brief).map(|comparison| comparison.problems).unwrap_or_default();
    let lines = problems.iter().map(|problem| match problem.place() {
        Some((line, text)) if problem.is_there() => {
            format!("{problem} (line {line}: `{}`). {}", head(text, MAX_QUOTE_BYTES), problem.advice())
        }
        _ => problem.to_string(),
    });
    first(lines, "tests")
}

/// What the change is measured by, where it asks for less: a review of the change would end with the same. What a command left
/// behind is not the author's to take back.
fn measures(workspace: &Workspace<'_>, brief: &Brief) -> Vec<String> {
    let Ok(change) = Changed::read(workspace.host) else { return vec![] };
    let hits = checks::refused(&Scene::new(&change, brief)).into_iter();
    let own = hits.filter(|(_, hit)| workspace.touched.contains(&hit.path)).map(|(_, hit)| {
        let place = hit.line.map(|line| format!(":{line}")).unwrap_or_default();
        let quote = hit.quote.map(|quote| format!(" `{}`", head(&quote, MAX_QUOTE_BYTES))).unwrap_or_default();
        format!("{}{place}{quote}: {} {}", hit.path, hit.message, hit.suggestion)
    });
    first(own, "places")
}

/// The first of them, and how many more there are.
fn first(lines: impl Iterator<Item = String>, what: &str) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    let more = lines.len().saturating_sub(MAX_NAMED);
    lines.truncate(MAX_NAMED);
    lines.extend((more > 0).then(|| format!("and {more} more {what}")));
    lines
}

/// Files outside the globs of the steps up to this one.
fn files(workspace: &Workspace<'_>, brief: &Brief, step: Option<&Step>) -> Vec<String> {
    let current = step
        .map_or(brief.steps.len(), |step| brief.steps.iter().position(|it| it.id == step.id).map_or(0, |at| at + 1));
    let patterns: Vec<&String> = brief.steps.iter().take(current).flat_map(|step| &step.files).collect();
    // Without globs, or with ones that can't be read, there is nothing to hold a file against; the host has its grants.
    let Some(globs) = Globs::parse(&patterns).ok().filter(|_| !patterns.is_empty()) else { return vec![] };
    let changed: Vec<String> =
        workspace.host.changes().unwrap_or_default().into_iter().map(|change| change.path).collect();
    let outside = workspace.touched.iter().filter(|path| changed.contains(path) && !globs.matches(path));
    outside
        .map(|path| format!("{path} is not among the step's files: take the change back, or finish as blocked"))
        .collect()
}

fn broken(workspace: &Workspace<'_>) -> Vec<String> {
    let is_broken = |path: &&String| {
        let text = |content: Vec<u8>| String::from_utf8(content).ok();
        let before = workspace.host.original(path, 0).ok().and_then(text);
        let after = workspace.host.load(path).ok().and_then(text);
        matches!((before, after), (Some(before), Some(after)) if syntax::broke(path, &before, &after))
    };
    workspace
        .touched
        .iter()
        .filter(is_broken)
        .map(|path| format!("{path} could be parsed before your change, and can't be now"))
        .collect()
}
