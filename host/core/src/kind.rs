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

    /// The one function of that interface.
    pub fn function(self) -> &'static str {
        match self {
            Self::Spec => "draft",
            Self::Review => "review",
            Self::Implement => "implement",
            Self::Verify => "verify",
            Self::Tool => "call",
        }
    }

    /// Its signature, as `wit/` writes it.
    pub fn signature(self) -> &'static str {
        match self {
            Self::Spec => "func(brief: brief) -> result<specification, error>",
            Self::Review => "func(brief: brief, subject: subject) -> result<report, error>",
            Self::Implement => "func(brief: brief) -> result<summary, error>",
            Self::Verify => "func(brief: brief) -> result<list<check>, error>",
            Self::Tool => "func(name: string, arguments: string) -> result<string, error>",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn functions_and_signatures_are_those_of_the_contract() {
        for kind in Kind::ALL.iter().copied() {
            let file = format!("{}/../../wit/{kind}.wit", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(file).unwrap();
            let line = format!("  {}: {};", kind.function(), kind.signature());
            assert!(text.lines().any(|told| told == line), "{line}");
            assert!(text.contains(&format!("interface {} {{", kind.interface())));
        }
    }
}
