//! The same guests on bare Wasmtime, with nothing around it: what the host's own costs are compared with.

use anyhow::Result;
use skillhost_engine::Allocation;
use skillhost_test_support::stock::{StockGuest, plain};
use std::path::PathBuf;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

/// A guest that exports the interface of tools.
pub(crate) struct Floor {
    guest: StockGuest,
    /// What it sees as `/repo`.
    folder: Option<PathBuf>,
}

impl Floor {
    /// Loads `component`.
    pub(crate) fn new(component: &[u8], folder: Option<PathBuf>, allocation: Allocation) -> Result<Self> {
        Ok(Self { guest: StockGuest::new(component, allocation)?, folder })
    }

    /// One call of a tool.
    pub(crate) async fn call(&self, tool: &str, arguments: &str) -> Result<String> {
        let mut wasi = WasiCtxBuilder::new();
        if let Some(folder) = &self.folder {
            wasi.preopened_dir(folder, "/repo", FsPerms::ReadOnly).map_err(plain)?;
        }
        self.guest.call(wasi.build(), tool, arguments).await
    }
}
