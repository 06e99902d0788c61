//! D-12: a call is cancelled, or its time is over, while it waits in each of the imports that wait. D-05: the imports that
//! answer at once, without end.

use crate::outside::World;
use crate::support::{Lab, block_on, descriptors_beneath, ended, until};
use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_core::capability::{Capabilities, Tier};
use skillhost_core::glob::Globs;
use skillhost_core::path::SkillPath;
use skillhost_engine::contract::{Error, changes, exec, model};
use skillhost_engine::ports::{Ask, Changes, Exec, Model, Ports, Sealed, Told, Touched};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Ports that never answer.
#[derive(Default)]
struct Never {
    reached: AtomicUsize,
    /// One more for each effect that is under way.
    under_way: Arc<()>,
}

impl Never {
    fn ports(self: &Arc<Self>) -> Ports {
        Ports {
            log: None,
            model: Some(Arc::clone(self) as _),
            exec: Some(Arc::clone(self) as _),
            changes: Some(Arc::clone(self) as _),
            ask: Some(Arc::clone(self) as _),
            http: None,
        }
    }

    fn never<T: Send + 'static>(&self) -> BoxFuture<'_, T> {
        let held = Arc::clone(&self.under_way);
        async move {
            let _held = held;
            self.reached.fetch_add(1, SeqCst);
            futures::future::pending().await
        }
        .boxed()
    }

    fn under_way(&self) -> usize {
        Arc::strong_count(&self.under_way) - 1
    }
}

fn unkept() -> Result<Sealed, Error> {
    Ok(Sealed { on: Vec::new(), payload: None, bytes: 0 })
}

impl Model for Never {
    fn seal(&self, _: &model::Request) -> Result<Sealed, Error> {
        unkept()
    }
    fn complete(&self, _: model::Request) -> BoxFuture<'_, Result<Told<model::Reply>, Error>> {
        self.never()
    }
    fn complete_all(&self, _: Vec<model::Request>) -> BoxFuture<'_, Vec<Result<Told<model::Reply>, Error>>> {
        self.never()
    }
    fn window(&self, _: model::Tier) -> Result<u64, Error> {
        Ok(1000)
    }
    fn remaining(&self) -> model::Budget {
        model::Budget { tokens: None, cost: None }
    }
}

impl Exec for Never {
    fn commands(&self) -> Vec<exec::Command> {
        Vec::new()
    }
    fn seal(&self, _: &str, _: &[String]) -> Result<Sealed, Error> {
        unkept()
    }
    fn run(&self, _: String, _: Vec<String>) -> BoxFuture<'_, Result<Told<exec::Outcome>, Error>> {
        self.never()
    }
    fn output(&self, _: String, _: u64) -> Result<String, Error> {
        Ok(String::new())
    }
}

impl Changes for Never {
    fn entries(&self, _: Touched) -> BoxFuture<'_, Result<Vec<changes::Entry>, Error>> {
        self.never()
    }
    fn diff(&self, _: Vec<SkillPath>) -> BoxFuture<'_, Result<String, Error>> {
        self.never()
    }
    fn original(&self, _: SkillPath, _: u64) -> BoxFuture<'_, Result<Vec<u8>, Error>> {
        self.never()
    }
    fn checkpoint(&self, _: String, _: Vec<SkillPath>, _: Touched) -> BoxFuture<'_, Result<String, Error>> {
        self.never()
    }
}

impl Ask for Never {
    fn ask(&self, _: String, _: Vec<String>, _: String) -> BoxFuture<'_, Result<String, Error>> {
        self.never()
    }
}

/// Everything that the probe asks for.
fn everything() -> Capabilities {
    Capabilities {
        read: Globs::all(),
        write: Globs::all(),
        exec: ["test".parse().unwrap()].into(),
        model: [Tier::Standard].into(),
        ask: true,
        ..Capabilities::default()
    }
}

/// Each of the contract's functions that waits.
const WAITING: [&str; 8] = ["exec", "model", "model-all", "ask", "entries", "diff", "original", "checkpoint"];

#[test]
fn d_12_cancelled_in_each_import_that_waits() {
    block_on(async {
        for how in WAITING {
            let (lab, never) = (Arc::new(Lab::new()), Arc::<Never>::default());
            let (attacker, ports) = (Arc::clone(&lab), never.ports());
            let call = tokio::spawn(async move {
                attacker.misbehave_over(how, "a", &everything(), ports).await.map(|called| called.answer)
            });
            until(how, || never.reached.load(SeqCst) > 0).await;
            call.abort();
            until("its effect ends with it", || never.under_way() == 0).await;
            lab.held([ended("abandoned")]).await;
            assert_eq!(descriptors_beneath(&lab.tree()), 0, "{how}");
        }
    });
}

#[test]
fn d_12_out_of_time_in_each_import_that_waits() {
    block_on(async {
        let waiting = WAITING.map(|how| async move {
            let (lab, never) = (Lab::new(), Arc::<Never>::default());
            let probe = lab.load("probe").await;
            let mut call = lab.call(&probe, &everything(), never.ports());
            call.limits.time = "1s".parse().unwrap();
            let arguments = serde_json::json!({ "how": how, "path": "a" });
            let called = lab.supervise(call, "misbehave", arguments).await;
            assert!(matches!(called.unwrap_err().error, skillhost_engine::CallError::Time(_)), "{how}");
            until("its effect ends with it", || never.under_way() == 0).await;
            lab.held([ended("timed-out")]).await;
        });
        futures::future::join_all(waiting).await;
    });
}

#[test]
fn d_12_cancelled_while_it_waits_for_its_turn() {
    block_on(async {
        let lab = Arc::new(Lab::new());
        lab.load("probe").await;
        let calls = 32;
        for round in 0..3 {
            let spinning: Vec<_> = (0..calls)
                .map(|_| {
                    let lab = Arc::clone(&lab);
                    tokio::spawn(async move { lab.misbehave("spin").await.map(|called| called.answer) })
                })
                .collect();
            for _ in 0..round * 50 {
                tokio::task::yield_now().await;
            }
            // However busy the machine is, the last of them are cancelled after one began.
            if round == 2 {
                until("one began", || lab.log().iter().any(|entry| entry.contains("\"call\""))).await;
            }
            spinning.iter().for_each(tokio::task::JoinHandle::abort);
            for call in spinning {
                let _ = call.await;
            }
        }
        // Some never began, and some were ended before they were cancelled.
        lab.settled().await;
        let began = lab.outcomes();
        let exhausted = began.iter().filter(|call| call["outcome"] == "exhausted").count();
        let abandoned = ended("abandoned").times(began.len() - exhausted);
        lab.held(abandoned.chain(ended("exhausted").times(exhausted))).await;
        assert_eq!(descriptors_beneath(&lab.tree()), 0);
    });
}

#[test]
fn d_05_effects_without_end_are_bounded_and_so_is_the_log() {
    block_on(async {
        let (lab, world) = (Lab::new(), Arc::<World>::default());
        let called = lab.misbehave_over("flood-changes", "", &everything(), world.ports()).await.unwrap();
        assert_eq!(called.answer.unwrap(), serde_json::json!({ "done": 10_000, "exhausted": 2000 }));
        assert!(lab.log().len() < 20_100);
        lab.held([ended("done")]).await;
    });
}
