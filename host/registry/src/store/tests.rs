#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use super::*;
use crate::fetched::MAX_ATTACHED;
use crate::signature::{SigningKey, Trust, Verified, sign, verify};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;
use zeroize::Zeroizing;

fn store() -> (TempDir, Store) {
    let folder = TempDir::new().unwrap();
    let store = Store::new(&folder.path().join("cache"));
    (folder, store)
}

fn fetched(text: &str) -> Fetched {
    Fetched::new(text.as_bytes().to_vec(), None)
}

/// A component with a signature of each of these keys, behind what is none.
fn signed(text: &str, keys: &[u8]) -> (Fetched, Verified) {
    let mut component = fetched(text);
    let key = |seed: &u8| SigningKey::from_seed(&Zeroizing::new([*seed; 32]));
    let signature = |seed| Attached::Signature(sign(text.as_bytes(), &key(seed)).to_text().into_bytes());
    component.attached = vec![Attached::Bundle(b"{}".to_vec()), Attached::Signature(b"junk".to_vec())];
    component.attached.extend(keys.iter().map(signature));
    let verified = verify(text.as_bytes(), &component.attached, &Trust::default()).unwrap();
    (component, verified)
}

#[test]
fn what_is_kept_is_given_by_its_digest_with_the_signatures_that_held() {
    let (_folder, store) = store();
    let (component, verified) = signed("component", &[1, 2]);
    let [one, other] = verified.signers() else { panic!("{verified:?}") };
    assert!(store.load(&component.digest).unwrap().is_none());
    assert!(store.sweep(store.alone().unwrap().as_ref(), |_| false).unwrap().is_empty());
    for _ in 0..2 {
        store.keep(&component, verified.of(one).as_ref(), &store.hold()).unwrap();
    }
    assert_eq!(store.load(&component.digest).unwrap().unwrap().bytes(), component.component);
    assert_eq!(store.attached(&component.digest, Some(one)), component.attached[2..3]);
    assert!(store.attached(&component.digest, Some(other)).is_empty());
    // Another project's signer has a place of its own, and takes none away.
    store.keep(&component, verified.of(other).as_ref(), &store.hold()).unwrap();
    store.keep(&component, None, &store.hold()).unwrap();
    assert_eq!(store.attached(&component.digest, Some(one)), component.attached[2..3]);
    assert_eq!(store.attached(&component.digest, None).len(), 2);
    assert_eq!(fs::metadata(store.path(&component.digest)).unwrap().permissions().mode() & 0o777, 0o444);
    let names = fs::read_dir(store.folder.clone()).unwrap().count();
    assert_eq!(names, 4, "a component, two signatures, the lock, and no draft");
}

#[test]
fn r_19_a_signature_is_exchanged_for_the_same_signers_alone() {
    let (_folder, store) = store();
    let (component, verified) = signed("component", &[1]);
    let signer = &verified.signers()[0];
    let place = store.path(&component.digest).with_extension(format!("{}.sig", signer.digits()));
    store.keep(&component, verified.of(signer).as_ref(), &store.hold()).unwrap();
    fs::remove_file(&place).unwrap();
    fs::write(&place, "junk").unwrap();
    store.keep(&component, verified.of(signer).as_ref(), &store.hold()).unwrap();
    assert_eq!(store.attached(&component.digest, Some(signer)), component.attached[2..]);
    // Whatever else lies there is no signature of this one's, and as many are looked at as may be.
    for index in 0..2 * MAX_ATTACHED {
        fs::write(store.path(&component.digest).with_extension(format!("{index}.sig")), "junk").unwrap();
    }
    assert_eq!(store.attached(&component.digest, Some(signer)), component.attached[2..]);
    assert_eq!(store.attached(&component.digest, None).len(), MAX_ATTACHED);
}

#[test]
fn r_01_a_changed_file_is_refused_until_it_is_kept_again() {
    let (_folder, store) = store();
    let component = fetched("component");
    store.keep(&component, None, &store.hold()).unwrap();
    let path = store.path(&component.digest);
    fs::remove_file(&path).unwrap();
    fs::write(&path, "another").unwrap();
    assert!(matches!(store.load(&component.digest), Err(StoreError::Altered { .. })));
    store.keep(&component, None, &store.hold()).unwrap();
    assert_eq!(store.load(&component.digest).unwrap().unwrap().bytes(), b"component");
    // A link is not followed, wherever it leads.
    fs::remove_file(&path).unwrap();
    fs::write(path.with_extension("elsewhere"), "component").unwrap();
    std::os::unix::fs::symlink(path.with_extension("elsewhere"), &path).unwrap();
    assert!(matches!(store.load(&component.digest), Err(StoreError::Unreadable(..))));
    store.keep(&component, None, &store.hold()).unwrap();
    assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
}

