//! `skillhost run GOAL…`.

mod publish;
mod recorded;

use self::recorded::{Recorded, Recorders};
use crate::args::{Global, Run};
use crate::calling::engine::engine;
use crate::calling::equip::equip;
use crate::calling::policies::Policies;
use crate::calling::{models, web};
use crate::commands::doctor::toolchains;
use crate::commands::runs::cost;
use crate::failure::{Exit, Failure};
use crate::interrupt::cancelled_by_signal;
use crate::places::Places;
use crate::reports::{Report, Reporter, Suite, of_run};
use crate::terminal::printer::Printer;
use crate::terminal::progress::Progress;
use crate::terminal::prompt::person;
use crate::{block_on, project, runtime_of_runs, trace};
use serde::Serialize;
use skillhost_core::text::escape_terminal;
use skillhost_egress::Dialer;
use skillhost_engine::Allocation;
use skillhost_models::Tuning;
use skillhost_runs::commands::check_programs;
use skillhost_runs::error::{FailureClass, RunError};
use skillhost_runs::host::Host;
use skillhost_runs::{Ended, Finished};
use skillhost_sandbox::{Demand, Sandbox, Support};
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

/// What one goal came to, for programs.
#[derive(Serialize)]
struct Entry {
    goal: String,
    run: Option<String>,
    state: &'static str,
    exit_code: u8,
    branch: Option<String>,
    pull_request: Option<String>,
    /// The remote that the branch was pushed to, and where the pull request is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pushed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pull_request_url: Option<String>,
    spec: Option<String>,
    run_json: Option<String>,
    reasons: Vec<String>,
    tokens: u64,
    cost_micro_usd: Option<u64>,
    sandbox: Option<String>,
    denials: usize,
    /// Why it failed, each cause behind the one before.
    caused_by: Vec<String>,
    /// What to do about it.
    hint: Option<String>,
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    runs: Vec<Entry>,
    /// What each skill used of its grants, where that was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<Vec<Recorded>>,
}

pub(crate) fn run(arguments: &Run, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let reporter = Reporter::open(&arguments.reports, printer)?;
    reporter.around("goal", &arguments.goals, |told| work(arguments, global, printer, told))
}

fn work(arguments: &Run, global: &Global, printer: Printer, told: &mut Report) -> Result<Exit, Failure> {
    if let Some(empty) = arguments.goals.iter().find(|goal| goal.trim().is_empty()) {
        return Err(Failure::new(Exit::Usage, format!("a goal is empty: {empty:?}")));
    }
    if arguments.models.record.is_some() && arguments.goals.len() > 1 {
        return Err(Failure::new(Exit::Usage, "a recording holds the calls of one goal, and there are several")
            .hint("record each goal by itself: skillhost run GOAL --record FILE"));
    }
    let policies = Policies::read(global.policy.as_deref())?;
    let places = Places::for_run(global.state_dir.as_deref(), printer)?;
    let base =
        project::read(arguments.base.as_deref(), arguments.config.as_deref(), arguments.lock.as_deref(), printer)?;
    let user = models::read_user()?;
    models::check_variables(&user)?;
    let mut models = models::open(&base.project, &user, &arguments.models.models, Tuning::default())?;
    let progress = Progress::new(printer);

    block_on(runtime_of_runs()?, async {
        let sandbox = sandbox(arguments, &places, &base, &user.toolchains).await?;
        let engine = engine(&places, Allocation::Pooling)?;
        let skills = equip(&base, (&places, &policies), &engine, (&progress, printer), arguments.record_grants).await?;
        models::check(&models, &skills, &base.project, printer)?;
        let dialer = Dialer::new(policies.openings());
        let publish = publish::open(&arguments.publish, &base.repository, &user, &dialer)?;
        let web = web::open(dialer.clone(), &web::bearers(&skills, &base), &places, || Ok(user))?;
        if let Some(file) = &arguments.models.record {
            // The last that can fail before the run, so that a failed start leaves no file.
            models.record_to(file).map_err(|e| models::failure(Exit::Configuration, &e))?;
        }
        let host = Host {
            state: places.state.clone(),
            repository: base.repository.workdir().to_owned(),
            project: Arc::new(base.project.clone()),
            engine: Arc::new(engine),
            sandbox,
            dialer,
            models: Arc::new(models),
            web,
            skills: Arc::new(skills),
            policy: policies.digest,
            publish,
            watcher: progress.watcher(),
            person: person(printer, &progress, global.no_prompt),
        };
        trace::begin(&progress, Some(Arc::clone(&host.models)), Some(host.web.clone()));
        let cancel = cancelled_by_signal(progress.clone());
        let start = Start { branch: base.branch.clone(), commit: base.commit.to_string() };
        let results = run_all(&host, &arguments.goals, &start, arguments.jobs, &cancel, &progress).await;
        let models = Arc::clone(&host.models);
        told.scrub = Some(Box::new(move |text| models.scrub(text)));
        told.suites = results.iter().map(|(goal, result)| suite(goal, result, &places)).collect();
        let recorded = Recorders::of(&host.skills).recorded(&base.project);
        Ok(report(&results, recorded, printer))
    })?
}

