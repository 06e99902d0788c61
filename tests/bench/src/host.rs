//! Skills called as the product calls them: grants, the guard, every limit, an audit log in a real file.

use anyhow::{Context, Result};
use skillhost_audit::{Actor, Auditor, Keyring, Log, Subject};
use skillhost_core::capability::Effective;
use skillhost_core::glob::Globs;
use skillhost_core::limits::Limits;
use skillhost_core::name::RunId;
use skillhost_core::text::Escaped;
use skillhost_engine::contract::log::Level;
use skillhost_engine::files::{Quotas, Rules, Tree};
use skillhost_engine::ports::{self, Ports};
use skillhost_engine::{Allocation, Call, Compiler, Engine, Grantor, Options, Skill, Watch};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A skill, ready to be called over a folder.
pub(crate) struct Host {
    engine: Arc<Engine>,
    skill: Arc<Skill>,
    capabilities: Arc<Effective>,
    limits: Limits,
    rules: Rules,
    folder: PathBuf,
    ports: Ports,
    auditor: Auditor,
    /// Holds the log and the caches.
    state: Arc<TempDir>,
}

impl Host {
    /// Loads `component` for calls over `folder`, with everything granted that it requests.
    pub(crate) fn new(runtime: &Runtime, component: &[u8], folder: &Path, allocation: Allocation) -> Result<Self> {
        let state = Arc::new(tempfile::tempdir_in(crate::work_folder())?);
        let engine = Engine::new(Options {
            allocation,
            compiler: Compiler::OwnProgram,
            cache_folder: state.path().join("cache"),
            key_folder: state.path().join("keys"),
        })?;
        let run: RunId = "bench".parse()?;
        let key = Keyring::open(state.path())?.subject(Subject::Run(run.clone()))?;
        let log = Log::open(&state.path().join("audit.jsonl"), run, &key)?;
        Self::load(runtime, component, folder, Arc::new(engine), &log, state)
    }

    /// Another skill in the same engine, with the same log.
    pub(crate) fn beside(&self, runtime: &Runtime, component: &[u8], folder: &Path) -> Result<Self> {
        let (engine, state) = (Arc::clone(&self.engine), Arc::clone(&self.state));
        Self::load(runtime, component, folder, engine, self.auditor.log(), state)
    }

    /// Without limits that a call would reach.
    pub(crate) fn without_limits(mut self) -> Result<Self> {
        (self.limits.cpu, self.limits.time) = ("1h".parse()?, "1h".parse()?);
        Ok(self)
    }

    fn load(
        runtime: &Runtime,
        component: &[u8],
        folder: &Path,
        engine: Arc<Engine>,
        log: &Arc<Log>,
        state: Arc<TempDir>,
    ) -> Result<Self> {
        let skill = runtime.block_on(engine.load(component))?;
        let manifest = &skill.inspection().manifest;
        let capabilities = Arc::new(Effective::new(&manifest.capabilities, &manifest.capabilities, &[]));
        let rules = Rules {
            read: capabilities.read.clone(),
            write: capabilities.write.clone(),
            protected: Globs::none(),
            may_write_protected: false,
        };
        let actor = skillhost_audit::Skill { digest: skill.inspection().digest, name: manifest.skill.name.clone() };
        Ok(Self {
            limits: Limits::resolve(&manifest.limits, &[]),
            auditor: log.auditor(Actor { agent: None, policy: None, skill: Some(actor) }),
            rules,
            folder: folder.to_owned(),
            ports: Ports { log: Some(Arc::new(Silent)), ..Ports::default() },
            engine,
            capabilities,
            skill,
            state,
        })
    }

    /// One call of a tool, its tree opened for it: arguments and answer checked against the manifest, a store of its own.
    pub(crate) async fn call(
        &self,
        tool: &str,
        arguments: &serde_json::Value,
        watch: Option<Watch>,
    ) -> Result<serde_json::Value> {
        let call = Call {
            skill: Arc::clone(&self.skill),
            capabilities: Arc::clone(&self.capabilities),
            grantor: Grantor::Flags,
            limits: self.limits,
            tree: Some(Arc::new(Tree::open(&self.folder, self.rules.clone(), Quotas::default())?)),
            ports: self.ports.clone(),
            auditor: self.auditor.clone(),
            watch,
            uses: None,
        };
        let called = call.tool(&self.engine, tool, arguments).await?;
        called.answer.ok().with_context(|| format!("{tool} reported an error"))
    }
}

/// Does something as a task of the program's runtime.
pub(crate) fn on_worker<T: Send + 'static>(
    runtime: &Runtime,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    runtime.block_on(runtime.spawn(work))?
}

/// Messages of a skill, where nobody asked to see them.
struct Silent;

impl ports::Log for Silent {
    fn log(&self, _level: Level, _message: Escaped) {}
    fn progress(&self, _message: Escaped, _fraction: Option<f32>) {}
}
