//! Rows D: a skill that uses up what others need.

use crate::support::{Lab, block_on};
use skillhost_engine::CallError;

/// Attacks with `how`, and gives how it was ended.
fn ended(how: &str) -> CallError {
    block_on(async {
        let lab = Lab::new();
        let error = lab.misbehave(how).await.map(|called| called.answer).unwrap_err();
        lab.still_answers().await;
        error
    })
}

#[test]
fn d_01_a_loop_is_ended_by_the_cpu_clock() {
    assert!(matches!(ended("spin"), CallError::Cpu(_)));
}

#[test]
fn d_03_a_memory_bomb_is_ended_by_the_memory_limit() {
    assert!(matches!(ended("eat-memory"), CallError::Memory(bytes) if bytes == 64 << 20));
}

#[test]
fn d_04_deep_recursion_traps_and_the_host_lives() {
    let CallError::Trap(text) = ended("recurse") else { panic!() };
    // Its own stack overflows into nothing, or the engine's does: both trap.
    assert!(text.starts_with("wasm trap"), "{text}");
}

#[test]
fn d_05_a_flood_of_log_calls_ends_within_its_quota() {
    block_on(async {
        let lab = Lab::new();
        // It ends by itself, or at the clock; either way nothing grew.
        match lab.misbehave("log").await {
            Ok(called) => assert!(called.answer.is_ok()),
            Err(error) => assert!(error.is_limit(), "{error}"),
        }
        lab.still_answers().await;
        assert!(lab.log().len() < 100);
    });
}

#[test]
fn d_06_a_giant_string_is_refused_at_the_border() {
    let CallError::Trap(text) = ended("huge-string") else { panic!() };
    assert!(text.contains("too much data"), "{text}");
}

#[test]
fn d_07_endless_output_is_dropped() {
    block_on(async {
        let lab = Lab::new();
        match lab.misbehave("print").await {
            Ok(called) => assert!(called.printed.kept.len() <= 64 << 10 && called.printed.dropped_bytes > 0),
            Err(error) => assert!(error.is_limit(), "{error}"),
        }
        lab.still_answers().await;
    });
}

#[test]
fn a_trap_a_panic_and_an_exit_end_the_call_alone() {
    for how in ["trap", "panic", "exit"] {
        assert!(matches!(ended(how), CallError::Trap(_)), "{how}");
    }
}

#[test]
fn o_01_what_a_guest_prints_stays_bytes_and_a_trap_is_escaped() {
    let CallError::Trap(text) = ended("panic") else { panic!() };
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn d_13_spinning_guests_leave_others_their_turn() {
    block_on(async {
        let lab = std::sync::Arc::new(Lab::new());
        lab.load("probe").await;
        let spinning: Vec<_> = (0..8)
            .map(|_| {
                let lab = std::sync::Arc::clone(&lab);
                tokio::spawn(async move { lab.misbehave("spin").await.is_err() })
            })
            .collect();
        for _ in 0..20 {
            lab.still_answers().await;
        }
        for spinner in spinning {
            assert!(spinner.await.unwrap());
        }
    });
}

#[test]
fn d_12_a_cancelled_call_leaves_nothing() {
    block_on(async {
        let lab = Lab::new();
        let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        lab.still_answers().await;
        let before = descriptors();
        for _ in 0..50 {
            let call = lab.misbehave("spin");
            assert!(tokio::time::timeout(std::time::Duration::from_millis(1), call).await.is_err());
        }
        lab.still_answers().await;
        // The compiler's pipes and the log are opened and closed; a leak would show 50 times.
        assert!(descriptors() < before + 20);
    });
}
