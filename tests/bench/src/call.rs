//! One trivial call of a skill over a folder: through the engine with everything on, against the floor. The floor gives
//! the guest the same folder, by stock WASI; what it takes without any is measured beside it. Both with memory from slots,
//! as `run` has it, and with memory from the system, as `call` has it.

use crate::figures::Figures;
use crate::floor::Floor;
use crate::host::{Host, on_worker};
use crate::rounds::{alternate, median};
use anyhow::{Result, ensure};
use skillhost_engine::{Allocation, Watch, supervised};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUNDS: usize = 41;
const CALLS: usize = 200;

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let folder = tempfile::tempdir_in(crate::work_folder())?;
    let component = crate::guest("hello")?;
    let runtime = skillhost_engine::runtime()?;
    let with = |allocation| {
        let host = Arc::new(Host::new(&runtime, &component, folder.path(), allocation)?);
        let floor = Floor::new(&component, Some(folder.path().to_owned()), allocation)?;
        anyhow::Ok((host, Arc::new(floor)))
    };
    let (host, floor) = with(Allocation::Pooling)?;
    let (ondemand_host, ondemand_floor) = with(Allocation::OnDemand)?;
    let without_folder = Arc::new(Floor::new(&component, None, Allocation::Pooling)?);

    let engine = |host: &Arc<Host>| {
        let host = Arc::clone(host);
        on_worker(&runtime, async { supervised(|watch| async { Ok(through_engine(host, watch).await) }).await? })
    };
    let in_place = |floor: &Arc<Floor>| on_worker(&runtime, on_floor(Arc::clone(floor)));
    let [engine_time, floor_time, without_folder_time, ondemand_engine_time, ondemand_floor_time] = alternate(
        ROUNDS,
        [
            &mut || engine(&host),
            &mut || in_place(&floor),
            &mut || in_place(&without_folder),
            &mut || engine(&ondemand_host),
            &mut || in_place(&ondemand_floor),
        ],
    )?;
    figures.ratio("call.overhead_ratio", 1.3, ("call.engine_us", engine_time), ("call.floor_us", floor_time));
    figures.ratio(
        "call.ondemand_overhead_ratio",
        1.3,
        ("call.ondemand_engine_us", ondemand_engine_time),
        ("call.ondemand_floor_us", ondemand_floor_time),
    );
    figures.time("call.floor_without_folder_us", without_folder_time, None);
    Ok(())
}

/// As an agent calls: in a supervised task, each call watched.
async fn through_engine(host: Arc<Host>, watch: Watch) -> Result<Duration> {
    let arguments = serde_json::json!({ "name": "x" });
    let expected = serde_json::json!({ "greeting": "Hello, x!" });
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let started = Instant::now();
        let answer = host.call("greet", &arguments, Some(watch.clone())).await?;
        ensure!(answer == expected, "the skill answered {answer}");
        times.push(started.elapsed());
    }
    Ok(median(times))
}

/// Text in, text out: reading and writing JSON is a part of what the host adds.
async fn on_floor(floor: Arc<Floor>) -> Result<Duration> {
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let started = Instant::now();
        let answer = floor.call("greet", r#"{"name":"x"}"#).await?;
        ensure!(answer.contains("Hello, x!"), "the guest answered {answer}");
        times.push(started.elapsed());
    }
    Ok(median(times))
}
