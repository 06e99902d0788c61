//! `skillhost init`: a configuration from what is found in the repository.

use crate::args::Init;
use crate::failure::{Exit, Failure};
use crate::project::{find_repository, worktree_failure};
use crate::terminal::printer::Printer;
use crate::{ambient, runtime};
use serde::Serialize;
use skillhost_core::name::is_branch_name;
use skillhost_core::project::FILE;
use skillhost_models::suggestions;
use skillhost_runs::detect::propose;
use skillhost_runs::worktree::CommitTree;
use std::sync::Arc;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    path: Option<String>,
    toml: &'a str,
    notes: &'a [String],
    has_gates: bool,
}

pub(crate) fn run(arguments: &Init, printer: Printer) -> Result<Exit, Failure> {
    let repository = find_repository()?;
    let path = repository.workdir().join(FILE);
    let there = ambient::exists(&path);
    if there && !arguments.force && !arguments.print {
        return Err(Failure::new(Exit::Configuration, format!("{} exists already", path.display()))
            .hint("--force replaces it; --print shows what would be written"));
    }
    let head = repository.resolve("HEAD").map_err(|e| worktree_failure(&e))?;
    // A branch whose name a configuration could not hold is not proposed.
    let base = repository.head_branch().filter(|name| is_branch_name(name)).unwrap_or_else(|| "main".to_owned());
    let repository = Arc::new(repository);
    let tree = runtime()?
        .block_on(CommitTree::open(Arc::clone(&repository), head))
        .map_err(|e| Failure::of(Exit::Configuration, &e))?;
    let providers: Vec<_> =
        suggestions().iter().filter(|suggested| ambient::variable(suggested.key_env).is_some()).copied().collect();
    let proposal = propose(&tree, &base, &providers);
    if !arguments.print {
        let written = if there {
            ambient::replace(&path, proposal.toml.as_bytes())
        } else {
            ambient::write_new(&path, proposal.toml.as_bytes())
        };
        written.map_err(|e| {
            Failure::new(Exit::Configuration, format!("{} can't be written", path.display())).because(e)
        })?;
    }
    if printer.is_json() {
        let path = (!arguments.print).then(|| path.display().to_string());
        let notes: Vec<String> = proposal.notes.iter().map(ToString::to_string).collect();
        printer.json(&Document {
            schema: "skillhost.init/1",
            path,
            toml: &proposal.toml,
            notes: &notes,
            has_gates: proposal.has_gates,
        });
        return Ok(Exit::Done);
    }
    if arguments.print {
        printer.block(&proposal.toml);
    } else {
        printer.note(format!("Wrote {}", path.display()));
    }
    for note in &proposal.notes {
        printer.note(note);
    }
    if !arguments.print {
        printer.note(format!(
            "Next: git add {FILE} && git commit -m \"Configure skillhost\", then skillhost run \"GOAL\""
        ));
    }
    Ok(Exit::Done)
}
