#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
use super::*;
use skillhost_audit::{Keyring, Subject};
use skillhost_core::name::{AgentId, RunId};
use skillhost_core::phase::Phase;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A state folder.
struct State {
    folder: tempfile::TempDir,
    keyring: Keyring,
}

impl State {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keyring = Keyring::open(folder.path()).unwrap();
        Self { folder, keyring }
    }

    fn runs(&self) -> PathBuf {
        self.folder.path().join("runs")
    }

    fn folder(&self, run: &str) -> PathBuf {
        let folder = self.runs().join(run);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn create(&self, row: &RunRow) -> Ledger {
        let sealer = Sealer::of(&self.keyring, &row.id).unwrap();
        Ledger::create(&self.folder(row.id.as_str()), sealer, row).unwrap()
    }

    fn open(&self, run: &str) -> Result<Ledger, LedgerError> {
        let sealer = Sealer::existing(&self.keyring, &run.parse().unwrap())?;
        Ledger::open(&self.folder(run), sealer)
    }

    fn list(&self) -> Vec<Listed> {
        list(&self.runs(), |run| Sealer::existing(&self.keyring, run)).unwrap()
    }

    /// The database as somebody without the key sees it.
    fn raw(&self, run: &str) -> Connection {
        Connection::open(self.folder(run).join(FILE)).unwrap()
    }
}

fn run(id: &str) -> RunRow {
    RunRow {
        id: id.parse().unwrap(),
        state: RunState::Running,
        goal: "Add a lead-capture page".into(),
        repository: "/home/ada/shop".into(),
        base: "main".into(),
        base_commit: "4c1e0a2".into(),
        branch: format!("skillhost/lead-capture-{id}"),
        head: None,
        process: ambient::own_process(),
        started_ms: 1,
        ended_ms: None,
        exit_code: None,
        error: None,
        tokens: 0,
        cached_tokens: 0,
        cost_micro_usd: Some(0),
        sandbox: None,
        spec: None,
        pull_request: None,
        pushed: None,
        pull_request_url: None,
        assumptions: Vec::new(),
        checks: Vec::new(),
    }
}

fn phase(state: PhaseState, note: &str) -> PhaseRow {
    PhaseRow {
        agent: AgentId::main(),
        phase: Phase::Spec,
        round: 1,
        attempt: 1,
        state,
        skill: "spec@0.1.0".into(),
        digest: "sha256:00".into(),
        models: vec!["scripted".into()],
        tokens: 7,
        cached_tokens: 0,
        cost_micro_usd: Some(3),
        started_ms: 1,
        ended_ms: None,
        note: note.into(),
    }
}

pub(crate) fn evidence(id: &str, exit_code: i32) -> EvidenceRow {
    EvidenceRow {
        id: id.into(),
        name: "test".into(),
        argv: vec!["npm".into(), "test".into()],
        commit: "4c1e0a2".into(),
        tests_of: None,
        sandbox: "full".into(),
        limits_held_by: "watchdog".into(),
        network: "none".into(),
        exit_code: Some(exit_code),
        exit: format!("exit {exit_code}"),
        tests: Some(14),
        skipped: Some(0),
        failed_in: None,
        duration_ms: 4100,
        output_digest: "sha256:00".into(),
        output: "14 passed, ada@example.com".into(),
        rerun_of: None,
        at_base: None,
        discounted: None,
    }
}