/// What all runs start from.
#[derive(Clone)]
struct Start {
    branch: String,
    commit: String,
}

/// Runs all goals, at most `jobs` at once, each as a task of its own; results in the order of the goals. One that ends
/// makes room for the next; once cancelled, none begins any more.
async fn run_all<'a>(
    host: &Host,
    goals: &'a [String],
    start: &Start,
    jobs: u16,
    cancel: &watch::Receiver<bool>,
    progress: &Progress,
) -> Vec<(&'a String, Result<Finished, RunError>)> {
    let places = Arc::new(Semaphore::new(jobs.into()));
    let mut tasks = Vec::with_capacity(goals.len());
    for goal in goals {
        // Here and not in the task, so that goals begin in their order.
        let place = Arc::clone(&places).acquire_owned().await;
        let (host, goal_text, start) = (host.clone(), goal.clone(), start.clone());
        let (cancel, progress) = (cancel.clone(), progress.clone());
        let task = tokio::spawn(async move {
            let _place = place;
            if *cancel.borrow() {
                return Err(RunError::Interrupted);
            }
            let ended = skillhost_runs::run(&host, &goal_text, (&start.branch, &start.commit), cancel).await;
            if let Ok(finished) = &ended {
                progress.end(&finished.id);
            }
            ended
        });
        tasks.push((goal, task));
    }
    let mut results = Vec::with_capacity(tasks.len());
    for (goal, task) in tasks {
        results.push((goal, task.await.unwrap_or_else(|error| Err(RunError::Bug(error.to_string())))));
    }
    results
}

async fn sandbox(
    arguments: &Run,
    places: &Places,
    base: &project::Base,
    configured: &skillhost_core::user::Toolchains,
) -> Result<Sandbox, Failure> {
    let demand = match (arguments.dangerously_unsandboxed, arguments.allow_reduced_sandbox) {
        (true, _) => Demand::DangerouslyUnsandboxed,
        (false, true) => Demand::AllowReduced,
        (false, false) => Demand::Full,
    };
    let support = match demand {
        // What isn't used need not work.
        Demand::DangerouslyUnsandboxed => Support::everything(),
        _ => skillhost_sandbox::probe().await.map_err(|e| Failure::of(Exit::Denied, &e))?,
    };
    let excluded = [places.state.clone(), base.repository.workdir().to_owned()];
    let toolchains = toolchains(configured, &excluded);
    check_programs(&base.project, &toolchains.path()).map_err(|e| failure(&RunError::from(e), None))?;
    let sandbox = Sandbox::new(support, toolchains, demand);
    // Before anything is spent: what can't be enforced is refused now.
    sandbox.level().map_err(|e| {
        Failure::of(Exit::Denied, &e)
            .hint("skillhost doctor says what is missing; --allow-reduced-sandbox runs without it")
    })?;
    Ok(sandbox)
}

fn report(
    results: &[(&String, Result<Finished, RunError>)],
    recorded: Option<Vec<Recorded>>,
    printer: Printer,
) -> Exit {
    let mut worst = Exit::Done;
    let mut document = Document { schema: "skillhost.result/1", runs: Vec::new(), recorded };
    for (goal, result) in results {
        let (exit, mut entry) = match result {
            Ok(finished) => of_finished(goal, finished),
            Err(error) => of_error(goal, error),
        };
        printer.note("");
        for failure in why(result).into_iter().chain(why_unpublished(result)) {
            printer.explain(&failure);
            if entry.hint.is_none() && entry.caused_by.is_empty() {
                (entry.caused_by, entry.hint) = (failure.causes(), failure.what_to_do());
            }
        }
        if !printer.is_json() {
            tell(result, &entry, printer);
        }
        worst = worst.worse(exit);
        document.runs.push(entry);
    }
    if printer.is_json() {
        printer.json(&document);
    } else if let Some(recorded) = &document.recorded {
        recorded::show(recorded, printer);
    }
    worst
}

/// What came of a goal, as its run's records tell it.
fn suite(goal: &str, result: &Result<Finished, RunError>, places: &Places) -> Suite {
    let why = why(result).map(|failure| failure.reasons());
    let finished = match result {
        Ok(finished) => finished,
        Err(error) => return Suite::of_failure(goal, "goal", exit_of(error.class()), why.unwrap_or_default()),
    };
    let (exit, entry) = of_finished(goal, finished);
    let reasons = why.unwrap_or(entry.reasons);
    match super::show::open(places, &finished.id) {
        Ok(view) => of_run(&view, exit, reasons),
        Err(failure) => Suite::of_failure(goal, "goal", exit, reasons.into_iter().chain(failure.reasons()).collect()),
    }
}

