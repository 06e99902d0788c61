//! Running a command in the sandbox, from the host's side.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines, Take};
use tokio::process::{ChildStderr, ChildStdout};

use crate::attest;
use crate::cgroup::Cgroup;
use crate::command::{Command, Network};
use crate::error::SandboxError;
use crate::layout;
use crate::level::{Attestation, Demand, Level, LimitsHeldBy, Observed};
use crate::measure::{IMMEASURABLE, tree_bytes};
use crate::outcome::{Exit, Outcome, Output};
use crate::plan::{Limit, Report, Request};
use crate::running::{OWN_PROGRAM, RepositoryMount, Running, encode};
use crate::support::Support;
use crate::toolchains::Toolchains;
use crate::unsandboxed;
use crate::witness;

/// Far more than all reports of one command.
const MAX_REPORTS_BYTES: u64 = 1 << 20;
/// Entering takes milliseconds; on a machine that swaps, seconds.
const SET_UP_TIMEOUT: Duration = Duration::from_secs(60);
const READ_BYTES: usize = 64 << 10;

/// Runs commands, each in a sandbox of its own.
#[derive(Clone, Debug)]
pub struct Sandbox {
    program: PathBuf,
    support: Support,
    toolchains: Toolchains,
    demand: Demand,
    baselines: Baselines,
}

/// What each tree held before the first command in it: a limit for each command alone would be none for a hundred.
#[derive(Clone, Debug, Default)]
struct Baselines(Arc<Mutex<BTreeMap<PathBuf, u64>>>);

impl Baselines {
    /// What a command's tree and its git directory, which is new each time, held before.
    async fn of(&self, command: &Command) -> u64 {
        let known = |baselines: &Self| baselines.0.lock().ok()?.get(&command.tree).copied();
        let tree = match known(self) {
            Some(tree) => tree,
            None => {
                let measured = measure(command.tree.clone()).await;
                let Ok(mut baselines) = self.0.lock() else { return 0 };
                *baselines.entry(command.tree.clone()).or_insert(measured)
            }
        };
        match &command.repository {
            Some(repository) => tree.saturating_add(measure(repository.clone()).await),
            None => tree,
        }
    }
}

/// Bytes on disk; none where they can't be told, so that all that is found later counts as growth.
async fn measure(place: PathBuf) -> u64 {
    let measured = tokio::task::spawn_blocking(move || tree_bytes(&place, &|| true)).await;
    measured.ok().flatten().filter(|bytes| *bytes != IMMEASURABLE).unwrap_or(0)
}

impl Sandbox {
    /// A sandbox on a machine that was probed, with the user's toolchains, of the demanded level or not at all.
    pub fn new(support: Support, toolchains: Toolchains, demand: Demand) -> Self {
        Self { program: OWN_PROGRAM.into(), support, toolchains, demand, baselines: Baselines::default() }
    }

    /// Uses another program than this one for init. It must call [`crate::init_if_requested`].
    pub fn with_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// The level that commands will get, or why there is none. The attestation of each command says it again, proven.
    pub fn level(&self) -> Result<Level, SandboxError> {
        let unavailable = || SandboxError::LevelUnavailable { missing: self.support.missing.clone() };
        match (self.demand, self.support.level()) {
            (Demand::DangerouslyUnsandboxed, _) => Ok(Level::Unsandboxed),
            (Demand::Full, Some(Level::Full)) => Ok(Level::Full),
            (Demand::AllowReduced, Some(level)) => Ok(level),
            _ => Err(unavailable()),
        }
    }

