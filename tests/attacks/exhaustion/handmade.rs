//! What no compiler makes: endless code in every place where a guest's code runs, and more of everything than a store has.

use crate::support::handmade::{Handmade, SPIN};
use crate::support::{Lab, block_on, ended};
use skillhost_engine::CallError;

/// Attacks with a component, and gives how it was ended; the log says `outcome`.
fn stopped(component: &[u8], outcome: &'static str) -> CallError {
    block_on(async {
        let lab = Lab::new();
        let stopped = lab.attack(component).await.map(|called| called.answer).unwrap_err();
        lab.held([ended(outcome)]).await;
        super::in_time(&stopped);
        stopped.error
    })
}

#[test]
fn a_handmade_tool_that_does_no_harm_answers() {
    block_on(async {
        let lab = Lab::new();
        let called = lab.attack(&Handmade::default().component()).await.unwrap();
        assert_eq!(called.answer.unwrap(), serde_json::json!({}));
        lab.held([ended("done")]).await;
    });
}

#[test]
fn d_01_a_loop_wherever_a_guest_computes() {
    let tool = Handmade::default;
    let spin = SPIN.to_owned();
    for (place, component) in [
        ("the export", Handmade { call: spin.clone(), ..tool() }),
        ("start", Handmade { more: format!("(func $start {SPIN}) (start $start)"), ..tool() }),
        ("realloc", Handmade { realloc: spin.clone(), ..tool() }),
        ("post-return", Handmade { post: spin, ..tool() }),
    ] {
        let error = stopped(&component.component(), "exhausted");
        assert!(matches!(error, CallError::Cpu(_)), "{place}: {error:?}");
    }
}

#[test]
fn d_09_bulk_memory_in_a_loop_is_bounded_by_the_cpu_clock() {
    for operation in ["memory.fill", "memory.copy"] {
        let call = format!(
            "(loop $again (i32.const 0) (i32.const 0) (i32.const {}) {operation} (br $again)) unreachable",
            512 << 16
        );
        let error = stopped(&Handmade { pages: 512, call, ..Handmade::default() }.component(), "exhausted");
        assert!(matches!(error, CallError::Cpu(_)), "{operation}: {error:?}");
    }
}

#[test]
fn d_03_memories_and_tables_that_are_large_from_the_start() {
    let memory = Handmade { pages: 65_536, ..Handmade::default() };
    let table = Handmade { more: "(table 10000000 funcref)".to_owned(), ..Handmade::default() };
    let grown = Handmade {
        more: "(table $t 1 funcref)".to_owned(),
        // Until it is refused; then it traps, and the limit is named.
        call: "(loop $again (ref.null func) (i32.const 100000) (table.grow $t) (i32.const -1) (i32.ne) \
               (br_if $again)) unreachable"
            .to_owned(),
        ..Handmade::default()
    };
    for (what, component) in [("memory", memory), ("table", table), ("grown table", grown)] {
        let error = stopped(&component.component(), "exhausted");
        assert!(matches!(error, CallError::Memory(bytes) if bytes == 64 << 20), "{what}: {error:?}");
    }
}

#[test]
fn d_03_d_11_ten_thousand_memories_instances_and_tables() {
    for (what, module) in [("instances", ""), ("memories", "(memory 1)"), ("tables", "(table 1 funcref)")] {
        let many = |instances: usize| {
            let before = format!("(core module $m {module}) {}", "(core instance (instantiate $m))".repeat(instances));
            Handmade { before, ..Handmade::default() }.component()
        };
        block_on(async {
            let lab = Lab::new();
            let offered = lab.offer(&many(10_000)).await;
            let refused = matches!(&offered, Err(skillhost_engine::LoadError::Invalid(text)) if text.contains("limit"));
            assert!(refused, "{what}: {offered:?}");
            lab.held([]).await;
        });
        // As many as a component may have, and more than a store has.
        let CallError::Trap(trap) = stopped(&many(900), "trapped") else { panic!("{what}") };
        let text = trap.to_string();
        assert!(text.contains("resource limit exceeded"), "{what}: {text}");
    }
    // All in one module.
    for (what, one) in [("memories", "(memory 1)"), ("tables", "(table 1 funcref)")] {
        let component = Handmade { more: one.repeat(100), ..Handmade::default() }.component();
        block_on(async {
            let lab = Lab::new();
            match lab.offer(&component).await {
                // One memory is all that a module may have, by the proposals that are on.
                Err(skillhost_engine::LoadError::Invalid(_)) => lab.held([]).await,
                Ok(_) => {
                    let error = lab.attack(&component).await.map(|called| called.answer).unwrap_err().error;
                    assert!(
                        matches!(&error, CallError::Trap(trap) if trap.cause().contains("limit")),
                        "{what}: {error:?}"
                    );
                    lab.held([ended("trapped")]).await;
                }
                Err(other) => panic!("{what}: {other}"),
            }
        });
    }
}

