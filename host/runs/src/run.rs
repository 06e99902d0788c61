//! One goal, from start to pull request.

use crate::ambient;
use crate::branch::BranchName;
use crate::commands;
use crate::conventions::conventions;
use crate::error::{FailureClass, RunError};
use crate::event::Event;
use crate::findings::Next;
use crate::host::Host;
use crate::ledger::{AgentRow, Ledger, RunRow, RunState, Sealer};
use crate::phases;
use crate::slug::Slug;
use crate::state::{State, Work};
use crate::view;
use crate::worktree::{AgentTree, CommitTree};
use skillhost_audit::{Class, Event as Entry, Keyring, Kind as Deed, Log, Outcome, Payloads, Status, Subject};
use skillhost_core::glob::Globs;
use skillhost_core::name::{AgentId, RunId};
use skillhost_core::phase::Phase;
use skillhost_core::text::escape_terminal;
use skillhost_engine::contract::Document;
use skillhost_models::{Allowance, Budget, Volatile};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// The pull request is ready.
    Ready,
    /// It is a draft, for these reasons.
    Draft(Vec<String>),
    /// There is none that could be used.
    Failed(RunError),
}

/// A run that ended.
#[derive(Debug)]
pub struct Finished {
    /// Its id.
    pub id: RunId,
    /// How it ended.
    pub ended: Ended,
    /// Its folder.
    pub folder: PathBuf,
    /// Its branch.
    pub branch: String,
    /// The pull request's text, where one was written.
    pub pull_request: Option<PathBuf>,
    /// The run for programs.
    pub json: PathBuf,
    /// What was spent.
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub cost_micro_usd: u64,
    /// What stood around commands.
    pub sandbox: Option<String>,
    /// How many things were denied.
    pub denials: usize,
    /// Where the spec is on the branch.
    pub spec: String,
}

/// Takes one goal through all phases. `base` names the branch that the pull request goes to and the commit to start
/// from; `cancel` turning true ends the run, and keeps what is there.
///
/// # Errors
/// Where the run could not even begin; afterwards, how it ended is in what it gives.
pub async fn run(
    host: &Host,
    goal: &str,
    base: (&str, &str),
    mut cancel: watch::Receiver<bool>,
) -> Result<Finished, RunError> {
    if host.project.verify.commands.is_empty() {
        return Err(RunError::NoGates);
    }
    commands::check_networks(&host.project)?;
    let state = begin(host, goal, base).await?;
    let started = ambient::now();
    let mut work = Work::default();
    let time = host.project.budget.time;
    let ended = tokio::select! {
        ended = state.phases(&mut work, goal) => ended,
        _ = cancel.wait_for(|cancelled| *cancelled) => Err(RunError::Interrupted),
        () = ambient::sleep(time.get()) => Err(RunError::Time(time)),
    };
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    state.end(work, ended, duration_ms).await
}

/// Opens ledger, log and worktree.
async fn begin(host: &Host, goal: &str, (base, commit): (&str, &str)) -> Result<State, RunError> {
    let id = ambient::new_run_id()?;
    let slug = Slug::of(goal);
    let branch = BranchName::from_template(&host.project.branch, &slug, &id)
        .map_err(|e| RunError::Bug(format!("branch in skillhost.toml: {e}")))?;
    let folder = host.runs_folder().join(id.as_str());
    ambient::make_folder(&folder)?;

    let keyring = Keyring::open(&host.state)?;
    let row = RunRow {
        id: id.clone(),
        state: RunState::Running,
        goal: goal.to_owned(),
        repository: host.repository.display().to_string(),
        base: base.to_owned(),
        base_commit: commit.to_owned(),
        branch: branch.as_str().to_owned(),
        head: None,
        process: ambient::own_process(),
        started_ms: ambient::unix_ms(),
        ended_ms: None,
        exit_code: None,
        error: None,
        tokens: 0,
        cost_micro_usd: Some(0),
        sandbox: None,
        spec: None,
        pull_request: None,
        assumptions: Vec::new(),
    };
    let ledger = Ledger::create(&folder, Sealer::of(&keyring, &id)?, &row)?;
    let key = keyring.subject(Subject::Run(id.clone()))?;
    let log = Log::open(&folder.join("audit.jsonl"), id.clone(), &key)?;
    let payloads = Arc::new(Payloads::open(&folder.join("payloads"), id.clone(), key)?);
    let auditor = log.auditor(skillhost_audit::Actor { agent: None, policy: host.policy, skill: None });
    auditor.decision(Entry::granted(Class::Run, Deed::Start))?;

    let agent = AgentId::main();
    let intent = auditor.intent(Entry::granted(Class::Worktree, Deed::Create))?;
    let tree = AgentTree::create(host, &id, &agent, commit, branch.as_str(), &folder.join("tree")).await?;
    intent.outcome(Outcome::done())?;
    let repository = folder.join("repository");
    tree.throwaway_repository(commit, &repository).await?;
    ledger.save_agent(&AgentRow { agent: agent.clone(), worktree: tree.record() })?;

    let budget = &host.project.budget;
    // Above 2^53 a float is not exact any more, and nobody spends that.
    let micro_usd = (budget.cost_usd * 1e6).min(9e15) as u64;
    let allowance = Allowance { tokens: Some(budget.tokens), cost: Some(micro_usd) };
    let volatile = Volatile::new([
        (host.state.display().to_string(), "state"),
        (id.to_string(), "run"),
        (commit.to_owned(), "base"),
    ]);
    let files = tree.base_tree().await?;
    let state = State {
        host: host.clone(),
        agent,
        row: Mutex::new(row),
        ledger: Mutex::new(ledger),
        log,
        payloads,
        budget: Budget::root(format!("run {id}"), allowance),
        volatile: Arc::new(volatile),
        asked: Default::default(),
        outputs: Default::default(),
        tree,
        repository,
        conventions: find_conventions(&files, goal),
        touched: Arc::default(),
        id,
        folder,
    };
    state.tell(Event::Started {
        goal: escape_terminal(goal, 200),
        branch: branch.as_str().to_owned(),
        base: format!("{base}@{}", &commit[..7.min(commit.len())]),
    });
    for note in state.tree.notes() {
        state.warn(&note);
    }
    if let Some(note) = phases::same_author_and_reviewer(host) {
        state.warn(&note);
    }
    Ok(state)
}

