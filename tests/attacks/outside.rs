//! What reaches outside passes the gate, and only what it should: decided, audited, and no more told than was granted.

use crate::support::{Lab, block_on, ended};
use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_audit::Outcome;
use skillhost_core::capability::{Capabilities, Tier};
use skillhost_core::glob::Globs;
use skillhost_core::path::SkillPath;
use skillhost_core::text::Escaped;
use skillhost_engine::CallError;
use skillhost_engine::contract::log::Level;
use skillhost_engine::contract::{Error, changes, exec, model};
use skillhost_engine::ports::{Ask, Changes, Exec, Log, Model, Ports, Sealed, Told, Touched};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

/// Everything there is outside, and what was asked of it.
#[derive(Default)]
pub(crate) struct World {
    asked: AtomicU32,
    touched: Mutex<Vec<Touched>>,
    /// How willing the thread was to give way: of the guest when it logged, and of what ran its command.
    niceness: [AtomicI32; 2],
    /// Stopped when something is logged.
    log: Mutex<Option<Arc<skillhost_audit::Log>>>,
    /// Stopped while somebody is asked.
    log_while_asked: Mutex<Option<Arc<skillhost_audit::Log>>>,
}

impl World {
    pub(crate) fn ports(self: &Arc<Self>) -> Ports {
        Ports {
            log: Some(Arc::clone(self) as _),
            model: Some(Arc::clone(self) as _),
            exec: Some(Arc::clone(self) as _),
            changes: Some(Arc::clone(self) as _),
            ask: Some(Arc::clone(self) as _),
            http: None,
        }
    }
}

/// The niceness of this thread, as the kernel tells it.
fn niceness() -> i32 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    after_name.split_whitespace().nth(16).unwrap().parse().unwrap()
}

impl Log for World {
    fn log(&self, _level: Level, _message: Escaped) {
        self.niceness[0].store(niceness(), SeqCst);
        if let Some(log) = self.log.lock().unwrap().take() {
            log.close().unwrap();
        }
    }

    fn progress(&self, _message: Escaped, _fraction: Option<f32>) {}
}

/// What the log says of something that is not kept.
fn unkept() -> Sealed {
    Sealed { on: Vec::new(), payload: None, bytes: 0 }
}

impl Model for World {
    fn seal(&self, _request: &model::Request) -> Result<Sealed, Error> {
        Ok(unkept())
    }

    fn complete(&self, _request: model::Request) -> BoxFuture<'_, Result<Told<model::Reply>, Error>> {
        async { Err(Error::Failed("no model".to_owned())) }.boxed()
    }

    fn complete_all(&self, requests: Vec<model::Request>) -> BoxFuture<'_, Vec<Result<Told<model::Reply>, Error>>> {
        async move { requests.iter().map(|_| Err(Error::Failed("no model".to_owned()))).collect() }.boxed()
    }

    fn window(&self, _tier: model::Tier) -> Result<u64, Error> {
        Ok(1000)
    }

    fn remaining(&self) -> model::Budget {
        model::Budget { tokens: Some(500), cost: Some(500) }
    }
}

impl Exec for World {
    fn commands(&self) -> Vec<exec::Command> {
        vec![exec::Command { name: "test".to_owned(), description: "the tests".to_owned() }]
    }

    fn seal(&self, _name: &str, _arguments: &[String]) -> Result<Sealed, Error> {
        Ok(unkept())
    }

    fn run(&self, _name: String, _arguments: Vec<String>) -> BoxFuture<'_, Result<Told<exec::Outcome>, Error>> {
        async move {
            self.niceness[1].store(niceness(), SeqCst);
            let id = "run:7".to_owned();
            let value = exec::Outcome { id, exit_code: Some(0), output: String::new(), output_size: 0, duration_ms: 0 };
            Ok(Told { value, outcome: Outcome::done() })
        }
        .boxed()
    }

    fn output(&self, id: String, _offset: u64) -> Result<String, Error> {
        Ok(format!("what {id} printed"))
    }
}

