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
        self.mask_part(bytes, bytes.len(), 0);
    }

    /// Blanks out, in the first `end` bytes, what forms that begin there cover, and the first `blank_to` bytes; gives how
    /// far these reach. The text behind stays as it came, since forms may overlap.
    fn mask_part(&self, bytes: &mut [u8], end: usize, mut blank_to: usize) -> usize {
        let mut firsts = [false; 256];
        self.0.iter().filter_map(|form| form.first()).for_each(|first| firsts[usize::from(*first)] = true);
        for at in 0..end {
            if firsts[usize::from(bytes[at])] {
                let longest = self.0.iter().find(|form| bytes[at..].starts_with(form));
                blank_to = longest.map_or(blank_to, |form| blank_to.max(at + form.len()));
            }
            if at < blank_to {
                bytes[at] = MASK;
            }
        }
        blank_to
    }

    /// How many bytes of a form may be there before it is whole.
    fn most_begun(&self) -> usize {
        self.0.first().map_or(0, |longest| longest.len() - 1)
    }
}

/// Masks a stream that comes in pieces: a form that lies across their borders too.
///
/// It always holds back as much as could be the beginning of a form, whatever it says: were only such beginnings held, a
/// server could tell a skill to watch which of its guesses are late or lost, and so find out a value byte by byte.
pub struct Masking {
    forms: Forms,
    /// The end of what came, as it came; shorter than the longest form.
    held: Vec<u8>,
    /// How far a form that began before reaches into it.
    blank_to: usize,
}

impl Masking {
    /// For one stream.
    pub fn new(forms: Forms) -> Self {
        Self { forms, held: Vec::new(), blank_to: 0 }
    }

    /// Takes the next piece; gives what can be passed on.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        self.pass_on(self.held.len().saturating_sub(self.forms.most_begun()))
    }

    /// What is left once the stream has ended well. Where it broke off, nobody may have that.
    pub fn finish(&mut self) -> Vec<u8> {
        self.pass_on(self.held.len())
    }

    fn pass_on(&mut self, end: usize) -> Vec<u8> {
        let blank_to = self.forms.mask_part(&mut self.held, end, self.blank_to);
        self.blank_to = blank_to.saturating_sub(end);
        let rest = self.held.split_off(end);
        std::mem::replace(&mut self.held, rest)
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
    fn r_15_how_much_is_held_back_says_nothing_of_the_secret() {
        let longest = 2 * SECRET.len();
        for size in [1, 7, 100] {
            let passed = |text: &str| {
                let mut masking = Masking::new(Forms::of([SECRET]));
                let text = format!("{}{text}", "data: ".repeat(40));
                text.as_bytes().chunks(size).map(|piece| masking.push(piece)).collect::<Vec<_>>()
            };
            let other = "~".repeat(SECRET.len());
            for guessed in 1..SECRET.len() {
                assert_eq!(passed(&SECRET[..guessed]), passed(&other[..guessed]), "{guessed}");
            }
            let sum: usize = passed(&other).iter().map(Vec::len).sum();
            assert_eq!(sum, 240 + SECRET.len() - (longest - 1));
        }
        let mut masking = Masking::new(Forms::of([SECRET]));
        assert_eq!((masking.push(b"tk-sec"), masking.finish()), (Vec::new(), b"tk-sec".to_vec()));
    }

    #[test]
    fn r_15_of_two_values_that_begin_alike_the_longer_is_masked_whole() {
        let longer = format!("{SECRET}-and-more");
        let mut masking = Masking::new(Forms::of([SECRET, &longer]));
        let text = format!("<{longer}>");
        let mut masked: Vec<u8> = text.as_bytes().chunks(SECRET.len() + 1).flat_map(|p| masking.push(p)).collect();
        masked.extend(masking.finish());
        assert_eq!(String::from_utf8(masked).unwrap(), format!("<{}>", " ".repeat(longer.len())));
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
