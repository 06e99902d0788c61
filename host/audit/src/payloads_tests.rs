#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
use std::{fs, os::unix::fs::PermissionsExt};

use super::*;
use crate::{Keyring, Subject};

fn open(state: &Path) -> (Keyring, Payloads) {
    let run: RunId = "7f3k".parse().unwrap();
    let keys = Keyring::open(state).unwrap();
    let key = keys.subject(Subject::Run(run.clone())).unwrap();
    (keys, Payloads::open(&state.join("payloads"), run, key).unwrap())
}

#[test]
fn a_body_comes_back_and_is_nowhere_in_the_clear() {
    let state = tempfile::tempdir().unwrap();
    let (_, payloads) = open(state.path());
    let digest = payloads.put(BodyKind::Prompt, b"a secret prompt").unwrap();
    assert_eq!(payloads.get(BodyKind::Prompt, &digest).unwrap(), b"a secret prompt");
    let path = state.path().join("payloads").join(digest.hex());
    let stored = fs::read(&path).unwrap();
    assert_eq!(Digest::of(&stored), digest);
    assert!(!stored.windows(6).any(|w| w == b"secret"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // No drafts are left behind.
    assert_eq!(fs::read_dir(state.path().join("payloads")).unwrap().count(), 1);
}

#[test]
fn tampered_missing_and_misused_bodies_are_told_apart() {
    let state = tempfile::tempdir().unwrap();
    let (_, payloads) = open(state.path());
    let digest = payloads.put(BodyKind::Prompt, b"hello").unwrap();
    assert!(matches!(payloads.get(BodyKind::Reply, &digest), Err(AuditError::BodyAltered)));
    assert!(matches!(payloads.get(BodyKind::Prompt, &Digest::of(b"")), Err(AuditError::PayloadMissing(_))));
    let path = state.path().join("payloads").join(digest.hex());
    let mut stored = fs::read(&path).unwrap();
    *stored.last_mut().unwrap() ^= 1;
    fs::write(&path, &stored).unwrap();
    assert!(matches!(payloads.get(BodyKind::Prompt, &digest), Err(AuditError::BodyAltered)));
    // An attacker who renames the altered blob to its own digest still lacks the key.
    fs::write(state.path().join("payloads").join(Digest::of(&stored).hex()), &stored).unwrap();
    fs::set_permissions(
        state.path().join("payloads").join(Digest::of(&stored).hex()),
        fs::Permissions::from_mode(0o600),
    )
    .unwrap();
    assert!(matches!(payloads.get(BodyKind::Prompt, &Digest::of(&stored)), Err(AuditError::BodyAltered)));
}

#[test]
fn a_body_is_gone_once_its_subject_is_erased() {
    let state = tempfile::tempdir().unwrap();
    let (keys, payloads) = open(state.path());
    let digest = payloads.put(BodyKind::Output, b"hello").unwrap();
    assert!(keys.erase(&Subject::Run("7f3k".parse().unwrap())).unwrap());
    drop(payloads);
    let (_, payloads) = open(state.path());
    assert!(matches!(payloads.get(BodyKind::Output, &digest), Err(AuditError::BodyErased)));
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let state = tempfile::tempdir().unwrap();
    let (_, payloads) = open(state.path());
    let body = vec![0; usize::try_from(MAX_BODY_BYTES).unwrap() + 1];
    assert!(matches!(payloads.put(BodyKind::Output, &body), Err(AuditError::BodyTooLarge { .. })));
}
