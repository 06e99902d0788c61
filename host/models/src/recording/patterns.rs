//! Volatile texts that have a shape: digests, commits, times, durations.
//!
//! Written by hand, since it runs over every text of every request and has to be linear in it.

use super::volatile::placeholder;

const DURATION_KEYS: [&str; 2] = ["duration-ms", "duration_ms"];
const DURATION_UNITS: [&str; 9] = ["ns", "µs", "us", "ms", "s", "sec", "secs", "second", "seconds"];
/// Units that stand before a smaller one, the largest first.
const COARSE_UNITS: [&[&str]; 2] = [&["h", "hr", "hrs", "hour", "hours"], &["m", "min", "mins", "minute", "minutes"]];

/// The text with placeholders for everything that has a volatile shape.
pub(super) fn hide(text: &str) -> String {
    let mut hidden = String::with_capacity(text.len());
    let mut rest = text;
    let mut previous = None;
    while let Some(first) = rest.chars().next() {
        let found = if previous.is_some_and(is_word) { None } else { find(rest) };
        let taken = match found {
            Some((length, name)) => {
                hidden.push_str(&placeholder(name));
                length
            }
            None => {
                let keep = kept_prefix(rest).unwrap_or(first.len_utf8());
                hidden.push_str(&rest[..keep]);
                keep
            }
        };
        previous = rest[..taken].chars().next_back();
        rest = &rest[taken..];
        // The number behind a key for durations.
        if DURATION_KEYS.iter().any(|key| hidden.ends_with(key)) {
            let gap = rest.len() - rest.trim_start_matches(['"', ':', '=', ' ']).len();
            let digits = number(&rest[gap..]);
            if digits > 0 {
                hidden.push_str(&rest[..gap]);
                hidden.push_str(&placeholder("duration"));
                rest = &rest[gap + digits..];
                previous = Some('0');
            }
        }
    }
    hidden
}

/// The volatile text at the beginning, its length, and what it is.
fn find(text: &str) -> Option<(usize, &'static str)> {
    digest(text).or_else(|| time(text)).or_else(|| duration(text))
}

/// A key for durations is taken as a whole, so that it is seen when its number comes.
fn kept_prefix(text: &str) -> Option<usize> {
    DURATION_KEYS.iter().find(|key| text.starts_with(**key)).map(|key| key.len())
}

/// `sha256:` with 64 hexadecimal digits, or 64 (a digest) or 40 (a commit) alone.
fn digest(text: &str) -> Option<(usize, &'static str)> {
    let prefix = if text.starts_with("sha256:") { "sha256:".len() } else { 0 };
    let digits = text[prefix..].bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
    let end = prefix + digits;
    if text[end..].starts_with(is_word) {
        return None;
    }
    match (prefix, digits) {
        (_, 64) => Some((end, "digest")),
        (0, 40) => Some((end, "commit")),
        _ => None,
    }
}

/// `2026-11-23T13:05:41Z`, with fractions, with an offset, with a space instead of the T.
fn time(text: &str) -> Option<(usize, &'static str)> {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let bytes = text.as_bytes();
    let matches = bytes.len() >= SHAPE.len()
        && SHAPE.iter().zip(bytes).all(|(shape, byte)| match shape {
            b'd' => byte.is_ascii_digit(),
            b'T' => matches!(byte, b'T' | b' '),
            other => byte == other,
        });
    if !matches {
        return None;
    }
    let mut end = SHAPE.len();
    if text[end..].starts_with('.') {
        end += 1 + digits(&text[end + 1..]);
    }
    let zone = &bytes[end..];
    if zone.first() == Some(&b'Z') {
        end += 1;
    } else if zone.len() >= 6 && matches!(zone[0], b'+' | b'-') && zone[3] == b':' && text.is_char_boundary(end + 6) {
        end += 6;
    }
    Some((end, "time"))
}

/// `1.23 s`, `0.4s`, `12 ms`, `1m 02s`, `1h2m3.5s`.
fn duration(text: &str) -> Option<(usize, &'static str)> {
    let mut end = 0;
    // Hours and minutes count only with what is smaller behind them: alone, `5 m` may be a distance.
    for units in COARSE_UNITS {
        if let Some(length) = quantity(&text[end..], units) {
            end += length;
            end += usize::from(text[end..].starts_with(' '));
        }
    }
    let length = quantity(&text[end..], &DURATION_UNITS)?;
    (!text[end + length..].starts_with(is_word)).then_some((end + length, "duration"))
}

