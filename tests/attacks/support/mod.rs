//! The guests of `tests/guests`, an engine to call them with, and what must still be there after an attack.

mod canaries;
mod expected;
pub(crate) mod handmade;
pub(crate) mod sections;

pub(crate) use expected::{Expected, ended};

use canaries::Canaries;
use serde_json::{Value, json};
use skillhost_audit::{Actor, Auditor, Log, Subject, SubjectKey, read_entries};
use skillhost_core::capability::{Capabilities, Effective};
use skillhost_core::glob::Globs;
use skillhost_core::limits::Limits;
use skillhost_core::name::RunId;
use skillhost_engine::files::{Quotas, Rules, Tree};
use skillhost_engine::ports::Ports;
use skillhost_engine::{
    Allocation, Call, Called, CompileLimits, Compiler, Engine, Grantor, LoadError, Options, Skill, Unanswered,
    supervised,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// What the file outside of every tree says.
pub(crate) const SECRET: &str = "what nobody granted";
/// In whose name the log has the calls that show that the host still answers.
const WITNESS: &str = "witness";

/// A world to attack: an engine, its audit log, the tree that a hostile skill is given, and what it must not reach: a
/// secret beside the tree, and a neighbour's tree.
///
/// Nobody can leave it without saying what the log must hold: dropping it before [`held`](Self::held) fails the test.
#[must_use = "an attack ends with `held`"]
pub(crate) struct Lab {
    pub(crate) folder: TempDir,
    pub(crate) engine: Arc<Engine>,
    /// What is offered goes to this one; the same, unless it compiles within limits of its own.
    loader: Arc<Engine>,
    auditor: Auditor,
    canaries: Mutex<Canaries>,
    held: AtomicBool,
}

/// How a call ended.
pub(crate) type Ended = Result<Called<Value>, Box<Unanswered>>;

impl Lab {
    /// Shares its compile cache with all others, since compiling takes seconds.
    pub(crate) fn new() -> Self {
        Self::with(|_| options(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("attacks")))
    }

    /// Compiles by itself, into `cache` and `keys` in its folder.
    pub(crate) fn alone() -> Self {
        Self::with(options)
    }

    /// Takes memory from places that were set aside, as `skillhost run` does.
    pub(crate) fn pooling() -> Self {
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("attacks");
        let lab = Self::with(|_| Options { allocation: Allocation::Pooling, ..options(&shared) });
        assert_eq!(lab.engine.allocation(), Allocation::Pooling);
        lab
    }

    /// What is offered is compiled within these limits, by a program of this name.
    pub(crate) fn within(limits: CompileLimits) -> (Self, PathBuf) {
        let mut lab = Self::new();
        let program = lab.folder.path().join("compiler");
        let options = options(lab.folder.path());
        let Compiler::Program(own) = &options.compiler else { panic!("{options:?}") };
        std::os::unix::fs::symlink(own, &program).unwrap();
        let options = Options { compiler: Compiler::Program(program.clone()), ..options };
        lab.loader = Arc::new(Engine::new(options).unwrap().with_compile_limits(limits));
        (lab, program)
    }

    fn with(options: impl Fn(&Path) -> Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tree")).unwrap();
        canaries::plant(folder.path());
        let engine = Arc::new(Engine::new(options(folder.path())).unwrap());
        let auditor = audit_log(&folder.path().join("audit.jsonl")).auditor(Actor::default());
        let canaries = Mutex::new(Canaries::new(folder.path()));
        let loader = Arc::clone(&engine);
        Self { folder, engine, loader, auditor, canaries, held: AtomicBool::new(false) }
    }

    pub(crate) fn audit(&self) -> Arc<Log> {
        Arc::clone(self.auditor.log())
    }

    pub(crate) fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    pub(crate) async fn load(&self, guest: &str) -> Arc<Skill> {
        self.engine.load(&component(guest)).await.unwrap()
    }

    /// From here on nothing may change but what is granted.
    pub(crate) fn watch(&self) {
        self.canaries().watch();
    }

    /// Calls a tool of [`handmade`].
    pub(crate) async fn attack(&self, component: &[u8]) -> Ended {
        let skill = self.offer(component).await.unwrap();
        let call = self.call(&skill, &Capabilities { read: Globs::all(), ..Capabilities::default() }, Ports::default());
        self.supervise(call, "attack", json!({})).await
    }

    /// Offers bytes as a component.
    pub(crate) async fn offer(&self, bytes: &[u8]) -> Result<Arc<Skill>, LoadError> {
        self.watch();
        self.loader.load(bytes).await
    }

    /// A call of the attacker. From the first one on, nothing may change but what was granted to some call.
    pub(crate) fn call(&self, skill: &Arc<Skill>, grant: &Capabilities, ports: Ports) -> Call {
        self.call_within(skill, grant, ports, Quotas::default())
    }

    pub(crate) fn call_within(&self, skill: &Arc<Skill>, grant: &Capabilities, ports: Ports, quotas: Quotas) -> Call {
        let (capabilities, rules) = granted(skill, grant);
        let mut canaries = self.canaries();
        canaries.watch();
        canaries.grant(rules.clone());
        drop(canaries);
        Call {
            skill: Arc::clone(skill),
            capabilities,
            grantor: Grantor::Flags,
            limits: Limits::resolve(&skill.inspection().manifest.limits, &[]),
            tree: Some(Arc::new(Tree::open(&self.tree(), rules, quotas).unwrap())),
            ports,
            auditor: self.auditor.clone(),
            watch: None,
            uses: None,
        }
    }

    /// Calls the probe with no grant at all.
    pub(crate) async fn misbehave(&self, how: &str) -> Ended {
        self.misbehave_with(how, "", &Capabilities::default()).await
    }

    pub(crate) async fn misbehave_with(&self, how: &str, path: &str, grant: &Capabilities) -> Ended {
        self.misbehave_over(how, path, grant, Ports::default()).await
    }

    pub(crate) async fn misbehave_over(&self, how: &str, path: &str, grant: &Capabilities, ports: Ports) -> Ended {
        let probe = self.load("probe").await;
        let call = self.call(&probe, grant, ports);
        call.tool(&self.engine, "misbehave", &json!({ "how": how, "path": path })).await
    }

    /// The attack was made, and everything held: the log is whole, every effect in it has its end, the calls ended as
    /// `expected` and none besides, nothing changed that was not granted, and the host answers as before.
    pub(crate) async fn held(&self, expected: impl IntoIterator<Item = Expected>) {
        self.settled().await;
        expected::check(self.outcomes(), expected);
        self.canaries().check();
        assert_eq!(self.engine.stuck(), 0);
        self.still_answers().await;
        assert!(!self.whole_log().is_empty());
        self.held.store(true, SeqCst);
    }

    /// The same where the log was stopped: what is there is whole, nothing changed, and nobody is called any more.
    pub(crate) async fn held_without_log(&self, expected: impl IntoIterator<Item = Expected>) {
        expected::check(self.outcomes(), expected);
        self.canaries().check();
        assert!(self.witness("hello", "greet", &json!({ "name": "you" })).await.is_err());
        self.whole_log();
        self.held.store(true, SeqCst);
    }

    /// The host answers as before: a call is answered, and another one reads its file.
    pub(crate) async fn still_answers(&self) {
        let greeted = self.witness("hello", "greet", &json!({ "name": "you" })).await.unwrap();
        assert_eq!(greeted.answer.unwrap()["greeting"], "Hello, you!");
        let arguments = json!({ "how": "read", "path": "/repo/file.txt" });
        let read = self.witness("probe", "misbehave", &arguments).await.unwrap();
        assert_eq!(read.answer.unwrap()["text"], canaries::NEIGHBOUR);
    }

    /// A call of somebody who does no harm, over the neighbour's tree.
    async fn witness(&self, guest: &str, tool: &'static str, arguments: &Value) -> Ended {
        let skill = self.load(guest).await;
        let (capabilities, rules) = granted(&skill, &Capabilities { read: Globs::all(), ..Capabilities::default() });
        let tree = Tree::open(&self.folder.path().join("neighbour"), rules, Quotas::default()).unwrap();
        let actor = Actor { agent: Some(WITNESS.parse().unwrap()), ..Actor::default() };
        let call = Call {
            capabilities,
            grantor: Grantor::Flags,
            limits: Limits::DEFAULT,
            tree: Some(Arc::new(tree)),
            ports: Ports::default(),
            auditor: self.audit().auditor(actor),
            watch: None,
            uses: None,
            skill,
        };
        self.supervise(call, tool, arguments.clone()).await
    }

    /// A call of the guest `hello`, supervised.
    pub(crate) async fn greet(&self, call: Call) -> Ended {
        self.supervise(call, "greet", json!({ "name": "you" })).await
    }

    pub(crate) async fn supervise(&self, call: Call, tool: &'static str, arguments: Value) -> Ended {
        let engine = Arc::clone(&self.engine);
        let watched = |watch| async move {
            let call = Call { watch: Some(watch), ..call };
            call.tool(&engine, tool, &arguments).await
        };
        supervised(watched).await
    }

    /// How the attacker's calls ended, as the audit log has it.
    pub(crate) fn outcomes(&self) -> Vec<Value> {
        let is_attack = |entry: &Value| entry["class"] == "skill" && entry["actor"]["agent"] != WITNESS;
        let entries = self.log().into_iter().map(|entry| serde_json::from_str::<Value>(&entry).unwrap());
        entries.filter(|entry| entry["step"] == "outcome" && is_attack(entry)).collect()
    }

    /// Waits until so many calls ended so: those that nobody waits for end by themselves.
    pub(crate) async fn wait_for(&self, status: &str, count: usize) {
        until(&format!("{count} {status}"), || {
            self.outcomes().iter().filter(|outcome| outcome["outcome"] == status).count() >= count
        })
        .await;
    }

    /// The entries of the audit log, as text.
    pub(crate) fn log(&self) -> Vec<String> {
        let file = self.folder.path().join("audit.jsonl");
        read_entries(&file).unwrap().map(|entry| serde_json::to_string(&entry.unwrap()).unwrap()).collect()
    }

    /// Waits until so many effects have begun.
    pub(crate) async fn began(&self, effects: usize) {
        until("effects that begin", || {
            self.log_so_far().iter().filter(|entry| entry["step"] == "intent").count() >= effects
        })
        .await;
    }

    /// Waits until every effect that began has ended.
    pub(crate) async fn settled(&self) {
        until("an effect without an end", || {
            let log = self.log_so_far();
            let of = |step: &str| log.iter().filter(|entry| entry["step"] == step).count();
            of("intent") == of("outcome")
        })
        .await;
    }

    fn whole_log(&self) -> Vec<Value> {
        expected::whole(&std::fs::read(self.folder.path().join("audit.jsonl")).unwrap())
    }

    /// The same while the log grows: a line that is being written is not read yet.
    fn log_so_far(&self) -> Vec<Value> {
        let mut log = std::fs::read(self.folder.path().join("audit.jsonl")).unwrap();
        log.truncate(log.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        expected::whole(&log)
    }

    fn canaries(&self) -> std::sync::MutexGuard<'_, Canaries> {
        self.canaries.lock().unwrap()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if !self.held.load(SeqCst) && !std::thread::panicking() {
            panic!("an attack without its assertions: it ends with `held`, and says what the log must hold");
        }
    }
}

fn granted(skill: &Skill, grant: &Capabilities) -> (Arc<Effective>, Rules) {
    let capabilities = Arc::new(Effective::new(&skill.inspection().manifest.capabilities, grant, &[]));
    let rules = Rules {
        read: capabilities.read.clone(),
        write: capabilities.write.clone(),
        protected: Globs::none(),
        may_write_protected: false,
    };
    (capabilities, rules)
}

pub(crate) fn audit_log(file: &Path) -> Arc<Log> {
    let run: RunId = "attack01".parse().unwrap();
    let key = SubjectKey::ephemeral(Subject::Run(run.clone())).unwrap();
    Log::open(file, run, &key).unwrap()
}

pub(crate) fn options(folder: &Path) -> Options {
    Options {
        allocation: Allocation::OnDemand,
        compiler: Compiler::Program(env!("CARGO_BIN_EXE_skillhost").into()),
        cache_folder: folder.join("cache"),
        key_folder: folder.join("keys"),
    }
}

/// A guest, as xtask built it.
pub(crate) fn component(guest: &str) -> Vec<u8> {
    built("guests", guest)
}

/// One of the skills that ship with the host.
pub(crate) fn bundled(skill: &str) -> Vec<u8> {
    built("skills", skill)
}

fn built(folder: &str, name: &str) -> Vec<u8> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let file = target.join(folder).join(name).with_extension("wasm");
    std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}; cargo xtask test builds it", file.display()))
}

