//! `--update`: the cases expect from now on what came, where nothing of it is left to doubt.

use super::{Cases, FOLDER, Material, Pick, Played};
use crate::failure::{Exit, Failure};
use crate::terminal::printer::Printer;
use skillhost_cases::{CaseFile, Fix, compare, named_files, update};
use skillhost_core::document::MAX_DOCUMENT_BYTES;
use skillhost_core::path::SkillPath;
use skillhost_worktree::WorktreeError;
use std::collections::BTreeMap;

/// Rewrites what the cases expect that failed. One whose skill trapped, or whose script was not met, stays as it is, and so
/// does one that would fail again.
pub(crate) fn accept(cases: &Cases, played: &mut [Played], printer: Printer) -> Result<(), Failure> {
    let mut worst: Option<Failure> = None;
    for (at, file) in cases.files.iter().enumerate() {
        let is_open = |it: &Played| it.chosen.file == at && !it.has_passed();
        let of_file: Vec<usize> = (0..played.len()).filter(|index| is_open(&played[*index])).collect();
        let mut text = file.text.clone();
        let (mut beside, mut before) = (BTreeMap::new(), BTreeMap::new());
        let mut accepted = Vec::new();
        for index in of_file {
            match rewritten(cases, file, &text, &played[index], played) {
                Ok(Rewritten { text: now, written, read }) => {
                    text = now;
                    beside.extend(written);
                    before.extend(read);
                    accepted.push(index);
                }
                Err(why) => played[index].refused = Some(why),
            }
        }
        if accepted.is_empty() {
            continue;
        }
        if let Err(failure) = write(file, &text, &beside, &before) {
            // The others can be updated all the same; of several failures, the worst is the command's.
            worst = Some(match worst {
                Some(other) if other.exit.worse(failure.exit) == other.exit => {
                    printer.explain(&failure);
                    other
                }
                other => {
                    other.iter().for_each(|other| printer.explain(other));
                    failure
                }
            });
            continue;
        }
        accepted.iter().for_each(|index| played[*index].is_accepted = true);
        let names: Vec<&str> = accepted.iter().map(|index| cases.case(played[*index].chosen).name.as_str()).collect();
        let of_files = beside.keys().map(|path| format!(", {FOLDER}/{path}")).collect::<String>();
        printer.note(format!("updated {}{of_files}: {}", file.file, names.join(", ")));
    }
    worst.map_or(Ok(()), Err)
}

type Files = BTreeMap<SkillPath, Vec<u8>>;

/// What a case makes of its file.
struct Rewritten {
    text: String,
    /// What files beside it hold from now on.
    written: Files,
    /// What these held when they were read.
    read: Files,
}

/// The file's text with what came, and the files beside it.
fn rewritten(cases: &Cases, file: &CaseFile, text: &str, played: &Played, all: &[Played]) -> Result<Rewritten, String> {
    let open = played.differences.iter().find(|difference| difference.fixes.is_none());
    if let Some(open) = open {
        return Err(open.what.clone());
    }
    let fixes: Vec<&Fix> = fixes(played).collect();
    let index = played.chosen.index;
    let now = update(text, fixes.iter().map(|fix| (index, *fix))).map_err(|e| e.to_string())?;
    // What is written is read again first: it has to be a case file, in which this case passes.
    let read = CaseFile::parse(&file.file, now.clone().into_bytes()).map_err(|e| e.to_string())?;
    let case = read.cases.get(index).filter(|case| case.name == cases.case(played.chosen).name);
    let case = case.ok_or("the case is not where it was")?;
    let mut beside: Files =
        cases.material(played.chosen).map(|Material { named, .. }| named).map_err(|e| e.message())?;
    if let Some(path) = changed(played, &beside) {
        return Err(format!("{FOLDER}/{path} was changed since the case was played"));
    }
    let written: Files = fixes
        .iter()
        .filter_map(|fix| if let Fix::File { path, bytes } = fix { Some((path.clone(), bytes.clone())) } else { None })
        .collect();
    if let Some((path, _)) = written.iter().find(|(path, bytes)| is_used(cases, all, played.chosen, path, bytes)) {
        return Err(format!("{FOLDER}/{path} is used by another case, or as an input"));
    }
    let read = written.keys().filter_map(|path| beside.get_key_value(path));
    let read = read.map(|(path, bytes)| (path.clone(), bytes.clone())).collect();
    beside.extend(written.clone());
    match compare(case, played.kind, &beside, &played.happened).first() {
        None => Ok(Rewritten { text: now, written, read }),
        Some(left) => Err(format!("it would fail again: {}", left.what)),
    }
}

/// A file beside the case that holds neither what it was compared with, nor what came.
fn changed<'a>(played: &'a Played, now: &Files) -> Option<&'a SkillPath> {
    played.differences.iter().find_map(|difference| {
        let (expected, _) = difference.texts.as_ref()?;
        difference.fixes.iter().flatten().find_map(|fix| match fix {
            Fix::File { path, bytes } => {
                let now = now.get(path);
                (now.map(Vec::as_slice) != Some(expected.as_bytes()) && now != Some(bytes)).then_some(path)
            }
            Fix::Key { .. } => None,
        })
    })
}

fn fixes(played: &Played) -> impl Iterator<Item = &Fix> {
    played.differences.iter().flat_map(|difference| difference.fixes.iter().flatten())
}

/// Whether more than what this case expects would change with the file: a case file, what some case finds there before, or
/// what another one expects. Only where the same came of that one, too, both may have it.
fn is_used(cases: &Cases, all: &[Played], by: Pick, path: &SkillPath, bytes: &[u8]) -> bool {
    let is_same = |fix: &Fix| matches!(fix, Fix::File { path: other, bytes: came } if other == path && came == bytes);
    let came_of = |other: Pick| all.iter().filter(|it| it.chosen == other).flat_map(fixes).any(is_same);
    let name = format!("{FOLDER}/{path}");
    cases.files.iter().any(|file| file.file == name)
        || cases.all().any(|(other, case)| {
            case.is_given(path) || (other != by && named_files(case).contains(path) && !came_of(other))
        })
}

/// Writes both, unless somebody else changed one of the files meanwhile: then none is written.
fn write(file: &CaseFile, text: &str, beside: &Files, before: &Files) -> Result<(), Failure> {
    let failed = |path: &SkillPath| Failure::new(Exit::Configuration, format!("{FOLDER}/{path} could not be updated"));
    let because = |path: &SkillPath, error: WorktreeError| failed(path).because_of_all(&error);
    let name = file.file.trim_start_matches(FOLDER).trim_start_matches('/');
    let path = SkillPath::parse(name).map_err(|e| Failure::of(Exit::Bug, &e))?;
    let folder = super::folder()?;
    let own = std::iter::once((&path, file.text.as_bytes()));
    for (path, read) in own.chain(before.iter().map(|(path, bytes)| (path, bytes.as_slice()))) {
        let most_bytes = read.len().max(MAX_DOCUMENT_BYTES) as u64;
        if folder.read(path, most_bytes).map_err(|e| because(path, e))? != read {
            return Err(failed(path).because("it was changed meanwhile").hint("run it again"));
        }
    }
    for (path, bytes) in beside {
        folder.replace(path, bytes).map_err(|e| because(path, e))?;
    }
    if text != file.text {
        folder.replace(&path, text.as_bytes()).map_err(|e| because(&path, e))?;
    }
    Ok(())
}
