//! D-02: a guest whose thread the kernel keeps. Nothing can end it; everybody else goes on.

use crate::support::{Lab, block_on, ended, until};
use skillhost_core::capability::Capabilities;
use skillhost_core::text::Escaped;
use skillhost_engine::contract::log::Level;
use skillhost_engine::ports::{Log, Ports};
use skillhost_engine::{Call, CallError, Skill};
use std::sync::{Arc, Condvar, Mutex};

/// Keeps whoever logs, until it is opened.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

impl Log for Gate {
    fn log(&self, _level: Level, _message: Escaped) {
        drop(self.opened.wait_while(self.is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
    }

    fn progress(&self, _message: Escaped, _fraction: Option<f32>) {}
}

fn call(lab: &Lab, hello: &Arc<Skill>, gate: &Arc<Gate>) -> Call {
    let log: Arc<dyn Log> = Arc::clone(gate) as _;
    let ports = Ports { log: Some(log), ..Ports::default() };
    let mut call = lab.call(hello, &Capabilities::default(), ports);
    // Long enough for it to get where it is kept, however busy the machine is.
    call.limits.time = "1s".parse().unwrap();
    call
}

async fn until_free(lab: &Lab) {
    until("the threads come back", || lab.engine.stuck() == 0).await;
}

#[test]
fn d_02_the_caller_of_a_stuck_call_is_answered() {
    block_on(async {
        let lab = Lab::new();
        let hello = lab.load("hello").await;
        let gate = Arc::<Gate>::default();
        let kept = lab.greet(call(&lab, &hello, &gate)).await.unwrap_err();
        assert!(matches!(kept.error, CallError::Time(_)), "{kept:?}");
        assert_eq!(lab.engine.stuck(), 1);
        assert_eq!(lab.outcomes().last().unwrap()["outcome"], "timed-out");
        for _ in 0..20 {
            lab.still_answers().await;
        }
        gate.open();
        until_free(&lab).await;
        lab.held([ended("timed-out")]).await;
    });
}

#[test]
fn d_02_stuck_threads_are_capped() {
    block_on(async {
        let lab = Lab::new();
        let hello = lab.load("hello").await;
        let gate = Arc::<Gate>::default();
        let stuck = (0..4).map(|_| lab.greet(call(&lab, &hello, &gate)));
        for kept in futures::future::join_all(stuck).await {
            assert!(matches!(kept.unwrap_err().error, CallError::Time(_)));
        }
        assert_eq!(lab.engine.stuck(), 4);
        let refused = lab.greet(call(&lab, &hello, &gate)).await.unwrap_err();
        assert!(matches!(refused.error, CallError::Stuck(4)) && refused.error.is_limit(), "{refused:?}");
        gate.open();
        until_free(&lab).await;
        let four = ended("timed-out").times(4);
        lab.held(four.chain([ended("exhausted")])).await;
    });
}
