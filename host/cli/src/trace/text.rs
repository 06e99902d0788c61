//! Values as events of `tracing` have them, as bounded text.

use super::masked;
use skillhost_core::text::escape_terminal;
use std::fmt::{self, Write};
use tracing::field::{Field, Visit};

/// Bytes of a value that are written out; more than are shown, so that a secret is not cut before it is found.
const WRITTEN_BYTES: usize = 8 << 10;
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

    fn add(&mut self, field: &Field, text: &str) {
        self.0.push((field.name(), shown(&masked(text))));
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, &value[..value.floor_char_boundary(WRITTEN_BYTES)]);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = Bounded(String::new());
        // It ends where there is no more room.
        let _ = write!(text, "{value:?}");
        self.add(field, &text.0);
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
