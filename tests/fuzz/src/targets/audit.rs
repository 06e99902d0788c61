//! Reading an audit log that anybody may have written.

use super::Target;
use skillhost_audit::{Actor, Class, Damage, Entries, Event, Kind, Log, MAX_ENTRY_BYTES, Subject, SubjectKey};
use skillhost_core::name::RunId;

pub(super) const TARGET: Target = Target {
    name: "audit",
    check,
    seeds,
    words: &[
        "\n",
        "\"v\":1",
        "\"seq\":0",
        "\"prev\":\"sha256:",
        "\"step\":\"intent\"",
        "\"step\":\"outcome\"",
        "\"class\":\"file\"",
        "\"actor\":{}",
        "\"run\":\"7f3k\"",
        "18446744073709551615",
        "{",
        "}",
        "[[[[",
    ],
    mutations: 4_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let run: RunId = "7f3k".parse().expect("a run's id");
    let key = SubjectKey::ephemeral(Subject::Run(run.clone())).expect("a key");
    let log = tempfile::tempdir().expect("a folder");
    let file = log.path().join("audit.jsonl");
    let auditor = Log::open(&file, run, &key).expect("a log").auditor(Actor::default());
    drop(auditor.intent(Event::granted(Class::Skill, Kind::Call)));
    drop(auditor.intent(Event::granted(Class::File, Kind::Work)));
    vec![std::fs::read(&file).expect("the log")]
}

fn check(data: &[u8]) {
    let lines = data.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count()
        + data.iter().filter(|byte| **byte == b'\n').count();
    let items: Vec<_> = Entries::new(data).collect();
    assert!(items.len() <= lines, "{} items of {lines} lines", items.len());
    for (at, item) in items.iter().enumerate() {
        match item {
            Ok(entry) => {
                let written = serde_json::to_vec(entry).expect("an entry can be written");
                // What a reader shows is what the line says: nothing is taken for something else.
                if written.len() < MAX_ENTRY_BYTES {
                    let again: Vec<_> = Entries::new(&[&written[..], b"\n"].concat()[..])
                        .map(|item| item.expect("it was an entry"))
                        .collect();
                    assert_eq!(again, std::slice::from_ref(entry));
                }
            }
            Err(Damage::Malformed { line }) => assert_eq!(*line, at as u64 + 1),
            Err(_) => assert_eq!(at, items.len() - 1, "nothing is read after it"),
        }
    }
}
