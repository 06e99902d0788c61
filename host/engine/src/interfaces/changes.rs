//! `changes`: shows what the read grant shows, and commits what the write grant allows.

use super::absent;
use crate::contract::Error;
use crate::contract::changes::{Entry, Host};
use crate::gate::Wish;
use crate::ports::Touched;
use crate::state::CallState;
use skillhost_core::path::SkillPath;

/// Paths that one call may name.
const MAX_PATHS: usize = 1000;

fn parse(paths: &[String]) -> Result<Vec<SkillPath>, Error> {
    if paths.len() > MAX_PATHS {
        return Err(Error::Invalid(format!("at most {MAX_PATHS} paths at once")));
    }
    paths.iter().map(|path| SkillPath::parse(path).map_err(|e| Error::Invalid(e.to_string()))).collect()
}

impl CallState {
    /// What this call wrote so far: nobody else knows of it before the call ends.
    fn touched(&self) -> Touched {
        let record = self.files.record();
        Touched { written: record.written, removed: record.removed }
    }

    /// The named paths, each of which must be granted.
    fn readable(&mut self, paths: &[String]) -> wasmtime::Result<Result<Vec<SkillPath>, Error>> {
        let paths = match parse(paths) {
            Ok(paths) => paths,
            Err(error) => return Ok(Err(error)),
        };
        for path in &paths {
            if let Err(denied) = self.gate.check(Wish::ReadPath(path))? {
                return Ok(Err(denied));
            }
        }
        Ok(Ok(paths))
    }
}

impl Host for CallState {
    async fn entries(&mut self) -> wasmtime::Result<Result<Vec<Entry>, Error>> {
        let passage = match self.gate.check(Wish::ReadChange)? {
            Ok(passage) => passage,
            Err(denied) => return Ok(Err(denied)),
        };
        let Some(port) = self.outside.ports.changes.clone() else { return Ok(Err(absent("changes"))) };
        let touched = self.touched();
        let entries = self.beyond(passage.pass(async move { port.entries(touched).await })).await??;
        let granted = &self.gate.capabilities().read;
        let shows = |entry: &Entry| SkillPath::parse(&entry.path).is_ok_and(|path| granted.matches(&path));
        Ok(entries.map(|all| all.into_iter().filter(shows).collect()))
    }

    async fn diff(&mut self, paths: Vec<String>) -> wasmtime::Result<Result<String, Error>> {
        let passage = match self.gate.check(Wish::ReadChange)? {
            Ok(passage) => passage,
            Err(denied) => return Ok(Err(denied)),
        };
        let named = match self.readable(&paths)? {
            Ok(named) => named,
            Err(error) => return Ok(Err(error)),
        };
        let Some(port) = self.outside.ports.changes.clone() else { return Ok(Err(absent("changes"))) };
        let (touched, granted) = (self.touched(), self.gate.capabilities().read.clone());
        let work = async move {
            let paths = if named.is_empty() {
                let entries = port.entries(touched).await?;
                let paths = entries.iter().filter_map(|entry| SkillPath::parse(&entry.path).ok());
                paths.filter(|path| granted.matches(path)).collect()
            } else {
                named
            };
            if paths.is_empty() { Ok(String::new()) } else { port.diff(paths).await }
        };
        self.beyond(passage.pass(work)).await?
    }

    async fn original(&mut self, path: String, offset: u64) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        let passage = match self.gate.check(Wish::ReadChange)? {
            Ok(passage) => passage,
            Err(denied) => return Ok(Err(denied)),
        };
        let path = match self.readable(&[path])? {
            Ok(mut paths) => paths.swap_remove(0),
            Err(error) => return Ok(Err(error)),
        };
        let Some(port) = self.outside.ports.changes.clone() else { return Ok(Err(absent("changes"))) };
        self.beyond(passage.pass(async move { port.original(path, offset).await })).await?
    }

    async fn checkpoint(&mut self, message: String, also: Vec<String>) -> wasmtime::Result<Result<String, Error>> {
        let passage = match self.gate.check(Wish::Commit)? {
            Ok(passage) => passage,
            Err(denied) => return Ok(Err(denied)),
        };
        let also = match parse(&also) {
            Ok(also) => also,
            Err(error) => return Ok(Err(error)),
        };
        let Some(port) = self.outside.ports.changes.clone() else { return Ok(Err(absent("changes"))) };
        let touched = self.touched();
        self.beyond(passage.pass(async move { port.checkpoint(message, also, touched).await })).await?
    }
}
