//! Whether a quote stands where a finding says it does.
//!
//! Models quote with other spacing, with line numbers from `read` or signs from a diff, and are a few lines off. All that is
//! forgiven; text that is not there is not.

use skillhost_sdk::review::Subject;
use skillhost_sdk::{Brief, Document, Host, clip, path};

/// How far from the named line a quote may stand.
const MAX_LINES_OFF: u32 = 3;
/// A quote without a line has to be long enough to be found, in characters.
const MIN_CHARACTERS_ALONE: usize = 8;
/// More of one line is not shown.
const MAX_LINE_BYTES: usize = 1_000;
/// Files beyond this are not quoted from.
const MAX_FILE_BYTES: u64 = 2 * 1024 * 1024;

/// Where a quote stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its first line, 1-based.
    pub(crate) line: u32,
    /// The quote, without what `read` or a diff put before its lines.
    pub(crate) quote: String,
}

/// All texts that a finding may quote.
pub(crate) struct Places<'a> {
    host: &'a dyn Host,
    documents: Vec<&'a Document>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(host: &'a dyn Host, brief: &'a Brief, subject: &'a Subject) -> Places<'a> {
        let reviewed = match subject {
            Subject::Spec(document) => Some(document),
            Subject::Change => None,
        };
        // The reviewed draft comes first: an older one may be in the tree, or in the brief.
        Places { host, documents: reviewed.into_iter().chain(&brief.spec).chain(&brief.conventions).collect() }
    }

    /// Where the quote stands in the file; none where that is not within three lines of the one that was named.
    pub(crate) fn locate(&self, path: &str, quote: &str, line: Option<u32>) -> Option<Place> {
        self.texts(path).iter().find_map(|text| locate(text, quote, line))
    }

    /// Whether the text stands anywhere in the file, or in a document that every reviewer is shown.
    pub(crate) fn holds(&self, path: &str, quote: &str) -> bool {
        let documents = self.documents.iter().map(|document| document.text.clone());
        self.texts(path).into_iter().chain(documents).any(|text| locate(&text, quote, None).is_some())
    }

    /// The lines around a quote, numbered, from the version of the file that holds it.
    pub(crate) fn around(&self, path: &str, quote: &str, line: u32, lines: usize) -> Option<String> {
        let texts = self.texts(path);
        let text = texts.iter().find(|text| locate(text, quote, Some(line)).is_some()).or(texts.first())?;
        let at = (line as usize).saturating_sub(1);
        let (from, end) = (at.saturating_sub(lines), at.saturating_add(lines + 1));
        let shown = (1..).zip(text.lines()).take(end).skip(from);
        Some(shown.map(|(number, line)| format!("{number}|{}\n", clip::head(line, MAX_LINE_BYTES))).collect())
    }

    /// The file as it is, and as it was: a finding may be about lines that were removed.
    fn texts(&self, path: &str) -> Vec<String> {
        let Ok(path) = path::clean(path) else { return vec![] };
        if let Some(document) = self.documents.iter().find(|document| document.path == path) {
            return vec![document.text.clone()];
        }
        let now = match self.host.size(&path) {
            Ok(size) if size <= MAX_FILE_BYTES => self.host.read(&path).ok(),
            _ => None,
        };
        let texts = now.into_iter().chain(self.host.original(&path, 0).ok());
        texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }
}

fn locate(text: &str, quote: &str, line: Option<u32>) -> Option<Place> {
    let spellings = [quote.to_owned(), without(quote, number), without(quote, sign)];
    spellings.into_iter().find_map(|quote| {
        let line = locate_exactly(text, &quote, line)?;
        Some(Place { line, quote: quote.trim().to_owned() })
    })
}

/// Lines are compared without their spacing, blank ones left out; a quote may begin and end inside a line.
fn locate_exactly(text: &str, quote: &str, line: Option<u32>) -> Option<u32> {
    let quoted: Vec<String> = quote.lines().map(squeeze).filter(|line| !line.is_empty()).collect();
    let characters: usize = quoted.iter().map(|line| line.chars().filter(|c| c.is_alphanumeric()).count()).sum();
    if characters == 0 || (line.is_none() && characters < MIN_CHARACTERS_ALONE) {
        return None;
    }
    let lines: Vec<(u32, String)> = (1..).zip(text.lines().map(squeeze)).filter(|(_, line)| !line.is_empty()).collect();
    let found = lines.windows(quoted.len()).filter(|window| holds(window, &quoted)).filter_map(<[_]>::first);
    let found = found.map(|(at, _)| *at);
    match line {
        None => found.min(),
        Some(line) => found.filter(|at| at.abs_diff(line) <= MAX_LINES_OFF).min_by_key(|at| at.abs_diff(line)),
    }
}

fn holds(window: &[(u32, String)], quoted: &[String]) -> bool {
    let last = quoted.len() - 1;
    window.iter().zip(quoted).enumerate().all(|(at, ((_, line), quoted))| match at {
        _ if last == 0 => line.contains(quoted.as_str()),
        0 => line.ends_with(quoted.as_str()),
        at if at == last => line.starts_with(quoted.as_str()),
        _ => line == quoted,
    })
}

fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without(quote: &str, prefix: fn(&str) -> Option<&str>) -> String {
    quote.lines().map(|line| prefix(line).unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// What follows `42|`.
fn number(line: &str) -> Option<&str> {
    let (number, rest) = line.split_once('|')?;
    number.trim().parse::<u32>().ok().map(|_| rest)
}

/// What follows a diff's sign.
fn sign(line: &str) -> Option<&str> {
    line.strip_prefix(['+', '-'])
}

#[cfg(test)]
mod tests {
    use super::locate;

    const TEXT: &str = "fn a() {\n    let x = 1;\n\n    send(x);\n}\nfn b() {\n    let x = 1;\n}\n";

    fn line(text: &str, quote: &str, line: Option<u32>) -> Option<u32> {
        locate(text, quote, line).map(|place| place.line)
    }

    #[test]
    fn a_quote_is_found_near_its_line() {
        assert_eq!(line(TEXT, "let x = 1;", Some(1)), Some(2));
        assert_eq!(line(TEXT, "let x = 1;", Some(8)), Some(7));
        assert_eq!(line(TEXT, "let  x = 1;\n\tsend(x);", Some(2)), Some(2));
        assert_eq!(line(TEXT, "2|    let x = 1;\n3|\n4|    send(x);", Some(2)), Some(2));
        assert_eq!(line(TEXT, "+    send(x);", Some(4)), Some(4));
        assert_eq!(line(TEXT, "let x = 1;\n  send", None), Some(2));
        let place = locate(TEXT, "4|    send(x);\n5|}", Some(4));
        assert_eq!(place.map(|place| place.quote), Some("send(x);\n}".to_owned()));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert_eq!(line(TEXT, "let y = 1;", Some(2)), None);
        assert_eq!(line(TEXT, "send(x);", Some(8)), None, "four lines off");
        assert_eq!(line(TEXT, "send(x);\nlet x = 1;", Some(4)), None);
        assert_eq!(line(TEXT, "}", Some(5)), None, "no word in it");
        assert_eq!(line(TEXT, "x", None), None, "too short to be found anywhere");
        assert_eq!(line("", "let x", Some(1)), None);
        assert_eq!(line(TEXT, "", Some(1)), None);
    }
}
