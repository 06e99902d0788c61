//! The guests of `tests/guests`, and an engine to call them with.

use skillhost_audit::{Actor, Auditor, Log, Subject, SubjectKey, read_entries};
use skillhost_core::capability::{Capabilities, Effective};
use skillhost_core::glob::Globs;
use skillhost_core::limits::Limits;
use skillhost_core::name::RunId;
use skillhost_engine::files::{Quotas, Rules, Tree};
use skillhost_engine::ports::Ports;
use skillhost_engine::{Allocation, Call, CallError, Called, Compiler, Engine, Grantor, Options, Skill};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// An engine with its own cache, log and tree.
pub struct Lab {
    pub folder: TempDir,
    pub engine: Engine,
    auditor: Auditor,
}

impl Lab {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tree")).unwrap();
        let engine = Engine::new(options(folder.path())).unwrap();
        let run: RunId = "attack01".parse().unwrap();
        let key = SubjectKey::ephemeral(Subject::Run(run.clone())).unwrap();
        let auditor = Log::open(&folder.path().join("audit.jsonl"), run, &key).unwrap().auditor(Actor::default());
        Self { folder, engine, auditor }
    }

    pub fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    pub async fn load(&self, guest: &str) -> Arc<Skill> {
        self.engine.load(&component(guest)).await.unwrap()
    }

    pub fn call(&self, skill: &Arc<Skill>, grant: &Capabilities, ports: Ports) -> Call {
        let manifest = &skill.inspection().manifest;
        let capabilities = Arc::new(Effective::new(&manifest.capabilities, grant, &[]));
        let rules = Rules {
            read: capabilities.read.clone(),
            write: capabilities.write.clone(),
            protected: Globs::none(),
            may_write_protected: false,
        };
        Call {
            skill: Arc::clone(skill),
            capabilities,
            grantor: Grantor::Flags,
            limits: Limits::resolve(&manifest.limits, &[]),
            tree: Some(Arc::new(Tree::open(&self.tree(), rules, Quotas::default()).unwrap())),
            ports,
            auditor: self.auditor.clone(),
        }
    }

    /// Calls the probe with no grant at all.
    pub async fn misbehave(&self, how: &str) -> Result<Called<serde_json::Value>, CallError> {
        self.misbehave_with(how, "", &Capabilities::default()).await
    }

    pub async fn misbehave_with(
        &self,
        how: &str,
        path: &str,
        grant: &Capabilities,
    ) -> Result<Called<serde_json::Value>, CallError> {
        let probe = self.load("probe").await;
        let call = self.call(&probe, grant, Ports::default());
        call.tool(&self.engine, "misbehave", &serde_json::json!({ "how": how, "path": path })).await
    }

    /// After an attack the host answers as before, and the log is whole.
    pub async fn still_answers(&self) {
        let hello = self.load("hello").await;
        let call = self.call(&hello, &Capabilities::default(), Ports::default());
        let called = call.tool(&self.engine, "greet", &serde_json::json!({ "name": "you" })).await.unwrap();
        assert_eq!(called.answer.unwrap()["greeting"], "Hello, you!");
        assert!(self.log().len() >= 2);
    }

    /// The entries of the audit log, as text.
    pub fn log(&self) -> Vec<String> {
        let file = self.folder.path().join("audit.jsonl");
        read_entries(&file).unwrap().map(|entry| serde_json::to_string(&entry.unwrap()).unwrap()).collect()
    }
}

pub fn options(folder: &Path) -> Options {
    Options {
        allocation: Allocation::OnDemand,
        compiler: Compiler::Program(env!("CARGO_BIN_EXE_skillhost").into()),
        cache_folder: folder.join("cache"),
        key_folder: folder.join("keys"),
    }
}

/// A guest, as xtask built it.
pub fn component(guest: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests").join(guest).with_extension("wasm");
    std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}; cargo xtask test builds it", file.display()))
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}
