//! The only place that prints. Data goes to stdout, everything else to stderr; a closed pipe is not an error.
//!
//! Whatever is printed is escaped here, at the last step, whoever wrote it: so no text of a skill, a model or a
//! repository can reach the terminal as anything but text, and none can begin a line of its own.

use crate::failure::{Exit, Failure};
use clap::ValueEnum as _;
use skillhost_core::text::{escape_block, is_deceptive};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

/// Why data could not be written, the first time.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// What stdout is read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// People.
    Human,
    /// Programs.
    Json,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Prints, as the global options say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    pub(crate) format: Format,
    pub(crate) is_quiet: bool,
    pub(crate) shows_progress: bool,
    /// Whether stderr may be coloured.
    pub(crate) has_colour: bool,
}

impl Printer {
    pub(crate) fn new(format: Format, color: Color, is_quiet: bool, no_progress: bool, no_color_set: bool) -> Self {
        let is_terminal = io::stderr().is_terminal();
        Self {
            format,
            is_quiet,
            shows_progress: is_terminal && !no_progress && !is_quiet,
            has_colour: match color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => is_terminal && !no_color_set,
            },
        }
    }

    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// A line of data.
    pub(crate) fn data(self, text: impl std::fmt::Display) {
        write_data(&line(text));
    }

    /// Data of several lines.
    pub(crate) fn block(self, text: &str) {
        write_data(escape_block(text, usize::MAX).as_str().trim_end_matches('\n'));
    }

    /// One document for programs.
    pub(crate) fn json(self, document: &impl serde::Serialize) {
        match serde_json::to_string_pretty(document) {
            Ok(text) => write_data(&escape_json(&text)),
            Err(error) => drop(LOST.set(error.into())),
        }
    }

    /// Everything printed is out.
    ///
    /// # Errors
    /// Where data could not be written. A reader that has gone away has seen enough.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        note_loss(io::stdout().flush());
        match LOST.get() {
            None => Ok(()),
            Some(error) => Err(Failure::new(Exit::Limit, "the result could not be written to stdout")
                .because(error)
                .hint("is there room where stdout goes?")),
        }
    }

    /// Something for people, beside the data.
    pub(crate) fn note(self, text: impl std::fmt::Display) {
        if !self.is_quiet {
            let _ = writeln!(io::stderr().lock(), "{}", line(text));
        }
    }

    pub(crate) fn warn(self, text: impl std::fmt::Display) {
        let _ = writeln!(io::stderr().lock(), "{}", self.warning(text));
    }

    /// The line of a warning, for whoever prints between live lines.
    pub(crate) fn warning(self, text: impl std::fmt::Display) -> String {
        format!("{} {}", self.paint("warning:", "33;1"), line(text))
    }

    /// A question: its lines, and the beginning of the one that a person ends. Shown however quiet the program is.
    pub(crate) fn ask(self, lines: &[String], last: &str) {
        let mut stderr = io::stderr().lock();
        let shown: String = lines.iter().map(|text| line(text) + "\n").collect();
        let _ = write!(stderr, "{shown}{}", line(last)).and_then(|()| stderr.flush());
    }

    /// Why the command ended, as its one document where programs read it.
    pub(crate) fn failure(self, failure: &Failure) {
        if self.is_json() {
            self.json(&failure.json());
        }
        self.explain(failure);
    }

    /// Why something failed, for people.
    pub(crate) fn explain(self, failure: &Failure) {
        let mut stderr = io::stderr().lock();
        for line in failure.lines() {
            let painted = match line.split_once(':') {
                Some(("error", rest)) => format!("{}{rest}", self.paint("error:", "31;1")),
                Some(("hint", rest)) => format!("{}{rest}", self.paint("hint:", "36;1")),
                _ => line,
            };
            let _ = writeln!(stderr, "{painted}");
        }
    }

    fn paint(self, text: &str, code: &str) -> String {
        if self.has_colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// When to use colours, as a command line says it that could not be read as a whole.
pub(crate) fn color_in(arguments: &[OsString]) -> Color {
    let words: Vec<&str> = arguments.iter().map(|argument| argument.to_str().unwrap_or_default()).collect();
    let separate = words.windows(2).filter(|pair| pair[0] == "--color").map(|pair| pair[1]);
    let joined = words.iter().filter_map(|word| word.strip_prefix("--color="));
    let last = separate.chain(joined).next_back();
    last.and_then(|word| Color::from_str(word, false).ok()).unwrap_or(Color::Auto)
}

/// Where diagnostics go: to stderr, each as one escaped line.
pub(crate) struct Diagnostics;

impl Write for Diagnostics {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        writeln!(io::stderr().lock(), "{}", line(text.trim_end_matches('\n')))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// A text as one line that is safe to show.
pub(crate) fn line(text: impl std::fmt::Display) -> String {
    escape_block(&text.to_string(), usize::MAX).as_str().replace('\n', "\\n")
}

fn write_data(text: &str) {
    note_loss(writeln!(io::stdout().lock(), "{text}"));
}

fn note_loss(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        // The first loss is the one that is told.
        let _ = LOST.set(error);
    }
}

/// The same document, with every deceptive character in the notation of JSON. Outside of strings there is none but the
/// newlines between values.
fn escape_json(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_deceptive(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn o_01_o_03_a_line_is_one_line_of_plain_text() {
        assert_eq!(
            line("a\u{1b}]52;c;x\u{7}\nerror: b\u{9b}\u{202e}\tc"),
            "a\\u{1b}]52;c;x\\u{7}\\nerror: b\\u{9b}\\u{202e}\tc"
        );
    }

    #[test]
    fn a_colour_is_found_in_what_clap_refuses() {
        let color = |words: &[&str]| color_in(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(color(&["bogus", "--color", "never"]), Color::Never);
        assert_eq!(color(&["--color=always", "bogus"]), Color::Always);
        for words in [&["bogus"][..], &["--color"], &["--color", "blue"]] {
            assert_eq!(color(words), Color::Auto);
        }
    }

    #[test]
    fn o_02_json_shows_nothing_deceptive_and_says_the_same() {
        let value = serde_json::json!({ "a\u{7f}\u{202e}": ["\u{9b}2J\n\u{e0041}\u{1b}", "zażółć 🦀"] });
        let text = escape_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.chars().any(|c| c != '\n' && is_deceptive(c)), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        assert!(text.contains("zażółć 🦀") && text.contains("\\udb40\\udc41"), "{text}");
    }
}
