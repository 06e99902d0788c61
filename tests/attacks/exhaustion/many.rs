//! D-13: many hostile skills at once. And what thousands of calls that were ended leave behind: nothing.

use crate::outside::World;
use crate::support::{Lab, block_on, descriptors_beneath, ended};
use skillhost_core::capability::Capabilities;
use skillhost_core::glob::Globs;
use std::sync::Arc;

/// Threads of this process.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn d_13_eight_that_spin_flood_and_eat_leave_others_their_turn() {
    block_on(async {
        let lab = Arc::new(Lab::new());
        lab.load("probe").await;
        let hostile: Vec<_> = ["spin", "flood", "eat", "write"]
            .into_iter()
            .cycle()
            .take(8)
            .map(|how| {
                let lab = Arc::clone(&lab);
                tokio::spawn(async move {
                    let probe = lab.load("probe").await;
                    let world = Arc::<World>::default();
                    let write = Globs::parse(["src/**"]).unwrap();
                    let grant = Capabilities { read: Globs::all(), write, ..Capabilities::default() };
                    let mut call = lab.call(&probe, &grant, world.ports());
                    (call.limits.cpu, call.limits.time) = ("1h".parse().unwrap(), "1h".parse().unwrap());
                    let arguments = serde_json::json!({ "how": "without-end", "path": how });
                    call.tool(&lab.engine, "misbehave", &arguments).await.map(|called| called.answer)
                })
            })
            .collect();
        for _ in 0..20 {
            lab.still_answers().await;
        }
        assert!(hostile.iter().all(|call| !call.is_finished()), "they go on all the while");
        hostile.iter().for_each(tokio::task::JoinHandle::abort);
        lab.held(ended("abandoned").times(8)).await;
    });
}

/// Under pooling, memories and tables come from places that all calls share.
#[test]
fn d_13_sixty_four_that_take_all_places_leave_one() {
    use crate::support::handmade::{Handmade, SPIN};
    let all = Handmade {
        before: "(core module $m (memory 1) (table 1 funcref)) (core module $t (table 1 funcref)) (core module $i)"
            .to_owned()
            + &"(core instance (instantiate $m))".repeat(3)
            + &"(core instance (instantiate $t))".repeat(13)
            + &"(core instance (instantiate $i))".repeat(33),
        call: SPIN.to_owned(),
        ..Handmade::default()
    };
    block_on(async {
        let lab = Arc::new(Lab::pooling());
        let skill = lab.offer(&all.component()).await.unwrap();
        let calls: Vec<_> = (0..64)
            .map(|_| {
                let mut call = lab.call(&skill, &Capabilities::default(), Default::default());
                (call.limits.cpu, call.limits.time) = ("1h".parse().unwrap(), "1h".parse().unwrap());
                let lab = Arc::clone(&lab);
                tokio::spawn(async move { call.tool(&lab.engine, "attack", &serde_json::json!({})).await.is_ok() })
            })
            .collect();
        // Each has its instances once it computes: it gives way then.
        for _ in 0..50 {
            lab.still_answers().await;
        }
        assert!(calls.iter().all(|call| !call.is_finished()), "none was refused");
        calls.iter().for_each(tokio::task::JoinHandle::abort);
        lab.held(ended("abandoned").times(64)).await;
    });
}

/// What this process has resident.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// Set for the test's own copy, in which nobody else's calls come and go.
const ALONE: &str = "SKILLHOST_TEST_ALONE";

#[test]
fn d_12_hundreds_of_calls_that_were_ended_leave_no_descriptor_no_thread_and_no_memory() {
    if std::env::var_os(ALONE).is_none() {
        let test =
            "exhaustion::many::d_12_hundreds_of_calls_that_were_ended_leave_no_descriptor_no_thread_and_no_memory";
        let mut copy = std::process::Command::new(std::env::current_exe().unwrap());
        let output = copy.args(["--exact", test]).env(ALONE, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    block_on(async {
        let lab = Lab::new();
        std::fs::write(lab.tree().join("a.txt"), "a").unwrap();
        let mut expected = Vec::new();
        let round = async |expected: &mut Vec<_>, times: usize| {
            for how in ["trap", "panic", "exit", "huge-string"] {
                for _ in 0..times {
                    assert!(lab.misbehave(how).await.is_err());
                    expected.push(ended("trapped"));
                }
            }
            for _ in 0..times {
                assert!(lab.misbehave("sleep").now_or_never().is_none());
                expected.push(ended("abandoned"));
            }
        };
        use futures::FutureExt;
        // The allocator and the runtime's threads have what they need after the first ones.
        round(&mut expected, 20).await;
        let (memory, threads_before) = (resident_bytes(), threads());
        round(&mut expected, 60).await;
        assert!(threads() <= threads_before + 2, "{threads_before} threads, then {}", threads());
        // The memory of a single store that was left behind is 1 MiB and more, and there were three hundred.
        let grown = resident_bytes().saturating_sub(memory);
        assert!(grown < 24 << 20, "{} MiB", grown >> 20);
        assert_eq!(descriptors_beneath(lab.folder.path()), 1, "the audit log alone");
        lab.held(expected).await;
    });
}
