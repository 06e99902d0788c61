//! Secrets that the host puts into requests of skills: their names, and how their values show in what others write.
//!
//! A skill sees a placeholder. Whoever answers a request that carried the value may echo it, as it is or encoded, so
//! what comes back is searched for all of its [`Forms`] before a skill reads it.

mod forms;
mod masking;
mod spelling;

pub use forms::Forms;
pub use masking::Masking;

use crate::name::SecretName;

/// What is shorter is a word that texts are full of: it could not be told apart from them.
pub const MIN_SECRET_BYTES: usize = 16;
/// Longer than any key or token in use.
pub const MAX_SECRET_BYTES: usize = 8 << 10;

/// What a skill is given instead of a secret's value.
pub fn placeholder(name: &SecretName) -> String {
    format!("<secret:{name}>")
}

/// The text between the marks of each placeholder in a text, whether it is a secret's name or not.
pub fn named_in(text: &str) -> impl Iterator<Item = &str> {
    text.split("<secret:").skip(1).filter_map(|rest| rest.split_once('>')).map(|(name, _)| name)
}

/// Whether a text is a value that can be sent and recognised.
pub fn is_value(text: &str) -> bool {
    (MIN_SECRET_BYTES..=MAX_SECRET_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn r_15_a_placeholder_names_its_secret_and_no_other() {
        let name = |text: &str| text.parse::<SecretName>().unwrap();
        let text = format!("Bearer {} {}", placeholder(&name("TOKEN")), placeholder(&name("TOKEN_2")));
        assert_eq!(named_in(&text).collect::<Vec<_>>(), ["TOKEN", "TOKEN_2"]);
        assert_eq!(named_in("<secret:A B> <secret:").collect::<Vec<_>>(), ["A B"]);
        assert_eq!(named_in("Bearer x").count(), 0);
    }

    #[test]
    fn what_could_not_be_told_apart_is_no_value() {
        assert!(is_value("tk-secret/0123456789"));
        for bad in ["", "short", "fifteen-bytes-x", "sixteen bytes-xx", "sixteen-bytes-x\n", "sixteen-bytes-é"] {
            assert!(!is_value(bad), "{bad}");
        }
    }
}
