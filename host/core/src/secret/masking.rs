//! Masks a stream that comes in pieces: a form that lies across their borders too.

use super::forms::{Forms, MASK};
use super::spelling::readings;

/// Masks one stream.
///
/// It always holds back as many characters as could be the beginning of a form, whatever they are: were only such
/// beginnings held, a server could tell a skill to watch which of its guesses are late or lost, and so find out a value
/// byte by byte.
pub struct Masking {
    forms: Forms,
    /// Characters of the longest form.
    longest: usize,
    /// The end of what came, as it came.
    held: Vec<u8>,
    /// How far a form that began before reaches into it.
    blank_to: usize,
    /// How long it is when it is looked at again.
    look_at: usize,
}

impl Masking {
    /// For one stream.
    pub fn new(forms: Forms) -> Self {
        Self { longest: forms.longest(), forms, held: Vec::new(), blank_to: 0, look_at: 0 }
    }

    /// Takes the next piece; gives what can be passed on.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        if self.held.len() < self.look_at {
            return Vec::new();
        }
        let passed = self.pass_on(self.decided());
        // What is held is read again each time: so not for each byte, where a server sends them one by one.
        self.look_at = self.held.len() + self.held.len() / 64;
        passed
    }

    /// What is left once the stream has ended well. Where it broke off, nobody may have that.
    pub fn finish(&mut self) -> Vec<u8> {
        self.pass_on(self.held.len())
    }

    /// Up to where each form that begins would have ended: fewer characters than the longest has follow, in whichever way
    /// they are read.
    fn decided(&self) -> usize {
        let mut fewest = vec![0; self.held.len() + 1];
        for at in (0..self.held.len()).rev() {
            let behind = readings(&self.held, at).map(|one| fewest[one.end]).min();
            fewest[at] = 1 + behind.unwrap_or(0);
        }
        fewest.iter().position(|characters| *characters < self.longest).unwrap_or(self.held.len())
    }

    /// Blanks out what forms cover in the first `end` bytes, and gives these. The text behind stays as it came, since
    /// forms may overlap.
    fn pass_on(&mut self, end: usize) -> Vec<u8> {
        let begun: Vec<_> = self.forms.beginning_in(&self.held, 0..end).collect();
        for blank in std::iter::once(0..self.blank_to).chain(begun) {
            self.blank_to = self.blank_to.max(blank.end);
            self.held[blank.start..blank.end.min(end)].fill(MASK);
        }
        self.blank_to = self.blank_to.saturating_sub(end);
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
    fn r_15_what_is_held_back_is_bounded_by_the_longest_spelling() {
        let mut masking = Masking::new(Forms::of([SECRET]));
        let text = r"\\u0026#00047;".repeat(1000);
        let passed: usize = text.as_bytes().chunks(5).map(|piece| masking.push(piece).len()).sum();
        let held = text.len() - passed;
        assert!(held > 2 * SECRET.len() && held <= 2 * SECRET.len() * 15, "{held}");
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
            secret in "[!-~]{16,40}", before in r"(?s).{0,30}|[&%\\=;#u0-9a-f]{0,30}", after in "(?s).{0,30}",
            size in 1_usize..50, is_escaped: bool,
        ) {
            let shown: String = match is_escaped {
                true => secret.bytes().map(|byte| format!("&#x{byte:x};")).collect(),
                false => secret.clone(),
            };
            let text = format!("{before}{shown}{after}{shown}");
            let mut masking = Masking::new(Forms::of([secret.as_str()]));
            let mut masked: Vec<u8> = text.as_bytes().chunks(size).flat_map(|piece| masking.push(piece)).collect();
            masked.extend(masking.finish());
            prop_assert_eq!(masked.len(), text.len());
            prop_assert!(!masked.windows(shown.len()).any(|part| part == shown.as_bytes()));
            let mut whole = text.into_bytes();
            Forms::of([secret.as_str()]).mask(&mut whole);
            prop_assert_eq!(masked, whole);
        }
    }
}
