//! How secrets show in texts: as they are, in hexadecimal, in Base64 wherever they stand in what was encoded; and each of
//! these with any of its characters escaped, see [`spelling`](super::spelling).

use super::MIN_SECRET_BYTES;
use super::spelling::readings;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

/// What stands where a form stood; no secret holds one.
pub(super) const MASK: u8 = b' ';

/// The forms of several secrets, to be found in what arrives. Cheap to clone.
#[derive(Clone, Default)]
pub struct Forms(Arc<[Form]>);

struct Form {
    text: Vec<u8>,
    /// Whether upper and lower case are the same in it, as in hexadecimal.
    any_case: bool,
}

impl Forms {
    /// Those of all these values, but of none that is shorter than [`MIN_SECRET_BYTES`].
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let secrets = secrets.into_iter().filter(|secret| secret.len() >= MIN_SECRET_BYTES);
        Self(secrets.flat_map(forms).collect())
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a form stands in `bytes`, whatever the case of its letters.
    pub fn stand_in(&self, bytes: &[u8]) -> bool {
        let stands = |at: usize| self.0.iter().any(|form| form.end_at(bytes, at, true).is_some());
        (0..bytes.len()).any(stands)
    }

    /// Where forms stand in `bytes`, those that overlap as one.
    pub fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for one in self.beginning_in(bytes, 0..bytes.len()) {
            match found.last_mut() {
                Some(last) if one.start < last.end => last.end = last.end.max(one.end),
                _ => found.push(one),
            }
        }
        found
    }

    /// The text with `stand_in`, which is shorter than any secret, in the place of each form.
    pub fn scrub(&self, text: &str, stand_in: &str) -> String {
        let mut scrubbed = text.to_owned();
        // What is left around a secret can make up another one. Each replacement shortens the text, so this ends.
        loop {
            let found = self.find(scrubbed.as_bytes());
            if found.is_empty() {
                return scrubbed;
            }
            for range in found.into_iter().rev() {
                scrubbed.replace_range(range, stand_in);
            }
        }
    }

    /// Blanks out each form: the text keeps its length, so that what was said of it stays true.
    pub fn mask(&self, bytes: &mut [u8]) {
        for range in self.find(bytes) {
            bytes[range].fill(MASK);
        }
    }

    /// The forms that begin in a part of `bytes`, the longest at each place.
    pub(super) fn beginning_in(&self, bytes: &[u8], part: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let mut firsts = [false; 256];
        for first in self.0.iter().filter_map(|form| form.text.first()) {
            firsts[usize::from(first.to_ascii_lowercase())] = true;
            firsts[usize::from(first.to_ascii_uppercase())] = true;
        }
        part.filter_map(move |at| {
            let begins = readings(bytes, at).any(|one| one.byte.is_some_and(|byte| firsts[usize::from(byte)]));
            let ends = self.0.iter().filter(|_| begins).filter_map(|form| form.end_at(bytes, at, false));
            Some(at..ends.max()?)
        })
    }

    /// Characters of the longest.
    pub(super) fn longest(&self) -> usize {
        self.0.iter().map(|form| form.text.len()).max().unwrap_or(0)
    }
}

impl Form {
    /// The furthest end of this form where it begins at `at`.
    fn end_at(&self, bytes: &[u8], at: usize, any_case: bool) -> Option<usize> {
        let any_case = any_case || self.any_case;
        let is = |byte: u8, wanted: u8| byte == wanted || any_case && byte.eq_ignore_ascii_case(&wanted);
        // More than one only where the form itself holds what begins an escape.
        let mut ends = BTreeSet::from([at]);
        for wanted in &self.text {
            let readings = ends.iter().flat_map(|at| readings(bytes, *at));
            ends = readings.filter(|one| one.byte.is_some_and(|byte| is(byte, *wanted))).map(|one| one.end).collect();
            if ends.is_empty() {
                return None;
            }
        }
        ends.last().copied()
    }
}

fn forms(secret: &str) -> Vec<Form> {
    let exact = |text: String| Form { text: text.into_bytes(), any_case: false };
    let mut hex = String::new();
    for byte in secret.bytes() {
        let _ = write!(hex, "{byte:02x}");
    }
    let mut forms = vec![exact(secret.to_owned()), Form { text: hex.into_bytes(), any_case: true }];
    for offset in 0..3 {
        let standard = base64(secret, offset);
        forms.push(exact(standard.replace('+', "-").replace('/', "_")));
        forms.push(exact(standard));
    }
    forms
}