#[test]
fn d_11_nested_components_are_bounded() {
    use skillhost_engine::LoadError;
    block_on(async {
        let lab = Lab::new();
        for (levels, is_nested) in [(1, false), (10, true), (60, true)] {
            let before = format!("{}{}", "(component ".repeat(levels), ")".repeat(levels));
            let offered = lab.offer(&Handmade { before, ..Handmade::default() }.component()).await;
            match offered {
                Ok(_) => assert!(!is_nested, "{levels}"),
                Err(error) => {
                    assert!(matches!(&error, LoadError::TooLarge { what: "levels", .. }) && is_nested, "{error}");
                }
            }
        }
        // Each instantiates the one before it twice.
        let mut before = "(component $c0 (core module $m) (core instance (instantiate $m)))".to_owned();
        for level in 1..=14 {
            let inner = level - 1;
            before.push_str(&format!(
                "(component $c{level} (alias outer 1 $c{inner} (component $inner)) \
                 (instance (instantiate $inner)) (instance (instantiate $inner)))"
            ));
        }
        before.push_str("(instance (instantiate $c14))");
        match lab.offer(&Handmade { before, ..Handmade::default() }.component()).await {
            Ok(skill) => {
                let call = lab.call(&skill, &Default::default(), Default::default());
                let error = call.tool(&lab.engine, "attack", &serde_json::json!({})).await.unwrap_err().error;
                assert!(matches!(&error, CallError::Trap(trap) if trap.cause().contains("limit")), "{error:?}");
                lab.held([ended("trapped")]).await;
            }
            Err(LoadError::Invalid(_)) => lab.held([]).await,
            Err(other) => panic!("{other}"),
        }
    });
}

