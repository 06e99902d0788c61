//! Reading a TOML document: bounded, with errors that name the file, the line and the key.

use serde::de::DeserializeOwned;

/// Largest configuration file or manifest that is read, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Why a document is refused; reads as `FILE:LINE: reason`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {reason}")]
#[non_exhaustive]
pub struct DocumentError {
    /// The document's name, as people know it.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// What is wrong, and the key that it is about.
    pub reason: String,
}

impl DocumentError {
    /// An error about the whole of `file`.
    pub fn whole(file: &str, reason: impl Into<String>) -> Self {
        Self::at(file, 1, reason)
    }

    /// An error about something that begins on this line of `file`, counted from 1.
    pub fn at(file: &str, line: usize, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, reason: reason.into() }
    }
}

/// The text of a document, of which only the bytes are known.
///
/// # Errors
/// Where it isn't UTF-8, with the line of the first byte that isn't.
pub fn text(file: &str, bytes: Vec<u8>) -> Result<String, DocumentError> {
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        DocumentError { file: file.to_owned(), line, reason: "it is not UTF-8 text".to_owned() }
    })
}

/// Reads `text` as a TOML document of type `T`.
///
/// # Errors
/// Where it is too large, not TOML, or doesn't have the shape of `T`.
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, DocumentError> {
    if text.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::whole(file, format!("larger than {MAX_DOCUMENT_BYTES} bytes")));
    }
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        DocumentError { file: file.to_owned(), line, reason: error.message().replace('\n', " ") }
    })
}
