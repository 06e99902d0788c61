//! Secrets that the host puts into requests of skills: their names, and how their values show in what others write.
//!
//! A skill sees a placeholder. Whoever answers a request that carried the value may echo it, as it is or encoded, so
//! what comes back is searched for all of its [`forms`] before a skill reads it.

use crate::name::SecretName;
use std::fmt::Write as _;
use std::sync::Arc;

/// What is shorter is a word that texts are full of: it could not be told apart from them.
pub const MIN_SECRET_BYTES: usize = 16;
/// Longer than any key or token in use.
pub const MAX_SECRET_BYTES: usize = 8 << 10;
/// What stands where a form stood; no secret holds one.
const MASK: u8 = b' ';

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

/// A secret as it is, in hexadecimal, percent-encoded, in JSON, and in Base64 wherever it stands in what was encoded. The
/// longest first: what is left of one must not be a shorter one. None where it is shorter than [`MIN_SECRET_BYTES`].
pub fn forms(secret: &str) -> Vec<String> {
    if secret.len() < MIN_SECRET_BYTES {
        return Vec::new();
    }
    let hex = |upper: bool| {
        secret.bytes().fold(String::new(), |mut text, byte| {
            let _ = if upper { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
            text
        })
    };
    let percent = |upper: bool| {
        secret.bytes().fold(String::new(), |mut text, byte| {
            let _ = match byte {
                b'-' | b'.' | b'_' | b'~' => write!(text, "{}", char::from(byte)),
                _ if byte.is_ascii_alphanumeric() => write!(text, "{}", char::from(byte)),
                _ if upper => write!(text, "%{byte:02X}"),
                _ => write!(text, "%{byte:02x}"),
            };
            text
        })
    };
    let json = secret.replace('\\', "\\\\").replace('"', "\\\"");
    let mut forms = vec![secret.to_owned(), hex(false), hex(true), percent(false), percent(true)];
    forms.extend([json.replace('/', "\\/"), json]);
    for offset in 0..3 {
        let standard = base64(secret, offset);
        forms.push(standard.replace('+', "-").replace('/', "_"));
        forms.push(standard);
    }
    forms.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
    forms.dedup();
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

/// The forms of several secrets, to be masked in what arrives; the longest first. Cheap to clone.
#[derive(Clone, Default)]
pub struct Forms(Arc<[Vec<u8>]>);

impl Forms {
    /// Those of all these values.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all: Vec<Vec<u8>> = secrets.into_iter().flat_map(forms).map(String::into_bytes).collect();
        all.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self(all.into())
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a form stands in `bytes`, whatever the case of its letters.
    pub fn stand_in(&self, bytes: &[u8]) -> bool {
        self.0.iter().any(|form| bytes.windows(form.len()).any(|part| part.eq_ignore_ascii_case(form)))
    }

    /// Blanks out each form: the text keeps its length, so that what was said of it stays true.
    pub fn mask(&self, bytes: &mut [u8]) {
        // In the text as it came, since forms may overlap: so only what lies behind is blanked out on the way.
        let mut firsts = [false; 256];
        self.0.iter().filter_map(|form| form.first()).for_each(|first| firsts[usize::from(*first)] = true);
        let mut blank_to = 0;
        for at in 0..bytes.len() {
            if firsts[usize::from(bytes[at])] {
                let longest = self.0.iter().find(|form| bytes[at..].starts_with(form));
                blank_to = longest.map_or(blank_to, |form| blank_to.max(at + form.len()));
            }
            if at < blank_to {
                bytes[at] = MASK;
            }
        }
    }

    /// How many bytes at the end may be the beginning of a form.
    fn open_end(&self, bytes: &[u8]) -> usize {
        let longest = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let from = bytes.len().saturating_sub(longest.saturating_sub(1));
        let may_begin = |at: &usize| self.0.iter().any(|form| form.starts_with(&bytes[*at..]));
        (from..bytes.len()).find(may_begin).map_or(0, |at| bytes.len() - at)
    }
}

/// Masks a stream that comes in pieces: a form that lies across their borders too.
pub struct Masking {
    forms: Forms,
    /// What may be the beginning of a form; never longer than one.
    held: Vec<u8>,
}

impl Masking {
    /// For one stream.
    pub fn new(forms: Forms) -> Self {
        Self { forms, held: Vec::new() }
    }

    /// Takes the next piece; gives what can be passed on.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(piece);
        self.forms.mask(&mut bytes);
        let open = self.forms.open_end(&bytes);
        self.held = bytes.split_off(bytes.len() - open);
        bytes
    }

    /// What is left once the stream has ended.
    pub fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "tk-secret/0123456789";

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
        assert!(is_value(SECRET));
        for bad in ["", "short", "fifteen-bytes-x", "sixteen bytes-xx", "sixteen-bytes-x\n", "sixteen-bytes-é"] {
            assert!(!is_value(bad), "{bad}");
        }
    }

    #[test]
    fn r_15_forms_are_masked_in_their_length() {
        let forms = Forms::of([SECRET]);
        // By other programs: Base64 of `KEY`, `aKEY` and `abKEY`, each with a `z` behind it.
        for shown in [
            SECRET,
            "746b2d7365637265742f30313233343536373839",
            "746B2D7365637265742F30313233343536373839",
            "tk-secret%2F0123456789",
            "tk-secret%2f0123456789",
            r"tk-secret\/0123456789",
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
    }

    #[test]
    fn what_can_not_begin_a_form_is_not_held_back() {
        let mut masking = Masking::new(Forms::of([SECRET]));
        assert_eq!(masking.push(b"data: 1\n\n"), b"data: 1\n\n");
        assert_eq!(masking.push(b"data: tk-"), b"data: ");
        assert_eq!(masking.push(b"x"), b"tk-x");
        assert_eq!((masking.push(b"tk-sec"), masking.finish()), (Vec::new(), b"tk-sec".to_vec()));
    }

    proptest! {
        #[test]
        fn r_15_no_stream_keeps_the_secret(
            secret in "[!-~]{16,40}", before in "(?s).{0,30}", after in "(?s).{0,30}", size in 1_usize..50,
        ) {
            let text = format!("{before}{secret}{after}{secret}");
            let mut masking = Masking::new(Forms::of([secret.as_str()]));
            let mut masked: Vec<u8> = text.as_bytes().chunks(size).flat_map(|piece| masking.push(piece)).collect();
            masked.extend(masking.finish());
            prop_assert_eq!(masked.len(), text.len());
            prop_assert!(!masked.windows(secret.len()).any(|part| part == secret.as_bytes()));
            let mut whole = text.into_bytes();
            Forms::of([secret.as_str()]).mask(&mut whole);
            prop_assert_eq!(masked, whole);
        }

        #[test]
        fn base64_is_found_wherever_the_secret_stands(secret in "[!-~]{16,40}", before in "[a-z]{0,7}", after in "[a-z]{0,7}") {
            let encoded = base64(&format!("{before}{secret}{after}"), 0);
            let forms = forms(&secret);
            prop_assert!(forms.iter().any(|form| encoded.contains(form.as_str())), "{}", encoded);
        }
    }
}
