//! The kinds of skill.

use crate::words::words;

words! {
    /// What a skill is for: the interface that it exports.
    Kind {
        /// Writes the specification.
        Spec = "spec",
        /// Reads a spec or a change with adversarial intent.
        Review = "review",
        /// Makes the change.
        Implement = "implement",
        /// Judges what the gates showed.
        Verify = "verify",
        /// Offers named operations.
        Tool = "tool",
    }
}

impl Kind {
    /// The interface of `skillhost:skill` that a skill of this kind exports.
    pub fn interface(self) -> &'static str {
        self.as_str()
    }
}
