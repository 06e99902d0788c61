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
    /// Reads them from the user's configuration and the repository's. One that can't be parsed counts as empty:
    /// opening the repository will say what is wrong with it.
    ///
    /// # Errors
    /// Where the repository uses a format that this crate can't work with.
    pub(crate) fn read(common_directory: &Path) -> Result<Self, WorktreeError> {
        let Ok(config) = ambient::read_configuration(&common_directory.join("config")) else {
            return Ok(Self::default());
        };
        check_format(&config)?;
        let name = config.get_string("user.name").ok().and_then(|text| person(&text));
        let email = config.get_string("user.email").ok().and_then(|text| person(&text));
        Ok(Self { identity: name.zip(email), signs_commits: config.get_bool("commit.gpgsign").unwrap_or(false) })
    }
}

/// Told apart here, since libgit2 has one message for all of them.
fn check_format(config: &git2::Config) -> Result<(), WorktreeError> {
    if config.get_string("extensions.partialclone").is_ok() {
        return Err(WorktreeError::PartialClone);
    }
    if let Ok(mut promisors) = config.entries(Some("remote\\..*\\.promisor")) {
        while let Some(entry) = promisors.next() {
            if entry.is_ok_and(|e| e.value().map_or(true, |v| git2::Config::parse_bool(v).unwrap_or(true))) {
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
