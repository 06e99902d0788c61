//! The guest as the product calls a skill: the engine with all its limits, everything granted, through the file guard.

use crate::root;
use crate::step::Step;
use anyhow::{Context, Result, bail};
use skillhost_audit::{Actor, Auditor, Keyring, Log, Subject};
use skillhost_core::capability::Effective;
use skillhost_core::glob::Globs;
use skillhost_core::limits::Limits;
use skillhost_core::name::RunId;
use skillhost_engine::files::{Quotas, Rules, Tree};
use skillhost_engine::ports::Ports;
use skillhost_engine::{Allocation, Call, Compiler, Engine, Grantor, Options, Skill};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) struct Guarded {
    engine: Engine,
    skill: Arc<Skill>,
    auditor: Auditor,
    /// Holds the log and the keys.
    _state: TempDir,
}

impl Guarded {
    pub(crate) fn new(runtime: &Runtime, component: &[u8]) -> Result<Self> {
        let cache = root().join("target/conformance");
        let state = tempfile::tempdir()?;
        let engine = Engine::new(Options {
            allocation: Allocation::OnDemand,
            compiler: Compiler::OwnProgram,
            cache_folder: cache.join("cache"),
            key_folder: cache.join("keys"),
        })?;
        let skill = runtime.block_on(engine.load(component))?;
        let run: RunId = "conformance".parse()?;
        let key = Keyring::open(state.path())?.subject(Subject::Run(run.clone()))?;
        let log = Log::open(&state.path().join("audit.jsonl"), run, &key)?;
        Ok(Self { engine, skill, auditor: log.auditor(Actor::default()), _state: state })
    }

    /// Runs a case over `folder`.
    pub(crate) async fn run(&self, case: &str, folder: &Path) -> Result<Vec<Step>> {
        let manifest = &self.skill.inspection().manifest;
        let capabilities = Effective::new(&manifest.capabilities, &manifest.capabilities, &[]);
        let rules = Rules {
            read: capabilities.read.clone(),
            write: capabilities.write.clone(),
            protected: Globs::none(),
            may_write_protected: false,
        };
        let call = Call {
            skill: Arc::clone(&self.skill),
            capabilities: Arc::new(capabilities),
            grantor: Grantor::Flags,
            limits: Limits::resolve(&manifest.limits, &[]),
            tree: Some(Arc::new(Tree::open(folder, rules, Quotas::default())?)),
            ports: Ports::default(),
            auditor: self.auditor.clone(),
            watch: None,
            uses: None,
        };
        match call.tool(&self.engine, "case", &serde_json::json!({ "name": case })).await {
            Ok(called) => match called.answer {
                Ok(answer) => serde_json::from_value(answer).context("the guest's answer"),
                Err(error) => bail!("the guest answered {error:?}"),
            },
            Err(unanswered) => bail!("{} {}", unanswered.error, String::from_utf8_lossy(&unanswered.done.printed.kept)),
        }
    }
}
