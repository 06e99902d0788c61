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

/// Bytes that are kept of the commands that a case ran.
const MAX_LINES_BYTES: usize = 4 << 20;

/// Commands that show what a case wants shown.
pub(super) struct Commands {
    results: Vec<Command>,
    /// Outputs of the brief's gates, by id.
    gates: Vec<(String, String)>,
    ran: Mutex<Ran>,
}

#[derive(Default)]
struct Ran {
    /// Names with arguments, in their order.
    lines: Vec<String>,
    /// Of these names and arguments.
    bytes: usize,
    /// Which result each run showed. Not its output: thousands of runs may show one that is large.
    shown: Vec<usize>,
    /// Each once, however often it was tried.
    unmet: BTreeSet<String>,
}

impl Commands {
    pub(super) fn new(results: &[Command], gates: &[Gate]) -> Self {
        let gates = gates.iter().map(|gate| (gate.evidence.clone(), gate.output.clone())).collect();
        Self { results: results.to_vec(), gates, ran: Mutex::default() }
    }

    /// The commands that were run, and what of the script was not met.
    pub(super) fn ran(&self) -> (Vec<String>, Vec<String>) {
        let ran = self.locked();
        (ran.lines.clone(), ran.unmet.iter().cloned().collect())
    }

    fn show(&self, name: &str, arguments: &[String]) -> Result<wit::Outcome, Error> {
        let mut ran = self.locked();
        let words: Vec<&str> = std::iter::once(name).chain(arguments.iter().map(String::as_str)).collect();
        let line = words.join(" ");
        ran.bytes += line.len();
        if ran.bytes > MAX_LINES_BYTES {
            ran.unmet.insert("it ran commands with more arguments than are kept of a case".to_owned());
            return Err(Error::Exhausted("a case keeps no more of commands and their arguments".to_owned()));
        }
        ran.lines.push(line);
        let is_named = |at: &usize| self.results[*at].name.as_str() == name;
        let before = ran.shown.iter().filter(|at| is_named(at)).count();
        let of_name: Vec<usize> = (0..self.results.len()).filter(is_named).collect();
        let Some(at) = of_name.get(before).or(of_name.last()) else { return Err(unknown()) };
        ran.shown.push(*at);
        let (id, result) = (run_id(ran.shown.len()), &self.results[*at]);
        let start = result.output.len().saturating_sub(PART_BYTES);
        let output = String::from_utf8_lossy(&result.output.as_bytes()[start..]).into_owned();
        let output_size = result.output.len() as u64;
        Ok(wit::Outcome { id, exit_code: Some(result.exit_code), output, output_size, duration_ms: 0 })
    }

    /// The whole output of a run, or of a gate.
    fn output_of(&self, id: &str) -> Option<&str> {
        if let Some((_, output)) = self.gates.iter().find(|(known, _)| known == id) {
            return Some(output);
        }
        let number = id.strip_prefix("run:")?.parse::<usize>().ok().filter(|number| run_id(*number) == id)?;
        let at = *self.locked().shown.get(number.checked_sub(1)?)?;
        Some(&self.results[at].output)
    }

    fn locked(&self) -> MutexGuard<'_, Ran> {
        self.ran.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of the first run, 1.
fn run_id(number: usize) -> String {
    format!("run:{number}")
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
                .insert(format!("it ran the command {name:?}, and the case has no [[case.command]] of that name"));
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
        let output = self.output_of(&id).ok_or_else(|| Error::Invalid("there is no such output".to_owned()))?;
        let bytes = output.as_bytes();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let end = start.saturating_add(PART_BYTES).min(bytes.len());
        Ok(String::from_utf8_lossy(&bytes[start..end]).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_has_its_output_and_what_is_unmet_is_told_once() {
        let result = |output: &str| Command {
            name: "test".parse().unwrap(),
            description: String::new(),
            exit_code: 0,
            output: output.to_owned(),
        };
        let commands = Commands::new(&[result("one"), result("two")], &[]);
        for (id, output) in [("run:1", "one"), ("run:2", "two"), ("run:3", "two")] {
            assert_eq!(commands.show("test", &[]).unwrap().id, id);
            assert_eq!(commands.output(id.to_owned(), 0).unwrap(), output);
        }
        for id in ["run:0", "run:4", "run:01", "run:+1", "run:", "ev-1"] {
            assert!(commands.output(id.to_owned(), 0).is_err(), "{id}");
        }
        for _ in 0..3 {
            assert!(commands.seal("other", &[]).is_err());
        }
        assert_eq!(commands.ran().1.len(), 1);
    }
}
