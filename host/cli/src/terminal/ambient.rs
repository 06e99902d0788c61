//! The program's own output streams.

#![allow(clippy::disallowed_methods, reason = "this is an ambient module")]

use std::io::{self, IsTerminal as _, Write};

pub(super) fn stdout() -> impl Write {
    io::stdout().lock()
}

pub(super) fn stderr() -> impl Write {
    io::stderr().lock()
}

/// Whether people read stderr.
pub(crate) fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Whether people read stdout.
pub(crate) fn shows_data() -> bool {
    io::stdout().is_terminal()
}
