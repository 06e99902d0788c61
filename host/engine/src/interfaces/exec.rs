//! `exec`: the command must be granted by name, and arguments need a grant of their own. What is declared is no secret:
//! every skill is told of it, since a plan names commands that others run.

use super::absent;
use crate::contract::Error;
use crate::contract::exec::{Command, Host, Outcome};
use crate::gate::Wish;
use crate::state::CallState;

/// Arguments that a skill may add, and their bytes together.
const MAX_ARGUMENTS: usize = 64;
const MAX_ARGUMENT_BYTES: usize = 16 << 10;

impl Host for CallState {
    fn commands(&mut self) -> wasmtime::Result<Vec<Command>> {
        Ok(self.outside.ports.exec.as_ref().map(|port| port.commands()).unwrap_or_default())
    }

    fn granted(&mut self) -> wasmtime::Result<Vec<String>> {
        let declared = self.commands()?.into_iter().map(|command| command.name);
        let granted = &self.gate.capabilities().exec;
        Ok(declared.filter(|declared| granted.iter().any(|name| name.as_str() == declared)).collect())
    }

    async fn run(&mut self, name: String, arguments: Vec<String>) -> wasmtime::Result<Result<Outcome, Error>> {
        let wish = Wish::Exec { name: &name, arguments: &arguments };
        let passage = match self.gate.check(wish)? {
            Ok(passage) => passage,
            Err(denied) => return Ok(Err(denied)),
        };
        let bytes: usize = arguments.iter().map(String::len).sum();
        if arguments.len() > MAX_ARGUMENTS || bytes > MAX_ARGUMENT_BYTES || arguments.iter().any(|a| a.contains('\0')) {
            return Ok(Err(Error::Invalid("too many, too long, or with a NUL: the arguments".to_owned())));
        }
        let Some(port) = self.outside.ports.exec.clone() else { return Ok(Err(absent("exec"))) };
        let passage = match port.seal(&name, &arguments) {
            Ok(sealed) => passage.with(&sealed),
            Err(error) => return Ok(Err(error)),
        };
        // A command sees and changes the same files, so nothing that the guard remembers of them holds any longer.
        self.files.forget();
        let ran = self.beyond(passage.pass_told(async move { port.run(name, arguments).await })).await??;
        if let Ok(outcome) = &ran {
            self.outside.outputs.insert(outcome.id.clone());
        }
        Ok(ran)
    }

    fn output(&mut self, id: String, offset: u64) -> wasmtime::Result<Result<String, Error>> {
        let Some(port) = &self.outside.ports.exec else { return Ok(Err(absent("exec"))) };
        // Ids can be guessed, and others' commands are not this skill's business.
        if !self.outside.outputs.contains(&id) {
            return Ok(Err(Error::Invalid("no output of that id was handed to this skill".to_owned())));
        }
        Ok(port.output(id, offset))
    }
}
