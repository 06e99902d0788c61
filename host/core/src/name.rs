//! Names that users, projects and skills give to things: validated once, then carried as types.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Longest name of a skill, a command or an agent, in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// A text that is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a {what} is {rule}")]
#[non_exhaustive]
pub struct NameError {
    what: &'static str,
    rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text)) } else { Err(NameError { what: $what, rule: $rule }) }
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
    };
}

/// Longest name of a branch, in bytes.
const MAX_BRANCH_BYTES: usize = 200;

/// Whether a text is the name of a branch, by git's rules, and holds no character that deceives who reads it. Nothing
/// else that git takes for a revision is one: no search, no date, no path.
pub fn is_branch_name(text: &str) -> bool {
    let bad_part =
        |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with('.') || part.ends_with(".lock");
    text.len() <= MAX_BRANCH_BYTES
        && !text.starts_with('-')
        && !text.starts_with("refs/")
        && text != "@"
        && text != "HEAD"
        && !text.contains("..")
        && !text.contains("@{")
        && !text.split('/').any(bad_part)
        && !text.chars().any(|c| c.is_whitespace() || "~^:?*[\\".contains(c) || crate::text::is_deceptive(c))
}

/// Lower case, digits and single hyphens, beginning with a letter, not ending with a hyphen.
fn is_plain(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && !text.contains("--")
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// As a plain name, with `_`, `.` and `:` inside, since projects name their commands after scripts (`test:unit`).
fn is_command(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
}

/// As environments spell their variables, since a skill finds its placeholder in one of that name.
fn is_variable(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_run(text: &str) -> bool {
    (4..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

name!(
    /// The name of a skill.
    SkillName, "skill's name", "lower-case letters, digits and single hyphens, beginning with a letter, 64 at most", is_plain
);
name!(
    /// The name of a command that a project declares.
    CommandName, "command's name", "letters, digits, `-`, `_`, `.` and `:`, beginning with a letter or digit, 64 at most", is_command
);
name!(
    /// The name of a secret that the host puts into requests.
    SecretName, "secret's name", "letters, digits and `_`, not beginning with a digit, 64 at most", is_variable
);
name!(
    /// The id of a run: short, so that people can type it.
    RunId, "run's id", "4 to 16 lower-case letters and digits", is_run
);
name!(
    /// The id of an agent, unique within its run: `main`, or the name of its part.
    AgentId, "agent's id", "lower-case letters, digits and single hyphens, beginning with a letter, 64 at most", is_plain
);

impl SkillName {
    /// Whether people could take it for `other`, although it is another: hyphens moved, a digit for a letter, letters that
    /// look like one when they stand together.
    pub fn resembles(&self, other: &Self) -> bool {
        self != other && self.outline() == other.outline()
    }

    fn outline(&self) -> String {
        let letter = |c: char| match c {
            '0' => 'o',
            '1' | 'i' | 'j' => 'l',
            '2' => 'z',
            '5' => 's',
            '8' => 'b',
            '9' => 'g',
            other => other,
        };
        let letters: String = self.0.chars().filter(|c| *c != '-').map(letter).collect();
        letters.replace("rn", "m").replace("vv", "w").replace("cl", "d").replace("ll", "l")
    }
}

impl RunId {
    /// An id of eight characters from random bytes; easily confused characters are left out.
    pub fn from_random(bytes: [u8; 8]) -> Self {
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        Self(bytes.iter().map(|b| char::from(ALPHABET[usize::from(*b) % ALPHABET.len()])).collect())
    }
}

impl AgentId {
    /// The agent of a run that has only one.
    pub fn main() -> Self {
        Self("main".to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_skill_name_is_plain() {
        for good in ["a", "spec", "licence-check", "x9"] {
            assert!(good.parse::<SkillName>().is_ok(), "{good}");
        }
        for bad in ["", "9x", "-a", "a-", "a--b", "A", "a_b", "spec/../x", "ѕpec", "a b", &"a".repeat(65)] {
            assert!(bad.parse::<SkillName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn r_09_a_name_that_looks_like_another_is_told() {
        let name = |text: &str| text.parse::<SkillName>().unwrap();
        for (one, other) in [
            ("licence-check", "licencecheck"),
            ("licence-check", "li-cence-check"),
            ("licence-check", "l1cence-check"),
            ("spec", "5pec"),
            ("modern", "modem"),
            ("lint-all", "iint-al"),
        ] {
            // A name doesn't begin with a digit.
            let Ok(other) = other.parse::<SkillName>() else { continue };
            assert!(name(one).resembles(&other) && other.resembles(&name(one)), "{one} {other}");
        }
        assert!(!name("spec").resembles(&name("spec")) && !name("spec").resembles(&name("specs")));
        assert!(!name("review").resembles(&name("preview")));
    }

    #[test]
    fn a_command_name_may_be_a_script_name() {
        assert!("test:unit".parse::<CommandName>().is_ok());
        for bad in ["", "-x", "a b", "a/b", "a\n"] {
            assert!(bad.parse::<CommandName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_named_like_a_variable() {
        assert!("EXAMPLE_TOKEN".parse::<SecretName>().is_ok());
        for bad in ["", "9X", "A-B", "A=B", "A>", "A B", "\u{c4}"] {
            assert!(bad.parse::<SecretName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn run_ids_are_valid() {
        let id = RunId::from_random([0, 31, 32, 255, 7, 8, 9, 10]);
        assert_eq!(id.as_str().parse::<RunId>().unwrap(), id);
    }

    #[test]
    fn serde_checks_too() {
        assert!(serde_json::from_str::<SkillName>("\"Bad\"").is_err());
        assert_eq!(serde_json::to_string(&AgentId::main()).unwrap(), "\"main\"");
    }
}
