//! From places in a component's code to lines of its source, by the debug information in it.
//!
//! That is the component's to write: reading it recurses as deep and takes as long as it likes. So it is read only where
//! somebody asks for it, and in a process that can be ended; what that can't find is not told.

use crate::engine::Engine;
use crate::inspect::MAX_COMPONENT_BYTES;
use crate::job::{self, Ended, JobLimits, Work};
use crate::trap::{Trap, demangled};
use addr2line::gimli::{Dwarf, EndianSlice, LittleEndian, SectionId};
use serde::{Deserialize, Serialize};
use skillhost_core::text::escape_terminal;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::time::Duration;
use wasmparser::{Parser, Payload};

/// The hidden first argument, the most that is read, and what it does.
pub(crate) const JOB: (&str, u64, Work) = ("skillhost-lines", MAX_COMPONENT_BYTES as u64 + HEADER_BYTES as u64, find);
/// Places that are looked up for one trap.
const MAX_OFFSETS: usize = 64;
/// In front of the component: the places, eight bytes each; the rest is zero.
const HEADER_BYTES: usize = MAX_OFFSETS * 8;
/// Inlined calls that are told of one place.
const MAX_INLINED: usize = 16;
/// Longest path of a source file, in characters.
const PATH_CHARS: usize = 256;
/// Most that is taken back.
const MAX_ANSWER_BYTES: u64 = 4 << 20;
/// A component of 20 MB with all of its debug information takes less than a second.
const LIMITS: JobLimits = JobLimits { time: Duration::from_secs(10), cpu_seconds: 5, address_bytes: 2 << 30 };

/// A place in a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The function, demangled and escaped.
    pub function: Option<String>,
    /// The file, relative to where it was compiled if it is there; escaped.
    pub file: String,
    /// 1-based.
    pub line: Option<u32>,
    /// 1-based.
    pub column: Option<u32>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))?;
        self.column.filter(|_| self.line.is_some()).map_or(Ok(()), |column| write!(f, ":{column}"))
    }
}

/// Whether a component has debug information that says lines.
pub fn has_lines(component: &[u8]) -> bool {
    let mut payloads = Parser::new(0).parse_all(component).map_while(Result::ok);
    payloads.any(|payload| matches!(payload, Payload::CustomSection(custom) if custom.name() == ".debug_line"))
}

impl Engine {
    /// Looks up where in its source the guest of `component` trapped. What can't be found within the limits stays unknown.
    pub async fn add_lines(&self, trap: &mut Trap, component: &[u8]) {
        if component.len() > MAX_COMPONENT_BYTES || !has_lines(component) {
            return;
        }
        let offsets = trap.frames().iter().map(|frame| frame.offset.unwrap_or(0));
        let mut header: Vec<u8> = offsets.take(MAX_OFFSETS).flat_map(u64::to_le_bytes).collect();
        header.resize(HEADER_BYTES, 0);
        let Ok(program) = self.job_program() else { return };
        let ended = job::run(&program, JOB.0, &[&header, component], LIMITS, MAX_ANSWER_BYTES).await;
        let answer = match ended {
            Ok(Ended::Done(answer)) => answer,
            Ok(Ended::Refused(reason) | Ended::Broken(reason)) => {
                tracing::info!(%reason, "no lines of the source could be found");
                return;
            }
            Ok(Ended::TimedOut) | Err(_) => return,
        };
        let places: Vec<Vec<Place>> = serde_json::from_slice(&answer).unwrap_or_default();
        for (frame, places) in trap.frames_mut().iter_mut().zip(places) {
            frame.places = places;
        }
    }
}

/// The job itself.
fn find(input: &[u8]) -> Result<Vec<u8>, String> {
    let (header, component) = input.split_at_checked(HEADER_BYTES).ok_or("it was given too little")?;
    let modules = modules(component)?;
    // Addresses in debug information count from the beginning of the code.
    let mut contexts: HashMap<u64, Option<Context<'_>>> = HashMap::new();
    let mut found: Vec<Vec<Place>> = Vec::new();
    for offset in header.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)) {
        let module = modules.iter().find(|module| module.code.contains(&offset));
        found.push(module.map_or_else(Vec::new, |module| {
            let context = contexts.entry(module.code.start).or_insert_with(|| context(module));
            context.as_ref().map(|context| places(context, offset - module.code.start)).unwrap_or_default()
        }));
    }
    serde_json::to_vec(&found).map_err(|e| e.to_string())
}

