#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
use std::{
    fs::{self, OpenOptions},
    io::BufReader,
    os::unix::fs::{FileExt, PermissionsExt},
};

use super::*;
use crate::{Decision, Entries, Entry, MAX_ENTRY_BYTES, Skill, Step, Subject, entry::leaf_hash, read_entries};

fn run() -> RunId {
    "7f3k".parse().unwrap()
}

fn key() -> SubjectKey {
    SubjectKey::ephemeral(Subject::Run(run())).unwrap()
}

fn skill() -> Actor {
    let skill = Skill { digest: Digest::of(b"component"), name: "licence-check".parse().unwrap() };
    Actor { agent: Some("main".parse().unwrap()), policy: Some(Digest::of(b"policy")), skill: Some(skill) }
}

fn work() -> Event {
    Event::granted(Class::File, Kind::Work)
}

fn contents(log: &Log) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(log.file.metadata().unwrap().len()).unwrap()];
    log.file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

fn entries(bytes: &[u8]) -> Vec<Entry<'static>> {
    Entries::new(BufReader::new(bytes)).map(Result::unwrap).collect()
}

/// Every `prev` is the leaf hash of the line before, and every `seq` its number.
fn assert_chain(bytes: &[u8]) {
    let mut prev = Digest::of(b"");
    for (seq, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
        assert!(line.len() <= MAX_ENTRY_BYTES);
        let line = line.strip_suffix(b"\n").unwrap();
        let entry = crate::entry::parse(line).unwrap();
        assert_eq!((entry.seq, entry.prev), (seq as u64, prev));
        prev = leaf_hash(line);
    }
}

#[test]
fn an_effect_is_an_intent_and_an_outcome() {
    let log = Log::in_memory(run(), &key()).unwrap();
    let auditor = log.auditor(skill());
    let payload = Digest::of(b"sealed");
    let path = auditor.commit(Class::Command, b"npm test");
    let intent = auditor.intent(Event::granted(Class::Command, Kind::Call).on(path).payload(payload)).unwrap();
    intent.outcome(Outcome::done().exit_code(1).count(Count::BytesOut, 42)).unwrap();

    let bytes = contents(&log);
    assert_chain(&bytes);
    let [intent, outcome] = &entries(&bytes)[..] else { unreachable!("two entries") };
    assert_eq!((intent.step, intent.decision, intent.payload), (Step::Intent, Some(Decision::Granted), Some(payload)));
    assert_eq!((intent.commitment, &*intent.actor), (Some(path), &skill()));
    assert_eq!((outcome.step, outcome.intent, outcome.outcome), (Step::Outcome, Some(0), Some(Status::Done)));
    assert_eq!((outcome.exit_code, outcome.counts.get(Count::BytesOut)), (Some(1), 42));
    assert!(outcome.duration_us.is_some());
}

#[test]
fn a_dropped_intent_is_abandoned() {
    let log = Log::in_memory(run(), &key()).unwrap();
    let auditor = log.auditor(Actor::default());
    drop(auditor.intent(work()).unwrap());
    let panicked = std::panic::catch_unwind(|| {
        let _intent = auditor.intent(work()).unwrap();
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(panicked.is_err());
    let outcomes: Vec<_> = entries(&contents(&log)).iter().map(|e| (e.intent, e.outcome)).collect();
    let abandoned = Some(Status::Abandoned);
    assert_eq!(outcomes, [(None, None), (Some(0), abandoned), (None, None), (Some(2), abandoned)]);
}

#[test]
fn lines_are_canonical_json() {
    let log = Log::in_memory(run(), &key()).unwrap();
    let auditor = log.auditor(skill());
    let mut counts = crate::Counts::default();
    counts.add(Count::TokensOut, 1);
    counts.add(Count::BytesDropped, u64::MAX);
    let event = work().on(auditor.commit(Class::File, b"src/a.rs")).payload(Digest::of(b"x"));
    auditor.intent(event).unwrap().outcome(Outcome::done().exit_code(-1).counts(&counts)).unwrap();
    auditor.decision(Event::denied(Class::Network, Kind::Send)).unwrap();
    for line in contents(&log).split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let value: serde_json::Value = serde_json::from_slice(line).unwrap();
        assert_eq!(sorted(&value), std::str::from_utf8(line).unwrap());
    }
}

fn sorted(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(map) => {
            let mut fields: Vec<_> =
                map.iter().map(|(k, v)| format!("{}:{}", serde_json::json!(k), sorted(v))).collect();
            fields.sort();
            format!("{{{}}}", fields.join(","))
        }
        other => other.to_string(),
    }
}

