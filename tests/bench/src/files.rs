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
const ALL_BYTES: u64 = FILES * FILE_BYTES;
const NEW_BYTES: u64 = guest_files_bench::NEW_FILES * 1024;
const BIG_BYTES: u64 = 50_000_000;

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
            &mut || time(|| through_guard(&runtime, &host, "read", ALL_BYTES)),
            &mut || time(|| natively(guest_files_bench::read_all, &many, ALL_BYTES)),
            &mut || time(|| through_stock(&runtime, &stock, "read")),
        ],
    )?;
    let ours = ("files.read_guard_ms", guard);
    figures.ratio("files.read_vs_native_ratio", 2.3, ours, ("files.read_native_ms", native));
    figures.ratio("files.read_vs_stock_ratio", 0.1, ours, ("files.read_stock_ms", stock_time));

    let [guard, native] = alternate(
        ROUNDS,
        [&mut || time(|| through_guard(&runtime, &host, "stat", ALL_BYTES)), &mut || {
            time(|| natively(guest_files_bench::stat_all, &many, ALL_BYTES))
        }],
    )?;
    let ours = ("files.stat_guard_ms", guard);
    figures.ratio("files.stat_vs_native_ratio", 3.5, ours, ("files.stat_native_ms", native));

    let create = |folder: &Path| guest_files_bench::create_all(folder, guest_files_bench::NEW_FILES);
    let [guard, native] = alternate(
        ROUNDS,
        [&mut || time(|| through_guard(&runtime, &host, "create", NEW_BYTES)), &mut || {
            time(|| natively(create, &many, NEW_BYTES))
        }],
    )?;
    let ours = ("files.create_guard_ms", guard);
    figures.ratio("files.create_vs_native_ratio", 1.6, ours, ("files.create_native_ms", native));

    std::fs::write(folder.path().join("big.bin"), vec![b'x'; BIG_BYTES as usize])?;
    let [guard, native] = alternate(
        ROUNDS,
        [&mut || time(|| through_guard(&runtime, &host, "big", BIG_BYTES)), &mut || {
            time(|| natively(guest_files_bench::read_big, folder.path(), BIG_BYTES))
        }],
    )?;
    let ours = ("files.big_guard_ms", guard);
    figures.ratio("files.big_vs_native_ratio", 1.2, ours, ("files.big_native_ms", native));

    let again = guest_files_bench::QUESTIONS;
    let [guard] = alternate(ROUNDS, [&mut || time(|| through_guard(&runtime, &host, "again", again * FILE_BYTES))])?;
    figures.time("guard.op_us", guard / u32::try_from(again)?, None);
    Ok(())
}

fn through_guard(runtime: &Runtime, host: &Arc<Host>, tool: &'static str, expected: u64) -> Result<()> {
    let host = Arc::clone(host);
    let bytes = on_worker(runtime, async move { host.call(tool, &serde_json::json!({}), None).await })?;
    check(bytes.as_u64(), expected)
}

fn through_stock(runtime: &Runtime, stock: &Arc<Floor>, tool: &'static str) -> Result<()> {
    let stock = Arc::clone(stock);
    let bytes = on_worker(runtime, async move { stock.call(tool, "{}").await })?;
    check(bytes.parse().ok(), ALL_BYTES)
}

fn natively(work: fn(&Path) -> std::io::Result<u64>, folder: &Path, expected: u64) -> Result<()> {
    check(Some(work(folder)?), expected)
}

fn check(bytes: Option<u64>, expected: u64) -> Result<()> {
    ensure!(bytes == Some(expected), "it saw {bytes:?} bytes of {expected}");
    Ok(())
}
