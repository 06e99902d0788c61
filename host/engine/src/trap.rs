//! How a guest ended that trapped: why, and the functions that it was in, as its names and its debug information tell them.
//! Both are the guest's to write, so each is escaped and bounded.

use crate::lines::Place;
use skillhost_core::text::escape_terminal;
use std::fmt::{self, Write};
use wasmtime::WasmBacktrace;

/// Longest cause, in characters.
const CAUSE_CHARS: usize = 1000;
/// Longest name of a function, in characters.
const NAME_CHARS: usize = 200;
/// Most functions that are told where not all are wanted.
const SHORT_FRAMES: usize = 10;

/// A guest's end.
#[derive(Debug, Clone, Default)]
pub struct Trap {
    cause: String,
    frames: Vec<Frame>,
}

/// A function that the guest was in.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its name, demangled and escaped; its number where it has none.
    pub function: String,
    /// Where in the component's bytes it was.
    pub offset: Option<u64>,
    /// Where in its source it was: calls that were inlined each have a place, the innermost first. Empty until they are
    /// looked up.
    pub places: Vec<Place>,
}

impl Trap {
    /// What the host has to say where no guest is involved.
    pub(crate) fn host(cause: &str) -> Self {
        Self { cause: escape_terminal(cause, CAUSE_CHARS).to_string(), frames: Vec::new() }
    }

    pub(crate) fn of(error: &wasmtime::Error) -> Self {
        let cause = match error.downcast_ref::<wasmtime::Trap>() {
            Some(trap) => trap.to_string(),
            None => error.root_cause().to_string(),
        };
        let frames = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames).unwrap_or_default();
        let frame = |frame: &wasmtime::FrameInfo| Frame {
            function: match frame.func_name() {
                Some(name) => demangled(name),
                None => format!("function {}", frame.func_index()),
            },
            offset: frame.module_offset().map(|offset| offset as u64),
            places: Vec::new(),
        };
        Self { frames: frames.iter().map(frame).collect(), ..Self::host(&cause) }
    }

    /// Why it ended, escaped.
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// The functions that it was in, the innermost first.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    pub(crate) fn frames_mut(&mut self) -> &mut [Frame] {
        &mut self.frames
    }

    /// Its functions as lines, the innermost first: all of them, or those that an author looks for.
    pub fn backtrace(&self, is_whole: bool) -> Vec<String> {
        let skipped = if is_whole { 0 } else { self.library_frames() };
        let most = if is_whole { usize::MAX } else { SHORT_FRAMES };
        let mut lines = Vec::new();
        for frame in self.frames.iter().skip(skipped).take(most) {
            lines.push(format!("in {}", frame.function));
            for (at, place) in frame.places.iter().enumerate() {
                let inlined = place.function.as_deref().filter(|_| at + 1 < frame.places.len());
                let of = inlined.map(|name| format!(" ({name}, inlined)")).unwrap_or_default();
                lines.push(format!("  at {place}{of}"));
            }
        }
        let left_out = self.frames.len().saturating_sub(most.saturating_add(skipped)) + skipped;
        if left_out > 0 && !self.frames.is_empty() {
            lines.push(format!(
                "… {left_out} more functions, of the language's own library or further out; -vv tells all"
            ));
        }
        lines
    }

    /// Innermost functions that are the language's own, where something else is beneath them: what a panic goes through
    /// says nothing of why.
    fn library_frames(&self) -> usize {
        self.frames.iter().position(|frame| !is_library(&frame.function)).unwrap_or(0)
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)?;
        match self.frames.get(self.library_frames()) {
            Some(frame) => write!(f, ", in {}", frame.function),
            None => Ok(()),
        }
    }
}

/// Whether a function is of Rust's or C's own library.
fn is_library(function: &str) -> bool {
    const PREFIXES: [&str; 12] = [
        "std::",
        "core::",
        "alloc::",
        "<std::",
        "<core::",
        "<alloc::",
        "__rust",
        "_rust",
        "rust_",
        "panic_abort",
        "_RNvC",
        "__assert_fail",
    ];
    PREFIXES.iter().any(|prefix| function.starts_with(prefix)) || matches!(function, "abort" | "_abort" | "__abort")
}

/// A name as its author wrote it, where it is Rust's; escaped and bounded.
pub(crate) fn demangled(name: &str) -> String {
    /// Takes what is told, and no more: a name can stand for a text without end.
    struct Bounded(String);
    impl Write for Bounded {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.push_str(text.get(..NAME_CHARS * 4).unwrap_or(text));
            if self.0.len() > NAME_CHARS * 4 { Err(fmt::Error) } else { Ok(()) }
        }
    }
    let mut text = Bounded(String::new());
    // It ends where there is no more room.
    let _ = write!(text, "{:#}", rustc_demangle::demangle(name));
    escape_terminal(&text.0, NAME_CHARS).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trap(functions: &[&str]) -> Trap {
        let frame = |name: &&str| Frame { function: demangled(name), offset: None, places: Vec::new() };
        Trap { cause: "unreachable".to_owned(), frames: functions.iter().map(frame).collect() }
    }

    #[test]
    fn names_are_demangled_escaped_and_bounded() {
        assert_eq!(demangled("_ZN5probe4trap17h0123456789abcdefE"), "probe::trap");
        assert_eq!(demangled("_RNvCs1234_7mycrate3foo"), "mycrate::foo");
        assert_eq!(demangled("plain\u{1b}[2J\n"), "plain\\u{1b}[2J\\n");
        assert_eq!(demangled(&"x".repeat(1 << 20)).chars().count(), NAME_CHARS);
        // A type within a type, that doubles each time.
        let nested = format!("_RMC0{}", "TB0_B0_E".repeat(100));
        assert!(demangled(&nested).chars().count() <= NAME_CHARS);
    }

    #[test]
    fn the_machinery_of_a_panic_does_not_hide_the_author() {
        let panicked = trap(&[
            "abort",
            "std::sys::abort_internal",
            "__rust_start_panic",
            "core::panicking::panic",
            "mine::f",
            "std::x",
            "mine::g",
        ]);
        assert_eq!(panicked.to_string(), "unreachable, in mine::f");
        assert_eq!(panicked.backtrace(false)[..3], ["in mine::f", "in std::x", "in mine::g"]);
        assert!(panicked.backtrace(false)[3].starts_with("… 4 more functions"));
        assert_eq!(panicked.backtrace(true).len(), 7);
        // Where there is nothing else, it is told.
        assert_eq!(trap(&["abort", "core::x"]).to_string(), "unreachable, in abort");
        assert_eq!(trap(&[]).to_string(), "unreachable");
        assert!(trap(&[]).backtrace(false).is_empty());
    }

    #[test]
    fn a_deep_stack_is_cut() {
        let deep = trap(&["f"; 40]);
        assert_eq!(deep.backtrace(false).len(), SHORT_FRAMES + 1);
        assert_eq!(deep.backtrace(true).len(), 40);
    }
}