fn of_finished(goal: &str, finished: &Finished) -> (Exit, Entry) {
    let (state, exit, reasons) = match &finished.ended {
        Ended::Ready => ("ready", Exit::Done, Vec::new()),
        Ended::Draft(reasons) => ("draft", Exit::Negative, reasons.clone()),
        Ended::Failed(RunError::Interrupted) => ("interrupted", Exit::Interrupted, vec!["interrupted".to_owned()]),
        Ended::Failed(error) => ("failed", exit_of(error.class()), vec![error.chain()]),
    };
    let published = finished.published.as_ref().and_then(|published| published.as_ref().ok());
    let exit = match &finished.published {
        Some(Err(error)) => exit.worse(exit_of(error.class())),
        _ => exit,
    };
    let show = |path: &std::path::PathBuf| path.display().to_string();
    let entry = Entry {
        goal: goal.to_owned(),
        run: Some(finished.id.to_string()),
        state,
        exit_code: exit as u8,
        branch: Some(finished.branch.clone()),
        pull_request: finished.pull_request.as_ref().map(show),
        pushed: published.map(|published| published.remote.clone()),
        pull_request_url: published.and_then(|published| published.url.clone()),
        spec: finished.pull_request.as_ref().map(|_| finished.spec.clone()),
        run_json: finished.json.as_ref().map(show),
        reasons,
        tokens: finished.tokens,
        cost_micro_usd: finished.cost_micro_usd,
        sandbox: finished.sandbox.clone(),
        denials: finished.denials,
        caused_by: Vec::new(),
        hint: None,
    };
    (exit, entry)
}

fn of_error(goal: &str, error: &RunError) -> (Exit, Entry) {
    let exit = exit_of(error.class());
    let entry = Entry {
        goal: goal.to_owned(),
        run: None,
        state: if exit == Exit::Interrupted { "interrupted" } else { "failed" },
        exit_code: exit as u8,
        branch: None,
        pull_request: None,
        pushed: None,
        pull_request_url: None,
        spec: None,
        run_json: None,
        reasons: vec![error.chain()],
        tokens: 0,
        cost_micro_usd: Some(0),
        sandbox: None,
        denials: 0,
        caused_by: Vec::new(),
        hint: None,
    };
    (exit, entry)
}

/// Why a run failed; none where it didn't.
fn why(result: &Result<Finished, RunError>) -> Option<Failure> {
    match result {
        Err(error) => Some(failure(error, None)),
        Ok(Finished { ended: Ended::Failed(error), id, .. }) => Some(failure(error, Some(id.as_str()))),
        Ok(_) => None,
    }
}

/// Why a run could not be published; none where it was, or nobody asked for it.
fn why_unpublished(result: &Result<Finished, RunError>) -> Option<Failure> {
    let Ok(Finished { published: Some(Err(error)), .. }) = result else { return None };
    Some(Failure::of(exit_of(error.class()), error).maybe_hint(error.hint()))
}

/// The last lines of a run: what came of it, and the next command.
fn tell(result: &Result<Finished, RunError>, entry: &Entry, printer: Printer) {
    let Ok(finished) = result else { return };
    for reason in entry.reasons.iter().filter(|_| entry.state == "draft") {
        printer.note(format!("  draft         {}", escape_terminal(reason, 200)));
    }
    let denied = if finished.denials == 0 { "nothing".to_owned() } else { finished.denials.to_string() };
    let sandbox = finished.sandbox.as_deref().unwrap_or("no command was run");
    let cost = cost(finished.cost_micro_usd);
    printer.note(format!("  denied        {denied} · sandbox level: {sandbox} · {} tokens, {cost}", finished.tokens));
    if finished.pull_request.is_some() {
        printer.note(format!("  spec          {} on the branch", escape_terminal(&finished.spec, 200)));
    }
    printer.note(format!("  look          skillhost show {} · git switch {}", finished.id, finished.branch));
    if let Some(remote) = &entry.pushed {
        printer.note(format!("  pushed        {} to {}", finished.branch, escape_terminal(remote, 300)));
    }
    if let Some(url) = &entry.pull_request_url {
        printer.note(format!("  review        {}", escape_terminal(url, 300)));
    }
    if let Some(path) = &entry.pull_request {
        printer.note(format!("  pull request  ({})", entry.state));
        printer.data(path);
    }
}

fn failure(error: &RunError, run: Option<&str>) -> Failure {
    let hint = error.hint(run).or_else(|| run.map(|run| format!("skillhost show {run}")));
    Failure::of(exit_of(error.class()), error).maybe_hint(hint)
}

fn exit_of(class: FailureClass) -> Exit {
    match class {
        FailureClass::Negative => Exit::Negative,
        FailureClass::Configuration => Exit::Configuration,
        FailureClass::Denied => Exit::Denied,
        FailureClass::Limit => Exit::Limit,
        FailureClass::Integrity => Exit::Integrity,
        FailureClass::Interrupted => Exit::Interrupted,
        FailureClass::Bug => Exit::Bug,
    }
}
