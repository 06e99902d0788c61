//! An engine to load components with, and a call of what was loaded: in this process, with every limit on.

use skillhost_audit::{Actor, Auditor, Log, Subject, SubjectKey};
use skillhost_core::capability::{Capabilities, Effective};
use skillhost_core::duration::Span;
use skillhost_core::kind::Kind;
use skillhost_core::limits::Limits;
use skillhost_core::name::RunId;
use skillhost_core::size::Size;
use skillhost_engine::contract::{Brief, Document, Subject as Reviewed};
use skillhost_engine::ports::Ports;
use skillhost_engine::{Allocation, Call, Compiler, Engine, Grantor, LoadError, Options, Skill, testing};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;

/// Enough for any instantiation; a guest that computes or eats memory without end is ended.
const LIMITS: Limits = Limits { memory: Size::mib(64), cpu: Span::seconds(1), time: Span::seconds(5) };

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let nowhere = || PathBuf::from("/nonexistent/nothing-is-cached-here");
    Engine::new(Options {
        allocation: Allocation::OnDemand,
        compiler: Compiler::Program(nowhere()),
        cache_folder: nowhere(),
        key_folder: nowhere(),
    })
    .expect("an engine")
});

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| skillhost_engine::runtime_of_one_call().expect("threads"));

/// Inspects, compiles and links a component.
pub(crate) fn load(component: &[u8]) -> Result<Arc<Skill>, LoadError> {
    testing::load(&ENGINE, component)
}

/// Calls a skill with nothing granted: it is instantiated, and answers, traps, or meets a limit.
pub(crate) fn call(skill: &Arc<Skill>) {
    let run: RunId = "fuzz01".parse().expect("a run's id");
    let key = SubjectKey::ephemeral(Subject::Run(run.clone())).expect("a key");
    let auditor = Log::in_memory(run, &key).expect("a log").auditor(Actor::default());
    RUNTIME.block_on(one_call(skill, auditor));
    assert_eq!(ENGINE.stuck(), 0, "a guest keeps its thread");
}

async fn one_call(skill: &Arc<Skill>, auditor: Auditor) {
    let call = Call {
        skill: Arc::clone(skill),
        capabilities: Arc::new(Effective::new(&Capabilities::default(), &Capabilities::default(), &[])),
        grantor: Grantor::Flags,
        limits: LIMITS,
        tree: None,
        ports: Ports::default(),
        auditor,
        watch: None,
        uses: None,
    };
    let manifest = &skill.inspection().manifest;
    // Whatever comes back is as good as anything else: what counts is that something does.
    match manifest.skill.kind {
        Kind::Spec => drop(call.spec(&ENGINE, brief()).await),
        Kind::Review => drop(call.review(&ENGINE, brief(), subject()).await),
        Kind::Implement => drop(call.implement(&ENGINE, brief()).await),
        Kind::Verify => drop(call.verify(&ENGINE, brief()).await),
        Kind::Tool => {
            let tool = manifest.tools[0].name.to_string();
            drop(call.tool(&ENGINE, &tool, &serde_json::json!({ "name": "x", "how": "answer" })).await);
        }
    }
}

fn brief() -> Brief {
    Brief {
        run: "fuzz01".to_owned(),
        agent: "main".to_owned(),
        goal: "x".to_owned(),
        base: "0".repeat(40),
        conventions: Vec::new(),
        spec: None,
        steps: Vec::new(),
        criteria: Vec::new(),
        findings: Vec::new(),
        answers: Vec::new(),
        gates: Vec::new(),
    }
}

fn subject() -> Reviewed {
    Reviewed::Spec(Document { path: "spec.md".to_owned(), text: String::new() })
}
