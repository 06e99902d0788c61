//! The way to stdout, stderr and the live lines, and the only one: it takes [`Escaped`] text and words of the program's
//! own, and nothing else. So a text of a skill, a model or a repository that nobody escaped can't be printed: printing it
//! does not compile. What it writes holds no line that a build system would take for a command of its own, wherever the
//! program runs: what a container prints is read by whoever started it. The only commands are [`Command`]s.

mod ambient;
mod command;
pub(crate) mod printer;
pub(crate) mod progress;
pub(crate) mod prompt;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use skillhost_core::text::{Escaped, escape_terminal};
use std::fmt;
use std::io::{self, Write as _};
use std::time::Duration;

pub(crate) use ambient::{is_terminal, shows_data};
pub(crate) use command::{Command, Level};

/// A text as one line.
pub(crate) fn line(text: impl fmt::Display) -> Escaped {
    escape_terminal(&text.to_string(), usize::MAX).without_commands()
}

/// The word that tells what a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Error,
    Warning,
    Hint,
    Trace,
}

/// A line for people.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    label: Option<Label>,
    text: Escaped,
}

impl Line {
    pub(crate) fn plain(text: impl fmt::Display) -> Self {
        Self { label: None, text: line(text) }
    }

    pub(crate) fn labelled(label: Label, text: impl fmt::Display) -> Self {
        Self { label: Some(label), text: line(text) }
    }

    /// Whether it says nothing that a person has to know.
    pub(crate) fn is_note(&self) -> bool {
        self.label.is_none()
    }

    fn painted(&self, has_colour: bool) -> String {
        let (word, code) = match self.label {
            None => return self.text.to_string(),
            Some(Label::Error) => ("error:", "31;1"),
            Some(Label::Warning) => ("warning:", "33;1"),
            Some(Label::Hint) => ("hint:", "36;1"),
            Some(Label::Trace) => ("trace:", "2"),
        };
        let text = &self.text;
        if has_colour { format!("\u{1b}[{code}m{word}\u{1b}[0m {text}") } else { format!("{word} {text}") }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.painted(false))
    }
}

/// How a line of data is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Bad,
}

/// A line of data, of which the first part has a colour where people look at it.
pub(crate) fn write_toned(tone: Tone, text: &Escaped, rest: &Escaped, has_colour: bool) -> io::Result<()> {
    let code = match tone {
        Tone::Good if has_colour => "32",
        Tone::Bad if has_colour => "31",
        _ => return writeln!(ambient::stdout(), "{text}{rest}"),
    };
    writeln!(ambient::stdout(), "\u{1b}[{code}m{text}\u{1b}[0m{rest}")
}

/// Data.
pub(crate) fn write_data(text: &Escaped) -> io::Result<()> {
    writeln!(ambient::stdout(), "{}", text.without_commands())
}

/// A command for the system that the build runs on, which reads it on stderr too.
pub(crate) fn write_command(command: &Command) {
    let _ = writeln!(ambient::stderr(), "{command}");
}

/// Everything that was written is out.
pub(crate) fn flush_data() -> io::Result<()> {
    ambient::stdout().flush()
}

/// A line on stderr. Where that is closed, nobody reads it.
pub(crate) fn write_line(line: &Line, has_colour: bool) {
    let _ = writeln!(ambient::stderr(), "{}", line.painted(has_colour));
}

/// A question: its lines, and the beginning of the one that a person ends.
pub(crate) fn ask(lines: &[Escaped], last: &Escaped) {
    let mut stderr = ambient::stderr();
    let shown: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let _ = write!(stderr, "{shown}{last}").and_then(|()| stderr.flush());
}

/// The lines at the bottom of the terminal that change.
#[derive(Clone, Default)]
pub(crate) struct Live(MultiProgress);

impl Live {
    /// A line that stays, above those that change.
    pub(crate) fn write_line(&self, line: &Line, has_colour: bool) {
        let _ = self.0.println(line.painted(has_colour));
    }

    pub(crate) fn add(&self) -> Bar {
        let bar = self.0.add(ProgressBar::new_spinner());
        // What is cut where the terminal is narrow is what the run is doing, never what it costs.
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {wide_msg} {prefix} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        Bar(bar)
    }

    pub(crate) fn hide(&self) {
        let _ = self.0.clear();
        self.0.set_draw_target(ProgressDrawTarget::hidden());
    }

    pub(crate) fn show(&self) {
        self.0.set_draw_target(ProgressDrawTarget::stderr());
    }
}

/// One of them; it is gone once this is dropped.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn say(&self, text: &Escaped) {
        self.0.set_message(text.to_string());
    }

    /// What is never cut.
    pub(crate) fn count(&self, text: &Escaped) {
        self.0.set_prefix(text.to_string());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_01_o_03_a_line_is_one_line_of_plain_text() {
        let text = "a\u{1b}]52;c;x\u{7}\nerror: b\u{9b}\u{202e}\tc";
        let plain = "a\\u{1b}]52;c;x\\u{7}\\nerror: b\\u{9b}\\u{202e}\\tc";
        assert_eq!(line(text).as_str(), plain);
        // What is escaped already stays as it is.
        assert_eq!(line(line(text)).as_str(), plain);
        assert_eq!(Line::labelled(Label::Hint, text).painted(false), format!("hint: {plain}"));
        assert_eq!(Line::labelled(Label::Hint, text).painted(true), format!("\u{1b}[36;1mhint:\u{1b}[0m {plain}"));
    }
}