/// A number and one of these units, with or without a space between them.
fn quantity(text: &str, units: &[&str]) -> Option<usize> {
    let digits = number(text);
    if digits == 0 {
        return None;
    }
    let at = digits + usize::from(text[digits..].starts_with(' '));
    let letters = text[at..].find(|character: char| !character.is_alphabetic()).unwrap_or(text.len() - at);
    units.contains(&&text[at..at + letters]).then_some(at + letters)
}

/// Digits, with a fraction or without.
fn number(text: &str) -> usize {
    let whole = digits(text);
    match text[whole..].strip_prefix('.').map_or(0, digits) {
        places if whole > 0 && places > 0 => whole + 1 + places,
        _ => whole,
    }
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_has_a_volatile_shape_is_hidden() {
        let hex = "0123456789abcdef".repeat(4);
        for (text, hidden) in [
            (format!("see sha256:{hex}."), "see ⟦digest⟧.".to_owned()),
            (format!("commit {}", &hex[..40]), "commit ⟦commit⟧".to_owned()),
            (
                "finished in 0.01s, 12 ms; 3 secs".to_owned(),
                "finished in ⟦duration⟧, ⟦duration⟧; ⟦duration⟧".to_owned(),
            ),
            ("{\"duration-ms\": 1234}".to_owned(), "{\"duration-ms\": ⟦duration⟧}".to_owned()),
            ("# duration_ms 58.123456\n".to_owned(), "# duration_ms ⟦duration⟧\n".to_owned()),
            ("duration_ms 58.".to_owned(), "duration_ms ⟦duration⟧.".to_owned()),
            ("finished in 1m 02s".to_owned(), "finished in ⟦duration⟧".to_owned()),
            ("in 1h 2m 3.5s, 2min 1 sec (0.12s)".to_owned(), "in ⟦duration⟧, ⟦duration⟧ (⟦duration⟧)".to_owned()),
            ("1 passed in 0.12s; took 1 second".to_owned(), "1 passed in ⟦duration⟧; took ⟦duration⟧".to_owned()),
            ("duration_ms=7 x".to_owned(), "duration_ms=⟦duration⟧ x".to_owned()),
            ("at 2026-11-23T13:05:41.5Z and 2026-11-23 13:05:41+01:00".to_owned(), "at ⟦time⟧ and ⟦time⟧".to_owned()),
        ] {
            assert_eq!(hide(&text), hidden);
        }
    }

    #[test]
    fn what_only_looks_alike_stays() {
        for text in [
            "v1s2",
            "x1 s",
            "10 shops",
            "0x12s",
            "12 é",
            "1.x",
            "2026-11-23",
            "deadbeef",
            "sha256:12",
            "7 µ",
            "5 m",
            "1h",
            "1m 02",
            "2m x",
            "1.2.3",
        ] {
            assert_eq!(hide(text), text);
        }
    }

    proptest! {
        #[test]
        fn every_duration_is_one_placeholder(
            hours in 0_u32..100, minutes in 0_u32..60, seconds in 0_u32..60, fraction in 0_u32..1_000_000, places in 0_usize..7
        ) {
            let fraction = format!("{fraction:06}").chars().take(places).collect::<String>();
            let seconds = if places == 0 { format!("{seconds}") } else { format!("{seconds}.{fraction}") };
            for text in [
                format!("{seconds}s"),
                format!("{seconds} ms"),
                format!("{minutes}m {seconds}s"),
                format!("{minutes}m{seconds}s"),
                format!("{hours}h {minutes}m {seconds}s"),
                format!("{minutes} minutes {seconds} seconds"),
            ] {
                prop_assert_eq!(hide(&format!("ran ({text})")), "ran (⟦duration⟧)", "{}", text);
            }
            prop_assert_eq!(hide(&format!("# duration_ms {seconds}")), "# duration_ms ⟦duration⟧");
        }

        #[test]
        fn any_text_is_taken(text in "(?s).{0,60}", tail in "[0-9a-f.:TZ+ sµ-]{0,80}") {
            let hidden = hide(&format!("{text}{tail}"));
            prop_assert_eq!(hide(&hidden), hidden);
        }
    }
}