#[test]
fn of_two_runs_the_second_stands_for_its_gate_where_it_passed() {
    let again = |exit_code| EvidenceRow { rerun_of: Some("ev-1".into()), ..evidence("ev-2", exit_code) };
    let ids = |second: EvidenceRow| {
        let rows = [evidence("ev-1", 1), second, evidence("ev-3", 0)];
        deciding(&rows).map(|row| row.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(again(0)), ["ev-2", "ev-3"]);
    assert_eq!(ids(again(1)), ["ev-1", "ev-3"]);
    assert_eq!(ids(EvidenceRow { discounted: Some("a changed file".into()), ..again(0) }), ["ev-1", "ev-3"]);
}

fn denial(what: &str) -> DenialRow {
    let (skill, capability) = ("spec".into(), "write".into());
    DenialRow { skill, capability, what: what.into(), remedy: "--grant 'write=x'".into() }
}

#[test]
fn what_was_saved_is_read_while_the_run_works() {
    let state = State::new();
    let mut row = run("7f3k");
    let ledger = state.create(&row);
    let first = ledger.begin_phase(&phase(PhaseState::Running, "")).unwrap();
    let second = ledger.begin_phase(&phase(PhaseState::Running, "second")).unwrap();
    ledger.save_phase(first, &phase(PhaseState::Done, "9 sections")).unwrap();
    ledger.save_evidence(&evidence("ev-1", 1)).unwrap();
    ledger.save_evidence(&evidence("ev-2", 0)).unwrap();
    ledger.save_denial(&denial("a")).unwrap();
    ledger.save_denial(&denial("b")).unwrap();
    ledger.save_findings(&Default::default()).unwrap();
    row.tokens = 1200;
    ledger.save_run(&row).unwrap();

    let reader = state.open("7f3k").unwrap();
    assert_eq!((first, second), (1, 2));
    assert_eq!(reader.run().unwrap().tokens, 1200);
    let phases = reader.phases().unwrap();
    assert_eq!((phases[0].state, &*phases[0].note, &*phases[1].note), (PhaseState::Done, "9 sections", "second"));
    let passed: Vec<_> = reader.evidence().unwrap().iter().map(|e| (e.id.clone(), e.passed())).collect();
    assert_eq!(passed, [("ev-1".to_owned(), false), ("ev-2".to_owned(), true)]);
    assert_eq!(reader.denials().unwrap(), [denial("a"), denial("b")]);
    assert_eq!(reader.findings().unwrap(), Default::default());
}

#[test]
fn a_run_that_is_over_has_no_phase_at_work() {
    let state = State::new();
    let ledger = state.create(&run("7f3k"));
    for (at, was) in [PhaseState::Done, PhaseState::Running, PhaseState::Failed].into_iter().enumerate() {
        ledger.begin_phase(&phase(was, &at.to_string())).unwrap();
    }
    ledger.close_phases("interrupted", 9, (30, 10)).unwrap();
    let phases = ledger.phases().unwrap();
    assert_eq!(
        (phases[0].state, phases[2].state, phases[2].note.as_str()),
        (PhaseState::Done, PhaseState::Failed, "2")
    );
    let closed = &phases[1];
    assert_eq!((closed.state, closed.note.as_str(), closed.ended_ms), (PhaseState::Failed, "interrupted", Some(9)));
    // What the others used was theirs.
    assert_eq!((closed.tokens, closed.cost_micro_usd), (30 - 14, Some(10 - 6)));
    assert_eq!(phases[0].ended_ms, None);
}

#[test]
fn nothing_that_people_wrote_is_in_the_clear() {
    let state = State::new();
    let ledger = state.create(&run("7f3k"));
    ledger.save_evidence(&evidence("ev-1", 0)).unwrap();
    ledger.begin_phase(&phase(PhaseState::Running, "a note by ada")).unwrap();
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(state.folder("7f3k")).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        bytes.extend(std::fs::read(file.path()).unwrap());
    }
    assert!(bytes.windows(8).any(|w| w == b"evidence"), "the tables are there");
    for word in ["lead-capture", "/home/ada", "ada@example", "npm", "note by"] {
        assert!(!bytes.windows(word.len()).any(|w| w == word.as_bytes()), "{word}");
    }
}

#[test]
fn evidence_is_written_once() {
    let state = State::new();
    let ledger = state.create(&run("7f3k"));
    ledger.save_evidence(&evidence("ev-1", 1)).unwrap();
    assert!(ledger.save_evidence(&evidence("ev-1", 0)).is_err());
    assert_eq!(ledger.evidence().unwrap()[0].exit_code, Some(1));
}

