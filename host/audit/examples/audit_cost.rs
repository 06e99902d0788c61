//! What the audit log adds to one call: an intent and an outcome, on a real file.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement, not part of the program")]

use std::{error::Error, time::Instant};

use skillhost_audit::{Actor, Class, Count, Event, Keyring, Kind, Log, Outcome, Skill, Subject};
use skillhost_core::{digest::Digest, name::RunId};

const ROUNDS: u32 = 50_000;

fn main() -> Result<(), Box<dyn Error>> {
    let state = std::env::temp_dir().join(format!("skillhost-audit-cost-{}", std::process::id()));
    let run: RunId = "7f3k".parse()?;
    let key = Keyring::open(&state)?.subject(Subject::Run(run.clone()))?;
    let log = Log::open(&state.join("audit.jsonl"), run, &key)?;
    let skill = Skill { digest: Digest::of(b"component"), name: "licence-check".parse()? };
    let auditor = log.auditor(Actor { agent: None, policy: Some(Digest::of(b"policy")), skill: Some(skill) });
    let started = Instant::now();
    for _ in 0..ROUNDS {
        let event = Event::granted(Class::File, Kind::Work).on(auditor.commit(Class::File, b"src/main.rs"));
        auditor.intent(event)?.outcome(Outcome::done().count(Count::BytesRead, 4096))?;
    }
    println!("{:.2} µs for an intent and an outcome", started.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS));
    std::fs::remove_dir_all(state)?;
    Ok(())
}
