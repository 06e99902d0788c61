//! `skillhost doctor`: what this machine can enforce.

use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::{ambient, models, runtime};
use serde::Serialize;
use skillhost_core::text::escape_terminal;
use skillhost_core::user;
use skillhost_sandbox::{Level, Support, Toolchains, Wall};
use std::path::PathBuf;

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
    let toolchains = toolchains(&models::read_user()?.toolchains, &[]);
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
        printer.data(format!("limits on memory and processes: held by a {}", support.limits_held_by));
        if let Some(hint) = &support.cgroup_hint {
            printer.data(format!("hint: {}", escape_terminal(hint, 400)));
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

/// The toolchains of the user, with those that the user's configuration names; nothing of `excluded` is among them.
pub(crate) fn toolchains(configured: &user::Toolchains, excluded: &[PathBuf]) -> Toolchains {
    let variables: Vec<_> = configured
        .env
        .iter()
        .filter_map(|name| ambient::variable(name).map(|value| (name.clone(), value.into())))
        .collect();
    Toolchains::of_user(excluded).with_configured(&configured.paths, &variables)
}
