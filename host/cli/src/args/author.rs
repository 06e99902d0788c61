//! Commands for those who write skills.

use crate::authoring::templates::Language;
use crate::reports::ReportFlag;
use clap::{Args, ValueEnum};
use skillhost_core::kind::Kind;
use skillhost_core::name::SkillName;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "In a skill's folder it runs the language's own tool chain: cargo (Cargo.toml), npm (package.json), python3\n\
    (sdk/build.py), pip and componentize-py (pyproject.toml, requirements.txt), or make (Makefile). What comes of it is made a\n\
    component where it is a core module, stripped, validated, and gets skill.toml embedded. A manifest that asks for what the\n\
    component can't use is refused. It is linked as a call would, and compiled for that, which the first call finds done. A\n\
    component that tells its tools (export_tools! in Rust) is asked for the [[tool]] entries of skill.toml, in the sandbox.\n\
    The same input gives the same bytes.\n\n\
    Examples:\n  \
    skillhost build\n  \
    skillhost build -C licence-check\n  \
    skillhost build --component out/x.wasm --manifest skill.toml --out x.wasm"
)]
pub(crate) struct Build {
    /// Take this component or core module, and run no tool chain
    #[arg(long, value_name = "FILE")]
    pub(crate) component: Option<PathBuf>,
    /// The manifest to embed
    #[arg(long, value_name = "FILE", default_value = "skill.toml")]
    pub(crate) manifest: PathBuf,
    /// Where the skill goes, instead of build/NAME.wasm
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Leave in names and lines, so that a trap tells them (call -v); they hold paths of this machine
    #[arg(long)]
    pub(crate) keep_debug: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Writes a folder called NAME: manifest, source, SDK and contract, all of it from this program. It builds anywhere.\n\n\
    Examples:\n  \
    skillhost new licence-check --lang rust\n  \
    skillhost new todo --lang python\n  \
    skillhost new house-rules --lang rust --kind review"
)]
pub(crate) struct New {
    /// What the skill is called: lower case, digits and hyphens
    pub(crate) name: SkillName,
    /// The language that it is written in
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    pub(crate) lang: Language,
    /// What it is for
    #[arg(long, value_enum, default_value = "tool", value_name = "KIND")]
    pub(crate) kind: KindWord,
}

#[derive(Debug, Args)]
#[command(after_help = "A case in tests/*.toml says what is there before, what the skill is given, what models,\n\
    commands and servers answer, and what is expected:\n\n  \
    [[case]]\n  \
    name = \"lines are counted\"\n  \
    tool = \"count-lines\"\n  \
    input = { path = \"a.txt\" }\n  \
    files.\"a.txt\" = \"one\\ntwo\\n\"\n  \
    expect.answer = { lines = 2 }\n\n\
    Each case is one call in a worktree of its own, under the manifest's grants and limits, or\n\
    less. A file that the skill changed and a denial fail it unless it expects them. A case that\n\
    expects nothing yet fails, and --update writes what came.\n\n\
    Examples:\n  \
    skillhost test\n  \
    skillhost test counted --no-build --trace\n  \
    skillhost test --update             # accept what came; git diff shows it\n  \
    skillhost test --report junit=report.xml")]
pub(crate) struct Test {
    /// Only cases whose names have one of these texts in them
    #[arg(value_name = "FILTER")]
    pub(crate) filters: Vec<String>,
    /// Test build/NAME.wasm as it is
    #[arg(long)]
    pub(crate) no_build: bool,
    /// Test this skill, and build none
    #[arg(long, value_name = "FILE", conflicts_with = "no_build")]
    pub(crate) component: Option<PathBuf>,
    /// Make the cases that fail expect what came; never where the skill trapped or the script was not met
    #[arg(long)]
    pub(crate) update: bool,
    /// Also write what came of it to a file, however it ends: junit, sarif or code-quality (GitLab)
    #[arg(long = "report", value_name = "FORMAT=FILE")]
    pub(crate) reports: Vec<ReportFlag>,
    #[command(flatten)]
    pub(crate) traced: Traced,
}

/// What is seen of a skill at work
#[derive(Debug, Args)]
pub(crate) struct Traced {
    /// Show each call of a skill to the host, with arguments, result and time; in a file, as JSON lines
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) trace: Option<Option<PathBuf>>,
}

#[derive(Debug, Args)]
#[command(after_help = "Builds and tests as `skillhost test` does, then waits for a file to change, and does it\n\
    again, until Ctrl-C. A build or a case that fails ends nothing. What .gitignore names is not\n\
    watched, and neither are build/, target/, node_modules/ and .venv/. A file that each build\n\
    changes is named, and begins no more rounds.\n\n\
    Examples:\n  \
    skillhost dev\n  \
    skillhost dev counted -C licence-check")]
pub(crate) struct Dev {
    /// Only cases whose names have one of these texts in them
    #[arg(value_name = "FILTER")]
    pub(crate) filters: Vec<String>,
}

/// A kind of skill, as the command line completes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindWord {
    /// Writes the specification
    Spec,
    /// Reads a spec or a change with adversarial intent
    Review,
    /// Makes the change
    Implement,
    /// Judges what the gates showed
    Verify,
    /// Offers named operations
    Tool,
}

impl From<KindWord> for Kind {
    fn from(word: KindWord) -> Self {
        match word {
            KindWord::Spec => Self::Spec,
            KindWord::Review => Self::Review,
            KindWord::Implement => Self::Implement,
            KindWord::Verify => Self::Verify,
            KindWord::Tool => Self::Tool,
        }
    }
}
