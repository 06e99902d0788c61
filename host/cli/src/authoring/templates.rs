//! Projects of skills as `skillhost new` writes them: files of each language, put into the program when it was built.
//!
//! A language's folder `sdk/LANGUAGE/template/` has what every project gets, and a folder for each kind that it has a
//! template for, whose files lie over the others. Cases that hold in several languages are written once, beside those
//! (`host/cli/build/templates.rs`). In their texts `{{name}}` and `{{kind}}` are filled in.

use clap::ValueEnum;
use skillhost_core::kind::Kind;
use skillhost_core::name::SkillName;
use std::collections::BTreeMap;

include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// Files by their paths in a project.
type Files = &'static [(&'static str, &'static str)];

/// Languages that there are templates for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// cargo, and the SDK's tool loop, checks and mock host
    Rust,
    /// npm; a small component with QuickJS in it
    #[value(name = "javascript", alias = "js")]
    JavaScript,
    /// The same, with types that are checked before each build
    #[value(name = "typescript", alias = "ts")]
    TypeScript,
    /// Python 3.11 or newer; a component with an interpreter in it
    Python,
    /// make, and a clang that PyPI brings
    C,
    /// The same, with C++23
    Cpp,
    /// make, and Go 1.25 or newer
    Go,
}

impl Language {
    /// As people write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
            Self::Python => "python",
            Self::C => "c",
            Self::Cpp => "cpp",
            Self::Go => "go",
        }
    }

    /// What every project has, and what is filled in.
    fn files(self) -> (Files, Files) {
        match self {
            Self::Rust => (RUST_SDK, RUST_TEMPLATE),
            Self::JavaScript => (JAVASCRIPT_SDK, JAVASCRIPT_TEMPLATE),
            Self::TypeScript => (JAVASCRIPT_SDK, TYPESCRIPT_TEMPLATE),
            Self::Python => (PYTHON_SDK, PYTHON_TEMPLATE),
            Self::C => (C_SDK, C_TEMPLATE),
            Self::Cpp => (C_SDK, CPP_TEMPLATE),
            Self::Go => (GO_SDK, GO_TEMPLATE),
        }
    }

    /// The files of a project, by their paths in it.
    pub(crate) fn project(self, name: &SkillName, kind: Kind) -> BTreeMap<&'static str, String> {
        let (fixed, template) = self.files();
        let fill = |text: &str| text.replace("{{name}}", name.as_str()).replace("{{kind}}", kind.as_str());
        let mut files: BTreeMap<&'static str, String> =
            fixed.iter().map(|&(path, text)| (path, text.to_owned())).collect();
        for &(path, text) in template {
            match path.split_once('/').and_then(|(folder, rest)| Some((Kind::from_word(folder)?, rest))) {
                Some((of, rest)) if of == kind => drop(files.insert(rest, fill(text))),
                Some(_) => {}
                None => drop(files.insert(path, fill(text))),
            }
        }
        files
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use skillhost_core::manifest::Manifest;

    #[test]
    fn every_language_has_a_template_of_each_kind() {
        let name: SkillName = "my-skill".parse().unwrap();
        for language in Language::value_variants() {
            for kind in Kind::ALL {
                let files = language.project(&name, *kind);
                let manifest = Manifest::parse(&files["skill.toml"]).unwrap();
                assert_eq!((manifest.skill.name, manifest.skill.kind), (name.clone(), *kind), "{language:?}");
                for file in [".gitignore", "README.md", "tests/cases.toml"] {
                    assert!(files.contains_key(file), "{language:?} {kind}: {file}");
                }
                assert!(files.keys().any(|path| path.ends_with("worlds.wit")), "{language:?}");
                assert!(!files.values().any(|text| text.contains("{{name}}") || text.contains("{{kind}}")));
            }
        }
    }
}
