//! The files of a skill's folder: which there are, which of them a skill is made of, and which is newer than what was built.

mod ambient;

pub(crate) use ambient::{Found, Holding, MAX_FILES, holding, walk};

use crate::authoring::toolchains;
use ambient::written;
use std::path::{Path, PathBuf};

/// Most folders that are watched: each takes a little of the kernel's memory.
pub(crate) const MAX_FOLDERS: usize = 4000;
/// Folders of a skill's sources, as the templates have them.
const SOURCES: [&str; 3] = ["src", "wit", "sdk"];

/// The source in this folder that was written last, where that was after `built`. What lies at the top beside the sources
/// may be anything, as a report of this command.
pub(crate) fn newer(manifest: &Path, built: &Path) -> Option<PathBuf> {
    let than = written(built)?;
    let files = walk(Path::new("."), MAX_FOLDERS).files.into_iter();
    let files = files.map(|file| file.strip_prefix(".").map(Path::to_owned).unwrap_or(file));
    let written = files
        .filter(|file| is_source(manifest, file) && file != built)
        .filter_map(|file| Some((written(&file)?, file)));
    written.filter(|(when, _)| *when > than).max().map(|(_, file)| file)
}

/// Whether a skill is made of this file.
fn is_source(manifest: &Path, file: &Path) -> bool {
    let is_named = file == manifest || toolchains::is_marker(file);
    let is_go = file.components().count() == 1 && file.extension().is_some_and(|end| end == "go");
    let is_beneath = SOURCES.iter().any(|folder| file.starts_with(folder));
    is_named || is_go || (is_beneath && file.extension().is_none_or(|end| end != "md"))
}
