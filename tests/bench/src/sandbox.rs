//! An empty command in the command sandbox, every wall up, against the same program as a bare process.

use crate::figures::Figures;
use crate::is_smoke;
use anyhow::{Context, Result, ensure};
use skillhost_sandbox::{Command, Demand, Exit, Sandbox, Toolchains, probe};
use std::time::{Duration, Instant};

const PROGRAM: &str = "/bin/true";
/// Starts of each kind, in turn.
const ROUNDS: usize = 100;

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let tree = tempfile::tempdir_in(crate::work_folder())?;
    let sandbox = Sandbox::new(runtime.block_on(probe())?, Toolchains::none(), Demand::Full);
    sandbox.level().context("this machine can't give the full level; see `skillhost doctor`")?;
    let command = Command::new([PROGRAM], tree.path());
    let rounds = if is_smoke() { 3 } else { ROUNDS };
    let (mut sandboxed, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let started = Instant::now();
        let outcome = runtime.block_on(sandbox.run(&command, std::future::pending(), |_| {}))?;
        sandboxed.push(started.elapsed());
        ensure!(outcome.exit == Exit::Code(0), "it ended with {:?}", outcome.exit);

        let started = Instant::now();
        let status = runtime.block_on(async { tokio::process::Command::new(PROGRAM).status().await })?;
        bare.push(started.elapsed());
        ensure!(status.success(), "{status}");
    }
    let (sandboxed, bare) = (median(&mut sandboxed), median(&mut bare));
    figures.time("sandbox.start_ms", sandboxed.saturating_sub(bare), Some(10.0));
    figures.time("sandbox.sandboxed_ms", sandboxed, None);
    figures.time("sandbox.bare_ms", bare, None);
    figures.of("sandbox.start_ms", "sandbox.sandboxed_ms", "sandbox.bare_ms");
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
