//! What it is told.

use crate::folder::{root, target};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

const USAGE: &str = "skillhost-skillbench [--program FILE] [--jobs N] [--json FILE] [--keep FOLDER] \
                     [--model PROVIDER:MODEL] [TASK | REPOSITORY | hostile]…";

/// Runs at once: a run mostly waits for its tests.
const JOBS: usize = 2;

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) program: PathBuf,
    pub(crate) jobs: usize,
    /// Where the figures go.
    pub(crate) json: Option<PathBuf>,
    /// Where repositories, runs, recordings and reports stay.
    pub(crate) keep: Option<PathBuf>,
    pub(crate) model: Option<String>,
    /// Tasks, repositories, and ways to misbehave; all where none is named.
    pub(crate) wanted: Vec<String>,
}

impl Options {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let program = root().join("target/debug/skillhost");
        let mut options = Self { program, jobs: JOBS, json: None, keep: None, model: None, wanted: Vec::new() };
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value; usage: {USAGE}"));
            match word.as_str() {
                "--program" => options.program = value()?.into(),
                "--jobs" => options.jobs = value()?.parse().context("--jobs")?,
                "--json" => options.json = Some(value()?.into()),
                "--keep" => options.keep = Some(value()?.into()),
                "--model" => options.model = Some(value()?),
                _ if word.starts_with('-') => bail!("`{word}` is no part of: {USAGE}"),
                _ => options.wanted.push(word),
            }
        }
        Ok(options)
    }

    /// Whether a task or a script is among what was named, by its whole name or the part before the stroke.
    pub(crate) fn wants(&self, id: &str) -> bool {
        let named = |word: &String| id == word || id.strip_prefix(word.as_str()).is_some_and(|it| it.starts_with('/'));
        self.wanted.is_empty() || self.wanted.iter().any(named)
    }

    /// Where a model's report goes: a new folder for each, named by model and time.
    pub(crate) fn report_folder(&self, model: &str) -> PathBuf {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        let name: String = model.chars().map(plain).collect();
        self.keep.clone().unwrap_or_else(|| target().join("reports").join(format!("{name}-{seconds}")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(words: &[&str]) -> Result<Options> {
        Options::read(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn tasks_are_named_whole_or_by_their_repository() {
        let options = read(&["ms", "roman/booleans", "--jobs", "3"]).unwrap();
        assert_eq!(options.jobs, 3);
        assert!(options.wants("ms/weeks") && options.wants("roman/booleans"));
        assert!(!options.wants("msx/weeks") && !options.wants("roman/other") && !options.wants("hostile/a-stub"));
        assert!(read(&[]).unwrap().wants("anything/at-all"));
    }

    #[test]
    fn what_is_no_option_is_refused() {
        for words in [&["--modle", "x"][..], &["--model"], &["--jobs", "many"]] {
            assert!(read(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn a_report_is_named_by_its_model() {
        let folder = read(&[]).unwrap().report_folder("local:org/model-7b");
        assert!(folder.display().to_string().contains("reports/local-org-model-7b-"), "{}", folder.display());
        assert_eq!(read(&["--keep", "/x"]).unwrap().report_folder("a:b"), PathBuf::from("/x"));
    }
}
