//! `skillhost completions SHELL`.

use crate::args::{Cli, Completions};
use crate::failure::{Exit, Failure};
use crate::terminal::printer::Printer;
use clap::CommandFactory;

pub(crate) fn run(completions: &Completions, printer: Printer) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Cli::command(), "skillhost", &mut script);
    printer.block(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
