//! One call from the command line, everything warm, against a peer's.

use crate::figures::Figures;
use crate::peer::Peer;
use crate::rounds::{alternate, time};
use anyhow::{Context, Result, anyhow, ensure};
use std::path::Path;
use std::process::Command;

const ROUNDS: usize = 41;

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let target = crate::target();
    let program = target.join(if crate::is_smoke() { "debug/skillhost" } else { "release/skillhost" });
    let guest = target.join("guests/hello.wasm");
    let home = tempfile::tempdir_in(crate::work_folder())?;
    let mut ours = || {
        let mut command = Command::new(&program);
        command.arg("call").arg(&guest).args(["greet", "--input", r#"{"name":"x"}"#]);
        time(|| greet(command, home.path()))
    };
    let peer = match crate::is_smoke() {
        true => Err(anyhow!("not in a smoke")),
        false => Peer::prepare(&crate::work_folder()),
    };
    let our_time = match &peer {
        Ok(peer) => {
            let mut theirs = || time(|| greet(peer.greet(), home.path()));
            let [ours, theirs] = alternate(ROUNDS, [&mut ours, &mut theirs])?;
            figures.ratio(
                "cli.call_vs_peer_ratio",
                0.5,
                ("cli.call_interleaved_ms", ours),
                ("cli.call_peer_ms", theirs),
            );
            ours
        }
        Err(reason) => {
            figures.note(format!("cli.call_vs_peer_ratio: {reason:#}"));
            let [ours] = alternate(ROUNDS, [&mut ours])?;
            ours
        }
    };
    figures.time("cli.call_warm_ms", our_time, Some(10.0));
    Ok(())
}

/// Runs a program that greets, in a folder that is its home too.
fn greet(mut command: Command, home: &Path) -> Result<()> {
    command.current_dir(home).env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin");
    let name = Path::new(command.get_program()).display().to_string();
    let output = command.output().with_context(|| name.clone())?;
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && said.contains("Hello, x!"), "{name} printed {said:?} and {complaint:?}");
    Ok(())
}
