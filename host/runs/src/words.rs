//! The words of a goal: what is left of a sentence when small words and endings are gone. Used to match a goal
//! against a task router, and to name a run. Deterministic, and the same on every machine.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Words that say nothing about what a task is about.
const SMALL: &[&str] = &[
    "a", "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "before", "but", "by", "can",
    "do", "for", "from", "has", "have", "i", "if", "in", "into", "is", "it", "its", "me", "my", "new", "no", "not",
    "of", "off", "on", "or", "our", "out", "please", "should", "so", "some", "such", "that", "the", "their", "then",
    "there", "they", "this", "to", "up", "us", "via", "want", "we", "when", "where", "which", "who", "will", "with",
    "without", "would", "you", "your",
];

/// Verbs that every task begins with.
const VERBS: &[&str] = &[
    "add",
    "allow",
    "build",
    "change",
    "configure",
    "create",
    "declare",
    "edit",
    "enable",
    "ensure",
    "extend",
    "fix",
    "give",
    "handle",
    "implement",
    "improve",
    "introduce",
    "let",
    "make",
    "modify",
    "need",
    "provide",
    "put",
    "refactor",
    "remove",
    "run",
    "set",
    "support",
    "update",
    "use",
    "work",
    "write",
];

/// Whether `word` (in lower case) says nothing about what a task is about.
pub(crate) fn is_small(word: &str) -> bool {
    SMALL.contains(&word)
}

/// Whether `word` (in lower case) is a verb that any task could begin with, in any of its forms.
pub(crate) fn is_task_verb(word: &str) -> bool {
    // Asked of every word of a repository's routers, so nothing is worked out twice.
    static STEMS: LazyLock<BTreeSet<String>> = LazyLock::new(|| VERBS.iter().map(|verb| stem(verb)).collect());
    STEMS.contains(&stem(word))
}

/// The stems of the words that say what `text` is about, in order, each once. At most 200.
pub(crate) fn stems(text: &str) -> Vec<String> {
    let mut stems: Vec<String> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let word = word.to_lowercase();
        let short = word.chars().count() < 2 || word.chars().all(|c| c.is_ascii_digit());
        if short || is_small(&word) || is_task_verb(&word) {
            continue;
        }
        let stem = stem(&word);
        if !stems.contains(&stem) {
            stems.push(stem);
        }
        if stems.len() == 200 {
            break;
        }
    }
    stems
}

/// A word without its commonest English endings: crude, but the same for both sides of a comparison.
fn stem(word: &str) -> String {
    if !word.is_ascii() {
        return word.to_owned();
    }
    let keep = |ending: &str, put: &str| {
        word.strip_suffix(ending).filter(|stem| stem.len() >= 3).map(|stem| format!("{stem}{put}"))
    };
    let stem = keep("ies", "y")
        .or_else(|| keep("sses", "ss"))
        .or_else(|| keep("ing", ""))
        .or_else(|| keep("ers", "er"))
        .or_else(|| keep("es", ""))
        .or_else(|| keep("ed", ""))
        .or_else(|| word.strip_suffix('s').filter(|stem| stem.len() >= 3 && !stem.ends_with('s')).map(str::to_owned))
        .unwrap_or_else(|| word.to_owned());
    // `caching` and `cache`, `stopped` and `stop`.
    let stem = stem.strip_suffix('e').filter(|s| s.len() >= 3).map_or(stem.clone(), str::to_owned);
    let mut chars = stem.chars().rev();
    match (chars.next(), chars.next()) {
        (Some(last), Some(other)) if last == other && stem.len() > 3 && !"aeiousl".contains(last) => {
            stem[..stem.len() - 1].to_owned()
        }
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for forms in [
            &["route", "routes", "routing", "routed"][..],
            &["cache", "caching", "cached", "caches"],
            &["policy", "policies"],
            &["test", "tests", "testing", "tested"],
            &["worker", "workers"],
            &["stop", "stopped", "stopping"],
            &["class", "classes"],
        ] {
            for form in forms {
                assert_eq!(stem(form), stem(forms[0]), "{form}");
            }
        }
    }

    #[test]
    fn a_goal_is_what_it_is_about() {
        assert_eq!(
            stems("Add a lead-capture page that records consent"),
            ["lead", "captur", "pag", "record", "consent"]
        );
        assert_eq!(stems("Adding new tests for the tests"), ["test"]);
        assert_eq!(stems("Użyj żółtej łódki"), ["użyj", "żółtej", "łódki"]);
        assert!(stems("!!! 1 2 3 \u{0}").is_empty());
        assert!(stems(&"ab1 ".repeat(100_000)).len() == 1);
    }
}
