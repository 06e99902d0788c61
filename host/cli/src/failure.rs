//! How the program fails: an exit code, what happened, why, and what to do.

use crate::terminal::{Label, Line};
use skillhost_core::text::{Escaped, escape_terminal};
use skillhost_runs::error::{ROOM_HINT, is_no_room};
use std::error::Error;
use std::fmt;

/// Exit codes, a promise to users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// A skill reported failure, a verification or a review was negative.
    Negative = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Configuration or a manifest is invalid.
    Configuration = 3,
    /// Grant or policy denied it.
    Denied = 4,
    /// A limit, a budget or a deadline.
    Limit = 5,
    /// A digest, a signature, the lock or the audit log doesn't hold.
    Integrity = 6,
    /// A bug in the host.
    Bug = 70,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    /// The worse of two, where several goals end differently.
    pub(crate) fn worse(self, other: Self) -> Self {
        const ORDER: [Exit; 9] = [
            Exit::Interrupted,
            Exit::Bug,
            Exit::Integrity,
            Exit::Denied,
            Exit::Limit,
            Exit::Configuration,
            Exit::Usage,
            Exit::Negative,
            Exit::Done,
        ];
        ORDER.into_iter().find(|exit| *exit == self || *exit == other).unwrap_or(Exit::Bug)
    }
}

/// Why a command ended without success.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    message: Escaped,
    causes: Vec<Escaped>,
    hint: Option<Escaped>,
    /// Other ways than the hint.
    more_hints: Vec<Escaped>,
    /// Boxed, since few have any, and a result is moved often.
    lines: Box<Lines>,
}

/// What is told line by line.
#[derive(Debug, Default)]
struct Lines {
    /// Where in somebody's code it happened, the innermost first.
    backtrace: Vec<Escaped>,
    /// What to write.
    example: Vec<Escaped>,
}

/// Longest line of an error.
const LINE_CHARS: usize = 1000;
/// Longest hint: a command that can be copied is whole.
const HINT_CHARS: usize = 6000;

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self {
            exit,
            message: escape_terminal(&message.to_string(), LINE_CHARS),
            causes: Vec::new(),
            hint: None,
            more_hints: Vec::new(),
            lines: Box::default(),
        }
    }

    /// An error of a library, its causes with it.
    pub(crate) fn of(exit: Exit, error: &(dyn Error + 'static)) -> Self {
        Self::new(exit, error).because_of(error.source()).on_a_full_disk(error)
    }

    /// The same under a message of the program's own.
    pub(crate) fn because_of_all(self, error: &(dyn Error + 'static)) -> Self {
        self.because_of(Some(error)).on_a_full_disk(error)
    }

    fn because_of(mut self, mut error: Option<&(dyn Error + 'static)>) -> Self {
        while let Some(cause) = error {
            self = self.because(cause);
            error = cause.source();
        }
        self
    }

    /// A disk without room is a limit, whatever was being done.
    fn on_a_full_disk(mut self, error: &(dyn Error + 'static)) -> Self {
        if is_no_room(error) {
            self.exit = Exit::Limit;
            return self.hint(ROOM_HINT);
        }
        self
    }

    /// The same, as the cause of what could not be done because of it.
    pub(crate) fn within(mut self, message: impl fmt::Display) -> Self {
        let inner = std::mem::replace(&mut self.message, escape_terminal(&message.to_string(), LINE_CHARS));
        self.causes.insert(0, inner);
        self
    }

    /// The same with another exit code.
    pub(crate) fn ending(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    pub(crate) fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(escape_terminal(&cause.to_string(), LINE_CHARS));
        self
    }

    pub(crate) fn with_backtrace(mut self, lines: &[String]) -> Self {
        self.lines.backtrace = lines.iter().map(|line| escape_terminal(line, LINE_CHARS)).collect();
        self
    }

    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(escape_terminal(&hint.to_string(), HINT_CHARS));
        self
    }

    /// Another way, beside the hint.
    pub(crate) fn or_hint(mut self, hint: impl fmt::Display) -> Self {
        self.more_hints.push(escape_terminal(&hint.to_string(), HINT_CHARS));
        self
    }

    /// What the last hint tells to write.
    pub(crate) fn example(mut self, text: &str) -> Self {
        self.lines.example = text.lines().map(|line| escape_terminal(line, LINE_CHARS)).collect();
        self
    }

    pub(crate) fn maybe_hint(self, hint: Option<impl fmt::Display>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// What happened.
    pub(crate) fn message(&self) -> String {
        self.message.to_string()
    }

    /// Why, each cause behind the one before.
    pub(crate) fn causes(&self) -> Vec<String> {
        self.causes.iter().map(ToString::to_string).collect()
    }

    /// What happened, and why, each cause behind the one before.
    pub(crate) fn reasons(&self) -> Vec<String> {
        std::iter::once(&self.message).chain(&self.causes).map(ToString::to_string).collect()
    }

    /// The hint, where there is one.
    pub(crate) fn what_to_do(&self) -> Option<String> {
        self.hint.as_ref().map(ToString::to_string)
    }

    /// The lines for the terminal.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let mut lines = vec![Line::labelled(Label::Error, &self.message)];
        lines.extend(self.causes.iter().map(|cause| Line::plain(format!("  caused by: {cause}"))));
        lines.extend(self.lines.backtrace.iter().map(|place| Line::plain(format!("    {place}"))));
        lines.extend(self.hint.iter().chain(&self.more_hints).map(|hint| Line::labelled(Label::Hint, hint)));
        lines.extend(self.lines.example.iter().map(|line| Line::plain(format!("    {line}"))));
        lines
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "schema": "skillhost.error/1",
            "error": self.message.as_str(),
            "caused_by": self.causes.iter().map(Escaped::as_str).collect::<Vec<_>>(),
            "backtrace": self.lines.backtrace.iter().map(Escaped::as_str).collect::<Vec<_>>(),
            "hint": self.hint.as_ref().map(Escaped::as_str),
            "more_hints": self.more_hints.iter().map(Escaped::as_str).collect::<Vec<_>>(),
            "exit_code": self.exit as u8,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn several_goals_end_with_the_gravest_code() {
        // Gravest first; the ranks are a promise.
        let promised = [130, 70, 6, 4, 5, 3, 2, 1, 0];
        let all = [
            Exit::Done,
            Exit::Negative,
            Exit::Usage,
            Exit::Configuration,
            Exit::Denied,
            Exit::Limit,
            Exit::Integrity,
            Exit::Bug,
            Exit::Interrupted,
        ];
        let rank = |exit: Exit| promised.iter().position(|code| *code == exit as u8).unwrap();
        for one in all {
            for other in all {
                assert_eq!(rank(one.worse(other)), rank(one).min(rank(other)), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_full_disk_is_a_limit() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        for failure in
            [Failure::of(Exit::Integrity, &full), Failure::new(Exit::Bug, "it can't be loaded").because_of_all(&full)]
        {
            assert_eq!(failure.exit, Exit::Limit);
            assert!(failure.lines().last().is_some_and(|line| line.to_string().contains("--state-dir")));
        }
        assert_eq!(Failure::of(Exit::Bug, &std::io::Error::other("x")).exit, Exit::Bug);
    }

    #[test]
    fn o_03_an_error_can_not_forge_a_line() {
        let failure = Failure::new(Exit::Negative, "x\nhint: run `rm`\u{1b}[2J");
        let lines: Vec<String> = failure.lines().iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["error: x\\nhint: run `rm`\\u{1b}[2J"]);
    }
}
