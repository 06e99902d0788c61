//! The audit log of a whole run: what was about to be done stands before what came of it, and nothing in the clear.

use crate::scripts::{greeting, project};
use crate::support::{World, root};
use serde_json::Value;
use skillhost_audit::{Class, Count, Decision, Entry, Kind, Status, Step, read_entries};
use skillhost_core::digest::Digest;
use std::fs;
use std::path::Path;

pub fn entries(log: &Path) -> Vec<Entry<'static>> {
    read_entries(log).unwrap().map(Result::unwrap).collect()
}

/// The intents of an effect, each with its outcome.
pub fn effects<'a>(
    log: &'a [Entry<'static>],
    class: Class,
    kind: Kind,
) -> Vec<(&'a Entry<'static>, &'a Entry<'static>)> {
    let intents = log.iter().filter(|entry| entry.step == Step::Intent && (entry.class, entry.kind) == (class, kind));
    let effects: Vec<_> = intents
        .map(|intent| {
            let mut outcomes = log.iter().filter(|entry| entry.intent == Some(intent.seq));
            let outcome = outcomes.next().unwrap_or_else(|| panic!("{intent:?} has no outcome"));
            assert!(outcomes.next().is_none() && outcome.seq > intent.seq, "{intent:?} {outcome:?}");
            assert_eq!((outcome.step, outcome.class, outcome.kind), (Step::Outcome, class, kind));
            (intent, outcome)
        })
        .collect();
    assert!(!effects.is_empty(), "no {class:?} {kind:?}");
    effects
}

/// Whether the entry names a sealed body that is there, unaltered.
fn has_payload(folder: &Path, entry: &Entry<'static>) -> bool {
    entry.payload.is_some_and(|digest| {
        fs::read(folder.join("payloads").join(digest.hex())).is_ok_and(|sealed| Digest::of(&sealed) == digest)
    })
}

#[test]
fn every_effect_of_a_run_is_logged_before_and_after() {
    let world = World::with(&project());
    let script = greeting().text();
    let ran = world.goal("Greet everybody politely", &script, &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let run: Value = ran.json()["runs"][0].clone();
    let folder = world.state().join("runs").join(run["run"].as_str().unwrap());
    let document: Value = serde_json::from_slice(&fs::read(folder.join("run.json")).unwrap()).unwrap();
    let log = entries(&folder.join("audit.jsonl"));
    assert_eq!(document["audit_entries"].as_u64(), Some(log.len() as u64));

    let models = effects(&log, Class::Model, Kind::Call);
    assert_eq!(models.len(), script.lines().count() - 1, "one for each reply of the script");
    let sum = |count| models.iter().map(|(_, outcome)| outcome.counts.get(count)).sum::<u64>();
    assert_eq!(Some(sum(Count::TokensIn) + sum(Count::TokensOut)), document["tokens"].as_u64());
    for (intent, outcome) in &models {
        assert!(intent.commitment.is_some() && intent.counts.get(Count::BytesOut) > 0, "{intent:?}");
        assert!(outcome.outcome == Some(Status::Done) && outcome.counts.get(Count::BytesIn) > 0, "{outcome:?}");
        assert!(has_payload(&folder, intent) && has_payload(&folder, outcome), "{intent:?} {outcome:?}");
        assert!(intent.actor.skill.is_some(), "{intent:?}");
    }

    let commands = effects(&log, Class::Command, Kind::Call);
    for (intent, outcome) in &commands {
        assert_eq!((outcome.outcome, outcome.exit_code), (Some(Status::Done), Some(0)));
        assert!(has_payload(&folder, intent) && has_payload(&folder, outcome), "{intent:?} {outcome:?}");
    }
    let gates = effects(&log, Class::Command, Kind::Gate);
    assert_eq!(gates.len(), document["gates"].as_array().unwrap().len());
    for (intent, outcome) in &gates {
        assert_eq!((outcome.outcome, outcome.exit_code), (Some(Status::Done), Some(0)));
        assert!(has_payload(&folder, outcome), "{outcome:?}");
        // The skill's run and the gate are of one argument vector.
        assert_eq!(intent.commitment, commands[0].0.commitment);
    }
    for (class, kind) in [(Class::Ref, Kind::Update), (Class::Worktree, Kind::Create)] {
        for (intent, outcome) in effects(&log, class, kind) {
            assert!(intent.commitment.is_some() && outcome.outcome == Some(Status::Done), "{intent:?} {outcome:?}");
        }
    }

    let text = fs::read_to_string(folder.join("audit.jsonl")).unwrap();
    for word in ["polite", "greeting", "hello", "test.sh", "Greet", "scripted", "replay", "skillhost/"] {
        assert!(!text.contains(word), "{word}");
    }
}

#[test]
fn a_command_that_was_not_granted_is_logged_with_what_it_was() {
    let world = World::bare();
    let component = root().join("target/guests/probe.wasm");
    let call = |how: &str| {
        let input = serde_json::json!({ "how": how }).to_string();
        world.run(&["call", component.to_str().unwrap(), "misbehave", "--input", &input]).failed(4, &["denied"]);
    };
    call("exec");
    call("model");
    let denied = |class| {
        let sessions = fs::read_dir(world.state().join("sessions")).unwrap();
        let logs = sessions.map(|file| file.unwrap().path()).filter(|file| file.extension() == Some("jsonl".as_ref()));
        let found = logs.flat_map(|log| entries(&log)).find(|entry| entry.class == class);
        let entry = found.unwrap_or_else(|| panic!("no {class:?}"));
        assert_eq!((entry.step, entry.decision), (Step::Decision, Some(Decision::Denied)), "{entry:?}");
        entry.commitment.unwrap_or_else(|| panic!("{entry:?} commits to nothing"))
    };
    assert_ne!(denied(Class::Command), denied(Class::Model));
}