    /// Runs a command to its end. `cancel` ends it early; `on_output` sees the output as it comes (untrusted bytes).
    ///
    /// Dropping the future kills the command and all that it started.
    pub async fn run(
        &self,
        command: &Command,
        cancel: impl Future<Output = ()>,
        mut on_output: impl FnMut(&[u8]),
    ) -> Result<Outcome, SandboxError> {
        if command.argv.is_empty() {
            return Err(SandboxError::CommandEmpty);
        }
        let level = self.level()?;
        if level == Level::Unsandboxed {
            return unsandboxed::run(command, &self.toolchains, cancel, on_output).await;
        }
        let mut cancel = pin!(cancel);
        // Kept out here, so that it is ended whatever ends the set-up.
        let mut running = Running::default();
        let started = tokio::select! {
            session = Session::start(self, command, &mut running) => session,
            () = &mut cancel => Err(SandboxError::Cancelled),
        };
        let mut session = match started {
            Ok(session) => session,
            Err(error) => {
                running.end().await;
                return Err(error);
            }
        };
        let exit = session.follow(command, &mut running, cancel, &mut on_output).await;
        // On an error too: when this returns, nothing of the command is left.
        if session.is_gone {
            running.leave();
        } else {
            running.end().await;
        }
        Ok(Outcome {
            exit: exit?,
            output: session.output,
            output_size: session.output_size,
            duration: session.started.elapsed(),
            attestation: Attestation {
                level,
                limits_held_by: session.limits_held_by,
                observed: Some(session.observed),
            },
        })
    }
}

/// A command whose sandbox was checked and that was let go.
struct Session {
    stdout: ChildStdout,
    reports: Reports,
    observed: Observed,
    limits_held_by: LimitsHeldBy,
    started: Instant,
    output: Output,
    output_size: u64,
    /// The supervisor has said that no other process is left.
    is_gone: bool,
}

impl Session {
    /// Whatever comes of it, `running` is the caller's to end.
    async fn start(sandbox: &Sandbox, command: &Command, running: &mut Running) -> Result<Self, SandboxError> {
        let may_have_one = sandbox.support.limits_held_by == LimitsHeldBy::Cgroup;
        let cgroup = may_have_one.then(|| Cgroup::create(&command.limits)).flatten();
        let limits_held_by = if cgroup.is_some() { LimitsHeldBy::Cgroup } else { LimitsHeldBy::Watchdog };
        let place = cgroup.as_ref().map(|cgroup| cgroup.path().to_owned());
        let baseline = sandbox.baselines.of(command).await;
        let plan = Box::new(layout::plan(command, &sandbox.toolchains, &sandbox.support, place, baseline)?);
        let request = Request::Run(plan);
        let frame = encode(&request)?;
        let repository = command.repository.as_ref().map(|_| RepositoryMount::create(&command.tree)).transpose()?;
        let (stdout, stderr) = running.start(&sandbox.program, cgroup, repository)?;
        running.send(&frame).await?;
        let mut reports = BufReader::new(stderr.take(MAX_REPORTS_BYTES)).lines();
        let supervisor = running.supervisor();
        let entered = tokio::time::timeout(SET_UP_TIMEOUT, await_ready(&request, &mut reports, supervisor)).await;
        let observed = entered.unwrap_or_else(|_| Err(set_up("enter the sandbox", "it took too long")))?;
        if let Network::Proxy(serve) = &command.network {
            let served = running.take_listener().await.and_then(|listener| serve.start(listener));
            served.map_err(|error| set_up("serve the proxy", &error.to_string()))?;
        }
        running.go().await?;
        let (started, output) = (Instant::now(), Output::default());
        Ok(Self { stdout, reports, observed, limits_held_by, started, output, output_size: 0, is_gone: false })
    }

