//! D-10: a component that is huge, or that takes long or much to compile. Each bound of the process is reached here.

use crate::support::handmade::Handmade;
use crate::support::{Lab, block_on, component, until};
use skillhost_engine::{CompileLimits, LoadError};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// Some functions of ten thousands of branches each: seconds of work for the compiler.
fn slow() -> &'static [u8] {
    static SLOW: OnceLock<Vec<u8>> = OnceLock::new();
    SLOW.get_or_init(|| {
        let mut body = String::from("(local $x i64)");
        for n in 0..20_000 {
            body.push_str(&format!(
                "(if (i32.and (local.get 0) (i32.const {})) \
                   (then (local.set $x (i64.mul (local.get $x) (i64.const {n})))))",
                1 << (n % 31)
            ));
        }
        let functions = (0..8).map(|n| format!("(func (export \"slow-{n}\") (param i32) {body})"));
        Handmade { more: functions.collect(), ..Handmade::default() }.component()
    })
}

/// Processes that run the program at `program`, or were started as it.
fn compilers(program: &Path) -> usize {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let command = fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        Some(command.starts_with(program.as_os_str().as_encoded_bytes()))
    });
    processes.filter(|is| *is).count()
}

fn within(limits: CompileLimits, is_right: fn(&LoadError) -> bool) {
    block_on(async {
        let (lab, program) = Lab::within(limits);
        let error = lab.offer(slow()).await.unwrap_err();
        assert!(is_right(&error), "{error:?}");
        until("no compiler is left", || compilers(&program) == 0).await;
        assert_eq!(fs::read_dir(lab.folder.path().join("cache")).unwrap().count(), 0, "nothing of it was kept");
        lab.held([]).await;
    });
}

#[test]
fn d_10_compiling_is_bounded_in_time() {
    let limits = CompileLimits { time: Duration::from_millis(50), ..CompileLimits::default() };
    within(limits, |error| matches!(error, LoadError::CompileTime(_)));
}

#[test]
fn d_10_compiling_is_bounded_in_processor_time() {
    let limits = CompileLimits { cpu_seconds: 0, ..CompileLimits::default() };
    within(limits, |error| matches!(error, LoadError::CompileProcess(text) if text.contains("signal")));
}

#[test]
fn d_10_compiling_is_bounded_in_memory() {
    let limits = CompileLimits { address_bytes: 512 << 20, ..CompileLimits::default() };
    // Enough for what does no harm.
    block_on(async {
        let (lab, _) = Lab::within(limits);
        lab.offer(&component("hello")).await.unwrap();
        lab.held([]).await;
    });
    within(limits, |error| matches!(error, LoadError::CompileProcess(_)));
}

#[test]
fn d_10_what_is_cancelled_leaves_no_compiler() {
    block_on(async {
        let (lab, program) = Lab::within(CompileLimits::default());
        for wait in [0, 1, 5, 20, 50] {
            let offer = lab.offer(slow());
            let _ = tokio::time::timeout(Duration::from_millis(wait), offer).await;
            until("no compiler is left", || compilers(&program) == 0).await;
        }
        lab.held([]).await;
    });
}

#[test]
fn d_10_a_component_of_too_many_parts_is_refused_before_it_is_compiled() {
    block_on(async {
        let (lab, _) = Lab::within(CompileLimits { time: Duration::ZERO, ..CompileLimits::default() });
        let functions = Handmade { more: "(func)".repeat(250_000), ..Handmade::default() };
        let exports: String = (0..600).map(|n| format!("(import \"wasi:io/x{n}@0.2.0\" (instance))")).collect();
        for (what, bytes) in [
            ("parts", functions.component()),
            ("imports", Handmade { before: exports, ..Handmade::default() }.component()),
            ("bytes", [component("hello"), vec![0; 64 << 20]].concat()),
        ] {
            let error = lab.offer(&bytes).await.unwrap_err();
            assert!(matches!(&error, LoadError::TooLarge { what: told, .. } if *told == what), "{what}: {error}");
        }
        lab.held([]).await;
    });
}

/// A host that is killed closes its pipes, and does nothing else.
#[test]
fn d_10_a_compiler_ends_with_its_host() {
    use std::process::{Command, Stdio};
    let mut compiler = Command::new(env!("CARGO_BIN_EXE_skillhost"));
    compiler.args(["skillhost-compile", "60", "8589934592"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut compiler = compiler.spawn().unwrap();
    // It would wait for the component for ever.
    let stdin = compiler.stdin.take();
    drop(compiler.stdout.take());
    assert_eq!(compiler.wait().unwrap().code(), Some(1));
    drop(stdin);
    // And without limits it does nothing at all.
    let mut unlimited = Command::new(env!("CARGO_BIN_EXE_skillhost"));
    let output = unlimited.arg("skillhost-compile").stdin(Stdio::null()).output().unwrap();
    assert!(output.status.code() == Some(1) && output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("without its limits"));
}
