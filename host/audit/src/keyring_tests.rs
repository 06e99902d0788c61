#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    sync::Barrier,
};

use super::*;

fn run(id: &str) -> Subject {
    Subject::Run(id.parse().unwrap())
}

#[test]
fn a_subject_keeps_its_key() {
    let state = tempfile::tempdir().unwrap();
    let first = Keyring::open(state.path()).unwrap().subject(run("7f3k")).unwrap();
    let again = Keyring::open(state.path()).unwrap().existing(run("7f3k")).unwrap().unwrap();
    assert_eq!(first.id(), again.id());
    let other = Keyring::open(state.path()).unwrap().subject(run("k2d9")).unwrap();
    assert_ne!(first.id(), other.id());
}

#[test]
fn to_look_for_a_key_makes_none() {
    let state = tempfile::tempdir().unwrap();
    let absent = state.path().join("state");
    assert!(Keyring::find(&absent).unwrap().is_none() && Keyring::find(state.path()).unwrap().is_none());
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
    let made = Keyring::open(&absent).unwrap();
    assert_eq!(Keyring::find(&absent).unwrap().unwrap().derived("x"), made.derived("x"));
    // The rules are the same.
    fs::set_permissions(absent.join("keys"), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(Keyring::find(&absent), Err(AuditError::FileUntrusted { .. })));
}

#[test]
fn keys_are_private_and_do_not_tell_their_subject() {
    let state = tempfile::tempdir().unwrap();
    Keyring::open(state.path()).unwrap().subject(Subject::Person("ada".into())).unwrap();
    let keys = state.path().join("keys");
    assert_eq!(fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o700);
    let mut files: Vec<_> = fs::read_dir(keys.join("subjects")).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    files.push(keys.join("machine.key"));
    for file in files {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!file.file_name().unwrap().to_str().unwrap().contains("ada"));
    }
}

#[test]
fn eight_threads_agree_on_every_key() {
    for _ in 0..20 {
        let state = tempfile::tempdir().unwrap();
        let barrier = Barrier::new(8);
        let ids: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        Keyring::open(state.path()).unwrap().subject(run("7f3k")).unwrap().id()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]));
        let keys = state.path().join("keys");
        assert_eq!(fs::read_dir(&keys).unwrap().count(), 2, "no drafts are left");
        assert_eq!(fs::read_dir(keys.join("subjects")).unwrap().count(), 1, "no drafts are left");
    }
}

#[test]
fn what_an_interrupted_process_left_of_a_key_goes_while_nobody_makes_one() {
    let state = tempfile::tempdir().unwrap();
    let keyring = Keyring::open(state.path()).unwrap();
    let id = keyring.subject(run("7f3k")).unwrap().id();
    let keys = state.path().join("keys");
    let drafts = [keys.join("machine.key.1.draft"), keys.join("subjects/2.draft")];
    // The first was ended before its draft was removed: the key has two names.
    fs::hard_link(keys.join("machine.key"), &drafts[0]).unwrap();
    fs::write(&drafts[1], "half a k").unwrap();
    let writing = fs::File::open(&keys).unwrap();
    rustix::fs::flock(&writing, rustix::fs::FlockOperation::LockShared).unwrap();
    keyring.tidy().unwrap();
    assert!(drafts[0].exists() && !drafts[1].exists());
    drop(writing);
    keyring.tidy().unwrap();
    assert!(!drafts[0].exists());
    assert_eq!(Keyring::open(state.path()).unwrap().existing(run("7f3k")).unwrap().unwrap().id(), id);
}

#[test]
fn a_key_that_others_can_read_is_refused_with_a_hint() {
    let state = tempfile::tempdir().unwrap();
    Keyring::open(state.path()).unwrap();
    let path = state.path().join("keys/machine.key");
    for mode in [0o640, 0o604, 0o660, 0o602] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = Keyring::open(state.path()).err().unwrap();
        assert!(matches!(error, AuditError::FileUntrusted { .. }), "{mode:o}");
        assert!(error.hint().unwrap().contains("go-rwx"));
    }
}

#[test]
fn a_key_folder_that_others_can_write_is_refused() {
    let state = tempfile::tempdir().unwrap();
    Keyring::open(state.path()).unwrap();
    fs::set_permissions(state.path().join("keys/subjects"), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(Keyring::open(state.path()), Err(AuditError::FileUntrusted { .. })));
}

#[test]
fn links_and_fifos_are_no_keys() {
    let state = tempfile::tempdir().unwrap();
    Keyring::open(state.path()).unwrap();
    let path = state.path().join("keys/machine.key");
    let elsewhere = state.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert!(matches!(Keyring::open(state.path()), Err(AuditError::FileUnexpected { .. })));
    fs::remove_file(&path).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(matches!(Keyring::open(state.path()), Err(AuditError::FileUnexpected { .. })));
}

#[test]
fn damaged_and_foreign_key_files_are_refused() {
    let state = tempfile::tempdir().unwrap();
    let keys = Keyring::open(state.path()).unwrap();
    keys.subject(run("7f3k")).unwrap();
    keys.subject(run("k2d9")).unwrap();
    // A key file of one subject in the place of another's doesn't open.
    fs::copy(keys.path(&run("7f3k")), keys.path(&run("k2d9"))).unwrap();
    assert!(matches!(keys.existing(run("k2d9")), Err(AuditError::KeyDamaged(_))));
    fs::write(keys.path(&run("7f3k")), b"").unwrap();
    assert!(matches!(keys.subject(run("7f3k")), Err(AuditError::KeyDamaged(_))));
    fs::write(state.path().join("keys/machine.key"), [0; 31]).unwrap();
    assert!(matches!(Keyring::open(state.path()), Err(AuditError::KeyDamaged(_))));
    fs::write(state.path().join("keys/machine.key"), [0; 4096]).unwrap();
    assert!(Keyring::open(state.path()).is_err());
}

#[test]
fn an_erased_subject_has_no_key() {
    let state = tempfile::tempdir().unwrap();
    let keys = Keyring::open(state.path()).unwrap();
    let before = keys.subject(run("7f3k")).unwrap().id();
    assert!(keys.erase(&run("7f3k")).unwrap());
    assert!(!keys.erase(&run("7f3k")).unwrap());
    assert!(keys.existing(run("7f3k")).unwrap().is_none());
    assert_ne!(keys.subject(run("7f3k")).unwrap().id(), before);
}
