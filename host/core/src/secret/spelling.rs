//! How a character can be written in what servers send: as it is, or escaped, as URLs, JSON, HTML, quoted-printable mail
//! and programs do it; and once more, where one text was put into another.
//!
//! What is read depends on the text alone, never on what is looked for.

use std::ops::RangeInclusive;

/// How often a text is unescaped: `%252F` and `\u0026amp;` come from two programs that each did it once.
const LEVELS: usize = 2;
/// Most digits of a character's number; no encoder pads further.
const MAX_DIGITS: usize = 5;
/// The names that HTML has for what is neither a letter nor a digit.
const NAMES: [(&str, u8); 31] = [
    ("excl", b'!'),
    ("quot", b'"'),
    ("num", b'#'),
    ("dollar", b'$'),
    ("percnt", b'%'),
    ("amp", b'&'),
    ("apos", b'\''),
    ("lpar", b'('),
    ("rpar", b')'),
    ("ast", b'*'),
    ("plus", b'+'),
    ("comma", b','),
    ("period", b'.'),
    ("sol", b'/'),
    ("colon", b':'),
    ("semi", b';'),
    ("lt", b'<'),
    ("equals", b'='),
    ("gt", b'>'),
    ("quest", b'?'),
    ("commat", b'@'),
    ("lsqb", b'['),
    ("bsol", b'\\'),
    ("rsqb", b']'),
    ("Hat", b'^'),
    ("lowbar", b'_'),
    ("grave", b'`'),
    ("lcub", b'{'),
    ("verbar", b'|'),
    ("vert", b'|'),
    ("rcub", b'}'),
];
const LONGEST_NAME: usize = 6;

/// A character of a text, as one reading of it has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spelled {
    /// None where the text ends before it can be told.
    pub(super) byte: Option<u8>,
    /// Where the next one begins.
    pub(super) end: usize,
}

/// What can stand at a place in a text: itself, and what it means unescaped.
pub(super) fn readings(text: &[u8], at: usize) -> impl Iterator<Item = Spelled> {
    let most = if text.get(at).is_some_and(|byte| is_introducer(*byte)) { LEVELS } else { 0 };
    (0..=most).map(move |level| match read(text, at, level) {
        Ok((byte, end)) => Spelled { byte: Some(byte), end },
        Err(Cut) => Spelled { byte: None, end: text.len() },
    })
}

fn is_introducer(byte: u8) -> bool {
    matches!(byte, b'%' | b'=' | b'\\' | b'&')
}

/// The character at `at` of a text that was escaped so often, and where the next one begins. What is no whole escape
/// stands for itself.
fn read(text: &[u8], at: usize, level: usize) -> Result<(u8, usize), Cut> {
    let Some(below) = level.checked_sub(1) else { return Ok((*text.get(at).ok_or(Cut)?, at + 1)) };
    let (byte, end) = read(text, at, below)?;
    let mut rest = Reader { text, at: end, level: below };
    let number = match byte {
        b'%' | b'=' => rest.digits(16, 2..=2)?,
        b'\\' => rest.after_backslash()?,
        b'&' => rest.after_ampersand()?,
        _ => None,
    };
    let meant = number.and_then(|number| u8::try_from(number).ok()).filter(u8::is_ascii);
    Ok(meant.map_or((byte, end), |meant| (meant, rest.at)))
}

/// The text ends before it can be told what stands there.
struct Cut;

