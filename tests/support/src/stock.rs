//! A guest on bare Wasmtime: the host's own engine configuration, a fresh store for each call, stock WASI, and nothing around
//! it. No limiter, no gate, no audit, no guard, no clock, no time-out.

use anyhow::{Result, anyhow, bail};
use skillhost_engine::contract::exports::skillhost::skill::tool::GuestIndices;
use skillhost_engine::contract::log;
use skillhost_engine::contract::skillhost::skill::types;
use skillhost_engine::{Allocation, wasmtime_config};
use wasmtime::component::{Component, HasSelf, InstancePre, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// A guest that exports the interface of tools.
pub struct StockGuest {
    engine: Engine,
    pre: InstancePre<State>,
    tool: GuestIndices,
}

impl StockGuest {
    /// Loads `component`.
    pub fn new(component: &[u8], allocation: Allocation) -> Result<Self> {
        let engine = Engine::new(&wasmtime_config(allocation)).map_err(plain)?;
        let (pre, tool) = link(&engine, component).map_err(plain)?;
        Ok(Self { engine, pre, tool })
    }

    /// One call of a tool, which finds this world.
    pub async fn call(&self, wasi: WasiCtx, tool: &str, arguments: &str) -> Result<String> {
        let mut store = Store::new(&self.engine, State { wasi, table: ResourceTable::new() });
        // The configuration asks for a deadline; nothing ticks here.
        store.set_epoch_deadline(1);
        let instance = self.pre.instantiate_async(&mut store).await.map_err(plain)?;
        let guest = self.tool.load(&mut store, &instance).map_err(plain)?;
        match guest.call_call(&mut store, tool, arguments).await.map_err(plain)? {
            Ok(answer) => Ok(answer),
            Err(error) => bail!("{tool} answered {error:?}"),
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

/// Wasmtime's error as everybody's.
pub fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:#}")
}
