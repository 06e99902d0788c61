//! Values as events of `tracing` have them, as bounded text.

use super::masked;
use skillhost_core::text::escape_terminal;
use std::fmt::{self, Write};
use tracing::field::{Field, Visit};

/// Bytes of a value that are written out; more than are shown, so that a secret is not cut before it is found.
const WRITTEN_BYTES: usize = 8 << 10;
/// Of a secret, or of one of its spellings.
const LONGEST_SECRET_BYTES: usize = WRITTEN_BYTES / 2;
/// Characters of a value that are shown.
const SHOWN_CHARS: usize = 200;

/// Named values, each masked, cut and escaped.
#[derive(Debug, Default)]
pub(super) struct Fields(pub(super) Vec<(&'static str, String)>);

impl Fields {
    pub(super) fn of(record: impl FnOnce(&mut Self)) -> Self {
        let mut fields = Self::default();
        record(&mut fields);
        fields
    }

    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(of, _)| *of == name)?;
        Some(self.0.remove(at).1)
    }

    fn add(&mut self, field: &Field, text: &str, is_cut: bool) {
        let mut text = masked(text);
        if is_cut {
            // A secret that was cut is none that is found: what could be the beginning of one is left out.
            text.truncate(text.floor_char_boundary(text.len().saturating_sub(LONGEST_SECRET_BYTES)));
            text.push('…');
        }
        self.0.push((field.name(), shown(&text)));
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let end = value.floor_char_boundary(WRITTEN_BYTES);
        self.add(field, &value[..end], end < value.len());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = Bounded(String::new());
        // It ends where there is no more room.
        let is_cut = write!(text, "{value:?}").is_err();
        self.add(field, &text.0, is_cut);
    }
}

/// Cut and escaped.
pub(super) fn shown(text: &str) -> String {
    escape_terminal(text, SHOWN_CHARS).to_string()
}

/// Takes so much, and then no more.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = WRITTEN_BYTES.saturating_sub(self.0.len());
        let end = text.floor_char_boundary(room);
        self.0.push_str(&text[..end]);
        if end < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_without_end_is_cut_while_it_is_written() {
        let mut text = Bounded(String::new());
        assert!(write!(text, "{:?}", "ż".repeat(1 << 20)).is_err());
        assert!(text.0.len() <= WRITTEN_BYTES && text.0.starts_with("\"żż"));
    }
}
