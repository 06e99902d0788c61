//! Components that were cut, or flipped: each is refused, or does as it is told. Nothing panics, and
//! nothing is left. What a generator makes is in `made_up.rs`.

use crate::support::{Lab, block_on, bundled, component, ended, sections};
use skillhost_engine::Skill;
use skillhost_engine::{CallError, LoadError};
use skillhost_test_support::random::Random;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The skills that ship with the host, and the guests of the tests.
fn real() -> Vec<Vec<u8>> {
    let skills = ["spec", "review", "implement", "verify"].map(bundled);
    skills.into_iter().chain(["hello", "probe"].map(component)).collect()
}

/// Reads what may be a component; whatever it is, that ends.
pub(crate) fn inspect(bytes: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| skillhost_engine::inspect::inspect(bytes).is_ok())).expect("it panicked")
}

#[test]
fn l_01_truncated_at_every_offset() {
    let lab = Lab::new();
    lab.watch();
    for whole in real() {
        // Each of the first bytes, each of the last, and some in between.
        let step = whole.len() / 500;
        let offsets = (0..400).chain((0..500).map(|n| n * step)).chain(whole.len() - 400..whole.len());
        for offset in offsets {
            assert!(!inspect(&whole[..offset]), "cut at {offset} of {}", whole.len());
        }
        assert!(inspect(&whole));
    }
    block_on(lab.held([]));
}

#[test]
fn l_01_flipped_bits() {
    block_on(async {
        let lab = Lab::new();
        let mut random = Random::new(0x5eed);
        let mut compiled = 0;
        for whole in real() {
            for _ in 0..150 {
                let mut bytes = whole.clone();
                for _ in 0..=random.below(3) {
                    let at = random.below(bytes.len());
                    bytes[at] ^= 1 << random.below(8);
                }
                // What the first look lets pass is compiled, some of it.
                if inspect(&bytes) && compiled < 24 {
                    compiled += 1;
                    match lab.offer(&bytes).await {
                        Ok(_) | Err(LoadError::Invalid(_) | LoadError::Link(_) | LoadError::ExportType { .. }) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            }
        }
        assert_eq!(compiled, 24);
        lab.held([]).await;
    });
}

/// Code that no compiler would have made of it: numbers, indices and whole instructions are others, and what is still valid
/// is called.
#[test]
fn l_08_code_that_was_altered_is_refused_or_ends_its_own_call() {
    block_on(async {
        let lab = Lab::new();
        let mut random = Random::new(0xbad_c0de);
        let whole = component("hello");
        let (mut outcomes, mut refused) = (Vec::new(), 0);
        for _ in 0..120 {
            let altered = sections::change_core(&whole, |core| {
                let mut core = core.to_vec();
                // Behind the types and imports, which the component around it checks.
                let (from, to) = (core.len() / 4, core.len());
                for _ in 0..=random.below(2) {
                    let at = from + random.below(to - from);
                    core[at] ^= 1 << random.below(8);
                }
                core
            });
            match lab.offer(&altered).await {
                Ok(skill) => outcomes.push(outcome(&lab, &skill, "greet").await),
                Err(
                    LoadError::Invalid(_) | LoadError::Link(_) | LoadError::ExportType { .. } | LoadError::Manifest(_),
                ) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(refused > 0 && !outcomes.is_empty(), "{refused} {outcomes:?}");
        lab.held(outcomes.into_iter().map(|outcome| ended(outcome).any_denials())).await;
    });
}

/// How a call of it ended, as the log must have it.
pub(crate) async fn outcome(lab: &Lab, skill: &Arc<Skill>, tool: &'static str) -> &'static str {
    let mut call = lab.call(skill, &Default::default(), Default::default());
    // It may wait as well as compute.
    (call.limits.cpu, call.limits.time) = ("200ms".parse().unwrap(), "2s".parse().unwrap());
    match lab.supervise(call, tool, serde_json::json!({ "name": "you" })).await.map(|called| called.answer) {
        Ok(Ok(_)) => "done",
        Ok(Err(_)) => "failed",
        Err(stopped) => match stopped.error {
            // The answer is judged after the call.
            CallError::Schema { what: "the result", .. } => "done",
            CallError::Time(_) => "timed-out",
            CallError::Trap(_) => "trapped",
            ref other if other.is_limit() => "exhausted",
            other => panic!("{other}"),
        },
    }
}
