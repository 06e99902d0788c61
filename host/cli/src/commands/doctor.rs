//! `skillhost doctor`: what this machine enforces, wall by wall, tried here and now; or what its models can do.

mod probe;

use crate::args::Doctor;
use crate::calling::models;
use crate::failure::{Exit, Failure};
use crate::terminal::printer::Printer;
use crate::{ambient, block_on, runtime};
use serde::Serialize;
use skillhost_core::measured::Measured;
use skillhost_core::text::escape_terminal;
use skillhost_core::user;
use skillhost_sandbox::{Level, Support, Toolchains, Wall};
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    /// `full`, `reduced …` or `refused`.
    sandbox: String,
    support: &'a Support,
    /// Each wall, with what was tried and what came of it.
    walls: &'a [Tried],
    toolchains: Vec<String>,
}

/// What was tried of one wall.
#[derive(Serialize)]
struct Tried {
    /// `component`, `files`, `commands`, `network` or `git`.
    wall: &'static str,
    measured: Vec<Measured>,
}

pub(crate) fn run(arguments: &Doctor, printer: Printer) -> Result<Exit, Failure> {
    if arguments.models {
        return probe::run(arguments, printer);
    }
    let toolchains = toolchains(&models::read_user()?.toolchains, &[]);
    let folder =
        ambient::temporary_folder().map_err(|e| Failure::new(Exit::Limit, "no folder to try things in").because(e))?;
    let (support, walls) = block_on(runtime()?, async {
        let support = skillhost_sandbox::probe().await.map_err(|e| Failure::of(Exit::Bug, &e))?;
        let walls = try_walls(&support, folder.path()).await;
        Ok::<_, Failure>((support, walls))
    })??;
    let level = support.level();
    let described = level.as_ref().map_or_else(|| "refused".to_owned(), ToString::to_string);
    let path: Vec<String> = toolchains.path().to_string_lossy().split(':').map(str::to_owned).collect();
    if printer.is_json() {
        printer.json(&Document {
            schema: "skillhost.doctor/1",
            sandbox: described,
            support: &support,
            walls: &walls,
            toolchains: path,
        });
    } else {
        tell(printer, &support, &walls, &described, &path);
    }
    let all_hold = walls.iter().flat_map(|tried| &tried.measured).all(|measured| measured.holds);
    Ok(if level == Some(Level::Full) && all_hold { Exit::Done } else { Exit::Negative })
}

/// Each in a folder of its own.
async fn try_walls(support: &Support, folder: &Path) -> Vec<Tried> {
    let place = |wall: &str| {
        let place = folder.join(wall);
        ambient::make_private_folder(&place).map(|()| place)
    };
    let mut walls = Vec::new();
    for wall in ["component", "files", "commands", "network", "git"] {
        let measured = match (wall, place(wall)) {
            (_, Err(error)) => vec![Measured::new("make a folder", false, error.to_string())],
            ("component", Ok(place)) => skillhost_engine::measure(&place).await,
            ("files", Ok(place)) => skillhost_engine::files::measure(&place),
            ("commands", Ok(_)) if support.level().is_none() => {
                vec![Measured::new("start a command", false, "refused: see what is missing")]
            }
            ("commands", Ok(place)) => skillhost_sandbox::measure(support, &place).await,
            ("network", Ok(_)) => vec![skillhost_egress::measure().await],
            (_, Ok(place)) => vec![skillhost_worktree::measure(&place)],
        };
        walls.push(Tried { wall, measured });
    }
    walls
}

fn tell(printer: Printer, support: &Support, walls: &[Tried], described: &str, path: &[String]) {
    for tried in walls {
        printer.data(match tried.wall {
            "component" => "the component".to_owned(),
            "files" => "the file guard".to_owned(),
            "commands" => format!("command sandbox: {described}"),
            "network" => "the way out".to_owned(),
            wall => wall.to_owned(),
        });
        if tried.wall == "commands" {
            tell_parts(printer, support);
        }
        for measured in &tried.measured {
            let mark = if measured.holds { '✓' } else { '✗' };
            let happened = escape_terminal(&measured.happened, 200);
            printer.data(format!("  {mark} {}: {happened}", measured.tried));
        }
    }
    for missing in &support.missing {
        printer.data(format!("hint: {}", escape_terminal(&missing.hint, 400)));
    }
    printer.data("toolchains in the sandbox's PATH:");
    for folder in path {
        printer.data(format!("  {}", escape_terminal(folder, 200)));
    }
    let all_hold = walls.iter().flat_map(|tried| &tried.measured).all(|measured| measured.holds);
    printer.data(match support.level() {
        Some(Level::Full) if all_hold => "Commands run with every wall. Next: skillhost init",
        Some(Level::Full) => "A wall did not hold, though this machine has what it is made of; please report this",
        Some(_) => "Commands run only with --allow-reduced-sandbox; what is missing stands in every result",
        None => "Commands can't run here; skills that need none work: skillhost call",
    });
}

/// What the command sandbox is made of, and what holds its limits.
fn tell_parts(printer: Printer, support: &Support) {
    for wall in Wall::ALL {
        printer.data(match support.missing.iter().find(|missing| missing.wall == wall) {
            None => format!("  ✓ {wall}"),
            Some(missing) => format!("  ✗ {wall}: {}", escape_terminal(&missing.reason, 200)),
        });
    }
    printer.data(format!("  limits on memory and processes: held by a {}", support.limits_held_by));
    if let Some(hint) = &support.cgroup_hint {
        printer.data(format!("  hint: {}", escape_terminal(hint, 400)));
    }
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