#[test]
fn a_ledger_is_made_once_and_phases_begin_before_they_end() {
    let state = State::new();
    let row = run("7f3k");
    let ledger = state.create(&row);
    let sealer = Sealer::of(&state.keyring, &row.id).unwrap();
    assert!(matches!(Ledger::create(&state.folder("7f3k"), sealer, &row), Err(LedgerError::Folder(_))));
    assert!(ledger.save_phase(1, &phase(PhaseState::Done, "")).is_err());
}

#[test]
fn altered_and_moved_rows_are_noticed() {
    let state = State::new();
    let ledger = state.create(&run("7f3k"));
    ledger.save_evidence(&evidence("ev-1", 1)).unwrap();
    ledger.save_evidence(&evidence("ev-2", 0)).unwrap();
    let raw = state.raw("7f3k");
    // The failed gate gets the body of the one that passed.
    raw.execute("UPDATE evidence SET body = (SELECT body FROM evidence WHERE id = 'ev-2')", []).unwrap();
    assert!(matches!(ledger.evidence(), Err(LedgerError::Sealed(_))));
    raw.execute("UPDATE run SET body = zeroblob(100)", []).unwrap();
    assert!(matches!(ledger.run(), Err(LedgerError::Sealed(_))));
}

#[test]
fn a_full_disk_is_an_error_and_harms_nothing() {
    let state = State::new();
    let ledger = state.create(&run("7f3k"));
    ledger.save_evidence(&evidence("ev-1", 0)).unwrap();
    let pages: i64 = ledger.database.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    ledger.database.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    let large = EvidenceRow { output: "x".repeat(1 << 20), ..evidence("ev-2", 0) };
    assert!(matches!(ledger.save_evidence(&large), Err(LedgerError::Database(_))));
    assert_eq!(ledger.evidence().unwrap().len(), 1);
}

#[test]
fn sixteen_runs_are_written_and_listed_at_once() {
    let state = State::new();
    std::thread::scope(|scope| {
        for n in 0..16 {
            let state = &state;
            scope.spawn(move || {
                let ledger = state.create(&run(&format!("run{n:02}")));
                for round in 0..10 {
                    ledger.begin_phase(&phase(PhaseState::Running, &round.to_string())).unwrap();
                }
            });
        }
        for _ in 0..20 {
            for listed in state_list_or_none(&state) {
                let whole = matches!(listed.run, Ok(_) | Err(LedgerError::Incomplete | LedgerError::Erased));
                assert!(whole || is_missing(&listed.run), "{:?}", listed.run);
            }
        }
    });
    let listed = state.list();
    assert_eq!(listed.len(), 16);
    assert!(listed.iter().all(|listed| listed.run.is_ok()));
}

fn state_list_or_none(state: &State) -> Vec<Listed> {
    if state.runs().exists() { state.list() } else { Vec::new() }
}

/// The folder is there, and the file isn't yet.
fn is_missing(run: &Result<RunRow, LedgerError>) -> bool {
    matches!(run, Err(LedgerError::Database(e)) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::CannotOpen))
}

