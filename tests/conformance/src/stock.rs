//! The same guest on stock `wasmtime-wasi`: the reference of how a file system behaves for a guest.

use crate::step::Step;
use anyhow::{Context, Result, anyhow, bail};
use skillhost_engine::contract::exports::skillhost::skill::tool::GuestIndices;
use skillhost_engine::contract::log;
use skillhost_engine::contract::skillhost::skill::types;
use skillhost_engine::{Allocation, wasmtime_config};
use std::path::Path;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

pub(crate) struct Stock {
    engine: Engine,
    pre: InstancePre<State>,
    tool: GuestIndices,
}

impl Stock {
    pub(crate) fn new(component: &[u8]) -> Result<Self> {
        let engine = Engine::new(&wasmtime_config(Allocation::OnDemand)).map_err(plain)?;
        let (pre, tool) = link(&engine, component).map_err(plain)?;
        Ok(Self { engine, pre, tool })
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
        let mut store = Store::new(&self.engine, State { wasi: wasi.build(), table: ResourceTable::new() });
        // The configuration asks for a deadline; nothing ticks here.
        store.set_epoch_deadline(1);
        let instance = self.pre.instantiate_async(&mut store).await.map_err(plain)?;
        let guest = self.tool.load(&mut store, &instance).map_err(plain)?;
        match guest.call_call(&mut store, tool, text).await.map_err(plain)? {
            Ok(answer) => serde_json::from_str(&answer).context("the guest's answer"),
            Err(error) => bail!("the guest answered {error:?}"),
        }
    }
}

fn link(engine: &Engine, component: &[u8]) -> wasmtime::Result<(InstancePre<State>, GuestIndices)> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    types::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    log::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    let pre = linker.instantiate_pre(&Component::new(engine, component)?)?;
    let tool = GuestIndices::new(&pre)?;
    Ok((pre, tool))
}

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl types::Host for State {}

impl log::Host for State {
    fn log(&mut self, _level: log::Level, _message: String) -> wasmtime::Result<()> {
        Ok(())
    }

    fn progress(&mut self, _message: String, _fraction: Option<f32>) -> wasmtime::Result<()> {
        Ok(())
    }
}

fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:#}")
}
