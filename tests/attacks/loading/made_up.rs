//! Components that a generator made, and mutants of real ones that are still whole: by wasm-smith and wasm-mutate, with
//! fixed seeds. (`tests/fuzz` goes on from here.)

use super::mutated::{inspect, outcome};
use crate::support::handmade::Handmade;
use crate::support::{Expected, Lab, block_on, bundled, component, ended, sections};
use arbitrary::Unstructured;
use skillhost_core::manifest;
use skillhost_engine::LoadError;
use skillhost_test_support::random::Random;

/// A handmade tool that starts `module` first.
fn around(module: &[u8]) -> Vec<u8> {
    let before = "(core module $made) (core instance (instantiate $made))".to_owned();
    sections::with_first_core(&Handmade { before, ..Handmade::default() }.component(), module)
}

/// Offers a component, and calls it where it is accepted.
async fn attack(lab: &Lab, component: &[u8], tool: &'static str, outcomes: &mut Vec<Expected>) -> bool {
    match lab.offer(component).await {
        Ok(skill) => outcomes.push(ended(outcome(lab, &skill, tool).await).any_denials()),
        Err(
            LoadError::Invalid(_)
            | LoadError::Link(_)
            | LoadError::ExportType { .. }
            | LoadError::Manifest(_)
            | LoadError::TooLarge { .. },
        ) => return false,
        Err(other) => panic!("{other}"),
    }
    true
}

#[test]
fn l_08_modules_that_were_made_up() {
    block_on(async {
        let lab = Lab::new();
        let mut random = Random::new(0x0dd);
        let mut outcomes = Vec::new();
        for n in 0..200 {
            let bytes = random.bytes(2000);
            let config = wasm_smith::Config {
                max_imports: 0,
                // A start function is called.
                allow_start_export: true,
                gc_enabled: false,
                exceptions_enabled: false,
                relaxed_simd_enabled: false,
                ..wasm_smith::Config::default()
            };
            let module = wasm_smith::Module::new(config, &mut Unstructured::new(&bytes)).unwrap().to_bytes();
            // Each is read; compiling all of them would take too long.
            assert!(inspect(&around(&module)));
            if n % 4 == 0 {
                attack(&lab, &around(&module), "attack", &mut outcomes).await;
            }
        }
        assert!(outcomes.len() > 5, "{outcomes:?}");
        lab.held(outcomes).await;
    });
}

#[test]
fn l_08_components_that_were_made_up() {
    block_on(async {
        let lab = Lab::new();
        let mut random = Random::new(0xc0de);
        let text = "[skill]\nname = \"made\"\nversion = \"1.0.0\"\nkind = \"review\"\n";
        let mut made = 0;
        for _ in 0..200 {
            let bytes = random.bytes(4000);
            let made_up = wasm_smith::Component::new(Default::default(), &mut Unstructured::new(&bytes));
            let Ok(component) = made_up.map(|component| component.to_bytes()) else { continue };
            made += 1;
            assert!(!inspect(&component));
            // None of them exports what a skill must.
            let refused = lab.offer(&manifest::embed(&component, text).unwrap()).await.unwrap_err();
            assert!(
                matches!(refused, LoadError::Export { .. } | LoadError::Import { .. } | LoadError::TooLarge { .. }),
                "{refused}"
            );
        }
        assert!(made > 50, "{made}");
        lab.held([]).await;
    });
}

#[test]
fn l_08_mutants_of_real_components() {
    block_on(async {
        let lab = Lab::new();
        let (mut outcomes, mut mutants) = (Vec::new(), 0);
        for whole in [component("hello"), bundled("verify")] {
            let core = sections::core(&whole);
            for seed in 0..100 {
                let mut mutate = wasm_mutate::WasmMutate::default();
                mutate.fuel(500).preserve_semantics(false).seed(seed);
                let Ok(mut made) = mutate.run(&core) else { continue };
                let Some(Ok(mutant)) = made.next() else { continue };
                mutants += 1;
                let mutant = sections::change_core(&whole, |_| mutant);
                inspect(&mutant);
                // Compiling each would take too long; `verify` can't be called by a name alone.
                if seed % 4 == 0 && whole == component("hello") {
                    attack(&lab, &mutant, "greet", &mut outcomes).await;
                } else if seed % 20 == 0 {
                    let _ = lab.offer(&mutant).await;
                }
            }
        }
        assert!(mutants > 50 && !outcomes.is_empty(), "{mutants} {outcomes:?}");
        lab.held(outcomes).await;
    });
}
