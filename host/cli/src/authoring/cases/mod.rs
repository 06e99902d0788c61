//! The cases of a skill's tests: found in its folder, played in the real sandbox, shown, and accepted.

mod accept;
mod ambient;
mod commands;
mod model;
mod person;
mod play;
mod servers;
mod show;

pub(crate) use accept::accept;
pub(crate) use play::Player;
pub(crate) use show::{report, show};

use crate::failure::{Exit, Failure};
use skillhost_cases::{Case, CaseFile, Content, Difference, Happened, named_files, shared_name};
use skillhost_core::document::{DocumentError, MAX_DOCUMENT_BYTES};
use skillhost_core::kind::Kind;
use skillhost_core::path::SkillPath;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Where the cases are, in a skill's folder.
const FOLDER: &str = "tests";
/// Bytes that the files beside the case files may have together, for one case: it is in memory whole.
const MAX_BESIDE_BYTES: u64 = 64 << 20;
/// Most files of a case's folder.
const MAX_BESIDE_FILES: usize = 10_000;
/// A case that shows the form.
const EXAMPLE: &str = r#"[[case]]
name = "what it does"
tool = "NAME"                     # or: brief = { goal = "…" }
input = { key = "value" }
files."a.txt" = "one\ntwo\n"      # what is there before
# then: skillhost test --update, which writes what came"#;

/// The cases that were chosen, with the files that they are written in.
pub(crate) struct Cases {
    pub(crate) files: Vec<CaseFile>,
    pub(crate) chosen: Vec<Pick>,
}

/// One case: its file, and which it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pick {
    file: usize,
    index: usize,
}

/// What a case finds beside its file.
pub(crate) struct Material {
    /// The files that it names.
    named: BTreeMap<SkillPath, Vec<u8>>,
    /// The files of its folder.
    folder: BTreeMap<SkillPath, Vec<u8>>,
}

/// What came of a case.
pub(crate) struct Played {
    pub(crate) chosen: Pick,
    /// Of the skill.
    kind: Kind,
    happened: Happened,
    pub(crate) differences: Vec<Difference>,
    /// What it printed; not escaped.
    printed: String,
    duration: Duration,
    /// What it expects now is what came.
    pub(crate) is_accepted: bool,
    /// Why it was not accepted, where that was wanted.
    refused: Option<String>,
}

impl Played {
    pub(crate) fn has_passed(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Cases {
    /// Reads all case files of the current folder, and chooses those cases whose names have one of these texts in them.
    pub(crate) fn read(filters: &[String]) -> Result<Self, Failure> {
        let invalid = |error: &DocumentError| Failure::of(Exit::Configuration, error);
        let unreadable = |e: std::io::Error| {
            Failure::new(Exit::Configuration, format!("the cases in {FOLDER}/ can't be read")).because_of_all(&e)
        };
        let names = ambient::case_files(Path::new(FOLDER)).map_err(unreadable)?;
        let mut files = Vec::new();
        for name in names {
            let file = format!("{FOLDER}/{name}");
            let bytes = ambient::read(Path::new(&file), MAX_DOCUMENT_BYTES as u64).map_err(|e| {
                Failure::new(Exit::Configuration, format!("{file} can't be read"))
                    .because_of_all(&e)
                    .hint("large texts go into files beside it: { from = \"FILE\" }")
            })?;
            files.push(CaseFile::parse(&file, bytes).map_err(|e| invalid(&e))?);
        }
        if files.is_empty() {
            return Err(Failure::new(Exit::Configuration, format!("there are no cases: no file {FOLDER}/*.toml"))
                .hint(format!("write {FOLDER}/cases.toml, as in"))
                .example(EXAMPLE));
        }
        if let Some(shared) = shared_name(&files) {
            return Err(Failure::new(Exit::Configuration, shared));
        }
        let is_chosen =
            |case: &Case| filters.is_empty() || filters.iter().any(|filter| case.name.contains(filter.as_str()));
        let mut cases = Self { files, chosen: Vec::new() };
        cases.chosen = cases.all().filter(|(_, case)| is_chosen(case)).map(|(chosen, _)| chosen).collect();
        if cases.chosen.is_empty() {
            let names = cases.all().map(|(_, case)| case.name.as_str());
            return Err(Failure::new(Exit::Usage, format!("no case has {} in its name", filters.join(" or ")))
                .hint(format!("there is: {}", names.collect::<Vec<_>>().join(", "))));
        }
        Ok(cases)
    }

    /// All of them, whether chosen or not.
    fn all(&self) -> impl Iterator<Item = (Pick, &Case)> {
        self.files
            .iter()
            .enumerate()
            .flat_map(|(file, of)| of.cases.iter().enumerate().map(move |(index, case)| (Pick { file, index }, case)))
    }

    pub(crate) fn case(&self, chosen: Pick) -> &Case {
        &self.files[chosen.file].cases[chosen.index]
    }

    /// `FILE:LINE` of a case.
    pub(crate) fn place(&self, chosen: Pick) -> String {
        format!("{}:{}", self.files[chosen.file].file, self.case(chosen).line)
    }

    /// Why a case can't be played.
    fn unplayable(&self, chosen: Pick, reason: impl std::fmt::Display) -> Failure {
        let case = self.case(chosen);
        Failure::new(Exit::Configuration, format!("{}: the case {:?} can't be played", self.place(chosen), case.name))
            .because(reason)
    }

    /// Reads what a case finds beside its file.
    pub(crate) fn material(&self, chosen: Pick) -> Result<Material, Failure> {
        let case = self.case(chosen);
        let mut room = MAX_BESIDE_BYTES;
        let failed = |what: String, error: std::io::Error| self.unplayable(chosen, format!("{what}: {error}"));
        let mut named = BTreeMap::new();
        for path in named_files(case) {
            let bytes = ambient::read_beneath(Path::new(FOLDER), path, room)
                .map_err(|e| failed(format!("{FOLDER}/{path}"), e))?;
            room = room.saturating_sub(bytes.len() as u64);
            named.insert(path.clone(), bytes);
        }
        let mut folder = BTreeMap::new();
        if let Some(path) = &case.folder {
            ambient::read_folder(Path::new(FOLDER), path, room, MAX_BESIDE_FILES, &mut folder)
                .map_err(|e| failed(format!("folder {FOLDER}/{path}"), e))?;
        }
        Ok(Material { named, folder })
    }
}

impl Material {
    /// What a case gives a file; none where it takes it away.
    fn content(&self, content: &Content) -> Option<Vec<u8>> {
        match content {
            Content::Text(text) => Some(text.clone().into_bytes()),
            Content::From(path) => self.named.get(path).cloned(),
            Content::Absent | Content::Has(_) => None,
        }
    }

    /// The files at the base commit.
    fn before(&self, case: &Case) -> BTreeMap<SkillPath, Vec<u8>> {
        let own = case.files.iter().filter_map(|(path, content)| Some((path.clone(), self.content(content)?)));
        self.folder.iter().map(|(path, bytes)| (path.clone(), bytes.clone())).chain(own).collect()
    }

    /// What was changed since.
    fn change(&self, case: &Case) -> BTreeMap<SkillPath, Option<Vec<u8>>> {
        case.change.iter().map(|(path, content)| (path.clone(), self.content(content))).collect()
    }
}
