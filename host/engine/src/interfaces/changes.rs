//! `changes`: shows what the read grant shows, and commits what the write grant allows.

use super::absent;
use crate::contract::Error;
use crate::contract::changes::{Entry, Host};
use crate::gate::Wish;
use crate::ports::Touched;
use crate::state::CallState;
use skillhost_core::glob::Layers;
use skillhost_core::path::SkillPath;

/// Paths that one call may name.
const MAX_PATHS: usize = 1000;

fn readable(granted: &Layers, path: &str) -> Result<SkillPath, Error> {
    let path = SkillPath::parse(path).map_err(|e| Error::Invalid(e.to_string()))?;
    if granted.matches(&path) { Ok(path) } else { Err(Error::Denied(format!("reading {path} was not granted"))) }
}

impl Host for CallState {
    async fn entries(&mut self) -> wasmtime::Result<Result<Vec<Entry>, Error>> {
        let passage = match self.gate.check(Wish::ReadChange)? {
            Ok(passage) => passage,
            Err(denied) => return Ok(Err(denied)),
        };
        let Some(port) = self.ports.changes.clone() else { return Ok(Err(absent("changes"))) };
        let entries = passage.pass(port.entries()).await?;
        let granted = &self.gate.capabilities().read;
        Ok(entries.map(|all| all.into_iter().filter(|entry| readable(granted, &entry.path).is_ok()).collect()))
    }

    async fn diff(&mut self, paths: Vec<String>) -> wasmtime::Result<Result<String, Error>> {
        let passage = match self.gate.check(Wish::ReadChange)? {
            Ok(passage) => passage,
            Err(denied) => return Ok(Err(denied)),
        };
        if paths.len() > MAX_PATHS {
            return Ok(Err(Error::Invalid(format!("at most {MAX_PATHS} paths at once"))));
        }
        let Some(port) = self.ports.changes.clone() else { return Ok(Err(absent("changes"))) };
        let granted = self.gate.capabilities().read.clone();
        let named: Result<Vec<_>, _> = paths.iter().map(|path| readable(&granted, path)).collect();
        let named = match named {
            Ok(named) => named,
            Err(error) => return Ok(Err(error)),
        };
        passage
            .pass(async move {
                let paths: Vec<SkillPath> = if named.is_empty() {
                    let entries = port.entries().await?;
                    entries.iter().filter_map(|entry| readable(&granted, &entry.path).ok()).collect()
                } else {
                    named
                };
                if paths.is_empty() { Ok(String::new()) } else { port.diff(paths).await }
            })
            .await
    }

    async fn original(&mut self, path: String, offset: u64) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        let passage = match self.gate.check(Wish::ReadChange)? {
            Ok(passage) => passage,
            Err(denied) => return Ok(Err(denied)),
        };
        let Some(port) = self.ports.changes.clone() else { return Ok(Err(absent("changes"))) };
        match readable(&self.gate.capabilities().read, &path) {
            Ok(path) => passage.pass(port.original(path, offset)).await,
            Err(error) => Ok(Err(error)),
        }
    }

    async fn checkpoint(&mut self, message: String, also: Vec<String>) -> wasmtime::Result<Result<String, Error>> {
        let passage = match self.gate.check(Wish::Commit)? {
            Ok(passage) => passage,
            Err(denied) => return Ok(Err(denied)),
        };
        if also.len() > MAX_PATHS {
            return Ok(Err(Error::Invalid(format!("at most {MAX_PATHS} paths at once"))));
        }
        let also: Result<Vec<_>, _> = also.iter().map(|path| SkillPath::parse(path)).collect();
        let also = match also {
            Ok(also) => also,
            Err(error) => return Ok(Err(Error::Invalid(error.to_string()))),
        };
        let Some(port) = self.ports.changes.clone() else { return Ok(Err(absent("changes"))) };
        let record = self.files.record();
        let touched = Touched { written: record.written, removed: record.removed };
        let result = passage.pass(port.checkpoint(message, also, touched)).await;
        self.clock.restart();
        result
    }
}
