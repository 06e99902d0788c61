//! Rows D: a skill that uses up what others need.

mod awaits;
mod compiling;
mod handmade;
mod many;
mod stuck;

use crate::support::{Lab, block_on, descriptors_beneath, ended};
use skillhost_core::capability::Capabilities;
use skillhost_core::duration::Span;
use skillhost_engine::ports::Ports;
use skillhost_engine::{Call, CallError, Unanswered};
use std::sync::Arc;
use std::time::Duration;

fn span(text: &str) -> Span {
    text.parse().unwrap()
}

/// A call of the probe that computes as long as nobody ends it.
async fn endless(lab: &Lab) -> impl Fn() -> Call {
    let probe = lab.load("probe").await;
    move || {
        let mut call = lab.call(&probe, &Capabilities::default(), Ports::default());
        (call.limits.cpu, call.limits.time) = (span("1h"), span("1h"));
        call
    }
}

/// Attacks with `how`, and gives how it was ended; the log says `outcome`.
fn stopped(how: &str, outcome: &'static str) -> CallError {
    block_on(async {
        let lab = Lab::new();
        let stopped = lab.misbehave(how).await.map(|called| called.answer).unwrap_err();
        lab.held([ended(outcome)]).await;
        in_time(&stopped);
        stopped.error
    })
}

/// Who was ended by the clock had its time, and not much more: a tick is milliseconds, a busy machine takes seconds.
fn in_time(stopped: &Unanswered) {
    if let CallError::Cpu(limit) = stopped.error {
        let took = stopped.done.duration;
        assert!((limit..limit + Duration::from_secs(60)).contains(&took), "{took:?} of {limit:?}");
    }
}

fn done_or_exhausted(called: Result<(), Box<Unanswered>>) -> &'static str {
    let Err(stopped) = called else { return "done" };
    assert!(stopped.error.is_limit(), "{stopped:?}");
    "exhausted"
}

#[test]
fn d_01_a_loop_is_ended_by_the_cpu_clock() {
    assert!(matches!(stopped("spin", "exhausted"), CallError::Cpu(_)));
}

#[test]
fn d_03_a_memory_bomb_is_ended_by_the_memory_limit() {
    assert!(matches!(stopped("eat-memory", "exhausted"), CallError::Memory(bytes) if bytes == 64 << 20));
}

#[test]
fn d_04_deep_recursion_traps_and_the_host_lives() {
    let CallError::Trap(trap) = stopped("recurse", "trapped") else { panic!() };
    let text = trap.to_string();
    // Its own stack overflows into nothing, or the engine's does: both trap.
    assert!(text.starts_with("wasm trap"), "{text}");
}

#[test]
fn d_05_a_flood_of_log_calls_ends_within_its_quota() {
    block_on(async {
        let lab = Lab::new();
        // It ends by itself, or at the clock; either way nothing grew.
        let outcome = done_or_exhausted(lab.misbehave("log").await.map(|called| assert!(called.answer.is_ok())));
        assert!(lab.log().len() < 100);
        lab.held([ended(outcome)]).await;
    });
}

#[test]
fn d_06_a_giant_string_is_refused_at_the_border() {
    for how in ["huge-string", "huge-list"] {
        let CallError::Trap(trap) = stopped(how, "trapped") else { panic!("{how}") };
        let text = trap.to_string();
        assert!(text.contains("too much data"), "{text}");
    }
}

#[test]
fn d_07_endless_output_is_dropped() {
    block_on(async {
        let lab = Lab::new();
        let called = lab.misbehave("print").await;
        // Whether it came to its end or to that of its time.
        let printed = called.as_ref().map_or_else(|stopped| &stopped.done.printed, |called| &called.done.printed);
        assert_eq!(printed.kept.len(), 64 << 10);
        assert!(printed.dropped_bytes > 0);
        let outcome = done_or_exhausted(called.map(drop));
        lab.held([ended(outcome)]).await;
    });
}

#[test]
fn a_trap_a_panic_and_an_exit_end_the_call_alone() {
    for how in ["trap", "panic", "exit"] {
        assert!(matches!(stopped(how, "trapped"), CallError::Trap(_)), "{how}");
    }
}

#[test]
fn o_01_what_a_guest_prints_stays_bytes_and_a_trap_is_escaped() {
    let CallError::Trap(trap) = stopped("panic", "trapped") else { panic!() };
    let text = trap.to_string();
    let text = text + &trap.backtrace(true).concat();
    assert!(!text.contains('\u{1b}') && text.contains("in function"), "{text:?}");
}

