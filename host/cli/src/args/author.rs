//! Commands for those who write skills.

use crate::templates::Language;
use clap::{Args, ValueEnum};
use skillhost_core::kind::Kind;
use skillhost_core::name::SkillName;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "In a skill's folder it runs the language's own tool chain: cargo (Cargo.toml), npm (package.json), pip and\n\
    componentize-py (pyproject.toml, requirements.txt), or make (Makefile). What comes of it is made a component where it is\n\
    a core module, stripped, validated, and gets skill.toml embedded. A manifest that asks for what the component can't use\n\
    is refused. The same input gives the same bytes.\n\n\
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
