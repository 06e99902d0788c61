//! Whether a test still asks the code for what it asked at the base commit, and whether whoever wanted the change said so.

use std::collections::HashSet;

use super::assertion::Assertion;
use super::case::Case;
use super::has_word;

/// Assertions of one test that are held against each other; a test that loses more shows it in the first ones.
const MAX_LOST: usize = 200;

/// An assertion of the base that asks the same for another result.
#[derive(Debug)]
pub(super) struct Expected<'c> {
    pub(super) now: &'c Assertion,
    /// What was expected, and what is.
    pub(super) values: (&'c str, &'c str),
}

/// What a comparison is told apart by.
type Key<'c> = (&'c str, &'c [String; 2]);

fn key(assertion: &Assertion) -> Key<'_> {
    (&assertion.how, &assertion.operands)
}

/// All that the tests of a change compare.
pub(super) fn all<'c>(cases: impl Iterator<Item = &'c Case>) -> HashSet<Key<'c>> {
    cases.flat_map(|case| &case.compared).map(key).collect()
}

/// The first expectation of the base that became another one, and that nobody asked for. What is asserted elsewhere now is not
/// lost.
pub(super) fn changed<'c>(
    before: &'c Case,
    after: &'c Case,
    elsewhere: &HashSet<Key<'_>>,
    asked: &str,
) -> Option<Expected<'c>> {
    let was: HashSet<Key<'_>> = before.compared.iter().map(key).collect();
    let lost = before.compared.iter().filter(|it| !elsewhere.contains(&key(it))).take(MAX_LOST);
    let new: Vec<&Assertion> = after.compared.iter().filter(|it| !was.contains(&key(it))).take(MAX_LOST).collect();
    let of = |lost: &'c Assertion| {
        let mut others = new.iter().filter_map(|now| Some(Expected { now, values: lost.differs(now)? }));
        others.next().filter(|found| !is_named(asked, found))
    };
    lost.filter_map(of).next()
}

/// Whether a line of what was asked has the old value or the new one, or a word that only one of them has.
fn is_named(asked: &str, found: &Expected<'_>) -> bool {
    let (was, is) = (found.values.0.to_lowercase(), found.values.1.to_lowercase());
    let asked = asked.to_lowercase();
    let whole = |value: &str| {
        let value = value.trim_matches(['"', '\'', '`', ' ']);
        value.chars().count() >= 3 && asked.lines().any(|line| has_word(line, value))
    };
    let (old, new) = (pieces(&was), pieces(&is));
    let mut differing = old.symmetric_difference(&new);
    let words: Vec<String> =
        found.now.operands.iter().filter(|it| *it != found.values.1).flat_map(|it| names(it)).collect();
    whole(&was)
        || whole(&is)
        || differing.any(|piece| {
            asked.lines().any(|line| {
                // A digit, or a truth value, says something only beside what it is a value of.
                let is_about = piece.chars().count() >= 2 && !is_common(piece);
                has_word(line, piece) && (is_about || words.iter().any(|word| has_word(line, word)))
            })
        })
}

/// The words of a value: what stands between spaces, quotes and brackets.
fn pieces(text: &str) -> HashSet<&str> {
    let between = |c: char| c.is_whitespace() || "\"'`()[]{}<>,;:=|\\!?&+*".contains(c);
    text.split(between).map(|piece| piece.trim_matches(['.', '/'])).filter(|piece| !piece.is_empty()).collect()
}

/// The names in an expression.
fn names(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let is_name = |word: &&str| word.len() >= 2 && !word.starts_with(|c: char| c.is_ascii_digit()) && !is_common(word);
    words.filter(is_name).map(str::to_lowercase).collect()
}

fn is_common(word: &str) -> bool {
    [
        "true",
        "false",
        "none",
        "null",
        "nil",
        "undefined",
        "is",
        "to",
        "in",
        "ok",
        "of",
        "the",
        "and",
        "or",
        "not",
        "some",
        "err",
    ]
    .contains(&word)
}