#[test]
fn the_log_holds_no_path_in_the_clear_and_no_guessable_hash() {
    let [first, second] = [key(), key()].map(|key| Log::in_memory(run(), &key).unwrap());
    for log in [&first, &second] {
        let auditor = log.auditor(skill());
        auditor
            .decision(Event::denied(Class::File, Kind::Write).on(auditor.commit(Class::File, b"ada/diary")))
            .unwrap();
    }
    assert!(!contents(&first).windows(5).any(|w| w == b"diary"));
    assert_ne!(entries(&contents(&first))[0].commitment, entries(&contents(&second))[0].commitment);
    assert_ne!(first.commit(Class::File, b"a"), first.commit(Class::Network, b"a"));
    assert_eq!(first.commit(Class::File, b"a"), first.commit(Class::File, b"a"));
}

#[test]
fn many_writers_make_one_chain() {
    let log = Log::in_memory(run(), &key()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let auditor = log.auditor(skill());
                for _ in 0..200 {
                    auditor.intent(work()).unwrap().outcome(Outcome::done()).unwrap();
                }
            });
        }
    });
    assert_eq!(log.size(), 8 * 200 * 2);
    assert_chain(&contents(&log));
}

#[test]
fn it_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    for _ in 0..3 {
        let log = Log::open(&path, run(), &key()).unwrap();
        log.auditor(skill()).intent(work()).unwrap().outcome(Outcome::done()).unwrap();
    }
    assert_chain(&fs::read(&path).unwrap());
    assert_eq!(read_entries(&path).unwrap().count(), 6);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_09_a_crash_at_any_byte_loses_no_whole_entry() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::in_memory(run(), &key()).unwrap();
    log.auditor(skill()).decision(work()).unwrap();
    log.auditor(skill()).decision(work()).unwrap();
    let whole = contents(&log);
    let first = whole.iter().position(|b| *b == b'\n').unwrap() + 1;
    for cut in 0..=whole.len() {
        let path = dir.path().join(format!("{cut}.jsonl"));
        OpenOptions::new().append(true).create(true).open(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, &whole[..cut]).unwrap();
        let log = Log::open(&path, run(), &key()).unwrap();
        log.auditor(skill()).decision(work()).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert_chain(&bytes);
        let complete = if cut == whole.len() {
            whole.len()
        } else if cut >= first {
            first
        } else {
            0
        };
        assert_eq!(bytes[..complete], whole[..complete]);
        let recovered: Vec<_> = entries(&bytes).into_iter().filter(|e| e.kind == Kind::Recover).collect();
        assert_eq!(recovered.len(), usize::from(cut > complete), "cut at {cut}");
        assert!(recovered.iter().all(|e| e.counts.get(Count::BytesDropped) == (cut - complete) as u64));
    }
}

#[test]
fn zeroes_after_a_power_cut_are_a_tail() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    Log::open(&path, run(), &key()).unwrap().auditor(skill()).decision(work()).unwrap();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() + 3 * MAX_ENTRY_BYTES as u64).unwrap();
    Log::open(&path, run(), &key()).unwrap().auditor(skill()).decision(work()).unwrap();
    assert_chain(&fs::read(&path).unwrap());
    assert_eq!(read_entries(&path).unwrap().count(), 3);
}

#[test]
fn what_is_no_log_of_this_run_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    Log::open(&path, run(), &key()).unwrap().auditor(skill()).decision(work()).unwrap();
    let other = "k2d9".parse().unwrap();
    assert!(matches!(Log::open(&path, other, &key()), Err(AuditError::LogForeign(_))));
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(b"not an entry\n");
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(Log::open(&path, run(), &key()), Err(AuditError::LogDamaged(_))));
    fs::write(&path, [vec![b'x'; MAX_ENTRY_BYTES], b"\n".to_vec()].concat()).unwrap();
    assert!(matches!(Log::open(&path, run(), &key()), Err(AuditError::LogDamaged(_))));
    assert_eq!(fs::metadata(&path).unwrap().len(), MAX_ENTRY_BYTES as u64 + 1, "and left as it is");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Log::open(&path, run(), &key()), Err(AuditError::FileUntrusted { .. })));
}

