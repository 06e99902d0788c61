//! `skillhost init`: a `skillhost.toml` from what a repository says about itself.
//!
//! What the project declares for agents (`AGENTS.md`, `.ai/agentic.config.json`) counts before what its build files
//! imply. Nothing is run, and nothing takes effect until a person has read and committed the file.

mod argv;
mod declared;
mod ecosystem;
mod hosts;
mod node;
mod python;
mod render;

use crate::tree::{Tree, read_text};
use skillhost_core::name::{CommandName, is_branch_name};
use skillhost_core::path::SkillPath;
use skillhost_models::Suggestion;
use std::collections::BTreeSet;

/// What is read of one file; lock files are long.
const MAX_FILE_BYTES: usize = 8 * 1024 * 1024;
/// Gates that a proposal has at most.
const MAX_GATES: usize = 12;

/// A proposal for a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The text of `skillhost.toml`.
    pub toml: String,
    /// What a person should know before committing it, the last one being that it has to be committed. Made of the
    /// host's words and of escaped ones of the repository.
    pub notes: Vec<String>,
    /// Whether a gate was found; without one, every pull request stays a draft.
    pub has_gates: bool,
}

/// A command that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    name: CommandName,
    run: Vec<String>,
    /// Where it comes from, for the comment above it.
    origin: String,
    /// Hosts that it has to reach.
    hosts: BTreeSet<String>,
}

/// What was found, before it becomes a text.
#[derive(Debug, Default)]
struct Findings {
    base: String,
    setup: Option<Found>,
    gates: Vec<Found>,
    /// Declared, and not gates.
    others: Vec<Found>,
    spec_path: Option<String>,
    /// Providers that there is a key for.
    providers: Vec<Suggestion>,
    /// Paths that decide what runs, beyond those that every project protects.
    protect: Vec<String>,
    notes: Vec<String>,
}

/// Proposes a configuration; `base` is the branch that pull requests go to where the project names none, `providers`
/// those that the user has a key for.
pub fn propose(tree: &dyn Tree, base: &str, providers: &[Suggestion]) -> Proposal {
    let files = Files { tree, paths: tree.list().into_iter().collect() };
    let mut found = Findings { base: base.to_owned(), providers: providers.to_vec(), ..Findings::default() };
    let implied = ecosystem::detect(&files);
    found.setup = implied.setup;
    found.notes.extend(implied.notes);
    let declared = declared::detect(&files);
    found.notes.extend(declared.notes);
    if let Some(branch) = declared.base.filter(|branch| is_branch_name(branch) && branch != base) {
        found.notes.push(format!("base is {branch:?}, as .ai/agentic.config.json says, not {base:?}"));
        found.base = branch;
    }
    found.setup = found.setup.or(declared.setup);
    found.spec_path = declared.spec_path;
    if declared.gates.is_empty() {
        found.gates = implied.gates;
    } else {
        found.gates = declared.gates;
        found.others = implied.gates;
    }
    found.others.extend(implied.others);
    found.gates.truncate(MAX_GATES);
    make_unique(&mut found);
    about(&files, &mut found);
    render::render(found)
}

/// The files of a repository, as detection looks at them.
struct Files<'a> {
    tree: &'a dyn Tree,
    paths: BTreeSet<SkillPath>,
}

impl Files<'_> {
    fn has(&self, path: &str) -> bool {
        SkillPath::parse(path).is_ok_and(|path| self.paths.contains(&path))
    }

    /// Whether something lies beneath a directory.
    fn has_dir(&self, dir: &str) -> bool {
        SkillPath::parse(dir).is_ok_and(|dir| self.paths.iter().any(|path| *path != dir && path.starts_with(&dir)))
    }

    fn text(&self, path: &str) -> Option<String> {
        let path = SkillPath::parse(path).ok().filter(|path| self.paths.contains(path))?;
        read_text(self.tree, &path, MAX_FILE_BYTES)
    }
}

/// Gives each command a name of its own, and drops what is there twice.
fn make_unique(found: &mut Findings) {
    let mut names: BTreeSet<String> = BTreeSet::from(["setup".to_owned()]);
    let mut runs: Vec<Vec<String>> = found.setup.iter().map(|setup| setup.run.clone()).collect();
    for list in [&mut found.gates, &mut found.others] {
        list.retain(|command| {
            let new = !runs.contains(&command.run);
            runs.push(command.run.clone());
            new
        });
        for command in list.iter_mut() {
            let mut name = command.name.clone();
            let mut number = 2;
            while !names.insert(name.as_str().to_owned()) {
                let stem: String = command.name.as_str().chars().take(56).collect();
                match format!("{stem}-{number}").parse() {
                    Ok(other) => name = other,
                    Err(_) => break,
                }
                number += 1;
            }
            command.name = name;
        }
    }
}

/// What else a person should know.
fn about(files: &Files<'_>, found: &mut Findings) {
    for path in
        [".gitlab-ci.yml", ".circleci/**", ".pre-commit-config.yaml", ".husky/**", ".envrc", ".vscode/**", ".cargo/**"]
    {
        if files.has(path) || path.strip_suffix("/**").is_some_and(|dir| files.has_dir(dir)) {
            found.protect.push(path.to_owned());
        }
    }
    if files.has(".pre-commit-config.yaml") || files.has_dir(".husky") {
        found.notes.push(
            "commits of the host run no hooks; where a hook rewrites files, declare it as a command and name it in [verify]".to_owned(),
        );
    }
    let skills = files
        .paths
        .iter()
        .filter(|path| path.name() == Some("SKILL.md"))
        .filter(|path| {
            [".agents/skills/", ".claude/skills/", ".ai/skills/"].iter().any(|dir| path.as_str().starts_with(dir))
        })
        .count();
    if skills > 0 {
        found.notes.push(format!(
            "Agent Skills folders found: {skills}; they are never loaded from a worktree, `skillhost add PATH` installs one"
        ));
    }
    if found.setup.as_ref().is_some_and(|setup| setup.hosts.is_empty()) {
        found.notes.push(
            "set-up reaches no host: where it downloads something, name the registry's hosts in [commands.setup] network"
                .to_owned(),
        );
    }
    if found.gates.is_empty() {
        let ci = files.has_dir(".github/workflows") || files.has(".gitlab-ci.yml");
        let hint = if ci { "; the CI files say how the project tests itself" } else { "" };
        found.notes.push(format!(
            "no test command was found{hint}: declare one under [commands.test] and name it in [verify], or every pull request stays a draft"
        ));
    }
}

#[cfg(test)]
mod tests;
