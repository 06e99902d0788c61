//! The guests of `tests/guests`, and an engine to call them with.

use serde_json::Value;
use skillhost_audit::{Actor, Auditor, Log, Subject, SubjectKey, read_entries};
use skillhost_core::capability::{Capabilities, Effective};
use skillhost_core::glob::Globs;
use skillhost_core::limits::Limits;
use skillhost_core::name::RunId;
use skillhost_engine::files::{Quotas, Rules, Tree};
use skillhost_engine::ports::Ports;
use skillhost_engine::{Allocation, Call, Called, Compiler, Engine, Grantor, Options, Skill, Unanswered, supervised};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// An engine with its own log and tree.
pub struct Lab {
    pub folder: TempDir,
    pub engine: Arc<Engine>,
    auditor: Auditor,
}

/// How a call ended.
pub type Ended = Result<Called<Value>, Box<Unanswered>>;

impl Lab {
    /// Shares its compile cache with all others, since compiling takes seconds.
    pub fn new() -> Self {
        Self::with(|_| options(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("attacks")))
    }

    /// Compiles by itself, into `cache` and `keys` in its folder.
    pub fn alone() -> Self {
        Self::with(options)
    }

    fn with(options: impl Fn(&Path) -> Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tree")).unwrap();
        let engine = Arc::new(Engine::new(options(folder.path())).unwrap());
        let auditor = audit_log(&folder.path().join("audit.jsonl")).auditor(Actor::default());
        Self { folder, engine, auditor }
    }

    pub fn audit(&self) -> Arc<Log> {
        Arc::clone(self.auditor.log())
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
            watch: None,
        }
    }

    /// Calls the probe with no grant at all.
    pub async fn misbehave(&self, how: &str) -> Ended {
        self.misbehave_with(how, "", &Capabilities::default()).await
    }

    pub async fn misbehave_with(&self, how: &str, path: &str, grant: &Capabilities) -> Ended {
        self.misbehave_over(how, path, grant, Ports::default()).await
    }

    pub async fn misbehave_over(&self, how: &str, path: &str, grant: &Capabilities, ports: Ports) -> Ended {
        let probe = self.load("probe").await;
        let call = self.call(&probe, grant, ports);
        call.tool(&self.engine, "misbehave", &serde_json::json!({ "how": how, "path": path })).await
    }

    /// After an attack the host answers as before, and the log is whole.
    pub async fn still_answers(&self) {
        let hello = self.load("hello").await;
        let called = self.greet(self.call(&hello, &Capabilities::default(), Ports::default())).await.unwrap();
        assert_eq!(called.answer.unwrap()["greeting"], "Hello, you!");
        assert!(self.log().len() >= 2);
    }

    /// A call of the guest `hello`, supervised.
    pub async fn greet(&self, call: Call) -> Ended {
        let engine = Arc::clone(&self.engine);
        let watched = |watch| async move {
            let call = Call { watch: Some(watch), ..call };
            call.tool(&engine, "greet", &serde_json::json!({ "name": "you" })).await
        };
        supervised(watched).await
    }

    /// How calls of skills ended, as the audit log has it.
    pub fn outcomes(&self) -> Vec<Value> {
        let entries = self.log().into_iter().map(|entry| serde_json::from_str::<Value>(&entry).unwrap());
        entries.filter(|entry| entry["step"] == "outcome" && entry["class"] == "skill").collect()
    }

    /// Waits until so many calls ended so: those that nobody waits for end by themselves.
    pub async fn wait_for(&self, status: &str, count: usize) {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while self.outcomes().iter().filter(|outcome| outcome["outcome"] == status).count() < count {
            assert!(std::time::Instant::now() < until, "{count} {status}: {:?}", self.outcomes());
            tokio::task::yield_now().await;
        }
    }

    /// The entries of the audit log, as text.
    pub fn log(&self) -> Vec<String> {
        let file = self.folder.path().join("audit.jsonl");
        read_entries(&file).unwrap().map(|entry| serde_json::to_string(&entry.unwrap()).unwrap()).collect()
    }
}

pub fn audit_log(file: &Path) -> Arc<Log> {
    let run: RunId = "attack01".parse().unwrap();
    let key = SubjectKey::ephemeral(Subject::Run(run.clone())).unwrap();
    Log::open(file, run, &key).unwrap()
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
    // Waits for nobody, so that a test which fails while a guest is stuck ends.
    struct Ending(Option<tokio::runtime::Runtime>);
    impl Drop for Ending {
        fn drop(&mut self) {
            self.0.take().unwrap().shutdown_background();
        }
    }
    let runtime = Ending(Some(skillhost_engine::runtime().unwrap()));
    runtime.0.as_ref().unwrap().block_on(future)
}
