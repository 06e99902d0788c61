//! The long run: one program for all targets, driven by libFuzzer. `cargo xtask fuzz` starts it, and says by the environment
//! which target it is to run, and where its seeds go.

#![no_main]

mod place;
mod sections;
mod skill;
mod targets;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use targets::{TARGETS, Target, seeds};

static TARGET: OnceLock<&Target> = OnceLock::new();

/// The target to run; its seeds and its words are written before libFuzzer reads them.
fn target() -> &'static Target {
    TARGET.get_or_init(|| {
        let name = std::env::var("SKILLHOST_FUZZ_TARGET").expect("`cargo xtask fuzz` starts this");
        let target = TARGETS.iter().find(|target| target.name == name).expect("a target of the table");
        if let Some(folder) = std::env::var_os("SKILLHOST_FUZZ_SEEDS") {
            prepare(target, Path::new(&folder));
        }
        target
    })
}

fn prepare(target: &Target, folder: &Path) {
    for (at, seed) in seeds(target).iter().enumerate() {
        fs::write(folder.join(format!("seed-{at}")), seed).expect("a folder for seeds");
    }
    let quoted = |word: &&str| {
        let bytes: String = word.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
        format!("\"{bytes}\"\n")
    };
    let words: String = target.words.iter().map(quoted).collect();
    fs::write(folder.with_extension("words"), words).expect("a folder for words");
}

fuzz_target!(
    init: {
        target();
    },
    |data: &[u8]| (target().check)(data)
);

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let structured =
        target().mutate.filter(|_| seed % 8 != 0).and_then(|mutate| mutate(&data[..size], u64::from(seed)));
    match structured.filter(|input| input.len() <= max_size) {
        Some(input) => {
            data[..input.len()].copy_from_slice(&input);
            input.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
});
