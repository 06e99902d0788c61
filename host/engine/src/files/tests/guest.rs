//! A real guest: a Rust program that knows nothing of the guard, and works on `/repo` with `std::fs`.

use super::*;
use crate::files::FilesView;
use std::process::Command;
use wasmtime::component::{Component, HasData, Linker};
use wasmtime::{Engine, Store};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{self, cli, clocks, random};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_io::bindings::wasi::io;

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    files: Files,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl FilesView for State {
    fn files(&mut self) -> FilesCtxView<'_> {
        FilesCtxView { files: &mut self.files, table: &mut self.table }
    }
}

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// Builds `tests/guests/files-probe`; a second time, it is there already.
fn probe() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = root.join("target/guests");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(&target)
        .current_dir(root.join("tests/guests/files-probe"))
        .status()
        .unwrap();
    assert!(built.success(), "the guest does not build; `cargo xtask setup` adds the target wasm32-wasip2");
    target.join("wasm32-wasip2/release/files-probe.wasm")
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::<State>::new(engine);
    let l = &mut linker;
    io::error::add_to_linker::<_, Io>(l, |state| &mut state.table)?;
    io::poll::add_to_linker::<_, Io>(l, |state| &mut state.table)?;
    io::streams::add_to_linker::<_, Io>(l, |state| &mut state.table)?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(l, State::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(l, State::clocks)?;
    random::random::add_to_linker::<_, WasiRandom>(l, |state| state.wasi.random())?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(l, |state| state.wasi.random())?;
    cli::exit::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::environment::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, State::cli)?;
    crate::files::add_to_linker(l)?;
    Ok(linker)
}

#[tokio::test]
async fn a_program_of_std_fs_works_within_its_grant() {
    let outer = TempDir::new().unwrap();
    let root = outer.path().join("repo");
    fs::create_dir_all(root.join("src")).unwrap();
    fs::create_dir_all(root.join("secret")).unwrap();
    fs::write(root.join("src/a.txt"), "hello").unwrap();
    fs::write(root.join("secret/key"), "key").unwrap();
    fs::write(root.join("readme.md"), "read me").unwrap();
    std::os::unix::fs::symlink("src/a.txt", root.join("link")).unwrap();
    std::os::unix::fs::symlink("/etc", root.join("out")).unwrap();

    let rules =
        Rules { read: layers(&["src/**", "*.md", "link", "out"]), write: layers(&["src/**"]), ..Rules::default() };
    let quotas = Quotas { bytes_written: 1 << 20, ..Quotas::default() };
    let tree = Arc::new(Tree::open(&root, rules, quotas).unwrap());
    let engine = Engine::default();
    let component = Component::from_file(&engine, probe()).unwrap();
    let output = wasmtime_wasi::p2::pipe::MemoryOutputPipe::new(1 << 16);
    let wasi = WasiCtx::builder().args(&["probe", "smoke"]).stdout(output.clone()).stderr(output.clone()).build();
    let state = State { wasi, table: ResourceTable::new(), files: Files::new(Some(tree)) };
    let mut store = Store::new(&engine, state);
    let command =
        bindings::Command::instantiate_async(&mut store, &component, &linker(&engine).unwrap()).await.unwrap();
    let result = command.wasi_cli_run().call_run(&mut store).await;
    let said = String::from_utf8_lossy(&output.contents()).into_owned();
    assert!(matches!(result, Ok(Ok(()))), "{said}");

    let record = store.into_data().files.take_record();
    let text = |paths: &std::collections::BTreeSet<_>| paths.iter().map(ToString::to_string).collect::<Vec<String>>();
    assert_eq!(text(&record.written), ["src/moved.txt"]);
    assert_eq!(text(&record.removed), ["src/big", "src/copy.txt", "src/new/deep/b.txt"]);
    assert_eq!(record.bytes_written, 1 << 20);
    assert!(record.denied.iter().any(|denial| denial.path == "secret/key"));
    assert_eq!(fs::read_to_string(root.join("src/moved.txt")).unwrap(), "short");
    assert_eq!(fs::read_to_string(root.join("readme.md")).unwrap(), "read me");
}
