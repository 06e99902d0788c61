//! The same guest on stock `wasmtime-wasi`: the reference of how a file system behaves for a guest.

use crate::step::Step;
use anyhow::{Context, Result};
use skillhost_engine::Allocation;
use skillhost_test_support::stock::{StockGuest, plain};
use std::path::Path;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

pub(crate) struct Stock(StockGuest);

impl Stock {
    pub(crate) fn new(component: &[u8]) -> Result<Self> {
        StockGuest::new(component, Allocation::OnDemand).map(Self)
    }

    /// The names of the cases that the guest has.
    pub(crate) async fn cases(&self) -> Result<Vec<String>> {
        self.call(None, "cases", "{}").await
    }

    /// Runs a case over `folder`.
    pub(crate) async fn run(&self, case: &str, folder: &Path) -> Result<Vec<Step>> {
        self.call(Some(folder), "case", &serde_json::json!({ "name": case }).to_string()).await
    }

    async fn call<T: serde::de::DeserializeOwned>(&self, folder: Option<&Path>, tool: &str, text: &str) -> Result<T> {
        let mut wasi = WasiCtxBuilder::new();
        wasi.inherit_stderr();
        if let Some(folder) = folder {
            wasi.preopened_dir(folder, "/repo", FsPerms::ReadWrite).map_err(plain)?;
        }
        let answer = self.0.call(wasi.build(), tool, text).await?;
        serde_json::from_str(&answer).context("the guest's answer")
    }
}
