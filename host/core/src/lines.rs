//! Where the keys of a document stand, for a denial that names the line which denied.

use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

/// Deepest table whose keys are looked up.
const MAX_DEPTH: usize = 4;

/// The lines of a document's keys.
#[derive(Debug, Clone, Default)]
pub struct Lines(BTreeMap<Vec<String>, usize>);

impl Lines {
    /// The lines of a TOML document; of one that can't be read, none.
    pub fn of(text: &str) -> Self {
        let mut lines = Self::default();
        if let Ok(document) = DeTable::parse(text) {
            lines.add(text, &mut Vec::new(), document.get_ref());
        }
        lines
    }

    fn add(&mut self, text: &str, above: &mut Vec<String>, table: &DeTable<'_>) {
        for (key, value) in table {
            above.push(key.get_ref().to_string());
            self.0.insert(above.clone(), line_at(text, key.span().start));
            if let DeValue::Table(table) = value.get_ref()
                && above.len() < MAX_DEPTH
            {
                self.add(text, above, table);
            }
            above.pop();
        }
    }

    /// The 1-based line of a key, or of the nearest table above it that is there; 1 where none is.
    pub fn line(&self, key: &[&str]) -> usize {
        let key: Vec<String> = key.iter().map(|part| (*part).to_owned()).collect();
        (1..=key.len()).rev().find_map(|length| self.0.get(&key[..length])).copied().unwrap_or(1)
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_however_it_is_spelled() {
        let text = "# a comment\n[sources]\nallow = [\n  \"file:*\",\n]\n[sources.signed]\n\"oci://r.example/*\" = \"off\"\n[limits]\ntime = \"1h\"\n";
        let lines = Lines::of(text);
        assert_eq!(lines.line(&["sources", "allow"]), 3);
        assert_eq!(lines.line(&["sources", "signed", "oci://r.example/*"]), 7);
        assert_eq!(lines.line(&["limits", "time"]), 9);
        assert_eq!(lines.line(&["limits", "memory"]), lines.line(&["limits"]));
        assert_eq!(lines.line(&["capabilities", "http"]), 1);
        assert_eq!(Lines::of("sources.signed = \"required\"\n").line(&["sources", "signed"]), 1);
        assert_eq!(Lines::of("\nsources = { signed = \"required\" }\n").line(&["sources", "signed"]), 2);
        assert_eq!(Lines::of("no toml").line(&["sources"]), 1);
    }
}