#[test]
fn what_nobody_needs_is_swept_with_what_was_left_over() {
    let (_folder, store) = store();
    let needed = fetched("needed");
    let (idle, verified) = signed("idle", &[1]);
    let signer = &verified.signers()[0];
    store.keep(&needed, None, &store.hold()).unwrap();
    store.keep(&idle, verified.of(signer).as_ref(), &store.hold()).unwrap();
    store.note(&needed.digest, signer, b"a note", &store.hold()).unwrap();
    store.note(&idle.digest, signer, b"a note", &store.hold()).unwrap();
    fs::create_dir(store.cache.join(projects::FOLDER)).unwrap();
    let drafts = [&store.folder, &store.notes(), &store.cache.join(projects::FOLDER)].map(|at| at.join(".draft-1-2"));
    drafts.iter().for_each(|draft| fs::write(draft, "half").unwrap());
    fs::write(store.folder.join("of-somebody-else"), "x").unwrap();
    let would = store.sweep(None, |digest| *digest == needed.digest).unwrap();
    assert!(store.load(&idle.digest).unwrap().is_some() && drafts.iter().all(|draft| draft.exists()));
    assert_eq!(would, [Kept { digest: idle.digest, size_bytes: 4 }]);
    assert_eq!(store.sweep(store.alone().unwrap().as_ref(), |digest| *digest == needed.digest).unwrap(), would);
    assert!(store.load(&idle.digest).unwrap().is_none());
    assert!(drafts.iter().all(|draft| !draft.exists()));
    let noted = |of: &Fetched| store.noted(&of.digest, signer);
    assert_eq!((noted(&needed), noted(&idle)), (Some(b"a note".to_vec()), None));
    assert!(store.attached(&idle.digest, None).is_empty() && store.load(&needed.digest).unwrap().is_some());
    let mut left: Vec<_> = ambient::list(&store.folder).unwrap().into_iter().map(|(name, _)| name).collect();
    left.sort();
    assert_eq!(left, [".lock".to_owned(), needed.digest.hex(), "of-somebody-else".to_owned()]);
}

#[test]
fn nothing_is_removed_while_somebody_holds_the_store() {
    let (_folder, store) = store();
    let component = fetched("component");
    let hold = store.hold();
    store.keep(&component, None, &store.hold()).unwrap();
    let (started, sweeping) = std::sync::mpsc::channel();
    let sweeper = std::thread::spawn({
        let store = store.clone();
        move || {
            started.send(()).unwrap();
            store.sweep(store.alone().unwrap().as_ref(), |_| false).unwrap().len()
        }
    });
    sweeping.recv().unwrap();
    // Holds stand beside each other.
    drop(store.hold());
    assert!(store.load(&component.digest).unwrap().is_some());
    drop(hold);
    assert_eq!(sweeper.join().unwrap(), 1);
}

#[test]
fn many_writers_leave_one_whole_file() {
    let (_folder, store) = store();
    let component = fetched(&"component".repeat(100_000));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                store.keep(&component, None, &store.hold()).unwrap();
                assert_eq!(store.load(&component.digest).unwrap().unwrap().bytes(), component.component);
            });
        }
    });
    let left: Vec<String> = ambient::list(&store.folder).unwrap().into_iter().map(|(name, _)| name).collect();
    assert!(
        left.len() == 2 && left.contains(&component.digest.hex()) && left.contains(&".lock".to_owned()),
        "{left:?}"
    );
}

#[test]
fn a_store_that_can_not_be_written_is_told_from_a_full_one() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let error = {
        let store = Store::new(&folder.path().join("file"));
        store.keep(&fetched("x"), None, &store.hold()).unwrap_err()
    };
    assert!(error.is_read_only(), "{error:?}");
    let full = StoreError::Unwritable(PathBuf::new(), io::ErrorKind::StorageFull.into());
    assert!(!full.is_read_only());
    drop(Store::new(&folder.path().join("file")).hold());
}