#[test]
fn a_list_survives_whatever_lies_there() {
    let state = State::new();
    state.create(&run("good"));
    state.create(&run("newer"));
    state.raw("newer").pragma_update(None, "user_version", 99).unwrap();
    state.create(&run("erased"));
    state.keyring.erase(&Subject::Run("erased".parse().unwrap())).unwrap();
    for name in ["empty", "garbage", "foreign", "link1"] {
        state.keyring.subject(Subject::Run(name.parse().unwrap())).unwrap();
        state.folder(name);
    }
    std::fs::write(state.folder("garbage").join(FILE), vec![b'x'; 5000]).unwrap();
    state.raw("foreign").execute_batch("CREATE TABLE run (body TEXT); PRAGMA user_version = 1").unwrap();
    std::os::unix::fs::symlink(state.folder("good").join(FILE), state.folder("link1").join(FILE)).unwrap();
    std::fs::create_dir(state.runs().join("Not A Run")).unwrap();
    std::fs::write(state.runs().join("file"), b"").unwrap();
    std::os::unix::fs::symlink("/", state.runs().join("linked")).unwrap();

    let listed = state.list();
    let find = |id: &str| &listed.iter().find(|listed| listed.id.as_str() == id).unwrap().run;
    assert_eq!(listed.len(), 7);
    assert_eq!(find("good").as_ref().unwrap().goal, "Add a lead-capture page");
    assert!(matches!(find("newer"), Err(LedgerError::Version(99))));
    assert!(matches!(find("erased"), Err(LedgerError::Erased)));
    assert!(matches!(find("foreign"), Err(LedgerError::Foreign)));
    assert!(matches!(find("garbage"), Err(LedgerError::Database(_))));
    assert!(is_missing(find("empty")) && !state.folder("empty").join(FILE).exists());
    assert!(find("link1").is_err());
    // Looking made no key.
    assert!(state.keyring.existing(Subject::Run("erased".parse().unwrap())).unwrap().is_none());
}

#[test]
fn a_ledger_that_was_never_finished_is_called_so() {
    let state = State::new();
    Sealer::of(&state.keyring, &"7f3k".parse().unwrap()).unwrap();
    ambient::make_file(&state.folder("7f3k").join(FILE)).unwrap();
    assert!(matches!(state.open("7f3k"), Err(LedgerError::Incomplete)));
}

#[test]
fn a_state_folder_behind_a_link_is_fine() {
    let state = State::new();
    state.create(&run("7f3k"));
    let link = state.folder.path().join("link");
    std::os::unix::fs::symlink(state.runs(), &link).unwrap();
    let id: RunId = "7f3k".parse().unwrap();
    let sealer = Sealer::existing(&state.keyring, &id).unwrap();
    assert!(Ledger::open(&link.join("7f3k"), sealer).unwrap().run().is_ok());
}

#[test]
fn a_run_whose_log_nobody_holds_was_interrupted() {
    let state = State::new();
    for (id, run_state) in [("alive", RunState::Running), ("ended", RunState::Ready), ("gone", RunState::Running)] {
        state.create(&RunRow { state: run_state, ..run(id) });
    }
    let open = |id: &str| {
        let id: RunId = id.parse().unwrap();
        let key = state.keyring.subject(skillhost_audit::Subject::Run(id.clone())).unwrap();
        skillhost_audit::Log::open(&state.runs().join(id.as_str()).join(LOG), id, &key).unwrap()
    };
    let states = || {
        let mut states: Vec<_> = state.list().into_iter().map(|l| (l.id.to_string(), l.run.unwrap().state)).collect();
        states.sort_by(|a, b| a.0.cmp(&b.0));
        states.into_iter().map(|(_, state)| state).collect::<Vec<_>>()
    };
    let log = open("alive");
    drop(open("gone"));
    assert_eq!(states(), [RunState::Running, RunState::Ready, RunState::Interrupted]);
    drop(log);
    assert_eq!(states(), [RunState::Interrupted, RunState::Ready, RunState::Interrupted]);
}

#[test]
fn a_run_is_found_by_the_beginning_of_its_id() {
    let state = State::new();
    for id in ["7f3k", "7f4k", "k2d9"] {
        state.folder(id);
    }
    assert_eq!(find(&state.runs(), "k").unwrap().as_str(), "k2d9");
    assert_eq!(find(&state.runs(), "7f").unwrap_err().len(), 2);
    assert!(find(&state.runs(), "x").unwrap_err().is_empty());
    assert!(find(&state.folder.path().join("none"), "x").unwrap_err().is_empty());
}
