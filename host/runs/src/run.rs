//! One goal, from start to pull request.

use crate::ambient;
use crate::conventions::{conventions, files_of_goal};
use crate::error::{FailureClass, RunError};
use crate::event::Event;
use crate::findings::Next;
use crate::host::Host;
use crate::ledger::{AgentRow, LOG, Ledger, RunRow, RunState, Sealer};
use crate::network;
use crate::ports::AskPort;
use crate::publish::{PublishError, Published};
use crate::session::allowance;
use crate::slug::Slug;
use crate::state::{State, Work};
use crate::worktree::{self, AgentTree, CommitTree};
use skillhost_audit::{Class, Event as Entry, Keyring, Kind as Deed, Log, Outcome, Payloads, Status, Subject};
use skillhost_core::branch::BranchName;
use skillhost_core::glob::Globs;
use skillhost_core::name::{AgentId, RunId};
use skillhost_core::phase::Phase;
use skillhost_core::text::escape_terminal;
use skillhost_engine::contract::Document;
use skillhost_models::{Budget, Volatile};
use skillhost_worktree::NewWorktree;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
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
    /// Its branch.
    pub branch: String,
    /// The pull request's text, where one was written.
    pub pull_request: Option<PathBuf>,
    /// What was published of it, where that was asked for and there was something to show.
    pub published: Option<Result<Published, PublishError>>,
    /// The run for programs, where it could be written.
    pub json: Option<PathBuf>,
    /// What was spent.
    pub tokens: u64,
    /// Millionths of a US dollar; none where a price is unknown.
    pub cost_micro_usd: Option<u64>,
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
    let state = begin(host, goal, base).await?;
    network_warning(host).iter().for_each(|warning| state.warn(warning));
    let started = ambient::now();
    let mut work = Work::default();
    let time = host.project.budget.time;
    let ended = tokio::select! {
        ended = state.phases(&mut work, goal) => ended,
        _ = cancel.wait_for(|cancelled| *cancelled) => Err(RunError::Interrupted),
        () = ambient::sleep(time.get()) => Err(RunError::Time(time)),
    };
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(state.end(work, ended, duration_ms).await)
}

/// Opens what a run is written down in. Nothing is made outside of its folder, and where this fails the folder goes.
async fn begin(host: &Host, goal: &str, (base, commit): (&str, &str)) -> Result<State, RunError> {
    let id = ambient::new_run_id()?;
    let branch = BranchName::from_template(&host.project.branch, Slug::of(goal).as_str(), &id)?;
    let repository = worktree::open(&host.repository).await?;
    let files = CommitTree::open(Arc::clone(&repository), worktree::parse(commit)?).await?;
    let conventions = conventions(&files, goal, &files_of_goal(&files, goal));
    let folder = host.runs_folder().join(id.as_str());
    ambient::make_folder(&folder)?;

    let open = || -> Result<State, RunError> {
        let agent = AgentId::main();
        let new = NewWorktree {
            run: id.clone(),
            agent: agent.clone(),
            base: worktree::parse(commit)?,
            branch: branch.as_str().to_owned(),
            dir: folder.join("tree"),
        };
        let tree = AgentTree::plan(repository, new)?;
        let row = row(host, &id, goal, (base, commit), &branch);
        let keyring = Keyring::open(&host.state)?;
        let key = keyring.subject(Subject::Run(id.clone()))?;
        // First, since its lock tells others that the run is alive.
        let log = Log::open(&folder.join(LOG), id.clone(), &key)?;
        let ledger = Ledger::create(&folder, Sealer::of(&keyring, &id)?, &row)?;
        // Before the tree is made, so that it is found whenever the run is killed.
        ledger.save_agent(&AgentRow { agent: agent.clone(), worktree: tree.record(), rescued: None })?;
        let payloads = Arc::new(Payloads::open(&folder.join("payloads"), id.clone(), key)?);
        let volatile = Volatile::new([
            (host.state.display().to_string(), "state"),
            (id.to_string(), "run"),
            (commit.to_owned(), "base"),
        ]);
        Ok(State {
            host: host.clone(),
            agent,
            row: Mutex::new(row),
            ledger: Mutex::new(ledger),
            log,
            payloads,
            budget: Budget::root(format!("run {id}"), allowance(&host.project.budget)),
            volatile: Arc::new(volatile),
            asked: AskPort::new(host.person.clone()),
            outputs: Default::default(),
            tree,
            repository: folder.join("repository"),
            warnings: conventions.warnings.iter().map(ToString::to_string).chain(network_warning(host)).collect(),
            conventions: Mutex::new(documents(conventions.documents)),
            touched: Arc::default(),
            refused: Arc::default(),
            id: id.clone(),
            folder: folder.clone(),
        })
    };
    let opened = open();
    if opened.is_err() {
        // The first error is the one that tells why.
        let _ = ambient::remove_folder(&folder);
    }
    opened
}

