//! What all runs of one program share.

use crate::error::RunError;
use crate::event::Watcher;
use crate::ports::Person;
use crate::publish::Publish;
use crate::web::Web;
use skillhost_core::capability::Effective;
use skillhost_core::digest::Digest;
use skillhost_core::kind::Kind;
use skillhost_core::limits::Limits;
use skillhost_core::project::Project;
use skillhost_egress::Dialer;
use skillhost_engine::{Engine, Grantor, Skill, Uses};
use skillhost_models::{Models, Role};
use skillhost_sandbox::Sandbox;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What all runs of one program share. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    /// The state folder.
    pub state: PathBuf,
    /// The user's repository, as it was named.
    pub repository: PathBuf,
    /// The project's configuration, at the base commit.
    pub project: Arc<Project>,
    /// Runs skills.
    pub engine: Arc<Engine>,
    /// Runs commands.
    pub sandbox: Sandbox,
    /// Makes the connections of commands, under the policies of the machine.
    pub dialer: Dialer,
    /// Calls models.
    pub models: Arc<Models>,
    /// Sends requests of skills.
    pub web: Web,
    /// Who does the work of each kind.
    pub skills: Arc<BTreeMap<Kind, Equipped>>,
    /// Digest of the policies that hold.
    pub policy: Option<Digest>,
    /// Who is told.
    pub watcher: Watcher,
    /// Where branches are pushed to, where that was asked for.
    pub publish: Option<Publish>,
    /// Who answers questions, where somebody is there.
    pub person: Option<Arc<dyn Person>>,
}

/// A skill with what it may do in this project.
#[derive(Clone)]
pub struct Equipped {
    /// How the project names it.
    pub reference: String,
    /// The skill.
    pub skill: Arc<Skill>,
    /// What it may do.
    pub capabilities: Arc<Effective>,
    /// Who could grant more.
    pub grantor: Grantor,
    /// What a call of it may use.
    pub limits: Limits,
    /// Where it is noted what it uses of its grants; nowhere where absent.
    pub uses: Option<Uses>,
}

impl Equipped {
    /// `NAME@VERSION`.
    pub fn name(&self) -> String {
        let skill = &self.skill.inspection().manifest.skill;
        format!("{}@{}", skill.name, skill.version)
    }

    /// Its name as a role, which may have models of its own.
    pub fn role(&self) -> Option<Role> {
        self.skill.inspection().manifest.skill.name.as_str().parse().ok()
    }
}

impl Host {
    pub(crate) fn equipped(&self, kind: Kind) -> Result<&Equipped, RunError> {
        self.skills.get(&kind).ok_or(RunError::NoSkill(kind))
    }

    /// Where runs are.
    pub fn runs_folder(&self) -> PathBuf {
        runs_folder(&self.state)
    }
}

/// Where the runs of a state folder are.
pub fn runs_folder(state: &std::path::Path) -> PathBuf {
    state.join("runs")
}
