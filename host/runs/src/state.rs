//! One run at work: what its phases share.

use crate::aftermath::skill_failed;
use crate::ambient;
use crate::commands::Runner;
use crate::error::{RunError, is_no_room};
use crate::event::{Event, Watcher};
use crate::findings::{Findings, Severity};
use crate::host::{Equipped, Host};
use crate::ledger::{EvidenceRow, Ledger, PhaseRow, PhaseState, RunRow, deciding};
use crate::network::Denials;
use crate::phases::OnBase;
use crate::ports::Outputs;
use crate::ports::{AskPort, ChangesPort, ExecPort, HttpPort, LogPort, ModelPort};
use skillhost_audit::{Actor, Auditor, Log, Payloads};
use skillhost_core::kind::Kind;
use skillhost_core::name::{AgentId, RunId};
use skillhost_core::path::SkillPath;
use skillhost_core::phase::Phase;
use skillhost_core::project::Network;
use skillhost_core::text::escape_terminal;
use skillhost_core::tier::Tier;
use skillhost_engine::contract::{self, Answer, Brief, Criterion, Document, Step};
use skillhost_engine::files::{Quotas, Rules, Tree};
use skillhost_engine::ports::Ports;
use skillhost_engine::{Call, Called, Engine, Unanswered, supervised};
use skillhost_models::{Allowance, Budget, CallSite, ModelError, Role, Turns, Volatile};
use std::collections::BTreeSet;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tracing::Instrument as _;

/// One run at work.
pub(crate) struct State {
    pub(crate) host: Host,
    pub(crate) id: RunId,
    pub(crate) folder: PathBuf,
    pub(crate) agent: AgentId,
    pub(crate) row: Mutex<RunRow>,
    pub(crate) ledger: Mutex<Ledger>,
    pub(crate) log: Arc<Log>,
    pub(crate) payloads: Arc<Payloads>,
    pub(crate) budget: Budget,
    pub(crate) volatile: Arc<Volatile>,
    pub(crate) asked: AskPort,
    pub(crate) outputs: Outputs,
    pub(crate) tree: crate::worktree::AgentTree,
    /// Throwaway repository for commands that need git.
    pub(crate) repository: PathBuf,
    /// Those that apply to the files of the goal, and once there is a plan, to those of its steps.
    pub(crate) conventions: Mutex<Vec<Document>>,
    /// What of the conventions didn't reach the brief.
    pub(crate) warnings: Vec<String>,
    /// What the skills wrote through the guard so far.
    pub(crate) touched: Arc<Mutex<BTreeSet<SkillPath>>>,
    /// What commands asked the network for and didn't get, not yet in the ledger.
    pub(crate) refused: Denials,
}

/// What the phases hand on.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) spec: Option<Document>,
    pub(crate) steps: Vec<Step>,
    pub(crate) criteria: Vec<Criterion>,
    pub(crate) assumptions: Vec<String>,
    pub(crate) findings: Findings,
    pub(crate) summary: Option<contract::Summary>,
    pub(crate) checks: Vec<contract::Check>,
    /// Of the newest gates.
    pub(crate) evidence: Vec<EvidenceRow>,
    /// What its tests do without it, where the newest gates passed.
    pub(crate) on_base: OnBase,
    pub(crate) left_out: Vec<(String, String)>,
    /// Reasons why the pull request stays a draft, beyond what its records show.
    pub(crate) draft_reasons: Vec<String>,
    pub(crate) head: Option<String>,
}

/// What a skill is called for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) phase: Phase,
    pub(crate) round: u32,
}

/// How hard a skill may try. Clones count their model calls together, so that a recording tells attempts apart.
#[derive(Clone, Default)]
pub(crate) struct Effort {
    turns: Turns,
    /// Whether each model call goes to the next tier up.
    is_stronger: bool,
    /// The tiers that the skill asked for.
    asked: Arc<Mutex<BTreeSet<Tier>>>,
}