fn documents(conventions: Vec<crate::conventions::Document>) -> Vec<Document> {
    conventions.into_iter().map(|it| Document { path: it.path.to_string(), text: it.text }).collect()
}

fn network_warning(host: &Host) -> Option<String> {
    host.sandbox.level().ok().and_then(|level| network::warning(&host.project, &level))
}

fn row(host: &Host, id: &RunId, goal: &str, (base, commit): (&str, &str), branch: &BranchName) -> RunRow {
    RunRow {
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
        cached_tokens: 0,
        cost_micro_usd: Some(0),
        sandbox: None,
        spec: None,
        pull_request: None,
        pushed: None,
        pull_request_url: None,
        assumptions: Vec::new(),
        checks: Vec::new(),
    }
}

impl State {
    /// Makes the agent's tree, which the ledger knows of already.
    async fn start(&self) -> Result<(), RunError> {
        let auditor = self.auditor();
        auditor.decision(Entry::granted(Class::Run, Deed::Start))?;
        let row = self.row();
        self.tell(Event::Started {
            goal: escape_terminal(&row.goal, 200),
            branch: escape_terminal(&row.branch, 200),
            base: escape_terminal(&format!("{}@{}", row.base, &row.base_commit[..7.min(row.base_commit.len())]), 200),
        });
        for note in self.notes() {
            self.warn(&note);
        }
        let place = auditor.commit(Class::Worktree, self.tree.dir().as_os_str().as_encoded_bytes());
        let intent = auditor.intent(Entry::granted(Class::Worktree, Deed::Create).on(place))?;
        let made = async {
            self.tree.throwaway_repository(&self.tree.base(), &self.repository).await?;
            self.tree.create().await
        };
        let made = made.await;
        let status = if made.is_ok() { Status::Done } else { Status::Failed };
        let made = made.and(intent.outcome(Outcome::of(status)).map_err(RunError::from));
        if made.is_err() {
            // The first error is the one that tells why; what can't be removed now, `gc` removes later.
            let _ = self.tree.remove().await;
            let _ = ambient::remove_folder(&self.repository);
        }
        made
    }

    /// Spec, its review, then the change, its gates and its review, each with its rounds.
    async fn phases(&self, work: &mut Work, goal: &str) -> Result<(), RunError> {
        let rounds = self.host.project.rounds;
        self.start().await?;
        self.set_up().await?;
        self.specify(work, goal, rounds).await?;
        self.commit_spec(work).await?;
        self.publish_early().await;
        self.narrow_conventions(work, goal).await?;
        for round in 1..=rounds {
            let authored = self.implement(work, goal, round).await;
            let commit = match authored {
                Ok(commit) => commit,
                // After a first change the run halts with what it has: its records say what failed.
                Err(error) if work.summary.is_some() && error.class() == FailureClass::Negative => {
                    work.draft_reasons.push(format!("the author could not answer round {round}: {}", error.chain()));
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            let passed = self.run_gates(work, &commit).await? && self.tests_show_it(work, goal, &commit).await?;
            let holds = self.verify(work, goal, round).await?;
            self.close_failures(work, round)?;
            if !(passed && holds) {
                self.raise_failures(work, round)?;
                // In the last round nobody is left to mend what is open.
                if round < rounds {
                    continue;
                }
            }
            match self.review(work, goal, Phase::ChangeReview, round, rounds).await? {
                Next::GoOn | Next::End => return Ok(()),
                Next::Back => {}
            }
        }
        Ok(())
    }

    /// From here on the plan tells which files are touched, and with them, which conventions apply.
    async fn narrow_conventions(&self, work: &Work, goal: &str) -> Result<(), RunError> {
        let touched = work.steps.iter().flat_map(|step| &step.files);
        // The host checked the globs; a plan without steps tells nothing.
        let Some(touched) = Globs::parse(touched).ok().filter(|globs| !globs.is_empty()) else { return Ok(()) };
        let files = self.tree.at_base().await?;
        let narrowed = documents(conventions(&files, goal, &touched).documents);
        *self.conventions.lock().unwrap_or_else(PoisonError::into_inner) = narrowed;
        Ok(())
    }

    async fn specify(&self, work: &mut Work, goal: &str, rounds: u32) -> Result<(), RunError> {
        for round in 1..=rounds {
            if !self.draft_spec(work, goal, round, rounds).await? {
                continue;
            }
            match self.review(work, goal, Phase::SpecReview, round, rounds).await? {
                Next::GoOn => return Ok(()),
                Next::End => return Err(self.blocker(work, rounds)),
                Next::Back => {}
            }
        }
        Ok(())
    }
}
