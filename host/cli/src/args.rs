//! The command line. Its help texts are the reference for users.

use crate::printer::{Color, Format};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Runs agent skills in a sandbox, and turns a goal into a verified pull request
#[derive(Debug, Parser)]
#[command(
    name = "skillhost",
    version,
    max_term_width = 100,
    after_help = "Start with `skillhost init`, commit what it writes, then `skillhost run \"GOAL\"`.\n\
                  Exit codes: 0 done, 1 negative, 2 usage, 3 configuration, 4 denied, 5 limit, 6 integrity, 70 bug, 130 interrupted."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Say less: only data, warnings and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more; twice for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// What stdout is read by
    #[arg(long, global = true, value_enum, default_value = "human", value_name = "FORMAT")]
    pub(crate) format: Format,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub(crate) color: Color,
    /// Show no live progress on a terminal; lines about each phase stay
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
    /// Never ask; take the default, and record it
    #[arg(long, global = true)]
    pub(crate) no_prompt: bool,
    /// Folder of runs, worktrees, ledgers, logs and keys
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// One more policy; it can only narrow
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Work as if started in this folder
    #[arg(short = 'C', global = true, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write skillhost.toml from what is found in the repository
    Init(Init),
    /// Take goals to verified pull requests, each on a branch of its own
    Run(Run),
    /// List runs
    Runs(Runs),
    /// Show one run: phases, findings, gates, cost
    Show(Show),
    /// Call one skill once, over a directory
    Call(Call),
    /// Show what a skill is and asks for, without running it
    Inspect(Inspect),
    /// Remove what no run needs; never what is not saved elsewhere
    Gc(Gc),
    /// Say what this machine can enforce, and how to get what is missing
    Doctor(Doctor),
    /// Print a completion script for a shell
    Completions(Completions),
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Print the file instead of writing it
    #[arg(long)]
    pub(crate) print: bool,
    /// Replace an existing skillhost.toml
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "The project's configuration is read at the base commit, so commit skillhost.toml first.\n\
    Nothing is ever written to the base branch or to your working directory.")]
pub(crate) struct Run {
    /// What is to be achieved; each goal gets a run, a branch and a worktree of its own
    #[arg(required = true, value_name = "GOAL")]
    pub(crate) goals: Vec<String>,
    /// Runs side by side
    #[arg(long, default_value = "4", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: u16,
    /// Start from this revision instead of the configured base branch
    #[arg(long, value_name = "REV")]
    pub(crate) base: Option<String>,
    /// Use this configuration instead of the base commit's skillhost.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Use this lock instead of the base commit's skillhost.lock
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) models: Models,
    #[command(flatten)]
    pub(crate) publish: Publish,
    /// Run where a wall of the command sandbox is missing; it is named in the results
    #[arg(long)]
    pub(crate) allow_reduced_sandbox: bool,
    /// Run commands without a sandbox, as you: only where the machine itself is disposable
    #[arg(long)]
    pub(crate) dangerously_unsandboxed: bool,
}

/// What leaves this machine
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// Push the run's branch, and no other, to this remote or https URL; never forced
    #[arg(long, value_name = "REMOTE")]
    pub(crate) push: Option<String>,
    /// Open a pull request at the remote's forge (GitHub, GitLab, Forgejo), by default that of `origin`: a draft early,
    /// ready only where every gate passed. The token comes from GH_TOKEN, GITHUB_TOKEN, GITLAB_TOKEN, FORGEJO_TOKEN, or
    /// what `gh`, `glab` or `tea` keep
    #[arg(long)]
    pub(crate) open_pr: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Models {
    /// Use this model for a role, or replay:FILE for all
    #[arg(long = "model", value_name = "ROLE=PROVIDER:MODEL")]
    pub(crate) models: Vec<String>,
    /// Record every model call
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// Show at most so many, newest first
    #[arg(long, default_value = "50", value_name = "N")]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The run's id, or the beginning of it
    pub(crate) run: String,
    /// Only this phase: spec, spec-review, implement, verify, change-review
    #[arg(long, value_name = "PHASE")]
    pub(crate) phase: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "What it may do: a file, what --grant says and nothing else. A skill of skillhost.lock, what the lock\n\
    grants. A built-in one reads, calls models and asks as [grants.KIND] says, and changes files only with --grant.\n\
    Commands and commits are for `skillhost run`, where each skill has a worktree of its own.\n\n\
    Examples:\n  \
    skillhost call ./licence-check.wasm add-headers --input '{\"licence\":\"MIT\"}' --grant 'read=**' --grant 'write=src/**'\n  \
    skillhost call builtin:verify --input @brief.json"
)]
pub(crate) struct Call {
    /// A file (./x.wasm), builtin:NAME, or a name in skillhost.lock
    pub(crate) skill: String,
    /// The operation, for a skill of kind tool; optional where it has one
    pub(crate) tool: Option<String>,
    /// Arguments as JSON, @FILE to read a file, - to read standard input
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) input: String,
    /// The directory that the skill sees as /repo
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Grant a capability: read=GLOB, write=GLOB, model=TIER, protected, ask
    #[arg(long = "grant", value_name = "CAPABILITY[=VALUE]")]
    pub(crate) grants: Vec<String>,
    /// Use this configuration instead of the base commit's skillhost.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Use this lock instead of the base commit's skillhost.lock
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) models: Models,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// A file (./x.wasm) or builtin:NAME
    #[arg(value_name = "FILE_OR_REF")]
    pub(crate) reference: String,
}

#[derive(Debug, Args)]
pub(crate) struct Gc {
    /// Only say what would be removed
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Ask the project's models a few short questions instead: whether they call tools and keep to a schema
    #[arg(long)]
    pub(crate) models: bool,
    /// Ask this model, not the project's
    #[arg(long = "model", value_name = "PROVIDER:MODEL", requires = "models")]
    pub(crate) named: Vec<String>,
    /// Use this configuration instead of the base commit's skillhost.toml
    #[arg(long, value_name = "FILE", requires = "models")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
