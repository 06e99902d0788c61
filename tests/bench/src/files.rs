//! Files in a guest: through the guard, against the same code run natively, and against stock `wasmtime-wasi`.

use crate::figures::Figures;
use crate::floor::Floor;
use crate::host::{Host, runtime};
use crate::rounds::{alternate, time};
use anyhow::{Result, ensure};
use std::path::Path;
use tokio::runtime::Runtime;

const ROUNDS: usize = 21;
const FILES: u64 = 1000;
const FILE_BYTES: u64 = 3 << 10;

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let folder = crate::memory_folder()?;
    let many = folder.path().join("many");
    std::fs::create_dir(&many)?;
    for n in 0..FILES {
        std::fs::write(many.join(format!("file-{n:04}.txt")), vec![b'x'; FILE_BYTES as usize])?;
    }
    let runtime = runtime()?;
    let component = crate::guest("files-bench")?;
    let host = Host::new(&runtime, &component, folder.path())?;
    let stock = Floor::new(&component, Some(folder.path().to_owned()))?;

    let [guard, native, stock_time] = alternate(
        ROUNDS,
        [
            &mut || time(|| through_guard(&runtime, &host, "read")),
            &mut || time(|| natively(guest_files_bench::read_all, &many)),
            &mut || time(|| through_stock(&runtime, &stock, "read")),
        ],
    )?;
    let ours = ("files.read_guard_ms", guard);
    figures.ratio("files.read_vs_native_ratio", 2.3, ours, ("files.read_native_ms", native));
    figures.ratio("files.read_vs_stock_ratio", 0.1, ours, ("files.read_stock_ms", stock_time));

    let [guard, native] = alternate(
        ROUNDS,
        [&mut || time(|| through_guard(&runtime, &host, "stat")), &mut || {
            time(|| natively(guest_files_bench::stat_all, &many))
        }],
    )?;
    let ours = ("files.stat_guard_ms", guard);
    figures.ratio("files.stat_vs_native_ratio", 3.5, ours, ("files.stat_native_ms", native));
    Ok(())
}

fn through_guard(runtime: &Runtime, host: &Host, tool: &str) -> Result<()> {
    let bytes = runtime.block_on(host.call(tool, &serde_json::json!({})))?;
    check(bytes.as_u64())
}

fn through_stock(runtime: &Runtime, stock: &Floor, tool: &str) -> Result<()> {
    let bytes = runtime.block_on(stock.call(tool, "{}"))?;
    check(bytes.parse().ok())
}

fn natively(work: fn(&Path) -> std::io::Result<u64>, folder: &Path) -> Result<()> {
    check(Some(work(folder)?))
}

fn check(bytes: Option<u64>) -> Result<()> {
    ensure!(bytes == Some(FILES * FILE_BYTES), "it saw {bytes:?} bytes");
    Ok(())
}