fn find_conventions(files: &CommitTree, goal: &str) -> Vec<Document> {
    let found = conventions(files, goal, &Globs::all());
    for warning in &found.warnings {
        tracing::warn!("{warning}");
    }
    found.documents.into_iter().map(|d| Document { path: d.path.to_string(), text: d.text }).collect()
}

impl State {
    /// Spec, its review, then the change, its gates and its review, each with its rounds.
    async fn phases(&self, work: &mut Work, goal: &str) -> Result<(), RunError> {
        let rounds = self.host.project.rounds;
        self.set_up().await?;
        self.specify(work, goal, rounds).await?;
        self.commit_spec(work).await?;
        for round in 1..=rounds {
            let authored = self.implement(work, goal, round).await;
            let commit = match authored {
                Ok(commit) => commit,
                // After a first change the run halts with what it has: its records say what failed.
                Err(error) if work.summary.is_some() && error.class() == FailureClass::Negative => {
                    work.draft_reasons.push(format!("the author could not answer round {round}: {error}"));
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            self.close_failures(work, round);
            let passed = self.run_gates(work, &commit).await?;
            let holds = self.verify(work, goal, round).await?;
            if !(passed && holds) && round < rounds {
                self.raise_failures(work, round)?;
                continue;
            }
            match self.review(work, goal, Phase::ChangeReview, round, rounds).await? {
                Next::GoOn { .. } | Next::End => return Ok(()),
                Next::Back => {}
            }
        }
        Ok(())
    }

    async fn specify(&self, work: &mut Work, goal: &str, rounds: u32) -> Result<(), RunError> {
        for round in 1..=rounds {
            if !self.draft_spec(work, goal, round, rounds).await? {
                continue;
            }
            match self.review(work, goal, Phase::SpecReview, round, rounds).await? {
                Next::GoOn { .. } => return Ok(()),
                Next::End => return Err(self.blocker(work, rounds)),
                Next::Back => {}
            }
        }
        Ok(())
    }

    /// Writes down how the run ended, whatever happened.
    async fn end(self, mut work: Work, ended: Result<(), RunError>, duration_ms: u64) -> Result<Finished, RunError> {
        let has_change = work.summary.is_some();
        if let (Err(error), true) = (&ended, has_change) {
            work.draft_reasons.push(format!("the run ended early: {error}"));
        }
        let drafts = if has_change { Some(self.propose(&work, duration_ms).await?) } else { None };
        let ended = match (ended, drafts) {
            (Err(error), _) => Ended::Failed(error),
            (Ok(()), Some(drafts)) if drafts.is_empty() => Ended::Ready,
            (Ok(()), Some(drafts)) => Ended::Draft(drafts),
            (Ok(()), None) => Ended::Failed(RunError::Bug("the run ended without a change".to_owned())),
        };
        let (state, exit_code, error) = match &ended {
            Ended::Ready => (RunState::Ready, 0, None),
            Ended::Draft(reasons) => (RunState::Draft, 1, reasons.first().cloned()),
            Ended::Failed(RunError::Interrupted) => (RunState::Interrupted, 130, Some("interrupted".to_owned())),
            Ended::Failed(error) => (RunState::Failed, exit_code(error.class()), Some(error.to_string())),
        };
        let status = match state {
            RunState::Ready | RunState::Draft => Status::Done,
            RunState::Interrupted => Status::Cancelled,
            _ => Status::Failed,
        };
        self.auditor().intent(Entry::granted(Class::Run, Deed::End))?.outcome(Outcome::of(status))?;
        self.save(|row| {
            row.state = state;
            row.exit_code = Some(exit_code);
            row.error = error;
            row.ended_ms = Some(ambient::unix_ms());
            row.head = Some(self.tree.head());
            row.assumptions.clone_from(&work.assumptions);
        })?;
        let view = self.ledger(|ledger| view::view(ledger, self.log.size()))?;
        let json = self.folder.join("run.json");
        let text = serde_json::to_vec_pretty(&view).map_err(|e| RunError::Bug(e.to_string()))?;
        ambient::write_whole(&json, &text)?;
        self.log.close()?;
        let row = self.row.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        Ok(Finished {
            id: self.id.clone(),
            ended,
            branch: row.branch,
            pull_request: row.pull_request.map(PathBuf::from),
            json,
            tokens: row.tokens,
            cost_micro_usd: row.cost_micro_usd.unwrap_or(0),
            sandbox: row.sandbox,
            denials: self.ledger(|ledger| ledger.denials())?.into_iter().collect::<Vec<_>>().len(),
            spec: self.spec_path(),
            folder: self.folder.clone(),
        })
    }
}

fn exit_code(class: FailureClass) -> u8 {
    match class {
        FailureClass::Negative => 1,
        FailureClass::Configuration => 3,
        FailureClass::Denied => 4,
        FailureClass::Limit => 5,
        FailureClass::Integrity => 6,
        FailureClass::Bug => 70,
        FailureClass::Interrupted => 130,
    }
}
