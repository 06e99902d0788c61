//! A provider's key: read from the environment, sent in one header, shown nowhere.

use std::fmt;

use reqwest::header::HeaderValue;
use skillhost_core::secret::{Forms, MAX_SECRET_BYTES};

use crate::error::ModelError;
use crate::role::ProviderName;

const SCRUBBED: &str = "[key]";

/// A provider's key. It has no way out but [`Key::header`].
#[derive(Clone)]
pub(crate) struct Key {
    text: String,
    /// How the key shows in texts: as it is, and in the common encodings. None for what is shorter than a secret: a dummy
    /// that a local server wants to see (`none`, `test`), and a word that texts are full of.
    forms: Forms,
}

impl Key {
    /// A key from the value of its variable.
    ///
    /// # Errors
    /// Names the variable, never its value, where it is unset, empty, or can't stand in a header.
    pub(crate) fn read(provider: &ProviderName, variable: &str, value: Option<String>) -> Result<Self, ModelError> {
        let missing = || ModelError::KeyMissing { provider: provider.clone(), variable: variable.to_owned() };
        let key = value.ok_or_else(missing)?;
        if key.trim().is_empty() {
            return Err(missing());
        }
        Self::new(&key)
            .ok_or_else(|| ModelError::KeyInvalid { provider: provider.clone(), variable: variable.to_owned() })
    }

    /// A key from its text; none where it could not be sent.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let sendable =
            !text.is_empty() && text.len() <= MAX_SECRET_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic());
        sendable.then(|| Self { text: text.to_owned(), forms: Forms::of([text]) })
    }

    /// The header's value, marked so that no log prints it.
    pub(crate) fn header(&self, prefix: &str) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("{prefix}{}", self.text)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The text without the key, plain or encoded.
    pub(crate) fn scrub(&self, text: &str) -> String {
        self.forms.scrub(text, SCRUBBED)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(hidden)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn o_09_a_key_shows_nowhere() {
        let key = Key::new("sk-secret-0123456789").unwrap();
        assert_eq!(format!("{key:?} {:?}", key.header("Bearer ").unwrap()), "Key(hidden) Sensitive");
        assert_eq!(key.scrub("no sk-secret-0123456789!"), "no [key]!");
        assert_eq!(key.scrub("sk-secret-0123456789sk-secret-0123456789é"), "[key][key]é");
        // What keys of one provider begin with is no secret, and stands in many a document.
        assert_eq!(key.scrub("keys begin with sk-secret-"), "keys begin with sk-secret-");
    }

    #[test]
    fn o_09_an_encoded_key_shows_neither() {
        let key = Key::new("sk/\"secret\\+0123456").unwrap();
        for encoded in [
            "736b2f22736563726574 5c2b30313233343536".replace(' ', ""),
            "736B2F227365637265745C2B30313233343536".to_owned(),
            "sk%2F%22secret%5C%2B0123456".to_owned(),
            "sk%2f%22secret%5c%2b0123456".to_owned(),
            r#"sk/\"secret\\+0123456"#.to_owned(),
            r#"sk\/\"secret\\+0123456"#.to_owned(),
        ] {
            assert_eq!(key.scrub(&format!("<{encoded}>")), "<[key]>", "{encoded}");
        }
        // Base64 of `KEY`, `aKEY` and `abKEY`, each with `z` behind it, by another program.
        let key = Key::new("sk-secret-0123456789").unwrap();
        for encoded in
            ["c2stc2VjcmV0LTAxMjM0NTY3ODl6", "YXNrLXNlY3JldC0wMTIzNDU2Nzg5eg==", "YWJzay1zZWNyZXQtMDEyMzQ1Njc4OXo="]
        {
            let scrubbed = key.scrub(encoded);
            assert!(scrubbed.contains("[key]") && scrubbed.len() < 14, "{scrubbed}");
        }
    }

    #[test]
    fn a_dummy_is_no_secret() {
        for dummy in ["none", "test", "sk-local", "not-needed"] {
            let text = format!("the {dummy} test");
            assert_eq!(Key::new(dummy).unwrap().scrub(&text), text);
        }
    }

    #[test]
    fn a_key_that_cannot_be_sent_is_refused_without_its_value() {
        let provider = "p".parse().unwrap();
        for bad in ["two words", "line\nline", "é", &"x".repeat(MAX_SECRET_BYTES + 1)] {
            let error = Key::read(&provider, "V", Some(bad.to_owned())).unwrap_err();
            assert!(matches!(&error, ModelError::KeyInvalid { variable, .. } if variable == "V"), "{error}");
            assert!(!error.to_string().contains(bad));
        }
        assert!(matches!(Key::read(&provider, "V", Some("  ".to_owned())), Err(ModelError::KeyMissing { .. })));
        assert!(matches!(Key::read(&provider, "V", None), Err(ModelError::KeyMissing { .. })));
    }

    proptest! {
        #[test]
        fn no_text_keeps_the_key(key in "[!-~]{16,40}", before in "(?s).{0,30}", after in "(?s).{0,30}") {
            let scrubbed = Key::new(&key).unwrap().scrub(&format!("{before}{key}{after}{key}"));
            prop_assert!(!scrubbed.contains(&key));
        }
    }
}
