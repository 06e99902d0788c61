//! `exec`: declared commands over the agent's own tree. What they show is for the skill alone, never evidence.

use crate::commands::{self, CommandError, Runner};
use crate::event::{Event, Watcher};
use crate::network;
use crate::worktree::AgentTree;
use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_audit::{BodyKind, Payloads};
use skillhost_core::name::{AgentId, CommandName, RunId};
use skillhost_core::path::SkillPath;
use skillhost_core::project::{Command, Project};
use skillhost_core::text::escape_terminal;
use skillhost_engine::contract::{Error, exec as wit};
use skillhost_engine::ports::{Exec, Sealed, Told};
use skillhost_sandbox::Output;
use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What a skill is handed of an output at once.
const PART_BYTES: usize = 64 << 10;
/// Bytes of outputs that are kept for later reading; the oldest are dropped, the newest is kept whatever its size.
const KEPT_BYTES: usize = 64 << 20;

pub(crate) struct ExecPort {
    pub(crate) project: Arc<Project>,
    pub(crate) runner: Runner,
    pub(crate) worktree: AgentTree,
    pub(crate) touched: Arc<Mutex<BTreeSet<SkillPath>>>,
    pub(crate) repository: Option<PathBuf>,
    pub(crate) payloads: Arc<Payloads>,
    pub(crate) run: RunId,
    pub(crate) agent: AgentId,
    pub(crate) watcher: Watcher,
    pub(crate) outputs: Outputs,
}

/// What commands and gates printed, by id.
#[derive(Clone, Default)]
pub(crate) struct Outputs(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    /// Oldest first.
    outputs: VecDeque<(String, Output)>,
    runs: u64,
}

impl Kept {
    fn push(&mut self, id: String, output: Output) {
        self.outputs.push_back((id, output));
        let sizes: Vec<usize> = self.outputs.iter().map(|(_, output)| output.len()).collect();
        self.outputs.drain(..surplus(&sizes));
    }
}

/// How many of the oldest outputs have to go, by the sizes of all, the oldest first.
fn surplus(sizes: &[usize]) -> usize {
    let mut bytes = 0_usize;
    let kept = sizes.iter().rev().take_while(|size| {
        bytes = bytes.saturating_add(**size);
        bytes <= KEPT_BYTES
    });
    sizes.len() - kept.count().clamp(usize::from(!sizes.is_empty()), sizes.len())
}

impl Outputs {
    /// Keeps an output; gives its id.
    fn keep(&self, output: Output) -> String {
        let Ok(mut kept) = self.0.lock() else { return String::new() };
        kept.runs += 1;
        let id = format!("run:{}", kept.runs);
        kept.push(id.clone(), output);
        id
    }

    /// Keeps what a gate printed, under its evidence id.
    pub(crate) fn keep_as(&self, id: &str, output: Output) {
        if let Ok(mut kept) = self.0.lock() {
            kept.push(id.to_owned(), output);
        }
    }

    fn read(&self, id: &str, offset: u64) -> Option<String> {
        let kept = self.0.lock().ok()?;
        let (_, output) = kept.outputs.iter().find(|(known, _)| known == id)?;
        Some(String::from_utf8_lossy(output.read(offset, PART_BYTES)).into_owned())
    }
}

impl ExecPort {
    fn declared(&self, name: &str) -> Result<(CommandName, &Command), Error> {
        let name = name.parse::<CommandName>().ok();
        let declared = name.and_then(|name| self.project.commands.get(&name).map(|command| (name, command)));
        declared.ok_or_else(|| Error::Invalid("the project declares no such command".to_owned()))
    }

    async fn sweep(&self) -> Result<(), Error> {
        let touched = self.touched.lock().map(|touched| touched.clone()).unwrap_or_default();
        let swept = self.worktree.with(move |worktree| Ok(worktree.sweep(&touched)?)).await;
        swept.map(drop).map_err(|_| Error::Failed("the worktree could not be swept after the command".to_owned()))
    }
}

