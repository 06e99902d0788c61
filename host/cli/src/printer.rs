//! The only place that prints. Data goes to stdout, everything else to stderr; a closed pipe is not an error.

use crate::failure::Failure;
use std::io::{IsTerminal, Write};

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
        let is_terminal = std::io::stderr().is_terminal();
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
    pub(crate) fn data(self, line: impl std::fmt::Display) {
        // A reader that has gone away has seen enough.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }

    /// One document for programs.
    pub(crate) fn json(self, document: &impl serde::Serialize) {
        if let Ok(text) = serde_json::to_string_pretty(document) {
            self.data(text);
        }
    }

    /// Something for people, beside the data.
    pub(crate) fn note(self, line: impl std::fmt::Display) {
        if !self.is_quiet {
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
    }

    pub(crate) fn warn(self, line: impl std::fmt::Display) {
        let _ = writeln!(std::io::stderr().lock(), "{} {line}", self.paint("warning:", "33;1"));
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
        let mut stderr = std::io::stderr().lock();
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
