//! What is fuzzed: each target takes any bytes, and panics where something that must hold doesn't.
//!
//! A target asserts what its part promises, not only that it doesn't panic. Its seeds come from the repository's own
//! documents and components where there are such, so that they follow the formats as those change.

mod anthropic;
mod audit;
mod case_file;
mod chat;
mod component;
mod conventions;
mod destination;
mod detect;
mod generated;
mod git_commit;
mod git_directory;
mod glob;
mod lock;
mod manifest;
mod markdown;
mod ollama;
mod path;
mod policy;
mod project;
mod recording;
mod responses;
mod schema;
mod signature;
mod terminal;
mod user;

use std::fs;
use std::path::{Path, PathBuf};

/// Separates the parts of an input that has several: no byte of UTF-8 text.
pub(crate) const BETWEEN: u8 = 0xff;

/// Something to fuzz.
pub(crate) struct Target {
    /// Its name, and that of its file here, its seeds and its regressions.
    pub(crate) name: &'static str,
    /// Panics where a property doesn't hold.
    pub(crate) check: fn(&[u8]),
    /// Inputs to begin with, beside those in `seeds/NAME`.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
    /// Words that mean something in an input.
    pub(crate) words: &'static [&'static str],
    /// Mutations of the smoke run; some targets take milliseconds each.
    pub(crate) mutations: u32,
    /// Makes an input like this one that is still well formed; most do without.
    pub(crate) mutate: Option<Mutate>,
}

/// Gives another input for one and a seed; none where the input has not the structure that it knows.
pub(crate) type Mutate = fn(&[u8], u64) -> Option<Vec<u8>>;

/// Every target.
pub(crate) const TARGETS: [Target; 25] = [
    anthropic::TARGET,
    audit::TARGET,
    case_file::TARGET,
    chat::TARGET,
    component::TARGET,
    conventions::TARGET,
    destination::TARGET,
    detect::TARGET,
    generated::TARGET,
    git_commit::TARGET,
    git_directory::TARGET,
    glob::TARGET,
    lock::TARGET,
    manifest::TARGET,
    markdown::TARGET,
    ollama::TARGET,
    path::TARGET,
    policy::TARGET,
    project::TARGET,
    recording::TARGET,
    responses::TARGET,
    schema::TARGET,
    signature::TARGET,
    terminal::TARGET,
    user::TARGET,
];

/// Every input that a target begins with: made from sources, and kept in files.
pub(crate) fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let mut seeds = (target.seeds)();
    seeds.extend(kept(target, "seeds"));
    seeds
}

/// The files that a target keeps in `seeds` or `regressions`, in order.
pub(crate) fn kept(target: &Target, folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target.name);
    files_in(&folder).iter().map(|file| fs::read(file).expect("a file of the repository")).collect()
}

/// A file of the repository.
pub(crate) fn source(path: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}; cargo xtask test builds what is built", file.display()))
}

/// The files of a folder, sorted; none where it isn't there.
pub(crate) fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("a readable folder").path()).collect();
    files.retain(|file| file.is_file() && file.file_name().is_some_and(|name| name != ".gitkeep"));
    files.sort();
    files
}

/// The input as text, whatever it is.
pub(crate) fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

/// The parts of an input, as texts; the last one takes all that is left, and missing ones are empty.
pub(crate) fn texts<const N: usize>(data: &[u8]) -> [String; N] {
    let mut parts = data.splitn(N, |byte| *byte == BETWEEN);
    std::array::from_fn(|_| text(parts.next().unwrap_or_default()))
}

/// An input from its parts.
pub(crate) fn join<const N: usize>(parts: [&[u8]; N]) -> Vec<u8> {
    parts.join(&BETWEEN)
}
