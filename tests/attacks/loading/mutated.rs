//! Components that were cut, or flipped: each is refused, or does as it is told. Nothing panics, and
//! nothing is left. (`tests/fuzz` does the same without an end; what it finds is added here.)

use crate::support::{Lab, block_on, bundled, component};
use skillhost_engine::LoadError;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The skills that ship with the host, and the guests of the tests.
fn real() -> Vec<Vec<u8>> {
    let skills = ["spec", "review", "implement", "verify"].map(bundled);
    skills.into_iter().chain(["hello", "probe"].map(component)).collect()
}

/// Numbers that look random, the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }
}

/// Reads what may be a component; whatever it is, that ends.
fn inspect(bytes: &[u8]) -> bool {
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
        let mut numbers = Numbers(0x5eed);
        let mut compiled = 0;
        for whole in real() {
            for _ in 0..150 {
                let mut bytes = whole.clone();
                for _ in 0..=numbers.below(3) {
                    let at = numbers.below(bytes.len());
                    bytes[at] ^= 1 << numbers.below(8);
                }
                // What the first look lets pass is compiled, some of it.
                if inspect(&bytes) && compiled < 24 {
                    compiled += 1;
                    match lab.offer(&bytes).await {
                        Ok(_) | Err(LoadError::Invalid(_)) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            }
        }
        assert_eq!(compiled, 24);
        lab.held([]).await;
    });
}