impl Exec for ExecPort {
    fn commands(&self) -> Vec<wit::Command> {
        let describe = |(name, command): (&CommandName, &Command)| wit::Command {
            name: name.to_string(),
            description: if command.description.is_empty() {
                command.run.join(" ")
            } else {
                command.description.clone()
            },
        };
        self.project.commands.iter().map(describe).collect()
    }

    fn seal(&self, name: &str, arguments: &[String]) -> Result<Sealed, Error> {
        let (_, command) = self.declared(name)?;
        let on = commands::argv_bytes(command, arguments);
        let payload = self.payloads.put(BodyKind::Arguments, &on).map_err(|e| unrecorded(&e))?;
        let bytes = on.len() as u64;
        Ok(Sealed { on, payload: Some(payload), bytes })
    }

    fn run(&self, name: String, arguments: Vec<String>) -> BoxFuture<'_, Result<Told<wit::Outcome>, Error>> {
        async move {
            let (name, command) = self.declared(&name)?;
            let what = escape_terminal(&format!("running {name}"), 80);
            self.watcher.tell(&self.run, Event::Doing { agent: self.agent.clone(), what });
            let (tree, repository) = (self.worktree.dir(), self.repository.clone());
            let ran = self.runner.run(&name, command, &arguments, tree, repository).await;
            // Before anything is waited for: the call may be cancelled there.
            if let Ok(ran) = &ran {
                network::keep(&self.runner.refused, &name, &ran.refused);
            }
            // Whatever the command left there, nothing that git would take for a repository stays.
            self.sweep().await?;
            let ran = ran.map_err(|e| failed(&e))?;
            for line in network::tell(&name, &ran.refused) {
                self.watcher.tell(&self.run, Event::Warning(escape_terminal(&line, 500)));
            }
            let ran = ran.outcome;
            let outcome = commands::record(&self.payloads, &ran).map_err(|e| unrecorded(&e))?;
            let value = wit::Outcome {
                exit_code: commands::exit_code(ran.exit),
                output: String::from_utf8_lossy(ran.output.tail(PART_BYTES)).into_owned(),
                output_size: ran.output_size,
                duration_ms: u64::try_from(ran.duration.as_millis()).unwrap_or(u64::MAX),
                id: self.outputs.keep(ran.output),
            };
            Ok(Told { value, outcome })
        }
        .boxed()
    }

    fn output(&self, id: String, offset: u64) -> Result<String, Error> {
        self.outputs.read(&id, offset).ok_or_else(|| Error::Invalid("there is no such output".to_owned()))
    }
}

fn unrecorded(error: &skillhost_audit::AuditError) -> Error {
    Error::Failed(format!("it could not be recorded: {error}"))
}

/// What a skill may know: no path of the host.
fn failed(error: &CommandError) -> Error {
    match error {
        CommandError::NoProgram { .. } | CommandError::Unrecorded { .. } => Error::Failed(error.to_string()),
        CommandError::Sandbox { name, .. } => Error::Failed(format!("the command `{name}` could not be started")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_kept_by_their_bytes_and_the_newest_always() {
        assert_eq!(surplus(&[]), 0);
        assert_eq!(surplus(&[10; 1_000]), 0);
        assert_eq!(surplus(&[KEPT_BYTES / 4; 6]), 2);
        assert_eq!(surplus(&[KEPT_BYTES, 1]), 1);
        assert_eq!(surplus(&[1, 1, KEPT_BYTES + 1]), 2);
    }

    #[test]
    fn each_run_has_an_id_of_its_own_and_gates_have_theirs() {
        let outputs = Outputs::default();
        let ids = [outputs.keep(Output::default()), outputs.keep(Output::default())];
        outputs.keep_as("ev-1", Output::default());
        assert_eq!(ids, ["run:1", "run:2"]);
        for id in ["run:1", "run:2", "ev-1"] {
            assert_eq!(outputs.read(id, 7).as_deref(), Some(""));
        }
        assert_eq!(outputs.read("run:3", 0), None);
    }
}