#[test]
fn d_13_spinning_guests_leave_others_their_turn() {
    block_on(async {
        let lab = Arc::new(Lab::new());
        lab.load("probe").await;
        let spinning: Vec<_> = (0..8)
            .map(|_| {
                let lab = Arc::clone(&lab);
                tokio::spawn(async move {
                    let call = endless(&lab).await;
                    let arguments = serde_json::json!({ "how": "spin" });
                    call().tool(&lab.engine, "misbehave", &arguments).await.map(|called| called.answer)
                })
            })
            .collect();
        for _ in 0..20 {
            lab.still_answers().await;
        }
        assert!(spinning.iter().all(|spinner| !spinner.is_finished()), "they spin all the while");
        spinning.iter().for_each(tokio::task::JoinHandle::abort);
        lab.held(ended("abandoned").times(8)).await;
    });
}

#[test]
fn d_12_a_cancelled_call_leaves_nothing() {
    block_on(async {
        let lab = Lab::new();
        // Of this test alone: others run beside it.
        let descriptors = || descriptors_beneath(&lab.tree());
        let call = endless(&lab).await;
        // Before its first tick, at its first ticks, and after it has moved to the threads for those that overrun;
        // computing, and waiting.
        let mut cancelled = 0;
        let moments = [0, 1, 2, 3, 5, 8, 20, 60, 120];
        for (how, moment) in ["spin", "sleep"].into_iter().flat_map(|how| moments.map(|moment| (how, moment))) {
            let arguments = serde_json::json!({ "how": how });
            let call = call();
            assert_eq!(descriptors(), 1, "what it sees as its tree");
            let call = call.tool(&lab.engine, "misbehave", &arguments);
            assert!(tokio::time::timeout(Duration::from_millis(moment), call).await.is_err(), "{how} {moment}");
            cancelled += 1;
            lab.wait_for("abandoned", cancelled).await;
            assert_eq!(descriptors(), 0, "{how} {moment}");
        }
        lab.held(ended("abandoned").times(cancelled)).await;
    });
}

#[test]
fn d_02_a_guest_that_sleeps_is_ended_at_its_deadline() {
    block_on(async {
        let lab = Lab::new();
        let probe = lab.load("probe").await;
        let mut call = lab.call(&probe, &Capabilities::default(), Ports::default());
        call.limits.time = span("100ms");
        let late = call.tool(&lab.engine, "misbehave", &serde_json::json!({ "how": "sleep" })).await.unwrap_err();
        assert!(matches!(late.error, CallError::Time(time) if time == Duration::from_millis(100)), "{late:?}");
        lab.held([ended("timed-out")]).await;
    });
}

#[test]
fn waiting_is_not_computing() {
    block_on(async {
        let lab = Lab::new();
        let probe = lab.load("probe").await;
        let mut call = lab.call(&probe, &Capabilities::default(), Ports::default());
        call.limits.cpu = span("100ms");
        let arguments = serde_json::json!({ "how": "sleep", "path": "300" });
        assert!(call.tool(&lab.engine, "misbehave", &arguments).await.unwrap().answer.is_ok());
        lab.held([ended("done")]).await;
    });
}

#[test]
fn every_call_has_a_store_of_its_own() {
    block_on(async {
        let lab = Lab::new();
        for _ in 0..2 {
            assert_eq!(lab.misbehave("count").await.unwrap().answer.unwrap()["calls"], 1);
        }
        lab.held(ended("done").times(2)).await;
    });
}

#[test]
fn random_numbers_are_there_and_differ() {
    block_on(async {
        let lab = Lab::new();
        let mut numbers = Vec::new();
        for _ in 0..2 {
            numbers.push(lab.misbehave("random").await.unwrap().answer.unwrap()["bytes"].as_u64().unwrap());
        }
        assert_ne!(numbers[0], numbers[1]);
        lab.held(ended("done").times(2)).await;
    });
}

#[test]
fn d_05_a_flood_of_denied_calls_is_counted_and_not_logged_one_by_one() {
    block_on(async {
        let lab = Lab::new();
        let called = lab.misbehave("flood-denials").await.unwrap();
        assert_eq!(called.done.denials.len(), 1);
        assert!(lab.log().len() < 200, "{}", lab.log().len());
        lab.held([ended("done").denied(5000)]).await;
    });
}

#[test]
fn what_a_call_did_is_known_although_it_trapped() {
    block_on(async {
        let lab = Lab::new();
        let grant = Capabilities { write: skillhost_core::glob::Globs::all(), ..Capabilities::default() };
        let trapped = lab.misbehave_with("write-and-trap", "/repo/new.txt", &grant).await.unwrap_err();
        assert!(matches!(trapped.error, CallError::Trap(_)), "{trapped:?}");
        let done = &trapped.done;
        assert_eq!(done.files.written.iter().map(ToString::to_string).collect::<Vec<_>>(), ["new.txt"]);
        assert!(String::from_utf8_lossy(&done.printed.kept).contains("about to trap"));
        assert_eq!(done.denials.len(), 1);
        lab.held([ended("trapped").denied(1).count("files_created", 1)]).await;
    });
}
