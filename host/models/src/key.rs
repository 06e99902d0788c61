//! A provider's key: read from the environment, sent in one header, shown nowhere.

use std::collections::HashSet;
use std::fmt;

use reqwest::header::HeaderValue;

use crate::error::ModelError;
use crate::role::ProviderName;

/// Longer than any key or token in use.
const MAX_KEY_BYTES: usize = 8 << 10;
/// The longest piece of a key that may show: error texts of some servers quote its beginning or its end.
const GRAM_BYTES: usize = 10;
const SCRUBBED: &str = "[key]";

/// A provider's key. It has no way out but [`Key::header`].
#[derive(Clone)]
pub(crate) struct Key(String);

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
            !text.is_empty() && text.len() <= MAX_KEY_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic());
        sendable.then(|| Self(text.to_owned()))
    }

    /// The header's value, marked so that no log prints it.
    pub(crate) fn header(&self, prefix: &str) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("{prefix}{}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The text without the key, and without any piece of it that is long enough to be of use.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let key = self.0.as_bytes();
        let size = key.len().min(GRAM_BYTES);
        let grams: HashSet<&[u8]> = key.windows(size).collect();
        let bytes = text.as_bytes();
        let mut scrubbed: Vec<u8> = Vec::with_capacity(bytes.len());
        let mut kept_to = 0;
        let mut hidden_to = 0;
        for (at, window) in bytes.windows(size).enumerate() {
            if grams.contains(window) {
                if at >= hidden_to {
                    scrubbed.extend_from_slice(&bytes[kept_to..at]);
                    scrubbed.extend_from_slice(SCRUBBED.as_bytes());
                }
                hidden_to = at + size;
                kept_to = hidden_to;
            }
        }
        scrubbed.extend_from_slice(&bytes[kept_to..]);
        // A key is ASCII, so what is cut out of UTF-8 leaves UTF-8.
        String::from_utf8(scrubbed).unwrap_or_default()
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
        assert_eq!(key.scrub("no sk-secret-0123456789, and not half: secret-0123!"), "no [key], and not half: [key]!");
        assert_eq!(key.scrub("sk-secret-0123456789sk-secret-0123456789é"), "[key][key]é");
        assert_eq!(key.scrub("nothing here"), "nothing here");
    }

    #[test]
    fn a_key_that_cannot_be_sent_is_refused_without_its_value() {
        let provider = "p".parse().unwrap();
        for bad in ["two words", "line\nline", "é", &"x".repeat(MAX_KEY_BYTES + 1)] {
            let error = Key::read(&provider, "V", Some(bad.to_owned())).unwrap_err();
            assert!(matches!(&error, ModelError::KeyInvalid { variable, .. } if variable == "V"), "{error}");
            assert!(!error.to_string().contains(bad));
        }
        assert!(matches!(Key::read(&provider, "V", Some("  ".to_owned())), Err(ModelError::KeyMissing { .. })));
        assert!(matches!(Key::read(&provider, "V", None), Err(ModelError::KeyMissing { .. })));
    }

    proptest! {
        #[test]
        fn no_text_keeps_the_key(key in "[!-~]{1,30}", before in "(?s).{0,30}", after in "(?s).{0,30}") {
            let text = format!("{before}{key}{after}");
            let scrubbed = Key::new(&key).unwrap().scrub(&text);
            // What stands for the key may itself look like a short one.
            prop_assert!(!scrubbed.replace(SCRUBBED, "").contains(&key) || key.len() < 6);
        }
    }
}