type Reader<'a> = EndianSlice<'a, LittleEndian>;
type Context<'a> = addr2line::Context<Reader<'a>>;

/// A core module: where its code is, and its custom sections.
struct Module<'a> {
    code: Range<u64>,
    sections: HashMap<&'a str, &'a [u8]>,
}

fn modules(component: &[u8]) -> Result<Vec<Module<'_>>, String> {
    let mut modules: Vec<Module<'_>> = Vec::new();
    // Those that are not closed yet; a component among them has no code.
    let mut open: Vec<Module<'_>> = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(|e| e.to_string())? {
            Payload::Version { .. } => open.push(Module { code: 0..0, sections: HashMap::new() }),
            Payload::CodeSectionStart { unchecked_range: range, .. } => {
                if let Some(module) = open.last_mut() {
                    module.code = range.start..range.end;
                }
            }
            Payload::CustomSection(custom) if custom.name().starts_with(".debug_") => {
                if let Some(module) = open.last_mut() {
                    module.sections.insert(custom.name(), custom.data());
                }
            }
            Payload::End(_) => modules.extend(open.pop()),
            _ => {}
        }
    }
    Ok(modules)
}

fn context<'a>(module: &Module<'a>) -> Option<Context<'a>> {
    let section = |id: SectionId| {
        Ok::<_, addr2line::gimli::Error>(Reader::new(
            module.sections.get(id.name()).copied().unwrap_or_default(),
            LittleEndian,
        ))
    };
    Context::from_dwarf(Dwarf::load(section).ok()?).ok()
}

/// A path of Rust's own library without the commit that it is of.
fn of_rust(file: &str) -> &str {
    file.strip_prefix("/rustc/").and_then(|rest| rest.split_once('/')).map_or(file, |(_, path)| path)
}

fn places(context: &Context<'_>, address: u64) -> Vec<Place> {
    // Where the source was compiled; a path beneath it is told from there.
    let unit = context.find_dwarf_and_unit(address).skip_all_loads();
    let folder = unit.and_then(|unit| unit.comp_dir).map(|folder| String::from_utf8_lossy(folder.slice()).into_owned());
    let Ok(mut frames) = context.find_frames(address).skip_all_loads() else { return Vec::new() };
    let mut places = Vec::new();
    while let (true, Ok(Some(frame))) = (places.len() < MAX_INLINED, frames.next()) {
        let Some((file, location)) = frame.location.and_then(|location| Some((location.file?, location))) else {
            continue;
        };
        let beneath = folder.as_deref().and_then(|folder| file.strip_prefix(folder)?.strip_prefix('/'));
        places.push(Place {
            function: frame.function.and_then(|function| Some(demangled(&function.raw_name().ok()?))),
            file: escape_terminal(beneath.unwrap_or_else(|| of_rust(file)), PATH_CHARS).to_string(),
            line: location.line.filter(|line| *line > 0),
            column: location.column.filter(|column| *column > 0),
        });
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_component_has_no_lines_and_does_no_harm() {
        assert!(find(b"").is_err() && find(&[0; HEADER_BYTES]).is_err());
        let nothing = [&[1; HEADER_BYTES][..], b"\0asm\x0d\0\x01\0"].concat();
        let places: Vec<Vec<Place>> = serde_json::from_slice(&find(&nothing).unwrap_or_default()).unwrap_or_default();
        assert_eq!(places, vec![Vec::new(); MAX_OFFSETS]);
        assert!(!has_lines(b"\0asm") && !has_lines(&nothing));
    }

    #[test]
    fn a_place_is_told_as_compilers_do() {
        let place = Place {
            function: None,
            file: of_rust("/rustc/abc/library/core/x.rs").to_owned(),
            line: Some(3),
            column: None,
        };
        assert_eq!(place.to_string(), "library/core/x.rs:3");
        assert_eq!(Place { column: Some(7), ..place.clone() }.to_string(), "library/core/x.rs:3:7");
        assert_eq!(Place { line: None, column: Some(7), ..place }.to_string(), "library/core/x.rs");
        assert_eq!(of_rust("/home/ada/x.rs"), "/home/ada/x.rs");
    }
}
