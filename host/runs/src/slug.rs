//! A short name for a goal, made from its own words: "Add a lead-capture page that records consent" is
//! `lead-capture`. It stands in the names of branches and of specs.

use crate::words::{is_small, is_task_verb};
use std::fmt;

/// Longest slug, in bytes.
pub const MAX_SLUG_BYTES: usize = skillhost_core::branch::MAX_SLUG_BYTES;
/// Words that a name needs at most.
const MAX_WORDS: usize = 4;
/// Where the subject of a goal ends and the details begin.
const CLAUSES: &[&str] =
    &["that", "which", "who", "so", "with", "without", "when", "where", "because", "using", "to", "by"];
/// Words that name a thing less well than the words before them.
const GENERIC: &[&str] = &[
    "api",
    "app",
    "application",
    "behaviour",
    "behavior",
    "button",
    "code",
    "command",
    "component",
    "endpoint",
    "feature",
    "function",
    "functionality",
    "method",
    "module",
    "option",
    "page",
    "screen",
    "service",
    "support",
    "system",
];

/// Lower-case ASCII letters, digits and single hyphens, from 1 to [`MAX_SLUG_BYTES`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

impl Slug {
    /// The slug of a goal; `change` where the goal has no word that ASCII can spell.
    pub fn of(goal: &str) -> Self {
        let all: Vec<String> = words(goal);
        let subject: Vec<&String> = all
            .iter()
            .skip_while(|word| is_task_verb(word) || is_small(word))
            .take_while(|word| !CLAUSES.contains(&word.as_str()) && *word != CLAUSE_END)
            .filter(|word| !is_small(word))
            .collect();
        // A goal that is all small words, or begins with its details, is named by what there is.
        let subject =
            if subject.is_empty() { all.iter().filter(|word| *word != CLAUSE_END).collect() } else { subject };
        let named: Vec<&String> = subject.iter().copied().filter(|word| !GENERIC.contains(&word.as_str())).collect();
        Self(join(if named.len() >= 2 { &named } else { &subject }))
    }

    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Stands for punctuation that ends a clause.
const CLAUSE_END: &str = ".";

/// The words of a goal in lower-case ASCII. At most 100, since no name needs more.
fn words(goal: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in goal.chars().chain([' ']).take(2000) {
        let spelled = ascii(c);
        if spelled.is_empty() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            if matches!(c, ',' | ';' | ':' | '.' | '!' | '?' | '(' | '\n') && !words.is_empty() {
                words.push(CLAUSE_END.to_owned());
            }
        } else if c != '\'' {
            word.push_str(spelled);
        }
    }
    words.truncate(100);
    words
}

fn join(words: &[&String]) -> String {
    let mut slug = String::new();
    for word in words.iter().take(MAX_WORDS) {
        let word = &word[..word.len().min(MAX_SLUG_BYTES)];
        let room = MAX_SLUG_BYTES - slug.len();
        if slug.is_empty() {
            slug.push_str(word);
        } else if word.len() < room {
            slug.push('-');
            slug.push_str(word);
        } else {
            break;
        }
    }
    if slug.is_empty() { "change".to_owned() } else { slug }
}

/// The spelling of a letter in ASCII; empty where there is none. Covers the Latin letters of Europe's languages.
fn ascii(c: char) -> &'static str {
    const PLAIN: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
    let lower = c.to_lowercase().next().unwrap_or(c);
    if let Some(at) = PLAIN.find(lower) {
        return &PLAIN[at..=at];
    }
    match lower {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'č' | 'ĉ' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' | 'ė' => "e",
        'ğ' | 'ģ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' => "i",
        'ķ' => "k",
        'ł' | 'ľ' | 'ļ' | 'ĺ' => "l",
        'ñ' | 'ń' | 'ň' | 'ņ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ő' | 'ō' => "o",
        'œ' => "oe",
        'ř' | 'ŕ' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'þ' => "th",
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' | 'ų' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_goal_is_named_by_its_subject() {
        for (goal, slug) in [
            ("Add a lead-capture page that records consent", "lead-capture"),
            ("Retry webhooks with exponential backoff", "retry-webhooks"),
            ("Fix the login page", "login-page"),
            ("Implement CSV export, and import", "csv-export"),
            ("Dodaj stronę zgód RODO", "dodaj-strone-zgod-rodo"),
            ("add support", "add-support"),
            ("To be or not to be", "to-be-or-not"),
            ("追加する", "change"),
            ("", "change"),
            ("../../etc/passwd; rm -rf /", "etc-passwd"),
        ] {
            assert_eq!(Slug::of(goal).as_str(), slug, "{goal}");
        }
    }

    proptest! {
        #[test]
        fn a_slug_is_always_plain(goal in "\\PC{0,80}|[a-zA-Z]{30,90}( [a-z]{1,60}){0,5}") {
            let slug = Slug::of(&goal);
            prop_assert!((1..=MAX_SLUG_BYTES).contains(&slug.as_str().len()));
            prop_assert!(slug.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            prop_assert!(!slug.as_str().starts_with('-') && !slug.as_str().ends_with('-') && !slug.as_str().contains("--"));
        }
    }
}
