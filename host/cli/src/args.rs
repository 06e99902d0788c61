//! The command line. Its help texts are the reference for users.

mod author;

pub(crate) use author::{Build, Dev, New, Test, Traced};

use crate::reports::ReportFlag;
use crate::terminal::printer::{Color, Format};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use skillhost_core::manifest::Version;
use skillhost_core::name::SkillName;
use skillhost_core::phase::Phase;
use skillhost_core::signer::Signer;
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
    /// Install a skill: fetch it, show what it asks for, and pin it with what it is granted
    Add(Add),
    /// Take a skill out of skillhost.lock, with all that it was granted
    Remove(Remove),
    /// List this project's skills, and what each may do
    List(List),
    /// Take what the sources of skills offer now, and show what is different
    Update(Update),
    /// Fetch what skillhost.lock names, by digest; with --check only look
    Sync(Sync),
    /// Call one skill once, over a directory
    Call(Call),
    /// Show what a skill is and asks for, without running it
    Inspect(Inspect),
    /// Begin a skill: write its project in a folder of its own
    New(New),
    /// Build a skill, in its folder: run its tool chain, and embed its manifest
    Build(Build),
    /// Test a skill, in its folder: build it, and play the cases in tests/*.toml in the real sandbox
    Test(Test),
    /// Test a skill again each time that a file of its folder changes
    Dev(Dev),
    /// Sign a skill with a key
    Sign(Sign),
    /// Make keys to sign skills with
    #[command(subcommand)]
    Keys(Keys),
    /// Publish a skill to a registry, with the signatures beside its file
    Push(Push),
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
    /// Also write what came of it to a file, however it ends: junit, sarif or code-quality (GitLab)
    #[arg(long = "report", value_name = "FORMAT=FILE")]
    pub(crate) reports: Vec<ReportFlag>,
    /// Grant each skill all that it asks for, as far as policies do; print the smallest grants that would have sufficed
    #[arg(long)]
    pub(crate) record_grants: bool,
    #[command(flatten)]
    pub(crate) traced: Traced,
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
#[command(
    after_help = "Nothing of the skill is compiled or run. What it asks for is shown, the most dangerous first, and a\n\
    person is asked on a terminal; the answer is no unless it is yes. Elsewhere --grant says what it may do.\n\
    The grants stand in skillhost.lock: review it, and commit it. `call` and `run` use what is committed.\n\n\
    References: ./FILE, https://…, oci://HOST/NAME:TAG, git+https://…#REV:PATH\n\n\
    Examples:\n  \
    skillhost add ./licence-check.wasm\n  \
    skillhost add oci://registry.example.com/acme/licence-check:1.2.0 --grant 'read=**' --grant 'write=src/**'"
)]
pub(crate) struct Add {
    /// Where the skill is
    #[arg(value_name = "REF")]
    pub(crate) reference: String,
    /// Grant this of what it asks for, and ask no one: read=GLOB, write=GLOB, exec=COMMAND, model=TIER, http=URL, secrets=NAME, exec_arguments, protected, ask
    #[arg(long = "grant", value_name = "CAPABILITY[=VALUE]")]
    pub(crate) grants: Vec<String>,
    /// Grant everything that it asks for
    #[arg(long, conflicts_with = "grants")]
    pub(crate) grant_requested: bool,
    /// Refuse it unless it is signed by this one: ed25519:HEX, or 'sigstore:IDENTITY issuer:URL'
    #[arg(long, value_name = "SIGNER")]
    pub(crate) signer: Option<Signer>,
    /// Fail where skillhost.lock would change
    #[arg(long)]
    pub(crate) locked: bool,
    /// Make no connection
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  skillhost remove licence-check")]
pub(crate) struct Remove {
    /// Its name in skillhost.lock
    pub(crate) name: SkillName,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Read from the working directory, since that is what will be committed. --format json has all of it."
)]
pub(crate) struct List {}

#[derive(Debug, Args)]
#[command(
    after_help = "What was granted is compared with what is asked for now. Less goes through. More, another signer, a\n\
    lower version, and other content under the same version are held back until they are named, or taken on a terminal.\n\n\
    Examples:\n  \
    skillhost update\n  \
    skillhost update licence-check --source oci://registry.example.com/acme/licence-check:1.3.0\n  \
    skillhost update licence-check --grant 'http=https://telemetry.example.net/*'"
)]
pub(crate) struct Update {
    /// Only these skills
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<SkillName>,
    /// Grant this of what it asks for, beside what it has
    #[arg(long = "grant", value_name = "CAPABILITY[=VALUE]")]
    pub(crate) grants: Vec<String>,
    /// Grant everything that it asks for
    #[arg(long, conflicts_with_all = ["grants", "keep_grants"])]
    pub(crate) grant_requested: bool,
    /// Take it with what it was granted before, whatever more it asks for
    #[arg(long, conflicts_with = "grants")]
    pub(crate) keep_grants: bool,
    /// Another version at the same place: another tag, another revision
    #[arg(long, value_name = "REF")]
    pub(crate) source: Option<String>,
    /// Accept this signer from now on: ed25519:HEX, or 'sigstore:IDENTITY issuer:URL'
    #[arg(long, value_name = "SIGNER")]
    pub(crate) signer: Option<Signer>,
    /// Take this version and no other; a lower one than the locked only so
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) to: Option<Version>,
    /// Fail where skillhost.lock would change
    #[arg(long)]
    pub(crate) locked: bool,
    /// Make no connection
    #[arg(long)]
    pub(crate) offline: bool,
}

