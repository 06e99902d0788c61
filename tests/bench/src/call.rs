//! One trivial call of a skill over a folder: through the engine with everything on, against the floor. The floor gives
//! the guest the same folder, by stock WASI; what it takes without any is measured beside it.

use crate::figures::Figures;
use crate::floor::Floor;
use crate::host::{Host, runtime};
use crate::rounds::{alternate, median};
use anyhow::{Result, ensure};
use std::time::{Duration, Instant};

const ROUNDS: usize = 41;
const CALLS: usize = 200;

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let folder = tempfile::tempdir_in(crate::work_folder())?;
    let component = crate::guest("hello")?;
    let runtime = runtime()?;
    let host = Host::new(&runtime, &component, folder.path())?;
    let floor = Floor::new(&component, Some(folder.path().to_owned()))?;
    let without_folder = Floor::new(&component, None)?;
    let arguments = serde_json::json!({ "name": "x" });
    let expected = serde_json::json!({ "greeting": "Hello, x!" });

    let through_engine = async || {
        let answer = host.call("greet", &arguments).await?;
        ensure!(answer == expected, "the skill answered {answer}");
        Ok(())
    };
    // Text in, text out: reading and writing JSON is a part of what the host adds.
    let in_place = async |floor: &Floor| {
        let answer = floor.call("greet", r#"{"name":"x"}"#).await?;
        ensure!(answer.contains("Hello, x!"), "the guest answered {answer}");
        Ok(())
    };
    let [engine, floor, without_folder] = alternate(
        ROUNDS,
        [
            &mut || runtime.block_on(typical(&through_engine)),
            &mut || runtime.block_on(typical(&async || in_place(&floor).await)),
            &mut || runtime.block_on(typical(&async || in_place(&without_folder).await)),
        ],
    )?;
    figures.ratio("call.overhead_ratio", 1.3, ("call.engine_us", engine), ("call.floor_us", floor));
    figures.time("call.floor_without_folder_us", without_folder, None);
    Ok(())
}

/// The median of many calls, one after the other.
async fn typical(call: &impl AsyncFn() -> Result<()>) -> Result<Duration> {
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let started = Instant::now();
        call().await?;
        times.push(started.elapsed());
    }
    Ok(median(times))
}
