//! How a text file is stored: as UTF-8, or as what older projects and Windows hold instead. A file is written back as it was
//! read, so that a tool for text needs to know no encoding.

/// How a text file is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Without a byte order mark.
    Utf8,
    /// With a byte order mark, which is no part of the text.
    Utf8Bom,
    /// With a byte order mark, the less significant byte first.
    Utf16Le,
    /// With a byte order mark, the more significant byte first.
    Utf16Be,
    /// What calls itself Latin-1, mostly. Any bytes can be read so, and come back the same.
    Windows1252,
}

/// A byte 0 among the first of these makes a file binary.
const PROBED_BYTES: usize = 8_000;

const BOM: &str = "\u{FEFF}";

/// The characters of the bytes 0x80 to 0x9F; the five that mean nothing stand for themselves.
const C1: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// The text of a file and how it is stored; nothing where it is binary.
pub fn decode(content: Vec<u8>) -> Option<(String, Encoding)> {
    match content.get(..2) {
        Some([0xFF, 0xFE]) => return Some((utf16(&content, u16::from_le_bytes)?, Encoding::Utf16Le)),
        Some([0xFE, 0xFF]) => return Some((utf16(&content, u16::from_be_bytes)?, Encoding::Utf16Be)),
        _ => {}
    }
    if content.iter().take(PROBED_BYTES).any(|&byte| byte == 0) {
        return None;
    }
    if let Some(text) = content.strip_prefix(BOM.as_bytes()).and_then(|rest| std::str::from_utf8(rest).ok()) {
        return Some((text.to_owned(), Encoding::Utf8Bom));
    }
    match String::from_utf8(content) {
        Ok(text) => Some((text, Encoding::Utf8)),
        Err(other) => {
            let content = other.into_bytes();
            // What has control characters is no text that somebody wrote.
            let is_text = |byte: &u8| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B);
            let text = content.iter().all(is_text).then(|| content.iter().copied().map(character).collect());
            text.map(|text| (text, Encoding::Windows1252))
        }
    }
}

fn utf16(content: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = content[2..].as_chunks();
    let units = pairs.iter().copied().map(unit);
    if rest.is_empty() { char::decode_utf16(units).collect::<Result<_, _>>().ok() } else { None }
}

fn character(byte: u8) -> char {
    match byte {
        0x80..=0x9F => C1[usize::from(byte - 0x80)],
        other => char::from(other),
    }
}

impl Encoding {
    /// As people call it; nothing where it is the usual one.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Encoding::Utf8 => None,
            Encoding::Utf8Bom => Some("UTF-8 with a byte order mark"),
            Encoding::Utf16Le | Encoding::Utf16Be => Some("UTF-16"),
            Encoding::Windows1252 => Some("Windows-1252"),
        }
    }

    /// The text as it is stored, or the first character that can't be.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, char> {
        match self {
            Encoding::Utf8 => Ok(text.as_bytes().to_vec()),
            Encoding::Utf8Bom => Ok([BOM, text].concat().into_bytes()),
            Encoding::Utf16Le => {
                Ok([0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect())
            }
            Encoding::Utf16Be => {
                Ok([0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect())
            }
            Encoding::Windows1252 => text.chars().map(byte).collect(),
        }
    }
}

fn byte(character: char) -> Result<u8, char> {
    match (C1.iter().position(|it| *it == character), u8::try_from(character)) {
        (Some(at), _) => Ok(0x80 + at as u8),
        (None, Ok(byte)) if !(0x80..=0x9F).contains(&byte) => Ok(byte),
        _ => Err(character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_back_the_same() {
        let utf16 = |bytes: fn(u16) -> [u8; 2]| "\u{FEFF}aé😀\r\n".encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let every_byte: Vec<u8> = (0x20..=0xFF).chain(*b"\t\r\n").collect();
        for (content, start, encoding) in [
            ("aé\n".as_bytes().to_vec(), "aé", Encoding::Utf8),
            ("\u{FEFF}a".as_bytes().to_vec(), "a", Encoding::Utf8Bom),
            (utf16(u16::to_le_bytes), "aé😀", Encoding::Utf16Le),
            (utf16(u16::to_be_bytes), "aé😀", Encoding::Utf16Be),
            (b"caf\xe9 \x80\n".to_vec(), "café €", Encoding::Windows1252),
            (every_byte, " !", Encoding::Windows1252),
            (vec![], "", Encoding::Utf8),
        ] {
            let decoded = decode(content.clone());
            assert!(
                decoded.as_ref().is_some_and(|(text, it)| text.starts_with(start) && *it == encoding),
                "{decoded:?}"
            );
            assert_eq!(decoded.map(|(text, encoding)| encoding.encode(&text)), Some(Ok(content)));
        }
    }

    #[test]
    fn binary_files_are_no_text() {
        for content in
            [b"a\0b".to_vec(), b"\xff\xd8\xff\x10".to_vec(), b"\xff\xfea".to_vec(), b"\xff\xfe\x00\xd8".to_vec()]
        {
            assert_eq!(decode(content.clone()), None, "{content:?}");
        }
    }

    #[test]
    fn a_character_that_an_encoding_has_not_is_named() {
        assert_eq!(Encoding::Windows1252.encode("aΩ"), Err('Ω'));
        assert_eq!(Encoding::Windows1252.encode("\u{80}"), Err('\u{80}'), "that byte is the sign of the euro");
    }
}