fn version(text: &str) -> Result<Version, String> {
    Version::try_from(text.to_owned())
}

#[derive(Debug, Args)]
#[command(
    after_help = "A source that gives something else than the lock pins is an error here; `skillhost update` shows the\n\
    difference. A lock with both sides of a merge in it is settled where no skill is in both with different content.\n\n\
    Examples:\n  \
    skillhost sync\n  \
    skillhost sync --check        # in CI: store, lock, signatures and policies agree; no connection"
)]
pub(crate) struct Sync {
    /// Only look: fetch nothing, write nothing, make no connection
    #[arg(long)]
    pub(crate) check: bool,
    /// Let this skill use this secret, in this project and on this machine; skillhost.lock has to grant it
    #[arg(long = "secret", value_name = "SKILL=NAME", conflicts_with = "check")]
    pub(crate) secrets: Vec<String>,
    /// Fail where skillhost.lock would change
    #[arg(long)]
    pub(crate) locked: bool,
    /// Make no connection
    #[arg(long)]
    pub(crate) offline: bool,
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
    /// Only this phase
    #[arg(long, value_name = "PHASE", value_parser = phases())]
    pub(crate) phase: Option<Phase>,
}

fn phases() -> impl TypedValueParser<Value = Phase> {
    let words = PossibleValuesParser::new(Phase::ALL.iter().map(|phase| phase.as_str()));
    words.try_map(|word| Phase::from_word(&word).ok_or("there is no such phase"))
}

#[derive(Debug, Args)]
#[command(
    after_help = "What it may do: a file, what --grant says and nothing else. A skill of skillhost.lock, what the lock\n\
    grants. A built-in one reads, calls models and asks as [grants.KIND] says, and changes files only with --grant.\n\
    Commands and commits are for `skillhost run`, where each skill has a worktree of its own.\n\n\
    Examples:\n  \
    skillhost call ./licence-check.wasm add-headers --input '{\"licence\":\"MIT\"}' --grant 'read=**' --grant 'write=src/**'\n  \
    skillhost call builtin:verify --input @brief.json\n  \
    skillhost call ./licence-check.wasm -v --trace\n  \
    skillhost call ./licence-check.wasm --record-grants --report junit=report.xml"
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
    /// Grant all that the skill asks for, as far as policies do; print the smallest grant that would have sufficed
    #[arg(long, conflicts_with = "grants")]
    pub(crate) record_grants: bool,
    /// Also write what came of it to a file, however it ends: junit, sarif or code-quality (GitLab)
    #[arg(long = "report", value_name = "FORMAT=FILE")]
    pub(crate) reports: Vec<ReportFlag>,
    #[command(flatten)]
    pub(crate) traced: Traced,
    #[command(flatten)]
    pub(crate) models: Models,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// A file (./x.wasm), https://…, oci://HOST/NAME:TAG, git+https://…#REV:PATH, or builtin:NAME
    #[arg(value_name = "FILE_OR_REF")]
    pub(crate) reference: String,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Writes FILE.sig beside the file. It holds the component's digest and your public key, and nothing secret.\n\
    The key is --key, or the PEM text in SKILLHOST_SIGNING_KEY (for CI), or the key called `default`.\n\n\
    Examples:\n  \
    skillhost sign ./licence-check.wasm\n  \
    skillhost sign ./licence-check.wasm --key release\n  \
    SKILLHOST_SIGNING_KEY=\"$(openssl pkey -in encrypted.pem)\" skillhost sign ./licence-check.wasm"
)]
pub(crate) struct Sign {
    /// The component to sign
    pub(crate) file: PathBuf,
    /// A key by its name, or a file (./key.pem) with an Ed25519 key in PKCS#8 PEM
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make an Ed25519 key, and print its public half: what others name as the signer
    New(NewKey),
}

#[derive(Debug, Args)]
#[command(
    after_help = "The key is written as PKCS#8 PEM that only you can read (mode 0600), without a passphrase: to keep one behind a\n\
    passphrase, encrypt it with openssl and hand it to `skillhost sign` in SKILLHOST_SIGNING_KEY.\n\
    A key that is there already is never overwritten."
)]
pub(crate) struct NewKey {
    /// What the key is called: lower case, digits and hyphens
    #[arg(default_value = "default")]
    pub(crate) name: String,
    /// Write it here instead of beneath the state folder
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "FILE.sig and FILE.sigstore.json go with it where they are there, and a bill of materials always does. The\n\
    same file gives the same manifest; its digest is printed, and pins it. Log in with `docker login` or `podman login`, or\n\
    set SKILLHOST_REGISTRY, SKILLHOST_REGISTRY_USER and SKILLHOST_REGISTRY_PASSWORD.\n\n\
    Examples:\n  skillhost push ./licence-check.wasm oci://registry.example.com/acme/licence-check:1.2.0"
)]
pub(crate) struct Push {
    /// The component, with its manifest inside
    pub(crate) file: PathBuf,
    /// Where it goes: oci://HOST/NAME:TAG
    #[arg(value_name = "REF")]
    pub(crate) reference: String,
    /// Say more about it, as in org.opencontainers.image.source=https://…
    #[arg(long = "annotation", value_name = "KEY=VALUE")]
    pub(crate) annotations: Vec<String>,
    /// Let a tag that names something else name this
    #[arg(long)]
    pub(crate) force: bool,
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
