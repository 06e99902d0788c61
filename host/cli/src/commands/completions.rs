//! `skillhost completions SHELL`.

use crate::args::{Cli, Completions};
use crate::failure::{Exit, Failure};
use clap::CommandFactory;

pub(crate) fn run(completions: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Cli::command(), "skillhost", &mut script);
    // A reader that has gone away has seen enough.
    let _ = std::io::Write::write_all(&mut std::io::stdout().lock(), &script);
    Ok(Exit::Done)
}
