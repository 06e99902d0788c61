//! The files that reports are written to.

use super::{Report, ambient, code_quality, junit, sarif};
use crate::failure::{Exit, Failure};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// `--report FORMAT=FILE`.
#[derive(Debug, Clone)]
pub(crate) struct ReportFlag {
    format: ReportFormat,
    file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReportFormat {
    Junit,
    Sarif,
    CodeQuality,
}

impl ReportFlag {
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }
}

impl FromStr for ReportFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = match text.split_once('=') {
            Some(("junit", file)) => (ReportFormat::Junit, file),
            Some(("sarif", file)) => (ReportFormat::Sarif, file),
            Some(("code-quality", file)) => (ReportFormat::CodeQuality, file),
            _ => return Err("it is junit=FILE, sarif=FILE or code-quality=FILE".to_owned()),
        };
        if file.is_empty() {
            return Err("it names no file".to_owned());
        }
        Ok(Self { format, file: file.into() })
    }
}

/// A file that a report can be written to.
pub(super) struct ReportFile {
    flag: ReportFlag,
    /// Where it is, whatever folder is entered later.
    place: ambient::Place,
}

impl ReportFile {
    pub(super) fn open(flags: &[ReportFlag]) -> Result<Vec<Self>, Failure> {
        let mut files: Vec<Self> = Vec::with_capacity(flags.len());
        for flag in flags {
            let failed = |why: &dyn std::fmt::Display| {
                Failure::new(Exit::Usage, format!("the report {} can't be written", flag.file.display()))
                    .because(why)
                    .hint("name a file in a folder that is there and that you may write to; nothing was done yet")
            };
            let place = ambient::Place::find(&flag.file).map_err(|e| failed(&e))?;
            if files.iter().any(|other| other.place == place) {
                return Err(failed(&"two reports would go to this file"));
            }
            files.push(Self { flag: flag.clone(), place });
        }
        Ok(files)
    }

    /// Writes the whole report, or leaves what is there.
    pub(super) fn write(&self, report: &Report) -> Result<(), Failure> {
        let failed = |e: &(dyn std::error::Error + 'static)| {
            let text = format!("the report {} could not be written", self.flag.file.display());
            Failure::new(Exit::Limit, text).because_of_all(e)
        };
        let text = match self.flag.format {
            ReportFormat::Junit => junit::document(report).map_err(|e| failed(&e))?,
            ReportFormat::Sarif => sarif::document(report).map_err(|e| failed(&e))?,
            ReportFormat::CodeQuality => code_quality::document(report).map_err(|e| failed(&e))?,
        };
        self.place.replace(text.as_bytes()).map_err(|e| failed(&e))
    }
}
