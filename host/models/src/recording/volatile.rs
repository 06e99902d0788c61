//! What differs from run to run, and the placeholders that stand for it.

use super::patterns;

/// Texts that the host knows to be volatile: a run's id, the path of the state directory, a worktree's. Each has a
/// name, and stands in a recording as `⟦name⟧`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volatile {
    /// Longest text first, so that a path is replaced before the id in it.
    literals: Vec<(String, String)>,
}

impl Volatile {
    /// From pairs of a text and its name. Empty texts are left out.
    pub fn new<T: Into<String>, N: AsRef<str>>(literals: impl IntoIterator<Item = (T, N)>) -> Self {
        let mut literals: Vec<(String, String)> =
            literals.into_iter().map(|(text, name)| (text.into(), placeholder(name.as_ref()))).collect();
        literals.retain(|(text, _)| !text.is_empty());
        literals.sort_by(|one, other| other.0.len().cmp(&one.0.len()).then_with(|| one.cmp(other)));
        Self { literals }
    }

    /// The text with a placeholder for everything volatile: the known texts, then digests, times and durations.
    pub(super) fn hide(&self, text: &str) -> String {
        patterns::hide(&self.hide_literals(text))
    }

    /// The text with placeholders for the known texts alone, which can be restored.
    pub(super) fn hide_literals(&self, text: &str) -> String {
        let mut hidden = text.to_owned();
        for (literal, placeholder) in &self.literals {
            if hidden.contains(literal.as_str()) {
                hidden = replace_words(&hidden, literal, placeholder);
            }
        }
        hidden
    }

    /// The text with this run's own texts where placeholders stand.
    pub(super) fn restore(&self, text: &str) -> String {
        self.literals.iter().fold(text.to_owned(), |text, (literal, placeholder)| text.replace(placeholder, literal))
    }
}

/// The brackets are rare enough that no text has them by accident.
pub(super) fn placeholder(name: &str) -> String {
    format!("⟦{name}⟧")
}

/// Replaces a text where it is not a part of a longer word: a short id must not be found inside a name.
fn replace_words(text: &str, literal: &str, placeholder: &str) -> String {
    let is_word = |character: char| character.is_ascii_alphanumeric();
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(literal) {
        let (before, found) = rest.split_at(at);
        let after = &found[literal.len()..];
        replaced.push_str(before);
        let glued_before = literal.starts_with(is_word) && replaced.ends_with(is_word);
        let glued_after = literal.ends_with(is_word) && after.starts_with(is_word);
        replaced.push_str(if glued_before || glued_after { literal } else { placeholder });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_texts_go_first_and_words_stay_whole() {
        let volatile = Volatile::new([("7f3k", "run"), ("/state/runs/7f3k", "run-dir"), ("", "none")]);
        let hidden = volatile.hide("in /state/runs/7f3k/PR.md on x-7f3k, not 7f3kk or a7f3k");
        assert_eq!(hidden, "in ⟦run-dir⟧/PR.md on x-⟦run⟧, not 7f3kk or a7f3k");
    }

    #[test]
    fn a_reply_moves_from_one_run_to_another() {
        let recorded = Volatile::new([("7f3k", "run")]).hide_literals("evidence 7f3k-2 took 1.5 s");
        assert_eq!(Volatile::new([("9abc", "run")]).restore(&recorded), "evidence 9abc-2 took 1.5 s");
    }
}
