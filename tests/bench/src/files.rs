//! Files in a guest: through the guard, against the same code run natively, and against stock `wasmtime-wasi`.

use crate::figures::Figures;
use crate::floor::Floor;
use crate::host::{Host, on_worker};
use crate::rounds::{alternate, time};
use anyhow::{Result, ensure};
use skillhost_engine::Allocation;
use std::path::Path;
use std::sync::Arc;
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
    let runtime = skillhost_engine::runtime()?;
    let component = crate::guest("files-bench")?;
    let host = Arc::new(Host::new(&runtime, &component, folder.path(), Allocation::Pooling)?);
    let stock = Arc::new(Floor::new(&component, Some(folder.path().to_owned()), Allocation::Pooling)?);

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

fn through_guard(runtime: &Runtime, host: &Arc<Host>, tool: &'static str) -> Result<()> {
    let host = Arc::clone(host);
    let bytes = on_worker(runtime, async move { host.call(tool, &serde_json::json!({}), None).await })?;
    check(bytes.as_u64())
}

fn through_stock(runtime: &Runtime, stock: &Arc<Floor>, tool: &'static str) -> Result<()> {
    let stock = Arc::clone(stock);
    let bytes = on_worker(runtime, async move { stock.call(tool, "{}").await })?;
    check(bytes.parse().ok())
}

fn natively(work: fn(&Path) -> std::io::Result<u64>, folder: &Path) -> Result<()> {
    check(Some(work(folder)?))
}

fn check(bytes: Option<u64>) -> Result<()> {
    ensure!(bytes == Some(FILES * FILE_BYTES), "it saw {bytes:?} bytes");
    Ok(())
}