impl Changes for World {
    fn entries(&self, touched: Touched) -> BoxFuture<'_, Result<Vec<changes::Entry>, Error>> {
        let entry = |path: &SkillPath| changes::Entry { path: path.to_string(), kind: changes::Kind::Added };
        let entries = touched.written.iter().map(entry).collect();
        self.touched.lock().unwrap().push(touched);
        async move { Ok(entries) }.boxed()
    }

    fn diff(&self, paths: Vec<SkillPath>) -> BoxFuture<'_, Result<String, Error>> {
        async move { Ok(format!("{paths:?}")) }.boxed()
    }

    fn original(&self, _path: SkillPath, _offset: u64) -> BoxFuture<'_, Result<Vec<u8>, Error>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn checkpoint(
        &self,
        _message: String,
        _also: Vec<SkillPath>,
        _touched: Touched,
    ) -> BoxFuture<'_, Result<String, Error>> {
        async { Ok(String::new()) }.boxed()
    }
}

impl Ask for World {
    fn ask(&self, _question: String, _options: Vec<String>, default: String) -> BoxFuture<'_, Result<String, Error>> {
        self.asked.fetch_add(1, SeqCst);
        if let Some(log) = self.log_while_asked.lock().unwrap().take() {
            log.close().unwrap();
        }
        async move { Ok(default) }.boxed()
    }
}

#[test]
fn who_was_granted_nothing_is_told_nothing_but_the_commands() {
    block_on(async {
        let (lab, world) = (Lab::new(), Arc::<World>::default());
        let reach = |grant: Capabilities| {
            let ports = world.ports();
            let lab = &lab;
            async move { lab.misbehave_over("reach", "", &grant, ports).await.unwrap().answer.unwrap() }
        };
        let nothing = reach(Capabilities::default()).await;
        let expected = serde_json::json!({ "window": false, "tokens": 0, "output": false, "commands": 1 });
        assert_eq!(nothing, expected);
        let model = Capabilities { model: [Tier::Standard].into(), ..Capabilities::default() };
        let expected = serde_json::json!({ "window": true, "tokens": 500, "output": false, "commands": 1 });
        assert_eq!(reach(model).await, expected);
        lab.held([ended("done").denied(1), ended("done")]).await;
    });
}

#[test]
fn a_skill_reads_the_output_of_its_own_commands_alone() {
    block_on(async {
        let (lab, world) = (Lab::new(), Arc::<World>::default());
        let grant = Capabilities { exec: ["test".parse().unwrap()].into(), ..Capabilities::default() };
        let called = lab.misbehave_over("run-and-read", "", &grant, world.ports()).await.unwrap();
        let expected = serde_json::json!({ "own": "what run:7 printed", "other": false });
        assert_eq!(called.answer.unwrap(), expected);
        lab.held([ended("done")]).await;
    });
}

#[test]
fn how_a_file_changed_is_told_within_the_read_grant() {
    block_on(async {
        let (lab, world) = (Lab::new(), Arc::<World>::default());
        let grant = Capabilities { read: Globs::parse(["open/**"]).unwrap(), ..Capabilities::default() };
        let called = lab.misbehave_over("diff", "open/a", &grant, world.ports()).await.unwrap();
        assert!(called.answer.is_ok());
        let called = lab.misbehave_over("diff", "closed/a", &grant, world.ports()).await.unwrap();
        let Err(Error::Denied(text)) = called.answer else { panic!("{called:?}") };
        assert!(text.contains("--grant 'read=closed/a'"), "{text}");
        assert_eq!(called.done.denials.len(), 1);
        assert!(lab.log().iter().any(|entry| entry.contains("\"decision\":\"denied\"")), "the log says so");
        lab.held([ended("done"), ended("failed").denied(1)]).await;
    });
}

#[test]
fn what_the_call_has_just_written_is_a_part_of_the_change() {
    block_on(async {
        let (lab, world) = (Lab::new(), Arc::<World>::default());
        let grant = Capabilities { read: Globs::all(), write: Globs::all(), ..Capabilities::default() };
        let called = lab.misbehave_over("write-and-diff", "/repo/new.txt", &grant, world.ports()).await.unwrap();
        assert_eq!(called.answer.unwrap()["entries"], 1);
        let touched = std::mem::take(&mut *world.touched.lock().unwrap());
        assert_eq!(touched[0].written.iter().map(ToString::to_string).collect::<Vec<_>>(), ["new.txt"]);
        lab.held([ended("done").count("files_created", 1)]).await;
    });
}