/// Descriptors of this process that lead beneath `folder`.
pub(crate) fn descriptors_beneath(folder: &Path) -> usize {
    let held = std::fs::read_dir("/proc/self/fd").unwrap();
    let targets = held.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|path| path.starts_with(folder)).count()
}

/// Waits until `is_so`, for a minute at most.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !is_so() {
        assert!(std::time::Instant::now() < end, "waited in vain: {what}");
        tokio::task::yield_now().await;
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
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

#[test]
fn an_attack_without_its_assertions_fails() {
    let forgotten = std::panic::catch_unwind(|| drop(Lab::new()));
    assert!(forgotten.is_err());
}

#[test]
fn assertions_without_an_attack_fail() {
    let lab = Lab::new();
    let empty = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| block_on(lab.held([]))));
    assert!(empty.is_err());
    lab.held.store(true, SeqCst);
}

#[test]
fn what_changes_outside_of_a_grant_is_noticed() {
    type Change = fn(&Path) -> std::io::Result<()>;
    let changes: [Change; 7] = [
        |folder| std::fs::write(folder.join("secret.txt"), SECRET.to_uppercase()),
        |folder| std::fs::hard_link(folder.join("secret.txt"), folder.join("tree/granted/link")),
        |folder| std::fs::remove_file(folder.join("neighbour/file.txt")),
        |folder| std::fs::write(folder.join("new.txt"), ""),
        |folder| std::fs::write(folder.join("tree/new.txt"), ""),
        |folder| std::fs::rename(folder.join("neighbour/folder"), folder.join("tree/granted/folder")),
        |folder| std::os::unix::fs::symlink("/etc", folder.join("neighbour/etc")),
    ];
    block_on(async {
        for (n, change) in changes.into_iter().enumerate() {
            let lab = Lab::new();
            std::fs::create_dir(lab.tree().join("granted")).unwrap();
            let grant = Capabilities { write: Globs::parse(["granted/**"]).unwrap(), ..Capabilities::default() };
            lab.misbehave_with("answer", "", &grant).await.unwrap();
            std::fs::write(lab.tree().join("granted/new.txt"), "").unwrap();
            lab.canaries().check();
            change(lab.folder.path()).unwrap();
            let noticed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| lab.canaries().check()));
            assert!(noticed.is_err(), "{n}");
            lab.canaries.clear_poison();
            lab.held.store(true, SeqCst);
        }
    });
}