#[test]
fn d_08_random_bytes_without_end() {
    for interface in ["random", "insecure"] {
        let function = if interface == "random" { "get-random-bytes" } else { "get-insecure-random-bytes" };
        for most in [i64::MIN, -1, 1 << 40] {
            let tool = Handmade {
                before: format!(
                    "(import \"wasi:random/{interface}@0.2.0\" (instance $random (export \"{function}\" \
                       (func (param \"len\" u64) (result (list u8))))))
                     (core module $libc (memory (export \"memory\") 1)
                       (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) i32.const 0))
                     (core instance $libc (instantiate $libc))
                     (core func $get (canon lower (func $random \"{function}\") (memory (core memory $libc \"memory\")) \
                       (realloc (core func $libc \"realloc\"))))
                     (core instance $host (export \"get\" (func $get)))"
                ),
                imports: "(import \"host\" \"get\" (func $get (param i64 i32)))".to_owned(),
                with: "(with \"host\" (instance $host))".to_owned(),
                call: format!("(call $get (i64.const {most}) (i32.const 0)) unreachable"),
                ..Handmade::default()
            };
            let CallError::Trap(trap) = stopped(&tool.component(), "trapped") else { panic!() };
            let text = trap.to_string();
            assert!(!text.contains("unreachable"), "it was refused before that: {text}");
        }
    }
}

/// A tool that hands a list to `wasi:sockets`, of which a component says itself what its functions take. The function is
/// given to the core module by way of a table, since it needs the memory of that very module.
fn with_socket(parameter: &str, items: u32) -> Vec<u8> {
    let tool = Handmade {
        before: format!(
            "(import \"wasi:sockets/attack@0.2.0\" (instance $socket (export \"take\" (func (param \"x\" {parameter})))))
             (core module $shim (table (export \"t\") 1 funcref)
               (func (export \"take\") (param i32 i32)
                 (call_indirect (param i32 i32) (local.get 0) (local.get 1) (i32.const 0))))
             (core instance $shim (instantiate $shim))"
        ),
        imports: "(import \"host\" \"take\" (func $take (param i32 i32)))".to_owned(),
        with: "(with \"host\" (instance (export \"take\" (func $shim \"take\"))))".to_owned(),
        pages: 1000,
        call: format!("(call $take (i32.const 16384) (i32.const {items})) unreachable"),
        after: "(core func $take (canon lower (func $socket \"take\") (memory (core memory $core \"memory\")) \
                  (realloc (core func $core \"realloc\"))))
                (core module $fill (import \"\" \"t\" (table 1 funcref)) (import \"\" \"f\" (func $f (param i32 i32)))
                  (elem (i32.const 0) func $f))
                (core instance (instantiate $fill
                  (with \"\" (instance (export \"t\" (table $shim \"t\")) (export \"f\" (func $take))))))"
            .to_owned(),
        ..Handmade::default()
    };
    tool.component()
}

#[test]
fn d_06_giant_lists_are_refused_at_the_border() {
    // All of its memory, as a list of ever larger items; the host would need many times as much for each.
    for (parameter, items) in [
        ("(list u8)", 60 << 20),
        ("(list (tuple bool))", 60 << 20),
        ("(list string)", 7 << 20),
        ("(list (list u8))", 1 << 20),
    ] {
        let CallError::Trap(trap) = stopped(&with_socket(parameter, items), "trapped") else { panic!() };
        let text = trap.to_string();
        assert!(text.contains("too much data"), "{parameter}: {text}");
    }
    // What is small enough gets there, and no further.
    let CallError::Trap(trap) = stopped(&with_socket("(list string)", 10), "trapped") else { panic!() };
    let text = trap.to_string();
    assert!(text.contains("no network"), "{text}");
}

#[test]
fn d_06_types_that_unfold_without_end_are_refused() {
    use skillhost_engine::LoadError;
    block_on(async {
        let lab = Lab::new();
        // No item of size zero can be said at all.
        let empty = ["record", "tuple", "flags", "variant", "enum"].map(|kind| format!("(type $t0 ({kind}))"));
        // 2^40 parts, and 2,000 levels.
        let tuple = |level: u32, of: &str| format!("(type $t{level} {of})");
        let wide: String = (1..=40).map(|level| tuple(level, &format!("(tuple $t{0} $t{0})", level - 1))).collect();
        let deep: String = (1..=2000).map(|level| tuple(level, &format!("(option $t{})", level - 1))).collect();
        let based = [(wide, 40), (deep, 2000)].map(|(types, last)| (format!("(type $t0 u8) {types}"), last));
        for (types, last) in based.into_iter().chain(empty.map(|types| (types, 0))) {
            let before = format!(
                "(import \"wasi:sockets/attack@0.2.0\" (instance {types} \
                   (export \"take\" (func (param \"x\" (list $t{last}))))))"
            );
            let offered = lab.offer(&Handmade { before, ..Handmade::default() }.component()).await;
            assert!(matches!(offered, Err(LoadError::Invalid(_))), "{last}: {offered:?}");
        }
        lab.held([]).await;
    });
}

#[test]
fn d_05_ten_million_calls_that_cost_nothing() {
    let tool = Handmade {
        before: "(import \"wasi:clocks/monotonic-clock@0.2.0\" (instance $clock (export \"now\" (func (result u64)))))
                 (core func $now (canon lower (func $clock \"now\")))
                 (core instance $host (export \"now\" (func $now)))"
            .to_owned(),
        imports: "(import \"host\" \"now\" (func $now (result i64)))".to_owned(),
        with: "(with \"host\" (instance $host))".to_owned(),
        call: "(loop $again (drop (call $now)) (br $again)) unreachable".to_owned(),
        ..Handmade::default()
    };
    assert!(matches!(stopped(&tool.component(), "exhausted"), CallError::Cpu(_)));
}