#[test]
fn what_can_not_be_audited_does_not_happen() {
    block_on(async {
        let (lab, world) = (Lab::new(), Arc::<World>::default());
        let grant = Capabilities { ask: true, ..Capabilities::default() };
        let called = lab.misbehave_over("log-and-ask", "", &grant, world.ports()).await.unwrap();
        assert!(called.answer.is_ok());
        assert_eq!(world.asked.load(SeqCst), 1);
        // The log stops in the middle of a call: the call ends there.
        *world.log.lock().unwrap() = Some(lab.audit());
        let cut = lab.misbehave_over("log-and-ask", "", &grant, world.ports()).await.unwrap_err();
        assert!(matches!(cut.error, CallError::Audit(_)), "{cut:?}");
        assert_eq!(world.asked.load(SeqCst), 1);
        // With a log that has stopped, none begins.
        let refused = lab.misbehave_over("answer", "", &grant, world.ports()).await.unwrap_err();
        assert!(matches!(refused.error, CallError::Audit(_)), "{refused:?}");
        lab.held_without_log([ended("done")]).await;
    });
}

#[test]
fn what_an_effect_gave_reaches_nobody_without_its_outcome_in_the_log() {
    block_on(async {
        let (lab, world) = (Lab::new(), Arc::<World>::default());
        let write = Globs::parse(["out/**"]).unwrap();
        let grant = Capabilities { ask: true, write, ..Capabilities::default() };
        std::fs::create_dir(lab.tree().join("out")).unwrap();
        let ask_and_write = || lab.misbehave_over("ask-and-write", "/repo/out/answer", &grant, world.ports());
        assert!(ask_and_write().await.unwrap().answer.is_ok());
        std::fs::remove_file(lab.tree().join("out/answer")).unwrap();
        *world.log_while_asked.lock().unwrap() = Some(lab.audit());
        let cut = ask_and_write().await.unwrap_err();
        assert!(matches!(cut.error, CallError::Audit(_)), "{cut:?}");
        assert!(!lab.tree().join("out/answer").exists(), "the guest went on with what it was answered");
        lab.held_without_log([ended("done")]).await;
    });
}

#[test]
fn a_command_does_not_inherit_the_priority_of_a_guest_that_overran() {
    block_on(async {
        let (lab, world) = (Lab::new(), Arc::<World>::default());
        let probe = lab.load("probe").await;
        let grant = Capabilities { exec: ["test".parse().unwrap()].into(), ..Capabilities::default() };
        let mut call = lab.call(&probe, &grant, world.ports());
        call.limits.cpu = "1h".parse().unwrap();
        let arguments = serde_json::json!({ "how": "compute-and-run" });
        assert!(call.tool(&lab.engine, "misbehave", &arguments).await.unwrap().answer.is_ok());
        let [guest, command] = world.niceness.each_ref().map(|nice| nice.load(SeqCst));
        assert!(guest > command, "the guest gives way ({guest}), its command doesn't ({command})");
        lab.held([ended("done")]).await;
    });
}

/// However often it is called: else each of its calls would compute in front of everybody else for its first moments.
#[test]
fn d_13_a_skill_that_had_to_be_ended_starts_behind_everybody_else() {
    block_on(async {
        let (lab, world) = (Lab::new(), Arc::<World>::default());
        let probe = lab.load("probe").await;
        let mut call = lab.call(&probe, &Capabilities::default(), Ports::default());
        (call.limits.cpu, call.limits.time) = ("1h".parse().unwrap(), "3s".parse().unwrap());
        let late = call.tool(&lab.engine, "misbehave", &serde_json::json!({ "how": "spin" })).await.unwrap_err();
        assert!(matches!(late.error, CallError::Time(_)), "{late:?}");
        let grant = Capabilities { ask: true, ..Capabilities::default() };
        assert!(lab.misbehave_over("log-and-ask", "", &grant, world.ports()).await.unwrap().answer.is_ok());
        assert_eq!(world.niceness[0].load(SeqCst), 19);
        lab.held([ended("timed-out"), ended("done")]).await;
    });
}
