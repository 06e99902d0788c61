//! The cases of a skill's tests: found in its folder, played in the real sandbox, shown, and accepted.

mod accept;
mod commands;
mod model;
mod person;
mod play;
mod servers;
mod show;

pub(crate) use accept::accept;
pub(crate) use play::{Loaded, Player};
pub(crate) use show::{report, show};

use crate::failure::{Exit, Failure};
use skillhost_cases::{Case, CaseFile, Content, Difference, Happened, named_files, shared_name};
use skillhost_core::document::{DocumentError, MAX_DOCUMENT_BYTES};
use skillhost_core::kind::Kind;
use skillhost_core::path::SkillPath;
use skillhost_worktree::{Folder, WorktreeError};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Where the cases are, in a skill's folder.
const FOLDER: &str = "tests";
/// Bytes that all case files may have together.
const MAX_CASES_BYTES: u64 = 16 << 20;
/// Bytes that the files beside the case files may have together, for one case: it is in memory whole.
const MAX_BESIDE_BYTES: u64 = 64 << 20;
/// Most names in the folder of the cases, and in that of a case.
const MAX_BESIDE_FILES: usize = 10_000;
/// Bytes that all files of a case may have in its worktree.
const MAX_STAGED_BYTES: usize = 128 << 20;
/// Bytes that are kept of what differs in all cases, until all were played.
const MAX_KEPT_BYTES: usize = 256 << 20;
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

    /// Forgets what is needed no more, and what is too much beside what is kept of others already; gives whether all that
    /// is still needed was kept. What came has to be there where it may be accepted, and texts where they are shown later.
    pub(crate) fn keep(&mut self, kept_bytes: &mut usize, updates: bool) -> bool {
        if !updates || self.has_passed() {
            self.happened.forget();
            self.differences.iter_mut().filter_map(|it| it.fixes.as_mut()).for_each(Vec::clear);
        }
        if !updates {
            // It was shown.
            self.printed.clear();
        }
        let bytes =
            self.printed.len() + self.happened.bytes() + self.differences.iter().map(Difference::bytes).sum::<usize>();
        let is_kept = bytes <= MAX_KEPT_BYTES.saturating_sub(*kept_bytes);
        if is_kept {
            *kept_bytes += bytes;
        } else {
            self.happened.forget();
            for difference in &mut self.differences {
                (difference.texts, difference.fixes) = (None, None);
            }
        }
        is_kept
    }
}

impl Cases {
    /// Reads all case files of the current folder, and chooses those cases whose names have one of these texts in them.
    pub(crate) fn read(filters: &[String]) -> Result<Self, Failure> {
        let invalid = |error: &DocumentError| Failure::of(Exit::Configuration, error);
        let folder = Folder::open(Path::new(FOLDER)).map_err(|e| unreadable(&e))?;
        let mut files = Vec::new();
        let mut room = MAX_CASES_BYTES;
        if let Some(folder) = folder {
            for name in folder.names(".toml", MAX_BESIDE_FILES).map_err(|e| unreadable(&e))? {
                let file = format!("{FOLDER}/{name}");
                let bytes = folder.read(&name, room.min(MAX_DOCUMENT_BYTES as u64)).map_err(|e| {
                    let hint = match room < MAX_DOCUMENT_BYTES as u64 {
                        true => format!("case files have {MAX_CASES_BYTES} bytes together, at most"),
                        false => "large texts go into files beside it: { from = \"FILE\" }".to_owned(),
                    };
                    Failure::new(Exit::Configuration, format!("{file} can't be read")).hint(hint).because_of_all(&e)
                })?;
                room = room.saturating_sub(bytes.len() as u64);
                files.push(CaseFile::parse(&file, bytes).map_err(|e| invalid(&e))?);
            }
        }
        if files.is_empty() {
            return Err(none());
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

    /// Why a case can't be played, or not to its end.
    fn unplayable(&self, chosen: Pick, failure: Failure) -> Failure {
        failure.within(format!("{}: the case {:?} can't be played", self.place(chosen), self.case(chosen).name))
    }

    /// Reads what a case finds beside its file.
    pub(crate) fn material(&self, chosen: Pick) -> Result<Material, Failure> {
        let case = self.case(chosen);
        let mut room = MAX_BESIDE_BYTES;
        let failed = |path: &SkillPath, error: &WorktreeError| {
            let unreadable = Failure::new(Exit::Configuration, format!("{FOLDER}/{path} can't be read"));
            let failure = unreadable.because_of_all(error);
            let is_too_much = matches!(error, WorktreeError::TooLarge { .. });
            failure.maybe_hint(
                is_too_much.then(|| format!("the files beside a case have {MAX_BESIDE_BYTES} bytes together, at most")),
            )
        };
        // Held while all of it is read: whatever takes the place of a folder meanwhile is not looked at.
        let beside = folder()?;
        let mut read = |path: &SkillPath| -> Result<Vec<u8>, Failure> {
            let bytes = beside.read(path, room).map_err(|e| failed(path, &e))?;
            room = room.saturating_sub(bytes.len() as u64);
            Ok(bytes)
        };
        let named = named_files(case).into_iter().map(|path| Ok((path.clone(), read(path)?)));
        let named = named.collect::<Result<_, Failure>>()?;
        let mut folder = BTreeMap::new();
        if let Some(path) = &case.folder {
            for (whole, within) in beside.files(path, MAX_BESIDE_FILES).map_err(|e| failed(path, &e))? {
                folder.insert(within, read(&whole)?);
            }
        }
        let invalid = |reason: String| Failure::new(Exit::Configuration, reason);
        case.check_files(folder.keys()).map_err(invalid)?;
        let material = Material { named, folder };
        if material.bytes(case) > MAX_STAGED_BYTES {
            return Err(invalid(format!("its files have more than {MAX_STAGED_BYTES} bytes together")));
        }
        Ok(material)
    }
}

/// The folder of the cases, which was there.
fn folder() -> Result<Folder, Failure> {
    Folder::open(Path::new(FOLDER)).map_err(|e| unreadable(&e))?.ok_or_else(none)
}

fn unreadable(error: &WorktreeError) -> Failure {
    Failure::new(Exit::Configuration, format!("the cases in {FOLDER}/ can't be read")).because_of_all(error)
}

fn none() -> Failure {
    Failure::new(Exit::Configuration, format!("there are no cases: no file {FOLDER}/*.toml"))
        .hint(format!("write {FOLDER}/cases.toml, as in"))
        .example(EXAMPLE)
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

    /// How much all files of the case hold together, where one beside it may be many of them.
    fn bytes(&self, case: &Case) -> usize {
        let named = case.files.values().chain(case.change.values()).map(|content| match content {
            Content::Text(text) => text.len(),
            Content::From(path) => self.named.get(path).map_or(0, Vec::len),
            Content::Absent | Content::Has(_) => 0,
        });
        named.chain(self.folder.values().map(Vec::len)).fold(0, usize::saturating_add)
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
