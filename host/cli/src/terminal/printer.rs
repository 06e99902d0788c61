//! What is printed, as the global options say. Data goes to stdout, everything else to stderr; a closed pipe is not an
//! error. Whatever is handed over becomes [`Escaped`](skillhost_core::text::Escaped) here, whoever wrote it, since
//! [`terminal`] takes nothing else.

use crate::failure::{Exit, Failure};
use crate::terminal::{self, Label, Line, Tone, line};
use clap::ValueEnum as _;
use skillhost_core::text::{Escaped, escape_block, escape_json};
use std::ffi::OsString;
use std::io::{self, Write};
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
    /// Whether stdout may be.
    data_has_colour: bool,
}

impl Printer {
    pub(crate) fn new(format: Format, color: Color, is_quiet: bool, no_progress: bool, no_color_set: bool) -> Self {
        let is_terminal = terminal::is_terminal();
        let colours = |is_terminal| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !no_color_set,
        };
        Self {
            format,
            is_quiet,
            shows_progress: is_terminal && !no_progress && !is_quiet,
            has_colour: colours(is_terminal),
            data_has_colour: colours(terminal::shows_data()),
        }
    }

    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// A line of data.
    pub(crate) fn data(self, text: impl std::fmt::Display) {
        write_data(&line(text));
    }

    /// A line of data whose first part has a colour.
    pub(crate) fn toned(self, tone: Tone, text: impl std::fmt::Display, rest: impl std::fmt::Display) {
        note_loss(terminal::write_toned(tone, &line(text), &line(rest), self.data_has_colour));
    }

    /// Data of several lines.
    pub(crate) fn block(self, text: &str) {
        write_data(&escape_block(text.trim_end_matches('\n'), usize::MAX));
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
        note_loss(terminal::flush_data());
        match LOST.get() {
            None => Ok(()),
            Some(error) => Err(Failure::new(Exit::Limit, "the result could not be written to stdout")
                .because(error)
                .hint("is there room where stdout goes?")),
        }
    }

    /// Something for people, beside the data.
    pub(crate) fn note(self, text: impl std::fmt::Display) {
        self.tell(&Line::plain(text));
    }

    pub(crate) fn warn(self, text: impl std::fmt::Display) {
        self.tell(&Line::labelled(Label::Warning, text));
    }

    /// A line beside the data; a note only where people want to hear more.
    pub(crate) fn tell(self, line: &Line) {
        if !(self.is_quiet && line.is_note()) {
            terminal::write_line(line, self.has_colour);
        }
    }

    /// A question: its lines, and the beginning of the one that a person ends. Shown however quiet the program is.
    pub(crate) fn ask(self, lines: &[String], last: &str) {
        terminal::ask(&lines.iter().map(line).collect::<Vec<_>>(), &line(last));
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
        failure.lines().iter().for_each(|line| terminal::write_line(line, self.has_colour));
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
        terminal::write_line(&Line::plain(String::from_utf8_lossy(bytes).trim_end_matches('\n')), false);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_data(text: &Escaped) {
    note_loss(terminal::write_data(text));
}

fn note_loss(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        // The first loss is the one that is told.
        let _ = LOST.set(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_found_in_what_clap_refuses() {
        let color = |words: &[&str]| color_in(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(color(&["bogus", "--color", "never"]), Color::Never);
        assert_eq!(color(&["--color=always", "bogus"]), Color::Always);
        for words in [&["bogus"][..], &["--color"], &["--color", "blue"]] {
            assert_eq!(color(words), Color::Auto);
        }
    }
}
