//! What is taken from git's configuration: read once, as data, before the configuration is put out of reach.

use crate::ambient;
use crate::error::WorktreeError;
use std::path::Path;

/// Longest name or address of a person, in characters.
const MAX_NAME_CHARS: usize = 200;

/// The few settings that the host respects. None of them can execute or redirect anything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) identity: Option<(String, String)>,
    pub(crate) signs_commits: bool,
}

impl Settings {
    /// Reads them from the configuration that a repository was opened with.
    ///
    /// # Errors
    /// Where the repository uses a format that this crate can't work with.
    pub(crate) fn of(git: &git2::Repository) -> Result<Self, WorktreeError> {
        // A snapshot isn't looked for on disk at every question.
        let config = git.config()?.snapshot()?;
        judge(&config)?;
        let name = config.get_string("user.name").ok().and_then(|text| person(&text));
        let email = config.get_string("user.email").ok().and_then(|text| person(&text));
        Ok(Self { identity: name.zip(email), signs_commits: config.get_bool("commit.gpgsign").unwrap_or(false) })
    }
}

/// Whether the repository of this git directory has a format that this crate can work with, told without opening it. A
/// configuration that can't be parsed tells nothing.
///
/// # Errors
/// Where it has another.
pub(crate) fn check_format(common_directory: &Path) -> Result<(), WorktreeError> {
    ambient::read_configuration(&common_directory.join("config")).map_or(Ok(()), |config| judge(&config))
}

fn judge(config: &git2::Config) -> Result<(), WorktreeError> {
    if config.get_string("extensions.partialclone").is_ok() {
        return Err(WorktreeError::PartialClone);
    }
    let is_promisor = |entry: &git2::ConfigEntry<'_>| {
        entry.name().is_ok_and(|name| name.starts_with("remote.") && name.ends_with(".promisor"))
            && entry.value().map_or(true, |value| git2::Config::parse_bool(value).unwrap_or(true))
    };
    if let Ok(mut entries) = config.entries(None) {
        while let Some(entry) = entries.next() {
            if entry.is_ok_and(is_promisor) {
                return Err(WorktreeError::PartialClone);
            }
        }
    }
    if config.get_string("extensions.refstorage").is_ok_and(|format| !format.eq_ignore_ascii_case("files")) {
        return Err(WorktreeError::Reftable);
    }
    if config.get_string("extensions.objectformat").is_ok_and(|format| !format.eq_ignore_ascii_case("sha1")) {
        return Err(WorktreeError::ObjectFormat);
    }
    Ok(())
}

/// A name or an address without what would end it within a commit's header, or deceive who reads it.
pub(crate) fn person(text: &str) -> Option<String> {
    let plain: String = text
        .chars()
        .filter(|c| !matches!(c, '<' | '>') && !skillhost_core::text::is_deceptive(*c))
        .take(MAX_NAME_CHARS)
        .collect();
    let plain = plain.trim().to_owned();
    (!plain.is_empty()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g_08_a_person_has_no_control_characters() {
        assert_eq!(person("A\u{1b}[31m <b>\nB\u{202e}"), Some("A[31m bB".to_owned()));
        assert_eq!(person(" \n\t<>"), None);
    }
}
