//! The file that programs read a trace in.

use super::ambient;
use crate::failure::{Exit, Failure};
use crate::terminal::progress::Progress;
use serde_json::Value;
use skillhost_core::text::escape_json;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

/// The first line. A file that holds something and doesn't begin so is somebody's.
const HEAD: &str = "{\"schema\":\"skillhost.trace/1\"}\n";

/// An object in a line for each call.
pub(super) struct TraceFile(
    /// None once it could not be written.
    Mutex<Option<File>>,
);

impl TraceFile {
    /// Begins it; `others` are the files that other options write to.
    pub(super) fn open(path: &Path, others: &[(&str, &Path)]) -> Result<Self, Failure> {
        let unwritable = |why: &dyn std::fmt::Display| {
            Failure::new(Exit::Usage, format!("--trace={}: it can't be written", path.display()))
                .because(why)
                .hint("name a new file, or one with an earlier trace, where you may write; nothing was done yet")
        };
        let place = ambient::place(path).map_err(|e| unwritable(&e))?;
        if let Some((option, _)) = others.iter().find(|(_, file)| ambient::place(file).is_ok_and(|it| it == place)) {
            return Err(unwritable(&format!("{option} writes to this file")));
        }
        let file = ambient::begin(path, HEAD.as_bytes()).map_err(|e| unwritable(&e))?;
        Ok(Self(Mutex::new(Some(file))))
    }

    /// Writes one call: a whole line, whoever else calls at the same time.
    pub(super) fn write(&self, document: &Value, progress: &Progress) {
        let Ok(mut file) = self.0.lock() else { return };
        let Some(open) = file.as_mut() else { return };
        let line = format!("{}\n", escape_json(&document.to_string()));
        if let Err(error) = open.write_all(line.as_bytes()) {
            *file = None;
            progress.warn(format!("the trace could not be written further: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_file_that_is_somebody_elses_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, text, becomes) in [
            ("source.rs", "fn main() {}", None),
            ("short", "{", None),
            ("empty", "", Some(HEAD)),
            ("earlier", "{\"schema\":\"skillhost.trace/1\"}\n{}\n", Some(HEAD)),
        ] {
            std::fs::write(at(name), text).unwrap();
            assert_eq!(TraceFile::open(&at(name), &[]).is_ok(), becomes.is_some(), "{name}");
            assert_eq!(std::fs::read_to_string(at(name)).unwrap(), becomes.unwrap_or(text), "{name}");
        }
        // Nor is one that a link leads to, whether it is there or not.
        std::fs::write(at("target"), HEAD).unwrap();
        for (link, target) in [("live", "target"), ("dangling", "nowhere")] {
            std::os::unix::fs::symlink(at(target), at(link)).unwrap();
            assert!(TraceFile::open(&at(link), &[]).is_err(), "{link}");
        }
        assert!(!at("nowhere").exists());
        // One at a time writes to it.
        let first = TraceFile::open(&at("shared"), &[]).unwrap();
        assert!(TraceFile::open(&at("shared"), &[]).is_err());
        drop(first);
        assert!(TraceFile::open(&at("shared"), &[]).is_ok());
        // Neither is one that is written later, by whatever name.
        std::os::unix::fs::symlink(folder.path(), at("link")).unwrap();
        for other in ["report.xml", "link/report.xml"] {
            assert!(TraceFile::open(&at("report.xml"), &[("--report", &at(other))]).is_err(), "{other}");
            assert!(!at("report.xml").exists());
        }
        assert!(TraceFile::open(&at("t"), &[("--report", &at("nowhere/t"))]).is_ok());
    }
}
