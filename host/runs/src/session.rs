//! One call outside of a run: a session has an audit log of its own.

use crate::ambient;
use crate::event::Watcher;
use crate::ports::{AskPort, HttpPort, ModelPort, Person};
use crate::web::Web;
use skillhost_audit::{Actor, AuditError, Auditor, Keyring, Log, Payloads, Subject};
use skillhost_core::digest::Digest;
use skillhost_core::kind::Kind;
use skillhost_core::name::{AgentId, RunId, SecretName};
use skillhost_core::phase::Phase;
use skillhost_core::project::Budget;
use skillhost_engine::Skill;
use skillhost_engine::ports::{Ask, Http, Model};
use skillhost_models as models;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a session can't be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The log or its keys.
    #[error("the session can't be audited")]
    Audit(#[from] AuditError),
    /// The folder, or the source of random bytes.
    #[error("the session's folder can't be made")]
    Folder(#[from] std::io::Error),
    /// The skill's name is none for a role.
    #[error("no model can be named for the skill")]
    Role(#[from] models::ModelError),
}

/// An open session.
pub struct Session {
    id: RunId,
    state: PathBuf,
    auditor: Auditor,
    budget: models::Budget,
    asked: AskPort,
    payloads: Option<Arc<Payloads>>,
}

/// What a session's skill may use of models.
pub struct ModelUse {
    /// The models.
    pub models: Arc<models::Models>,
    /// What it may spend.
    pub budget: Budget,
    /// Who is told what it does.
    pub watcher: Watcher,
}

impl Session {
    /// Opens a session in which `skill` is called, under the policy of this digest. `person` answers its questions.
    ///
    /// # Errors
    /// Where nothing could be recorded: then nothing is called.
    pub fn open(
        state: &Path,
        skill: &Skill,
        policy: Option<Digest>,
        person: Option<Arc<dyn Person>>,
    ) -> Result<Self, SessionError> {
        let id = ambient::new_run_id()?;
        let log = open_log(state, &Keyring::open(state)?, &id)?;
        let auditor = log.auditor(actor(skill, None, policy));
        let budget = models::Budget::root(format!("session {id}"), models::Allowance::default());
        Ok(Self { id, state: state.to_owned(), auditor, budget, asked: AskPort::new(person), payloads: None })
    }

    /// Who records what the skill does.
    pub fn auditor(&self) -> Auditor {
        self.auditor.clone()
    }

    /// Answers a skill's questions.
    pub fn ask(&self, skill: &Skill) -> Arc<dyn Ask> {
        Arc::new(self.asked.by(skill.inspection().manifest.skill.name.as_str()))
    }

    /// All questions so far, each with its answer and whose it was.
    pub fn asked(&self) -> Vec<String> {
        self.asked.taken()
    }

    /// Calls models for a skill, in its own role or that of its kind. A recording finds its calls in the phase of its
    /// kind; those of a tool in `implement`.
    ///
    /// # Errors
    /// Where what is said could not be kept.
    pub fn model(&mut self, skill: &Skill, of: ModelUse) -> Result<Arc<dyn Model>, SessionError> {
        let manifest = &skill.inspection().manifest.skill;
        let (role, own) = roles(skill)?;
        self.budget = models::Budget::root(format!("session {}", self.id), allowance(&of.budget));
        let payloads = self.payloads()?;
        let site = models::CallSite {
            agent: AgentId::main(),
            phase: phase(manifest.kind),
            role,
            skill: Some(own),
            round: 1,
            turns: models::Turns::default(),
            budget: self.budget.clone(),
            volatile: Arc::new(models::Volatile::new([
                (self.state.display().to_string(), "state"),
                (self.id.to_string(), "run"),
            ])),
        };
        Ok(Arc::new(ModelPort {
            models: of.models,
            site,
            payloads,
            run: self.id.clone(),
            run_budget: self.budget.clone(),
            watcher: of.watcher,
            stronger: None,
            asked: Arc::default(),
            answered: Arc::default(),
            failed: Arc::default(),
        }))
    }

    /// Sends requests of a skill that was granted these secrets.
    ///
    /// # Errors
    /// Where what is sent could not be kept.
    pub fn http(&mut self, web: &Web, granted: &BTreeSet<SecretName>) -> Result<Arc<dyn Http>, SessionError> {
        Ok(Arc::new(HttpPort { web: web.of_call(granted), payloads: self.payloads()? }))
    }

    /// Where sealed bodies of this session are kept.
    fn payloads(&mut self) -> Result<Arc<Payloads>, SessionError> {
        if let Some(payloads) = &self.payloads {
            return Ok(Arc::clone(payloads));
        }
        let key = Keyring::open(&self.state)?.subject(Subject::Run(self.id.clone()))?;
        let folder = sessions(&self.state).join(format!("{}.payloads", self.id));
        let payloads = Arc::new(Payloads::open(&folder, self.id.clone(), key)?);
        Ok(Arc::clone(self.payloads.insert(payloads)))
    }

    /// Tokens that were used so far, and what they cost in millionths of a US dollar; none where a
    /// price is unknown.
    pub fn spent(&self) -> (u64, Option<u64>) {
        let spent = self.budget.spent();
        (spent.tokens, spent.known_cost())
    }
}

fn sessions(state: &Path) -> PathBuf {
    state.join("sessions")
}

/// What a project lets a run or a session spend.
pub(crate) fn allowance(budget: &Budget) -> models::Allowance {
    // Above 2^53 a float is not exact any more, and nobody spends that.
    let micro_usd = (budget.cost_usd * 1e6).min(9e15) as u64;
    models::Allowance { tokens: Some(budget.tokens), cost: Some(micro_usd) }
}

/// The role of a skill's kind, and its own.
///
/// # Errors
/// Where a name is none for a role.
pub fn roles(skill: &Skill) -> Result<(models::Role, models::Role), SessionError> {
    let manifest = &skill.inspection().manifest.skill;
    Ok((manifest.kind.as_str().parse()?, manifest.name.as_str().parse()?))
}

/// The phase in which a recording has the calls of a skill that is called outside of a run.
pub fn phase(kind: Kind) -> Phase {
    match kind {
        Kind::Spec => Phase::Spec,
        Kind::Review => Phase::ChangeReview,
        Kind::Implement | Kind::Tool => Phase::Implement,
        Kind::Verify => Phase::Verify,
    }
}

/// Who records what a person does to a project's skills, under the policy of this digest: in a log of its own.
///
/// # Errors
/// Where nothing could be recorded: then nothing is done.
pub fn recorder(state: &Path, policy: Option<Digest>) -> Result<Auditor, SessionError> {
    let log = open_log(state, &Keyring::open(state)?, &ambient::new_run_id()?)?;
    Ok(log.auditor(Actor { policy, ..Actor::default() }))
}

/// The log of a new session.
pub(crate) fn open_log(state: &Path, keyring: &Keyring, id: &RunId) -> Result<Arc<Log>, SessionError> {
    let key = keyring.subject_unflushed(Subject::Run(id.clone()))?;
    let folder = sessions(state);
    ambient::make_folder(&folder)?;
    Ok(Log::open(&folder.join(format!("{id}.jsonl")), id.clone(), &key)?)
}

/// A skill at work, as entries name it.
pub(crate) fn actor(skill: &Skill, agent: Option<skillhost_core::name::AgentId>, policy: Option<Digest>) -> Actor {
    let inspection = skill.inspection();
    let name = inspection.manifest.skill.name.clone();
    Actor { agent, policy, skill: Some(skillhost_audit::Skill { digest: inspection.digest, name }) }
}
