//! Rows L, and the compile cache: what is loaded, and from where.

mod handmade;
mod made_up;
mod mutated;

use crate::support::{Lab, block_on, component, options};
use skillhost_core::digest::{Digest, Digested};
use skillhost_core::manifest;
use skillhost_engine::{Allocation, Compiler, Engine, LoadError, Options};
use std::process::Command;

#[test]
fn l_09_a_swapped_or_cut_cache_entry_is_made_anew() {
    block_on(async {
        let lab = Lab::alone();
        lab.offer(&component("hello")).await.unwrap();
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
        lab.held([]).await;
    });
}

/// The entries of a cache, by their digests' order: each of one component.
fn entries(lab: &Lab) -> Vec<std::path::PathBuf> {
    let cache = std::fs::read_dir(lab.folder.path().join("cache")).unwrap();
    cache.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn l_09_a_cache_entry_in_the_place_of_another_is_not_loaded() {
    block_on(async {
        let lab = Lab::alone();
        lab.offer(&component("hello")).await.unwrap();
        let hello = entries(&lab).pop().unwrap();
        lab.offer(&component("probe")).await.unwrap();
        let probe = entries(&lab).into_iter().find(|entry| *entry != hello).unwrap();
        let (of_hello, of_probe) = (std::fs::read(&hello).unwrap(), std::fs::read(&probe).unwrap());
        // Right key, right code, wrong component.
        std::fs::write(&hello, &of_probe).unwrap();
        let fresh = Engine::new(options(lab.folder.path())).unwrap();
        let skill = fresh.load(&component("hello")).await.unwrap();
        assert_eq!(skill.inspection().manifest.skill.name.to_string(), "hello");
        assert_eq!(std::fs::read(&hello).unwrap(), of_hello, "it was made anew");
        // One that others may write, and a link to one.
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&hello, std::fs::Permissions::from_mode(0o666)).unwrap();
        Engine::new(options(lab.folder.path())).unwrap().load(&component("hello")).await.unwrap();
        assert_eq!(std::fs::metadata(&hello).unwrap().permissions().mode() & 0o777, 0o600, "it was made anew");
        std::fs::remove_file(&hello).unwrap();
        std::os::unix::fs::symlink(&probe, &hello).unwrap();
        Engine::new(options(lab.folder.path())).unwrap().load(&component("hello")).await.unwrap();
        assert!(!hello.is_symlink() && std::fs::read(&probe).unwrap() == of_probe);
        lab.held([]).await;
    });
}

#[test]
fn l_09_compiled_code_is_no_component() {
    block_on(async {
        let lab = Lab::alone();
        lab.offer(&component("hello")).await.unwrap();
        let entry = std::fs::read(entries(&lab).pop().unwrap()).unwrap();
        for code in [&entry[32..], &entry[..]] {
            assert!(matches!(lab.offer(code).await, Err(LoadError::Manifest(_))));
            // Nor with a manifest behind it.
            let manifest = crate::support::sections::custom(manifest::SECTION, b"[skill]\nname = \"x\"\n");
            assert!(matches!(lab.offer(&[code, &manifest].concat()).await, Err(LoadError::Manifest(_))));
        }
        lab.held([]).await;
    });
}

#[test]
fn l_01_l_02_what_is_no_component_is_refused_without_compiling() {
    block_on(async {
        let lab = Lab::new();
        let whole = component("hello");
        for bytes in [&whole[..whole.len() / 2], b"\0asm\x01\0\0\0".as_slice(), b"#!/bin/sh\n".as_slice(), &[]] {
            assert!(matches!(lab.offer(bytes).await, Err(LoadError::Manifest(_))));
        }
        // A component that says it is another kind than it exports.
        let text = "[skill]\nname = \"x\"\nversion = \"1.0.0\"\nkind = \"review\"\n";
        let empty = manifest::embed(b"\0asm\x0d\0\x01\0", text).unwrap();
        assert!(matches!(lab.offer(&empty).await, Err(LoadError::Export { .. })));
        lab.held([]).await;
    });
}

#[test]
fn a_component_with_another_digest_than_the_pinned_one_is_refused() {
    block_on(async {
        let lab = Lab::new();
        lab.watch();
        let other = Digest::of(b"other");
        let error = lab.engine.load_pinned(&Digested::new(component("hello")), &other).await.unwrap_err();
        assert!(matches!(error, LoadError::Digest { .. }));
        lab.held([]).await;
    });
}

#[test]
fn what_was_compiled_once_is_loaded_without_a_compiler() {
    block_on(async {
        let lab = Lab::alone();
        lab.offer(&component("hello")).await.unwrap();
        let compiler = Compiler::Program("/nowhere/compiler".into());
        let second = || Engine::new(Options { compiler: compiler.clone(), ..options(lab.folder.path()) }).unwrap();
        second().load(&component("hello")).await.unwrap();
        std::fs::remove_dir_all(lab.folder.path().join("cache")).unwrap();
        assert!(matches!(second().load(&component("hello")).await, Err(LoadError::CompileProcess(_))));
        lab.held([]).await;
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
        lab.watch();
        let options = Options { compiler: Compiler::Program(compiler), ..options(lab.folder.path()) };
        let error = Engine::new(options).unwrap().load(&component("hello")).await.unwrap_err();
        assert!(matches!(&error, LoadError::Invalid(text) if text.contains("first words")), "{error}");
        lab.held([]).await;
    });
}

/// Set for the test's own copy that has little address space.
const SHORT: &str = "SKILLHOST_TEST_SHORT";

#[test]
fn pooling_falls_back_where_the_address_space_is_short() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { allocation: Allocation::Pooling, ..options(folder.path()) };
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
