//! The same guests on bare Wasmtime: the host's own engine configuration, a fresh store for each call, stock WASI, and
//! nothing around it. No limiter, no gate, no audit, no guard, no clock, no time-out.

use anyhow::{Context, Result, anyhow};
use skillhost_engine::contract::exports::skillhost::skill::tool::GuestIndices;
use skillhost_engine::contract::log;
use skillhost_engine::contract::skillhost::skill::types;
use skillhost_engine::{Allocation, wasmtime_config};
use std::path::PathBuf;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// A guest that exports the interface of tools.
pub(crate) struct Floor {
    engine: Engine,
    pre: InstancePre<State>,
    tool: GuestIndices,
    /// What it sees as `/repo`.
    folder: Option<PathBuf>,
}

impl Floor {
    /// Loads `component`.
    pub(crate) fn new(component: &[u8], folder: Option<PathBuf>, allocation: Allocation) -> Result<Self> {
        let engine = Engine::new(&wasmtime_config(allocation)).map_err(plain)?;
        let (pre, tool) = link(&engine, component).map_err(plain)?;
        Ok(Self { engine, pre, tool, folder })
    }

    /// One call of a tool.
    pub(crate) async fn call(&self, tool: &str, arguments: &str) -> Result<String> {
        let mut wasi = WasiCtxBuilder::new();
        if let Some(folder) = &self.folder {
            wasi.preopened_dir(folder, "/repo", FsPerms::ReadOnly).map_err(plain)?;
        }
        let state = State { wasi: wasi.build(), table: ResourceTable::new() };
        let mut store = Store::new(&self.engine, state);
        // The configuration asks for a deadline; nothing ticks here.
        store.set_epoch_deadline(1);
        let instance = self.pre.instantiate_async(&mut store).await.map_err(plain)?;
        let guest = self.tool.load(&mut store, &instance).map_err(plain)?;
        let answer = guest.call_call(&mut store, tool, arguments).await.map_err(plain)?;
        answer.ok().with_context(|| format!("{tool} reported an error"))
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
