//! The smoke run: every target over its seeds, its regressions, and some thousands of mutations that are the same each time.
//!
//! `cargo xtask fuzz` is the long run, guided by coverage; see `docs/fuzzing.md`.

mod mutate;
mod place;
mod sections;
mod skill;
mod targets;

use skillhost_test_support::random::Random;
use std::path::Path;
use targets::{TARGETS, Target, kept, seeds};

fn smoke(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("it stands in the table");
    for input in kept(target, "regressions") {
        attempt(target, &input);
    }
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "nothing to begin with");
    for seed in &seeds {
        attempt(target, seed);
    }
    attempt(target, &[]);
    let mut random = Random::new(target.name.bytes().map(u64::from).sum());
    for _ in 0..target.mutations {
        let (base, other) = (&seeds[random.below(seeds.len())], &seeds[random.below(seeds.len())]);
        let structured =
            target.mutate.filter(|_| random.below(8) != 0).and_then(|mutate| mutate(base, random.number()));
        let input = structured.unwrap_or_else(|| mutate::mutate(base, other, target.words, &mut random));
        attempt(target, &input);
    }
}

/// Keeps an input that breaks a property, and says where.
fn attempt(target: &Target, input: &[u8]) {
    if std::panic::catch_unwind(|| (target.check)(input)).is_err() {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", target.name));
        std::fs::write(&file, input).expect("a folder to write to");
        panic!(
            "{} bytes break `{}`; to keep them as a regression: cp {} tests/fuzz/regressions/{}/NAME\n{}",
            input.len(),
            target.name,
            file.display(),
            target.name,
            input[..input.len().min(400)].escape_ascii(),
        );
    }
}

macro_rules! smoke {
    ($($name:ident)*) => {
        $(#[test] fn $name() { smoke(stringify!($name)); })*

        #[test]
        fn every_target_is_run() {
            let tested = [$(stringify!($name)),*];
            assert_eq!(TARGETS.map(|target| target.name), tested);
            // libFuzzer ends where it is given an empty dictionary.
            assert!(TARGETS.iter().all(|target| !target.words.is_empty()));
            for folder in ["seeds", "regressions"] {
                let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
                for entry in std::fs::read_dir(&folder).into_iter().flatten() {
                    let name = entry.expect("a readable folder").file_name();
                    assert!(tested.iter().any(|tested| name == *tested), "{}/{name:?} is of no target", folder.display());
                }
            }
        }
    };
}

smoke! {
    anthropic audit case_file chat component conventions destination detect generated git_commit git_directory glob lock manifest markdown
    ollama path policy project recording responses schema signature terminal user
}
