//! What a store holds for one call.

use crate::clock::CpuClock;
use crate::config::{MAX_RANDOM_BYTES, MAX_RESOURCES};
use crate::files::{Files, FilesCtxView, FilesView};
use crate::gate::Gate;
use crate::http::HttpState;
use crate::interfaces::log::Logged;
use crate::limiter::Limiter;
use crate::output::Output;
use crate::ports::Ports;
use crate::record::Record;
use crate::versions::Contract;
use skillhost_core::limits::Limits;
use skillhost_core::name::SecretName;
use skillhost_core::secret::placeholder;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::runtime::Handle;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// One call's state. It is dropped with the store, whatever happens, and then hands over what the call did.
pub(crate) struct CallState {
    pub(crate) table: ResourceTable,
    wasi: WasiCtx,
    pub(crate) files: Files,
    pub(crate) limiter: Limiter,
    pub(crate) clock: Arc<CpuClock>,
    pub(crate) gate: Gate,
    pub(crate) outside: Outside,
    pub(crate) logged: Logged,
    /// Made by the first use of `wasi:http`.
    pub(crate) http: Option<Box<HttpState>>,
    record: Arc<Record>,
}

/// What a call can reach beyond its store.
pub(crate) struct Outside {
    pub(crate) ports: Ports,
    /// The runtime that the call came from.
    pub(crate) home: Handle,
    /// Outputs that the skill may read: of the gates that it was told of, and of the commands that it ran.
    pub(crate) outputs: BTreeSet<String>,
}

impl CallState {
    pub(crate) fn new(
        files: Files,
        limits: Limits,
        clock: Arc<CpuClock>,
        gate: Gate,
        outside: Outside,
        output: Output,
        record: Arc<Record>,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Self {
            table,
            wasi: wasi(&output, &gate.capabilities().secrets),
            files,
            limiter: Limiter::new(limits.memory.bytes()),
            clock,
            gate,
            outside,
            logged: Logged::default(),
            http: None,
            record,
        }
    }
}

/// No arguments, no preopen, no network: the guard in `files` is the only way to a file. In the environment stands, for
/// each secret that was granted, what is to be written in its place.
fn wasi(output: &Output, secrets: &BTreeSet<SecretName>) -> WasiCtx {
    let mut wasi = WasiCtxBuilder::new();
    for name in secrets {
        wasi.env(name.as_str(), placeholder(name));
    }
    wasi.stdout(output.clone()).stderr(output.clone()).max_random_size(MAX_RANDOM_BYTES);
    wasi.allow_tcp(false).allow_udp(false);
    wasi.build()
}

impl Drop for CallState {
    fn drop(&mut self) {
        // The ends of its requests stand in the log before its own.
        self.http = None;
        let (denials, denied_count) = self.gate.take_denials();
        self.record.keep(self.files.take_record(), denials, denied_count);
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

/// Everything that any skill can import: WASI 0.2 without sockets, the guard, and the contract's own interfaces, of each
/// version that is understood.
pub(crate) fn linker(engine: &wasmtime::Engine, contracts: &[Contract]) -> wasmtime::Result<Linker<CallState>> {
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
    for contract in contracts {
        (contract.add_to_linker)(l)?;
    }
    Ok(linker)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime_wasi::p2::bindings::random::random::Host as _;

    #[test]
    fn d_08_random_bytes_without_end_are_refused() {
        let mut wasi = wasi(&Output::default(), &BTreeSet::new());
        for most in [MAX_RANDOM_BYTES + 1, 1 << 63, u64::MAX] {
            assert!(wasi.random().get_random_bytes(most).is_err(), "{most}");
        }
        assert!(wasi.random().get_random_bytes(32).is_ok_and(|bytes| bytes.len() == 32));
    }
}
