//! When a change needs no test of its own.

/// Not "stays as it is" alone, which specs say of whatever they leave.
const WORDS: &[&str] =
    &["refactor", "does stays as it is", "gives stays as it is", "behaviour stays", "behavior stays"];

/// Whether a goal or a spec says that what the code does stays as it was: then the tests that are there show it.
pub fn keeps_behaviour(text: &str) -> bool {
    let text = text.to_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}

/// Whether a goal is about tests, so that a change of nothing else may be all that it asks for.
pub fn asks_for_tests(goal: &str) -> bool {
    let goal = goal.to_lowercase();
    goal.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with("test") || word == "coverage")
}

#[cfg(test)]
mod tests {
    use super::{asks_for_tests, keeps_behaviour};

    #[test]
    fn a_refactoring_is_said_to_be_one() {
        assert!(keeps_behaviour("Refactor the parser"));
        assert!(keeps_behaviour("What each function gives stays as it is."));
        assert!(!keeps_behaviour("The configuration stays as it is."));
        assert!(!keeps_behaviour("Fix the plural"));
    }

    #[test]
    fn a_goal_may_ask_for_tests_alone() {
        assert!(asks_for_tests("Add a test of the parser") && asks_for_tests("Raise the coverage: more Tests"));
        assert!(!asks_for_tests("Fix the latest contest"));
    }
}
