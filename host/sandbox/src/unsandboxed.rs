//! Running a command plainly, as the user: only time and output are limited.
//!
//! This exists for machines that cannot sandbox, and only where a person said so. The command still gets a clean
//! environment, so that the host's keys do not reach it, and a session of its own, so that it has no terminal to type
//! into; but it can read whatever the user can, and a proxy is no more than an offer.

use std::future::Future;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::pin::pin;
use std::process::Stdio;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use crate::command::{Command, Network};
use crate::error::SandboxError;
use crate::level::{Attestation, Level, LimitsHeldBy};
use crate::outcome::{Exit, Outcome, Output};
use crate::proxy;
use crate::toolchains::Toolchains;

const READ_BYTES: usize = 64 << 10;

pub(crate) async fn run(
    command: &Command,
    toolchains: &Toolchains,
    cancel: impl Future<Output = ()>,
    mut on_output: impl FnMut(&[u8]),
) -> Result<Outcome, SandboxError> {
    let started = Instant::now();
    let (sender, mut receiver) = pipe::pipe().map_err(SandboxError::Channel)?;
    let mut group = Group::start(command, toolchains, sender)?;
    let (mut cancel, mut deadline) = (pin!(cancel), pin!(tokio::time::sleep(command.timeout)));
    let mut buffer = vec![0; READ_BYTES];
    let (mut output, mut output_size, mut exit) = (Output::default(), 0u64, None);
    let mut output_open = true;
    while output_open || exit.is_none() {
        tokio::select! {
            read = receiver.read(&mut buffer), if output_open => {
                let bytes = &buffer[..read.map_err(SandboxError::Channel)?];
                output_open = !bytes.is_empty();
                output_size += bytes.len() as u64;
                on_output(bytes);
                if !output.append(bytes, command.output_limit_bytes) {
                    exit = Some(Exit::OutputLimit);
                    break;
                }
            }
            status = group.child.wait(), if exit.is_none() => {
                use std::os::unix::process::ExitStatusExt;
                let status = status.map_err(SandboxError::Channel)?;
                exit = Some(status.code().map_or(Exit::Signal(status.signal().unwrap_or_default()), Exit::Code));
                // What it left running would keep the pipe open.
                group.kill();
            }
            () = &mut deadline => {
                // A process that left the group can hold the pipe open after the command itself has ended.
                exit.get_or_insert(Exit::TimedOut);
                break;
            }
            () = &mut cancel => {
                exit.get_or_insert(Exit::Cancelled);
                break;
            }
        }
    }
    drop(group);
    Ok(Outcome {
        exit: exit.unwrap_or(Exit::Cancelled),
        output,
        output_size,
        duration: started.elapsed(),
        attestation: Attestation { level: Level::Unsandboxed, limits_held_by: LimitsHeldBy::Nothing, observed: None },
    })
}

/// The command's process group. What leaves the group escapes; only a sandbox prevents that.
struct Group {
    child: tokio::process::Child,
    id: Option<Pid>,
}

impl Group {
    fn start(command: &Command, toolchains: &Toolchains, output: pipe::Sender) -> Result<Self, SandboxError> {
        let [program, arguments @ ..] = command.argv.as_slice() else { return Err(SandboxError::CommandEmpty) };
        let output = output.into_blocking_fd().map_err(SandboxError::Channel)?;
        let errors = output.try_clone().map_err(SandboxError::Channel)?;
        let mut plain = tokio::process::Command::new(program);
        plain.args(arguments).current_dir(&command.tree).env_clear().kill_on_drop(true);
        begin_session(&mut plain);
        plain.stdin(Stdio::null()).stdout(output).stderr(errors);
        plain.env("PATH", toolchains.path()).env("LANG", "C.UTF-8").env("TERM", "dumb");
        plain.envs(std::env::var_os("HOME").map(|home| ("HOME", home)));
        // A fresh folder in the home exists in a sandbox alone.
        let exists = |value: &std::ffi::OsString| !Path::new(value).starts_with(crate::layout::HOME);
        plain.envs(toolchains.env().iter().filter(|(_, value)| exists(value)));
        if let Some(repository) = &command.repository {
            plain.env("GIT_DIR", repository).env::<_, &Path>("GIT_WORK_TREE", &command.tree);
        }
        if let Network::Proxy(serve) = &command.network {
            // Nothing here keeps a command from going past it.
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(SandboxError::Channel)?;
            plain.envs(proxy::variables(listener.local_addr().map_err(SandboxError::Channel)?));
            serve.start(listener).map_err(SandboxError::Channel)?;
        }
        plain.envs(&command.env);
        let child = plain.spawn().map_err(|error| SandboxError::ProgramStart {
            program: program.as_encoded_bytes().escape_ascii().to_string(),
            reason: error.to_string(),
        })?;
        let id = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(Self { child, id })
    }

    fn kill(&mut self) {
        // Not an error where all have ended.
        if let Some(id) = self.id.take() {
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}

/// A session, and with it a process group, of its own.
fn begin_session(command: &mut tokio::process::Command) {
    #[allow(unsafe_code, reason = "std can begin a process group, and no session")]
    // SAFETY: between fork and exec only this one system call is made.
    unsafe {
        command.pre_exec(|| Ok(rustix::process::setsid().map(drop)?));
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
