//! The commands of a case: nothing is run; each shows what the case says.

use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_audit::Outcome;
use skillhost_cases::Command;
use skillhost_engine::contract::{Error, Gate, exec as wit};
use skillhost_engine::ports::{Exec, Sealed, Told};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a skill is handed of an output at once.
const PART_BYTES: usize = 64 << 10;

/// Commands that show what a case wants shown.
pub(super) struct Commands {
    results: Vec<Command>,
    ran: Mutex<Ran>,
}

#[derive(Default)]
struct Ran {
    /// Names with arguments, in their order.
    lines: Vec<String>,
    /// How often each was run.
    names: Vec<String>,
    /// Outputs by id: of runs, and of the brief's gates.
    outputs: Vec<(String, String)>,
    unmet: Vec<String>,
}

impl Commands {
    pub(super) fn new(results: &[Command], gates: &[Gate]) -> Self {
        let outputs = gates.iter().map(|gate| (gate.evidence.clone(), gate.output.clone())).collect();
        Self { results: results.to_vec(), ran: Mutex::new(Ran { outputs, ..Ran::default() }) }
    }

    /// The commands that were run, and what of the script was not met.
    pub(super) fn ran(&self) -> (Vec<String>, Vec<String>) {
        let ran = self.locked();
        (ran.lines.clone(), ran.unmet.clone())
    }

    fn show(&self, name: &str, arguments: &[String]) -> Result<wit::Outcome, Error> {
        let mut ran = self.locked();
        let words: Vec<&str> = std::iter::once(name).chain(arguments.iter().map(String::as_str)).collect();
        ran.lines.push(words.join(" "));
        let before = ran.names.iter().filter(|ran| *ran == name).count();
        ran.names.push(name.to_owned());
        let of_name: Vec<&Command> = self.results.iter().filter(|result| result.name.as_str() == name).collect();
        let Some(result) = of_name.get(before).or(of_name.last()) else { return Err(unknown()) };
        let id = format!("run:{}", ran.names.len());
        ran.outputs.push((id.clone(), result.output.clone()));
        let start = result.output.len().saturating_sub(PART_BYTES);
        let output = String::from_utf8_lossy(&result.output.as_bytes()[start..]).into_owned();
        let output_size = result.output.len() as u64;
        Ok(wit::Outcome { id, exit_code: Some(result.exit_code), output, output_size, duration_ms: 0 })
    }

    fn locked(&self) -> MutexGuard<'_, Ran> {
        self.ran.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown() -> Error {
    Error::Invalid("the project declares no such command".to_owned())
}

impl Exec for Commands {
    fn commands(&self) -> Vec<wit::Command> {
        let mut seen = BTreeSet::new();
        let first = self.results.iter().filter(|result| seen.insert(result.name.as_str()));
        first.map(|it| wit::Command { name: it.name.to_string(), description: it.description.clone() }).collect()
    }

    fn seal(&self, name: &str, arguments: &[String]) -> Result<Sealed, Error> {
        if !self.results.iter().any(|result| result.name.as_str() == name) {
            self.locked()
                .unmet
                .push(format!("it ran the command {name:?}, and the case has no [[case.command]] of that name"));
            return Err(unknown());
        }
        let words: Vec<&str> = std::iter::once(name).chain(arguments.iter().map(String::as_str)).collect();
        let on = words.join("\0").into_bytes();
        Ok(Sealed { bytes: on.len() as u64, on, payload: None })
    }

    fn run(&self, name: String, arguments: Vec<String>) -> BoxFuture<'_, Result<Told<wit::Outcome>, Error>> {
        async move { Ok(Told { value: self.show(&name, &arguments)?, outcome: Outcome::done() }) }.boxed()
    }

    fn output(&self, id: String, offset: u64) -> Result<String, Error> {
        let ran = self.locked();
        let found = ran.outputs.iter().find(|(known, _)| *known == id);
        let (_, output) = found.ok_or_else(|| Error::Invalid("there is no such output".to_owned()))?;
        let bytes = output.as_bytes();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let end = start.saturating_add(PART_BYTES).min(bytes.len());
        Ok(String::from_utf8_lossy(&bytes[start..end]).into_owned())
    }
}