impl Effort {
    pub(crate) fn stronger(&self) -> Self {
        Self { is_stronger: true, ..self.clone() }
    }

    pub(crate) fn asked(&self) -> BTreeSet<Tier> {
        self.asked.lock().map(|asked| asked.clone()).unwrap_or_default()
    }
}

impl State {
    pub(crate) fn watcher(&self) -> &Watcher {
        &self.host.watcher
    }

    pub(crate) fn tell(&self, event: Event) {
        self.host.watcher.tell(&self.id, event);
    }

    pub(crate) fn warn(&self, text: &str) {
        self.tell(Event::Warning(escape_terminal(text, 500)));
    }

    /// Writes to the ledger.
    pub(crate) fn ledger<T>(
        &self,
        write: impl FnOnce(&Ledger) -> Result<T, crate::ledger::LedgerError>,
    ) -> Result<T, RunError> {
        let ledger = self.ledger.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(write(&ledger)?)
    }

    /// Changes the run's row, and saves it.
    pub(crate) fn save(&self, change: impl FnOnce(&mut RunRow)) -> Result<(), RunError> {
        let mut row = self.row.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut row);
        let spent = self.budget.spent();
        row.tokens = spent.tokens;
        row.cached_tokens = spent.cached_tokens;
        row.cost_micro_usd = spent.known_cost();
        let row = row.clone();
        self.ledger(|ledger| ledger.save_run(&row))
    }

    /// The run's row, as it is now.
    pub(crate) fn row(&self) -> RunRow {
        self.row.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// On a full disk, whatever failed first failed for want of room, even where a skill or a command is who says it.
    pub(crate) fn or_full(&self, error: RunError) -> RunError {
        let is_told = matches!(error, RunError::Interrupted | RunError::Time(_)) || is_no_room(&error);
        if !is_told && ambient::is_full(&self.folder) { RunError::Full(Some(Box::new(error))) } else { error }
    }

    /// Who records what the host itself does.
    pub(crate) fn auditor(&self) -> Auditor {
        self.log.auditor(Actor { agent: None, policy: self.host.policy, skill: None })
    }

    /// Runs commands, in somebody's name.
    pub(crate) fn runner(&self, auditor: Auditor) -> Runner {
        let (sandbox, dialer) = (self.host.sandbox.clone(), self.host.dialer.clone());
        let refused = Arc::clone(&self.refused);
        let keeps_downloads = self.host.project.setup().is_some_and(|setup| setup.network != Network::None);
        Runner { sandbox, dialer, auditor, payloads: Arc::clone(&self.payloads), refused, keeps_downloads }
    }

    /// The brief of a turn: all that its skill is told.
    pub(crate) fn brief(&self, turn: Turn, work: &Work, goal: &str) -> Brief {
        let back = |finding: &&crate::findings::Finding| match turn.phase {
            Phase::Spec | Phase::SpecReview => matches!(finding.phase, Phase::Spec | Phase::SpecReview),
            Phase::Implement => true,
            // What failed is for the next gates to decide, not for a skill.
            Phase::Verify | Phase::ChangeReview => finding.phase != Phase::Verify,
        };
        // An author mends what is severe; a reviewer decides over all that is open, and does not raise it again.
        let least = if turn.phase.kind() == Kind::Review { Severity::Nit } else { Severity::Major };
        let open: Vec<_> = work.findings.open(least).filter(back).collect();
        // An author is told of the findings; a reviewer, what the author says to them, too.
        let answers = open
            .iter()
            .filter_map(|finding| {
                finding.answers.last().map(|answer| Answer { finding: finding.id.clone(), text: answer.text.clone() })
            })
            .collect();
        let base = self.row.lock().map(|row| row.base_commit.clone()).unwrap_or_default();
        Brief {
            run: self.id.to_string(),
            agent: self.agent.to_string(),
            goal: goal.to_owned(),
            base,
            conventions: self.conventions.lock().map(|documents| documents.clone()).unwrap_or_default(),
            spec: work.spec.clone(),
            steps: if matches!(turn.phase, Phase::Implement | Phase::ChangeReview) {
                work.steps.clone()
            } else {
                vec![]
            },
            criteria: work.criteria.clone(),
            findings: open.into_iter().map(crate::phases::finding_to_wit).collect(),
            answers,
            gates: deciding(&work.evidence).map(crate::phases::gate_to_wit).collect(),
        }
    }

    /// Calls the skill of a turn once, with everything that a run gives it, and writes down how it went.
    pub(crate) async fn call_once<T, F, R>(
        &self,
        turn: Turn,
        effort: &Effort,
        invoke: F,
        describe: impl FnOnce(&T) -> (bool, String),
    ) -> Result<T, RunError>
    where
        F: FnOnce(Call, Arc<Engine>) -> R,
        R: Future<Output = Result<Called<T>, Box<Unanswered>>> + Send + 'static,
        T: Send + 'static,
    {
        let equipped = self.host.equipped(turn.phase.kind())?;
        let answered = Arc::new(Mutex::new(BTreeSet::new()));
        let failed = Arc::new(Mutex::new(None));
        // Without limits of its own, it counts what this turn spends.
        let budget = self.budget.child(format!("phase {}", turn.phase), Allowance::default());
        let mut row = PhaseRow {
            agent: self.agent.clone(),
            phase: turn.phase,
            round: turn.round,
            attempt: if effort.is_stronger { 2 } else { 1 },
            state: PhaseState::Running,
            skill: equipped.name(),
            digest: equipped.skill.inspection().digest.to_string(),
            models: Vec::new(),
            tokens: 0,
            cached_tokens: 0,
            cost_micro_usd: None,
            started_ms: ambient::unix_ms(),
            ended_ms: None,
            note: String::new(),
        };
        let number = self.ledger(|ledger| ledger.begin_phase(&row))?;
        self.tell(Event::PhaseStarted { agent: self.agent.clone(), phase: turn.phase, round: turn.round });
        let started = ambient::now();

        let role = role(turn.phase.kind())?;
        let granted = equipped.capabilities.model.iter().copied();
        self.host.models.learn_windows(&role, equipped.role().as_ref(), granted).await;

        let skill = equipped.reference.clone();
        let ended = match self.prepare(turn, effort, equipped, &budget, Arc::clone(&answered), Arc::clone(&failed)) {
            Err(error) => Err(error),
            Ok(call) => {
                let engine = Arc::clone(&self.host.engine);
                // Says whose turn it is, for whoever traces the skill's calls.
                let span = tracing::trace_span!("turn", run = %self.id, agent = %self.agent, phase = turn.phase.as_str(), round = turn.round);
                let called = supervised(|watch| invoke(Call { watch: Some(watch), ..call }, engine)).instrument(span);
                match called.await {
                    Err(unanswered) => {
                        self.show_printed(equipped, &unanswered.done.printed);
                        self.took(equipped, &unanswered.done)
                            .and(Err(RunError::Call { skill, source: unanswered.error }))
                    }
                    Ok(called) => self
                        .took(equipped, &called.done)
                        .and_then(|()| called.answer.map_err(|error| skill_failed(skill, error, &failed))),
                }
            }
        };
        let ended = ended.map_err(|error| self.or_full(error));

        let spent = budget.spent();
        row.ended_ms = Some(ambient::unix_ms());
        row.models = answered.lock().map(|names| names.iter().cloned().collect()).unwrap_or_default();
        row.tokens = spent.tokens;
        row.cached_tokens = spent.cached_tokens;
        row.cost_micro_usd = spent.known_cost();
        let (is_good, note) = match &ended {
            Ok(value) => describe(value),
            Err(error) => (false, error.chain()),
        };
        row.state = match (&ended, is_good) {
            (Err(_), _) => PhaseState::Failed,
            (Ok(_), true) => PhaseState::Done,
            (Ok(_), false) => PhaseState::Negative,
        };
        row.note = note;
        self.ledger(|ledger| ledger.save_phase(number, &row))?;
        self.save(|_| {})?;
        self.tell(Event::PhaseEnded {
            name: turn.phase.as_str(),
            by: escape_terminal(&equipped.reference, 200),
            is_good,
            note: escape_terminal(&row.note, 200),
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        ended
    }

    fn prepare(
        &self,
        turn: Turn,
        effort: &Effort,
        equipped: &Equipped,
        budget: &Budget,
        answered: Arc<Mutex<BTreeSet<String>>>,
        failed: Arc<Mutex<Option<ModelError>>>,
    ) -> Result<Call, RunError> {
        let rules = Rules {
            read: equipped.capabilities.read.clone(),
            write: equipped.capabilities.write.clone(),
            protected: self.host.project.protect.paths.clone(),
            may_write_protected: equipped.capabilities.protected,
        };
        let tree = Tree::open(self.tree.dir(), rules, Quotas::default())?;
        let site = CallSite {
            agent: self.agent.clone(),
            phase: turn.phase,
            role: role(turn.phase.kind())?,
            skill: equipped.role(),
            round: turn.round,
            turns: effort.turns.clone(),
            budget: budget.clone(),
            volatile: Arc::clone(&self.volatile),
        };
        let actor = crate::session::actor(&equipped.skill, Some(self.agent.clone()), self.host.policy);
        let auditor = self.log.auditor(actor);
        let (run, agent, watcher) = (self.id.clone(), self.agent.clone(), self.watcher().clone());
        let ports = Ports {
            log: Some(Arc::new(LogPort { run: run.clone(), agent: agent.clone(), watcher: watcher.clone() })),
            model: Some(Arc::new(ModelPort {
                models: Arc::clone(&self.host.models),
                site,
                payloads: Arc::clone(&self.payloads),
                run: run.clone(),
                run_budget: self.budget.clone(),
                stronger: effort.is_stronger.then(|| Arc::clone(&equipped.capabilities)),
                asked: Arc::clone(&effort.asked),
                watcher: watcher.clone(),
                answered,
                failed,
            })),
            exec: Some(Arc::new(ExecPort {
                project: Arc::clone(&self.host.project),
                runner: self.runner(auditor.clone()),
                worktree: self.tree.clone(),
                touched: Arc::clone(&self.touched),
                repository: Some(self.repository.clone()),
                payloads: Arc::clone(&self.payloads),
                run,
                agent,
                watcher,
                outputs: self.outputs.clone(),
            })),
            changes: Some(Arc::new(ChangesPort::new(self, equipped, turn.phase.kind()))),
            ask: Some(Arc::new(self.asked.by(&format!("{} {}", self.id, equipped.reference)))),
            http: Some(Arc::new(HttpPort {
                web: self.host.web.of_call(&equipped.capabilities.secrets),
                payloads: Arc::clone(&self.payloads),
            })),
        };
        Ok(Call {
            skill: Arc::clone(&equipped.skill),
            capabilities: Arc::clone(&equipped.capabilities),
            grantor: equipped.grantor.clone(),
            limits: equipped.limits,
            tree: Some(Arc::new(tree)),
            ports,
            auditor,
            watch: None,
            uses: equipped.uses.clone(),
        })
    }

    pub(crate) fn touched(&self) -> BTreeSet<SkillPath> {
        self.touched.lock().map(|touched| touched.clone()).unwrap_or_default()
    }
}

/// The role that skills of a kind have.
pub(crate) fn role(kind: Kind) -> Result<Role, RunError> {
    kind.as_str().parse().map_err(|e: ModelError| RunError::Bug(e.to_string()))
}