/// The part of a Base64 text that the secret alone decides, where it begins `offset` bytes into a group of three.
fn base64(secret: &str, offset: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = std::iter::repeat_n(0, offset).chain(secret.bytes()).collect();
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| usize::from(byte >> (7 - at % 8) & 1));
    let sextet = |number: usize| (0..6).fold(0, |value, at| value << 1 | bit(number * 6 + at));
    let whole = (offset * 8).div_ceil(6)..bytes.len() * 8 / 6;
    whole.map(|number| char::from(ALPHABET[sextet(number)])).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "tk-secret/0123456789";

    #[test]
    fn r_15_forms_are_masked_in_their_length() {
        let forms = Forms::of([SECRET]);
        // By other programs: Base64 of `KEY`, `aKEY` and `abKEY`, each with a `z` behind it.
        for shown in [
            SECRET,
            "746b2d7365637265742f30313233343536373839",
            "746B2D7365637265742F30313233343536373839",
            "746b2D7365637265742f30313233343536373839",
            "tk-secret%2F0123456789",
            "%74k%2dsecret%2f0123456789",
            "tk-secret%252F0123456789",
            "tk-secret&#47;0123456789",
            "tk-secret&#x2F;0123456789",
            "tk&#x2d;secret&sol;0123456789",
            r"tk-secret\/0123456789",
            r"tk-secret\u002f0123456789",
            r"\u0074k\u002Dsecret\u002F0123456789",
            "dGstc2VjcmV0LzAxMjM0NTY3ODl6",
            "YXRrLXNlY3JldC8wMTIzNDU2Nzg5eg==",
            "YWJ0ay1zZWNyZXQvMDEyMzQ1Njc4OXo=",
        ] {
            let mut bytes = format!("<{shown}>").into_bytes();
            forms.mask(&mut bytes);
            let masked = String::from_utf8(bytes).unwrap();
            assert_eq!(masked.len(), shown.len() + 2);
            assert!(masked.chars().filter(|c| !" <>=".contains(*c)).count() <= 5, "{masked}");
        }
        let mut other = b"keys begin with tk-secret/".to_vec();
        forms.mask(&mut other);
        assert_eq!(other, b"keys begin with tk-secret/");
        assert!(forms.stand_in(b"x-TK-SECRET/0123456789") && !forms.stand_in(b"x-tk-secret"));
        assert!(Forms::of(["short"]).is_empty());
    }

    #[test]
    fn r_15_a_secret_that_looks_like_escapes_is_masked() {
        let secret = r"%41&amp;\u0041&#65;=3D";
        let shown = secret.replace('%', "%25").replace('=', "%3D");
        for shown in [secret, &secret.replace('&', "&amp;"), &secret.replace('\\', r"\\"), &shown] {
            let found = Forms::of([secret]).find(shown.as_bytes());
            assert_eq!((found.len(), &found[0]), (1, &(0..shown.len())), "{shown}");
        }
    }

    /// A character as different encoders write it.
    fn spelled(byte: u8, how: u8) -> String {
        match how {
            0 => format!("%{byte:02X}"),
            1 => format!("%{byte:02x}"),
            2 => format!("&#{byte};"),
            3 => format!("&#x{byte:x};"),
            4 => format!("\\u{byte:04x}"),
            5 => format!("%25{byte:02X}"),
            6 => format!("\\\\u{byte:04X}"),
            7 => format!("&amp;#{byte};"),
            _ => char::from(byte).to_string(),
        }
    }

    proptest! {
        #[test]
        fn r_15_a_secret_is_found_however_each_of_its_characters_is_spelled(
            secret in "[!-~]{16,30}", hows in proptest::collection::vec(0_u8..12, 30), is_encoded: bool,
        ) {
            let text = if is_encoded { base64(&secret, 0) } else { secret.clone() };
            let shown: String = text.bytes().zip(hows).map(|(byte, how)| spelled(byte, how)).collect();
            let found = Forms::of([secret.as_str()]).find(shown.as_bytes());
            if !is_encoded || text.len() <= 30 {
                prop_assert_eq!((found.len(), &found[0]), (1, &(0..shown.len())));
            }
        }

        #[test]
        fn base64_is_found_wherever_the_secret_stands(secret in "[!-~]{16,40}", before in "[a-z]{0,7}", after in "[a-z]{0,7}") {
            let encoded = base64(&format!("{before}{secret}{after}"), 0);
            prop_assert!(!Forms::of([secret.as_str()]).find(encoded.as_bytes()).is_empty(), "{}", encoded);
        }
    }
}