    /// Follows a command until its output is over and no process of it is left, which the supervisor says, or shows by
    /// ending.
    async fn follow(
        &mut self,
        command: &Command,
        running: &mut Running,
        mut cancel: Pin<&mut impl Future<Output = ()>>,
        on_output: &mut impl FnMut(&[u8]),
    ) -> Result<Exit, SandboxError> {
        let mut deadline = pin!(tokio::time::sleep(command.timeout));
        let mut buffer = vec![0; READ_BYTES];
        let mut exit = None;
        let (mut output_open, mut reports_open) = (true, true);
        while output_open || (reports_open && !self.is_gone) {
            tokio::select! {
                read = self.stdout.read(&mut buffer), if output_open => {
                    let bytes = &buffer[..read.map_err(SandboxError::Channel)?];
                    output_open = !bytes.is_empty();
                    // A command that is being killed may still write; nobody wants more of it.
                    if !matches!(exit, None | Some(Exit::Code(_) | Exit::Signal(_))) {
                        continue;
                    }
                    self.output_size += bytes.len() as u64;
                    on_output(bytes);
                    if !self.output.append(bytes, command.output_limit_bytes) {
                        exit = Some(Exit::OutputLimit);
                        running.kill();
                    }
                }
                line = self.reports.next_line(), if reports_open => match line.map_err(SandboxError::Channel)? {
                    Some(line) => match ending(&line)? {
                        Some(ending) => { exit.get_or_insert(ending); }
                        None => self.is_gone = true,
                    },
                    None => reports_open = false,
                },
                () = &mut deadline, if exit.is_none() => {
                    exit = Some(Exit::TimedOut);
                    running.kill();
                }
                () = &mut cancel, if exit.is_none() => {
                    exit = Some(Exit::Cancelled);
                    running.kill();
                }
            }
        }
        if matches!(exit, None | Some(Exit::Signal(_))) && running.ran_out_of_memory() {
            return Ok(Exit::MemoryLimit);
        }
        exit.ok_or_else(|| SandboxError::InitDied { report: "nothing".to_owned() })
    }
}

type Reports = Lines<BufReader<Take<ChildStderr>>>;

/// Waits until init has entered everything, and checks what it says, and then that it is so as far as it can be seen.
async fn await_ready(
    request: &Request,
    reports: &mut Reports,
    supervisor: Option<u32>,
) -> Result<Observed, SandboxError> {
    let line = reports.next_line().await.map_err(SandboxError::Channel)?.unwrap_or_default();
    match (request, parse(&line)?) {
        (Request::Run(plan), Report::Ready(observed)) => {
            let checked = attest::check(plan, &observed, &attest::own_namespaces());
            let seen = || match supervisor {
                Some(supervisor) => witness::check(supervisor, plan, &observed),
                None => Err("the supervisor has ended".to_owned()),
            };
            match checked.and_then(|()| seen()) {
                Ok(()) => Ok(observed),
                Err(what) => Err(SandboxError::AttestationMismatch { what }),
            }
        }
        (_, Report::SetUp { step, reason }) => Err(set_up(&step, &reason)),
        _ => Err(SandboxError::InitDied { report: line.escape_default().to_string() }),
    }
}

/// How the command ended, as a report says; none where it says that nothing of it is left.
fn ending(line: &str) -> Result<Option<Exit>, SandboxError> {
    Ok(Some(match parse(line)? {
        Report::Gone => return Ok(None),
        Report::Ended { code: Some(code), .. } => Exit::Code(code),
        Report::Ended { signal: Some(signal), .. } => Exit::Signal(signal),
        Report::Limit(Limit::Memory) => Exit::MemoryLimit,
        Report::Limit(Limit::Processes) => Exit::ProcessLimit,
        Report::Limit(Limit::Disk) => Exit::DiskLimit,
        Report::ProgramStart { program, reason } => return Err(SandboxError::ProgramStart { program, reason }),
        Report::SetUp { step, reason } => return Err(set_up(&step, &reason)),
        _ => return Err(SandboxError::InitDied { report: line.escape_default().to_string() }),
    }))
}

fn parse(line: &str) -> Result<Report, SandboxError> {
    serde_json::from_str(line).map_err(|_| SandboxError::InitDied { report: line.escape_default().to_string() })
}

fn set_up(step: &str, reason: &str) -> SandboxError {
    SandboxError::SetUp { step: step.to_owned(), reason: reason.to_owned() }
}
