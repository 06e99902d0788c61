//! What a store holds for one call.

use crate::clock::CpuClock;
use crate::config::{MAX_RANDOM_BYTES, MAX_RESOURCES};
use crate::files::{Files, FilesCtxView, FilesView};
use crate::gate::Gate;
use crate::interfaces::log::Logged;
use crate::limiter::Limiter;
use crate::output::Output;
use crate::ports::Ports;
use std::sync::Arc;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// One call's state. It is dropped with the store, whatever happens.
pub(crate) struct CallState {
    table: ResourceTable,
    wasi: WasiCtx,
    pub(crate) files: Files,
    pub(crate) limiter: Limiter,
    pub(crate) clock: Arc<CpuClock>,
    pub(crate) gate: Gate,
    pub(crate) ports: Ports,
    pub(crate) logged: Logged,
}

impl CallState {
    pub(crate) fn new(
        files: Files,
        memory_bytes: u64,
        clock: Arc<CpuClock>,
        gate: Gate,
        ports: Ports,
        output: Output,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        // No arguments, no environment, no preopen, no network: the guard in `files` is the only way to a file.
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(output.clone()).stderr(output).max_random_size(MAX_RANDOM_BYTES);
        wasi.allow_tcp(false).allow_udp(false);
        Self {
            table,
            wasi: wasi.build(),
            files,
            limiter: Limiter::new(memory_bytes),
            clock,
            gate,
            ports,
            logged: Logged::default(),
        }
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl FilesView for CallState {
    fn files(&mut self) -> FilesCtxView<'_> {
        FilesCtxView { files: &mut self.files, table: &mut self.table }
    }
}

/// Gives `wasi:io` its table; Wasmtime's own type for it is private.
struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// Everything that any skill can import: WASI 0.2 without sockets, the guard, and the contract's own interfaces.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<CallState>> {
    use wasmtime_wasi::cli::{WasiCli, WasiCliView};
    use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
    use wasmtime_wasi::p2::bindings::{cli, clocks, random};
    use wasmtime_wasi::random::WasiRandom;
    use wasmtime_wasi_io::bindings::wasi::io;

    let mut linker = Linker::new(engine);
    let l = &mut linker;
    io::error::add_to_linker::<CallState, Io>(l, |state| &mut state.table)?;
    io::poll::add_to_linker::<CallState, Io>(l, |state| &mut state.table)?;
    io::streams::add_to_linker::<CallState, Io>(l, |state| &mut state.table)?;
    clocks::wall_clock::add_to_linker::<CallState, WasiClocks>(l, CallState::clocks)?;
    clocks::monotonic_clock::add_to_linker::<CallState, WasiClocks>(l, CallState::clocks)?;
    random::random::add_to_linker::<CallState, WasiRandom>(l, |state| state.wasi.random())?;
    random::insecure::add_to_linker::<CallState, WasiRandom>(l, |state| state.wasi.random())?;
    random::insecure_seed::add_to_linker::<CallState, WasiRandom>(l, |state| state.wasi.random())?;
    cli::exit::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::environment::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::stdin::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::stdout::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::stderr::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::terminal_input::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::terminal_output::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::terminal_stdin::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::terminal_stdout::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    cli::terminal_stderr::add_to_linker::<CallState, WasiCli>(l, CallState::cli)?;
    crate::files::add_to_linker(l)?;
    crate::interfaces::add_to_linker(l)?;
    Ok(linker)
}
