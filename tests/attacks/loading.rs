//! Rows L, and the compile cache: what is loaded, and from where.

use crate::support::{Lab, block_on, component, options};
use skillhost_core::manifest;
use skillhost_engine::{Allocation, Compiler, Engine, LoadError, Options};
use std::process::Command;

#[test]
fn l_09_a_swapped_or_cut_cache_entry_is_made_anew() {
    block_on(async {
        let lab = Lab::alone();
        lab.load("hello").await;
        let entry = std::fs::read_dir(lab.folder.path().join("cache")).unwrap().next().unwrap().unwrap().path();
        let whole = std::fs::read(&entry).unwrap();
        for bad in [&whole[..whole.len() / 2], &[], b"garbage".as_slice(), &[&whole[..], &[0]].concat()] {
            std::fs::write(&entry, bad).unwrap();
            let fresh = Engine::new(options(lab.folder.path())).unwrap();
            fresh.load(&component("hello")).await.unwrap();
            assert_eq!(std::fs::read(&entry).unwrap().len(), whole.len());
        }
        // Another machine's cache: right code, another key.
        std::fs::remove_dir_all(lab.folder.path().join("keys")).unwrap();
        let fresh = Engine::new(options(lab.folder.path())).unwrap();
        fresh.load(&component("hello")).await.unwrap();
        assert_ne!(std::fs::read(&entry).unwrap()[..32], whole[..32]);
    });
}

#[test]
fn l_01_l_02_what_is_no_component_is_refused_without_compiling() {
    block_on(async {
        let lab = Lab::new();
        let whole = component("hello");
        for bytes in [&whole[..whole.len() / 2], b"\0asm\x01\0\0\0".as_slice(), b"#!/bin/sh\n".as_slice(), &[]] {
            assert!(matches!(lab.engine.load(bytes).await, Err(LoadError::Manifest(_))));
        }
        // A component that says it is another kind than it exports.
        let text = "[skill]\nname = \"x\"\nversion = \"1.0.0\"\nkind = \"review\"\n";
        let empty = manifest::embed(b"\0asm\x0d\0\x01\0", text).unwrap();
        assert!(matches!(lab.engine.load(&empty).await, Err(LoadError::Export { .. })));
        lab.still_answers().await;
    });
}

#[test]
fn a_component_with_another_digest_than_the_pinned_one_is_refused() {
    block_on(async {
        let lab = Lab::new();
        let other = skillhost_core::digest::Digest::of(b"other");
        let error = lab.engine.load_pinned(&component("hello"), &other).await.unwrap_err();
        assert!(matches!(error, LoadError::Digest { .. }));
    });
}

#[test]
fn what_was_compiled_once_is_loaded_without_a_compiler() {
    block_on(async {
        let lab = Lab::alone();
        lab.load("hello").await;
        let compiler = Compiler::Program("/nowhere/compiler".into());
        let second = || Engine::new(Options { compiler: compiler.clone(), ..options(lab.folder.path()) }).unwrap();
        second().load(&component("hello")).await.unwrap();
        std::fs::remove_dir_all(lab.folder.path().join("cache")).unwrap();
        assert!(matches!(second().load(&component("hello")).await, Err(LoadError::CompileProcess(_))));
    });
}

#[test]
fn a_compiler_that_complains_without_end_is_ended_with_its_first_words() {
    use std::os::unix::fs::PermissionsExt;
    block_on(async {
        let lab = Lab::alone();
        let compiler = lab.folder.path().join("compiler");
        std::fs::write(&compiler, "#!/bin/sh\necho first words >&2\nhead -c 1000000 /dev/zero >&2\nexit 1\n").unwrap();
        std::fs::set_permissions(&compiler, std::fs::Permissions::from_mode(0o755)).unwrap();
        let options = Options { compiler: Compiler::Program(compiler), ..options(lab.folder.path()) };
        let error = Engine::new(options).unwrap().load(&component("hello")).await.unwrap_err();
        assert!(matches!(&error, LoadError::Invalid(text) if text.contains("first words")), "{error}");
    });
}

/// Set for the test's own copy that has little address space.
const SHORT: &str = "SKILLHOST_TEST_SHORT";

#[test]
fn pooling_falls_back_where_the_address_space_is_short() {
    let lab = Lab::new();
    let options = || Options { allocation: Allocation::Pooling, ..options(lab.folder.path()) };
    if std::env::var_os(SHORT).is_some() {
        assert_eq!(Engine::new(options()).unwrap().allocation(), Allocation::OnDemand);
        return;
    }
    assert_eq!(Engine::new(options()).unwrap().allocation(), Allocation::Pooling);
    // 32 GiB, in a process of its own.
    let mut copy = Command::new("sh");
    copy.args([
        "-c",
        "ulimit -v 33554432 && exec \"$0\" --exact loading::pooling_falls_back_where_the_address_space_is_short",
    ]);
    let output = copy.arg(std::env::current_exe().unwrap()).env(SHORT, "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}
