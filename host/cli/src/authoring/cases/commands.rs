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
/// Bytes that the names and arguments of all runs may have together. A case can't expect as much, and a skill can run
/// commands all day.
const MAX_LINES_BYTES: usize = 1 << 20;

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
    lines_bytes: usize,
    /// Which result each run showed. Not its output: thousands of runs may show one that is large.
    shown: Vec<usize>,
    /// The same, each once.
    used: BTreeSet<usize>,
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
        ran.note(joined(name, arguments, " "));
        let mut of_name = (0..self.results.len()).filter(|at| self.results[*at].name.as_str() == name);
        let last = of_name.clone().next_back().ok_or_else(unknown)?;
        let at = of_name.find(|at| !ran.used.contains(at)).unwrap_or(last);
        ran.shown.push(at);
        ran.used.insert(at);
        let (id, result) = (run_id(ran.shown.len()), &self.results[at]);
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

impl Ran {
    fn note(&mut self, line: String) {
        self.lines_bytes = self.lines_bytes.saturating_add(line.len());
        if self.lines_bytes <= MAX_LINES_BYTES {
            self.lines.push(line);
        } else {
            self.unmet.insert(format!("it ran commands with more than {MAX_LINES_BYTES} bytes of names and arguments"));
        }
    }
}

fn joined(name: &str, arguments: &[String], by: &str) -> String {
    std::iter::once(name).chain(arguments.iter().map(String::as_str)).collect::<Vec<_>>().join(by)
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
        let on = joined(name, arguments, "\0").into_bytes();
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

    #[test]
    fn what_is_kept_of_runs_is_bounded_and_said() {
        let result =
            Command { name: "test".parse().unwrap(), description: String::new(), exit_code: 0, output: String::new() };
        let commands = Commands::new(&[result], &[]);
        let argument = ["x".repeat(MAX_LINES_BYTES / 4)];
        for _ in 0..9 {
            commands.show("test", &argument).unwrap();
        }
        let (lines, unmet) = commands.ran();
        assert_eq!((lines.len(), unmet.len()), (3, 1));
    }
}
