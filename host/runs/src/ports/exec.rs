//! `exec`: declared commands over the agent's own tree. What they show is for the skill alone, never evidence.

use crate::commands::{self, CommandError};
use crate::event::{Event, Watcher};
use crate::worktree::AgentTree;
use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_audit::{BodyKind, Payloads};
use skillhost_core::name::{AgentId, CommandName, RunId};
use skillhost_core::path::SkillPath;
use skillhost_core::project::Project;
use skillhost_core::text::escape_terminal;
use skillhost_engine::contract::{Error, exec as wit};
use skillhost_engine::ports::Exec;
use skillhost_sandbox::{Output, Sandbox};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What a skill is handed of an output at once.
const PART_BYTES: usize = 64 << 10;
/// Outputs that are kept for later reading; older ones are dropped.
const KEPT_OUTPUTS: usize = 32;

pub(crate) struct ExecPort {
    pub(crate) project: Arc<Project>,
    pub(crate) sandbox: Sandbox,
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
pub(crate) struct Outputs(Arc<Mutex<BTreeMap<u64, (String, Output)>>>);

impl Outputs {
    /// Keeps an output; gives its id.
    fn keep(&self, output: Output) -> String {
        let Ok(mut outputs) = self.0.lock() else { return String::new() };
        let number = outputs.last_key_value().map_or(1, |(last, _)| last + 1);
        let id = format!("run:{number}");
        outputs.insert(number, (id.clone(), output));
        while outputs.len() > KEPT_OUTPUTS {
            outputs.pop_first();
        }
        id
    }

    /// Keeps what a gate printed, under its evidence id.
    pub(crate) fn keep_as(&self, id: &str, output: Output) {
        if let Ok(mut outputs) = self.0.lock() {
            let number = outputs.last_key_value().map_or(1, |(last, _)| last + 1);
            outputs.insert(number, (id.to_owned(), output));
        }
    }

    fn read(&self, id: &str, offset: u64) -> Option<String> {
        let outputs = self.0.lock().ok()?;
        let (_, output) = outputs.values().find(|(kept, _)| kept == id)?;
        Some(String::from_utf8_lossy(output.read(offset, PART_BYTES)).into_owned())
    }
}

impl ExecPort {
    async fn sweep(&self) -> Result<(), Error> {
        let touched = self.touched.lock().map(|touched| touched.clone()).unwrap_or_default();
        let swept = self.worktree.with(move |worktree| Ok(worktree.sweep(&touched)?)).await;
        swept.map(drop).map_err(|_| Error::Failed("the worktree could not be swept after the command".to_owned()))
    }
}

impl Exec for ExecPort {
    fn commands(&self) -> Vec<wit::Command> {
        let describe = |(name, command): (&CommandName, &skillhost_core::project::Command)| wit::Command {
            name: name.to_string(),
            description: if command.description.is_empty() {
                command.run.join(" ")
            } else {
                command.description.clone()
            },
        };
        self.project.commands.iter().map(describe).collect()
    }

    fn run(&self, name: String, arguments: Vec<String>) -> BoxFuture<'_, Result<wit::Outcome, Error>> {
        async move {
            let declared = name
                .parse::<CommandName>()
                .ok()
                .and_then(|name| self.project.commands.get(&name).map(|command| (name, command)));
            let Some((name, command)) = declared else {
                return Err(Error::Invalid("the project declares no such command".to_owned()));
            };
            let what = escape_terminal(&format!("running {name}"), 80);
            self.watcher.tell(&self.run, Event::Doing { agent: self.agent.clone(), what });
            let ran =
                commands::run(&self.sandbox, &name, command, &arguments, self.worktree.dir(), self.repository.clone())
                    .await;
            // Whatever the command left there, nothing that git would take for a repository stays.
            self.sweep().await?;
            let outcome = ran.map_err(|e| failed(&e))?;
            self.payloads
                .put(BodyKind::Output, outcome.output.as_bytes())
                .map_err(|e| Error::Failed(format!("it could not be recorded: {e}")))?;
            Ok(wit::Outcome {
                exit_code: commands::exit_code(outcome.exit),
                output: String::from_utf8_lossy(outcome.output.tail(PART_BYTES)).into_owned(),
                output_size: outcome.output_size,
                duration_ms: u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX),
                id: self.outputs.keep(outcome.output),
            })
        }
        .boxed()
    }

    fn output(&self, id: String, offset: u64) -> Result<String, Error> {
        self.outputs.read(&id, offset).ok_or_else(|| Error::Invalid("there is no such output".to_owned()))
    }
}

/// What a skill may know: no path of the host.
fn failed(error: &CommandError) -> Error {
    match error {
        CommandError::Network(_) => Error::Denied(error.to_string()),
        CommandError::NoProgram { .. } => Error::Failed(error.to_string()),
        CommandError::Sandbox { name, .. } => Error::Failed(format!("the command `{name}` could not be started")),
    }
}
