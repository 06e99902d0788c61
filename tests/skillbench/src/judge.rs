//! The judge: puts the hidden tests beside a commit's files, and runs them in the command sandbox, since what they test
//! was written by a model.

use crate::folder::write;
use crate::place::{Place, Site, toolchain_variables};
use crate::task::Task;
use anyhow::{Context, Result, bail};
use skillhost_sandbox::{Command, Demand, Exit, Sandbox, Toolchains, probe};
use std::time::Duration;

/// Far more than any suite here takes.
const TIMEOUT: Duration = Duration::from_secs(300);

pub(crate) struct Judge {
    runtime: tokio::runtime::Runtime,
    sandbox: Sandbox,
}

/// What the hidden tests said.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) passed: bool,
    pub(crate) output: String,
}

impl Judge {
    pub(crate) fn new(place: &Place) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build()?;
        let variables = toolchain_variables();
        let variable = |name: &str| match name {
            "HOME" => Some(place.home().into_os_string()),
            _ => variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()),
        };
        let toolchains = Toolchains::find(variable, &[]).with_configured(&place.tools(), &[]);
        let sandbox = Sandbox::new(runtime.block_on(probe())?, toolchains, Demand::Full);
        sandbox.level().context("this machine can't give the full level; see `skillhost doctor`")?;
        Ok(Self { runtime, sandbox })
    }

    /// Runs the task's hidden tests on a commit.
    pub(crate) fn judge(&self, place: &Place, site: &Site, task: &Task, commit: &str) -> Result<Verdict> {
        let tree = place.checkout(site, commit, &format!("judged-{}", &commit[..commit.len().min(12)]))?;
        write(&tree.join(task.language().test_file("hidden")), &task.hidden())?;
        let mut command = Command::new(["sh", "-c", task.language().hidden()], &tree);
        command.timeout = TIMEOUT;
        let ran = self.runtime.block_on(self.sandbox.run(&command, std::future::pending(), |_| {}))?;
        let output = String::from_utf8_lossy(ran.output.as_bytes()).into_owned();
        match ran.exit {
            Exit::Code(code) if code == 126 || code == 127 => bail!("the hidden tests could not be started: {output}"),
            exit => Ok(Verdict { passed: exit == Exit::Code(0), output }),
        }
    }
}
