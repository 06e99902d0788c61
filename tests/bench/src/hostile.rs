//! What hostile skills cost others: a call beside eight of them, and what ten thousand calls that were ended leave behind.

use crate::figures::Figures;
use crate::host::{Host, on_worker};
use anyhow::{Context, Result, ensure};
use skillhost_engine::{Allocation, supervised};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

const HOSTILE: usize = 8;
const AGENTS: usize = 16;
/// Calls of a side, in rounds that take turns.
const ROUNDS: usize = 10;
const CALLS: usize = 200;
/// What each of the hostile calls does, in turn, without an end.
const DEEDS: [&str; 4] = ["spin", "flood", "eat", "write"];

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let folder = tempfile::tempdir_in(crate::work_folder())?;
    std::fs::create_dir(folder.path().join("src"))?;
    let runtime = skillhost_engine::runtime()?;
    let hello = Arc::new(Host::new(&runtime, &crate::guest("hello")?, folder.path(), Allocation::Pooling)?);
    let probe = Arc::new(hello.beside(&runtime, &crate::guest("probe")?, folder.path())?.without_limits()?);
    leak(figures, &runtime, &probe)?;
    agents(figures, &runtime, &probe)?;
    neighbour(figures, &runtime, &hello, &probe)
}

/// Calls of a skill that answers at once: alone, and beside eight hostile ones.
fn neighbour(figures: &mut Figures, runtime: &Runtime, hello: &Arc<Host>, probe: &Arc<Host>) -> Result<()> {
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..scaled(ROUNDS, 1) {
        alone.extend(calls(runtime, hello)?);
        let hostile: Vec<_> = DEEDS.iter().cycle().take(HOSTILE).map(|deed| misbehave(runtime, probe, deed)).collect();
        // What they do in their first tenths of a second is not what they do for the rest of the day.
        calls(runtime, hello)?;
        std::thread::sleep(Duration::from_millis(300));
        beside.extend(calls(runtime, hello)?);
        ensure!(hostile.iter().all(|call| !call.is_finished()), "a hostile call ended early");
        end(runtime, hostile)?;
    }
    alone.sort_unstable();
    beside.sort_unstable();
    let at = |times: &[Duration], percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    for (id, most, ours, theirs, percent) in [
        ("hostile.neighbour_ratio", Some(3.0), "hostile.beside_p90_us", "hostile.alone_p90_us", 90),
        ("hostile.neighbour_p50_ratio", None, "hostile.beside_p50_us", "hostile.alone_p50_us", 50),
        ("hostile.neighbour_p99_ratio", None, "hostile.beside_p99_us", "hostile.alone_p99_us", 99),
    ] {
        figures.ratio(id, most, (ours, at(&beside, percent)), (theirs, at(&alone, percent)));
    }
    Ok(())
}

/// One round of calls, each timed, from a supervised task as an agent makes them.
fn calls(runtime: &Runtime, hello: &Arc<Host>) -> Result<Vec<Duration>> {
    let host = Arc::clone(hello);
    let round = |watch: skillhost_engine::Watch| async move {
        let arguments = serde_json::json!({ "name": "x" });
        let mut times = Vec::with_capacity(CALLS);
        let mut failed = None;
        for _ in 0..scaled(CALLS, 10) {
            let started = Instant::now();
            match host.call("greet", &arguments, Some(watch.clone())).await {
                Ok(_) => times.push(started.elapsed()),
                Err(error) => failed = Some(error),
            }
        }
        Ok(failed.map_or(Ok(times), Err))
    };
    on_worker(runtime, async { supervised(round).await? })
}

fn misbehave(runtime: &Runtime, probe: &Arc<Host>, deed: &'static str) -> JoinHandle<Result<serde_json::Value>> {
    let host = Arc::clone(probe);
    runtime.spawn(async move {
        host.call("misbehave", &serde_json::json!({ "how": "without-end", "path": deed }), None).await
    })
}

fn end<T>(runtime: &Runtime, calls: Vec<JoinHandle<T>>) -> Result<()> {
    calls.iter().for_each(JoinHandle::abort);
    runtime.block_on(futures_of(calls));
    Ok(())
}

async fn futures_of<T>(calls: Vec<JoinHandle<T>>) {
    for call in calls {
        let _ = call.await;
    }
}

/// What thousands of calls leave behind that trapped, or were cancelled while they waited or computed.
fn leak(figures: &mut Figures, runtime: &Runtime, probe: &Arc<Host>) -> Result<()> {
    let kill = |calls: usize| -> Result<()> {
        for n in 0..calls {
            let host = Arc::clone(probe);
            match n % 4 {
                0 | 1 => {
                    let arguments = serde_json::json!({ "how": if n % 4 == 0 { "trap" } else { "huge-string" } });
                    let ended = on_worker(runtime, async move { Ok(host.call("misbehave", &arguments, None).await) })?;
                    ensure!(ended.is_err(), "it did not trap");
                }
                way => {
                    let how = if way == 2 { "sleep" } else { "spin" };
                    let arguments = serde_json::json!({ "how": how });
                    let before = descriptors()?;
                    let call = runtime.spawn(async move { host.call("misbehave", &arguments, None).await.is_ok() });
                    begun(before + 1.0)?;
                    ensure!(!call.is_finished(), "it ended by itself");
                    end(runtime, vec![call])?;
                }
            }
        }
        Ok(())
    };
    // The allocator, and the runtime's threads, have what they need after the first ones.
    kill(scaled(2_000, 40))?;
    let (memory, descriptors) = (resident_mb()?, descriptors()?);
    kill(scaled(10_000, 40))?;
    figures.number("leak.rss_mb", resident_mb()? - memory, Some(5.0));
    figures.number("leak.fds", self::descriptors()? - descriptors, Some(0.0));
    Ok(())
}

/// The memory of the host while sixteen agents are at work, each in a call that waits for the outside.
fn agents(figures: &mut Figures, runtime: &Runtime, probe: &Arc<Host>) -> Result<()> {
    let before = descriptors()?;
    let calls: Vec<_> = (0..AGENTS)
        .map(|_| {
            let host = Arc::clone(probe);
            runtime.spawn(async move { host.call("misbehave", &serde_json::json!({ "how": "sleep" }), None).await })
        })
        .collect();
    begun(before + AGENTS as f64)?;
    figures.number("host.rss_mb_16_agents", resident_mb()?, None);
    end(runtime, calls)
}

/// Waits until so many descriptors are open: each call holds its tree open.
fn begun(open: f64) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(60);
    while descriptors()? < open {
        ensure!(Instant::now() < until, "the calls did not begin");
        std::thread::yield_now();
    }
    Ok(())
}

fn resident_mb() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes / 1024.0)
}

fn descriptors() -> Result<f64> {
    Ok(std::fs::read_dir(Path::new("/proc/self/fd"))?.count() as f64)
}

/// Much less in a smoke.
fn scaled(count: usize, smoke: usize) -> usize {
    if crate::is_smoke() { smoke } else { count }
}
