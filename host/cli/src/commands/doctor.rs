//! `skillhost doctor`: what this machine can enforce.

use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::runtime;
use serde::Serialize;
use skillhost_core::text::escape_terminal;
use skillhost_sandbox::{Level, Support, Toolchains, Wall};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    /// `full`, `reduced …` or `refused`.
    sandbox: String,
    support: &'a Support,
    toolchains: Vec<String>,
}

pub(crate) fn run(printer: Printer) -> Result<Exit, Failure> {
    let support = runtime()?.block_on(skillhost_sandbox::probe()).map_err(|e| Failure::of(Exit::Bug, &e))?;
    let toolchains = Toolchains::of_user(&[]);
    let level = support.level();
    let described = level.as_ref().map_or_else(|| "refused".to_owned(), ToString::to_string);
    let path: Vec<String> = toolchains.path().to_string_lossy().split(':').map(str::to_owned).collect();
    if printer.is_json() {
        printer.json(&Document {
            schema: "skillhost.doctor/1",
            sandbox: described,
            support: &support,
            toolchains: path,
        });
    } else {
        printer.data(format!("command sandbox: {described}"));
        for wall in Wall::ALL {
            let line = match support.missing.iter().find(|missing| missing.wall == wall) {
                None => format!("  ✓ {wall}"),
                Some(missing) => format!("  ✗ {wall}: {}", escape_terminal(&missing.reason, 200)),
            };
            printer.data(line);
        }
        for missing in &support.missing {
            printer.data(format!("hint: {}", escape_terminal(&missing.hint, 400)));
        }
        printer.data("toolchains in the sandbox's PATH:");
        for folder in path {
            printer.data(format!("  {}", escape_terminal(&folder, 200)));
        }
        printer.data(match level {
            Some(Level::Full) => "Commands run with every wall. Next: skillhost init",
            Some(_) => "Commands run only with --allow-reduced-sandbox; what is missing stands in every result",
            None => "Commands can't run here; skills that need none work: skillhost call",
        });
    }
    Ok(if level == Some(Level::Full) { Exit::Done } else { Exit::Negative })
}