/// Reads what follows an introducer, each character unescaped as often as that was.
#[derive(Clone, Copy)]
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    level: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<u8, Cut> {
        let (byte, end) = read(self.text, self.at, self.level)?;
        self.at = end;
        Ok(byte)
    }

    /// The next character, where it is one of these.
    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> Result<Option<u8>, Cut> {
        let mut ahead = *self;
        let byte = ahead.next()?;
        if !wanted(byte) {
            return Ok(None);
        }
        *self = ahead;
        Ok(Some(byte))
    }

    /// A number of so many digits.
    fn digits(&mut self, radix: u32, count: RangeInclusive<usize>) -> Result<Option<u32>, Cut> {
        let (mut number, mut read) = (0, 0);
        while read < *count.end() {
            let Some(digit) = self.take(|byte| char::from(byte).is_digit(radix))? else { break };
            number = number * radix + char::from(digit).to_digit(radix).unwrap_or(0);
            read += 1;
        }
        Ok(count.contains(&read).then_some(number))
    }

    /// `\/`, `\x2f`, `\u002f`, `\u{2f}`.
    fn after_backslash(&mut self) -> Result<Option<u32>, Cut> {
        match self.next()? {
            b'x' => self.digits(16, 2..=2),
            b'u' if self.take(|byte| byte == b'{')?.is_some() => {
                let number = self.digits(16, 1..=MAX_DIGITS)?;
                Ok(if self.take(|byte| byte == b'}')?.is_some() { number } else { None })
            }
            b'u' => self.digits(16, 4..=4),
            byte => Ok(byte.is_ascii_punctuation().then_some(byte.into())),
        }
    }

    /// `&#47;`, `&#x2f;`, `&sol;`.
    fn after_ampersand(&mut self) -> Result<Option<u32>, Cut> {
        let number = if self.take(|byte| byte == b'#')?.is_some() {
            let radix = if self.take(|byte| byte.eq_ignore_ascii_case(&b'x'))?.is_some() { 16 } else { 10 };
            self.digits(radix, 1..=MAX_DIGITS)?
        } else {
            self.name()?
        };
        Ok(if self.take(|byte| byte == b';')?.is_some() { number } else { None })
    }

    fn name(&mut self) -> Result<Option<u32>, Cut> {
        let mut name = String::new();
        while name.len() < LONGEST_NAME {
            let Some(letter) = self.take(|byte| byte.is_ascii_alphabetic())? else { break };
            name.push(letter.into());
        }
        Ok(NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, byte)| u32::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// What a whole text can mean as one character.
    fn meant(text: &str) -> Vec<char> {
        let whole = |reading: &Spelled| reading.end == text.len();
        readings(text.as_bytes(), 0).filter(whole).filter_map(|reading| reading.byte.map(char::from)).collect()
    }

    #[test]
    fn a_character_is_read_in_each_of_its_spellings() {
        for spelled in [
            "/",
            "%2f",
            "%2F",
            "=2F",
            r"\/",
            r"\x2f",
            r"\u002f",
            r"\u002F",
            r"\u{2f}",
            r"\u{0002F}",
            "&#47;",
            "&#00047;",
            "&#x2f;",
            "&#X2F;",
            "&sol;",
            "%252f",
            "%25%32%46",
            "&amp;#47;",
            r"\u0026sol;",
            r"\\/",
            r"\\\/",
            r"\\u002f",
            "%5Cu002f",
            "%26%2347%3B",
            "&#37;2F",
        ] {
            assert!(meant(spelled).contains(&'/'), "{spelled}");
        }
        for (spelled, expected) in [("&quot;", '"'), ("&APOS;", '\''), ("&lt;", '<'), ("&#116;", 't'), (r"\u0074", 't')]
        {
            assert!(meant(spelled).contains(&expected), "{spelled}");
        }
        for other in ["%2", "%zz", "%ff", r"\t", r"\u00e9", "&#;", "&x;", "&sol", "&#000047;", "&#x12f;", "%25252f"] {
            assert!(meant(other).is_empty(), "{other}");
        }
    }

    #[test]
    fn what_the_end_cuts_off_is_not_decided() {
        let text = r"%252f";
        for end in 1..text.len() {
            let last = readings(&text.as_bytes()[..end], 0).last().unwrap();
            assert_eq!(last, Spelled { byte: None, end });
        }
        assert_eq!(readings(b"x", 0).count(), 1);
        assert_eq!(readings(b"", 0).next().unwrap(), Spelled { byte: None, end: 0 });
    }
}