#[test]
fn a_11_a_second_writer_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    let first = Log::open(&path, run(), &key()).unwrap();
    assert!(matches!(Log::open(&path, run(), &key()), Err(AuditError::LogBusy(_))));
    drop(first);
    assert!(Log::open(&path, run(), &key()).is_ok());
}

#[test]
fn a_10_after_a_failed_write_there_is_no_further_intent() {
    let log = Log::in_memory(run(), &key()).unwrap();
    let auditor = log.auditor(skill());
    let intent = auditor.intent(work()).unwrap();
    let before = contents(&log);
    rustix::fs::fcntl_add_seals(&log.file, rustix::fs::SealFlags::GROW).unwrap();
    assert!(matches!(auditor.intent(work()), Err(AuditError::LogWrite(_))));
    assert!(matches!(auditor.decision(work()), Err(AuditError::LogStopped(_))));
    assert!(matches!(intent.outcome(Outcome::done()), Err(AuditError::LogStopped(_))));
    assert_eq!(contents(&log), before);
}

#[test]
fn a_10_a_full_disk_stops_the_log() {
    let full = OpenOptions::new().read(true).append(true).open("/dev/full").unwrap();
    let log = Log::over(full, Path::new("full"), run(), &key(), Vec::new()).unwrap();
    let error = log.auditor(skill()).intent(work()).err().unwrap();
    assert!(matches!(&error, AuditError::LogWrite(e) if e.kind() == std::io::ErrorKind::StorageFull));
    assert!(error.hint().unwrap().contains("disk space"));
    // Whoever comes later is told why, too.
    let later = log.auditor(skill()).intent(work()).err().unwrap();
    assert!(matches!(&later, AuditError::LogStopped(e) if e.kind() == std::io::ErrorKind::StorageFull));
    assert!(later.hint().unwrap().contains("disk space"));
}

#[test]
fn a_flush_that_fails_stops_the_log() {
    // A pipe takes the line, and can't be flushed.
    let (_reader, writer) = std::io::pipe().unwrap();
    let fd: std::os::fd::OwnedFd = writer.into();
    let log = Log::over(File::from(fd), Path::new("pipe"), run(), &key(), Vec::new()).unwrap();
    let auditor = log.auditor(skill());
    auditor.intent(work()).unwrap().outcome(Outcome::done()).unwrap();
    let command = Event::granted(Class::Command, Kind::Call);
    assert!(matches!(auditor.intent(command), Err(AuditError::LogFlush(_))));
    assert!(matches!(auditor.intent(work()), Err(AuditError::LogStopped(_))));
}

#[test]
fn a_key_that_was_not_flushed_is_before_the_first_effect_that_needs_it() {
    let state = tempfile::tempdir().unwrap();
    let keyring = crate::Keyring::open(state.path()).unwrap();
    let open = |name: &str| {
        let key = keyring.subject_unflushed(Subject::Run(run())).unwrap();
        Log::open(&state.path().join(name), run(), &key).unwrap()
    };
    let command = || Event::granted(Class::Command, Kind::Call);
    let log = open("a.jsonl");
    log.auditor(skill()).intent(work()).unwrap().outcome(Outcome::done()).unwrap();
    assert_eq!(log.unflushed.lock().unwrap().len(), 2);
    drop(log.auditor(skill()).intent(command()).unwrap());
    assert!(log.unflushed.lock().unwrap().is_empty());

    // One that is gone by then stops the log, so that nothing is sealed for nobody.
    let log = open("b.jsonl");
    assert!(keyring.erase(&Subject::Run(run())).unwrap());
    assert!(matches!(log.auditor(skill()).intent(command()), Err(AuditError::LogFlush(_))));
    assert!(matches!(log.auditor(skill()).intent(work()), Err(AuditError::LogStopped(_))));
}

#[test]
fn a_closed_log_takes_nothing_more() {
    let log = Log::in_memory(run(), &key()).unwrap();
    let auditor = log.auditor(skill());
    auditor.decision(work()).unwrap();
    log.close().unwrap();
    log.close().unwrap();
    assert!(matches!(auditor.intent(work()), Err(AuditError::LogClosed)));
    assert_eq!(log.size(), 1);
}

#[test]
fn it_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Log>();
    shared::<Auditor>();
    shared::<Intent>();
    shared::<crate::Payloads>();
    shared::<crate::Keyring>();
}
