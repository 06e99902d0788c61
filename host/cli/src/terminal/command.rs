//! Workflow commands of GitHub Actions: lines that it acts on. They are made here alone, and hold what others wrote as data.

use skillhost_core::text::{escape_block, escape_terminal};
use std::fmt;

/// Longest message of an annotation, in characters.
const MESSAGE_CHARS: usize = 2000;
/// Longest title or file, in characters.
const PROPERTY_CHARS: usize = 300;

/// How grave an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Error,
    Warning,
    Notice,
}

/// An annotation: shown beside a line of a file, or with the whole job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) level: Level,
    pub(crate) title: String,
    /// Relative to the repository, with a line.
    pub(crate) at: Option<(String, Option<u32>)>,
    pub(crate) message: String,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Notice => "notice",
        };
        write!(f, "::{name} ")?;
        if let Some((file, line)) = &self.at {
            write!(f, "file={},", property(file))?;
            if let Some(line) = line {
                write!(f, "line={line},")?;
            }
        }
        write!(f, "title={}::{}", property(&self.title), data(&self.message))
    }
}

fn data(text: &str) -> String {
    // Its percent signs first, since what follows makes more of them.
    escape_block(text, MESSAGE_CHARS).as_str().replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    let text = escape_terminal(text, PROPERTY_CHARS);
    text.as_str().replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_11_what_others_wrote_ends_no_command_and_begins_none() {
        let command = Command {
            level: Level::Error,
            title: "a::b,c=d%0A".to_owned(),
            at: Some(("x,line=9::y\n.rs".to_owned(), Some(3))),
            message: "50% done\r\n::set-output name=a::b\u{1b}[2J\r::x".to_owned(),
        };
        assert_eq!(
            command.to_string(),
            "::error file=x%2Cline=9%3A%3Ay\\n.rs,line=3,title=a%3A%3Ab%2Cc=d%250A::\
             50%25 done%0A::set-output name=a::b\\u{1b}[2J\\r::x"
        );
        let plain = Command { level: Level::Notice, title: "t".to_owned(), at: None, message: "m".to_owned() };
        assert_eq!(plain.to_string(), "::notice title=t::m");
    }
}
