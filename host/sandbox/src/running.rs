//! A sandbox that is running, seen from the host: its pipes, and the certainty that it ends.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::cgroup::Cgroup;
use crate::error::SandboxError;
use crate::plan::{GO, INIT_NAME, Request};

/// This very program, even where its file was replaced since it was started.
pub(crate) const OWN_PROGRAM: &str = "/proc/self/exe";
/// How long the kernel may take to end all processes before the supervisor is killed as well.
const END_GRACE: Duration = Duration::from_secs(10);

/// Init and all that it started; nothing yet where it was not started. When this is dropped, everything in it is killed.
#[derive(Default)]
pub(crate) struct Running {
    parts: Option<Parts>,
}

/// In the order in which they end: nothing is cleaned up before the processes are gone.
struct Parts {
    lifeline: Option<UnixStream>,
    child: Child,
    cgroup: Option<Cgroup>,
    repository_mount: Option<RepositoryMount>,
}

impl Running {
    /// Starts init, which then waits for its request. Gives its output and its reports.
    pub(crate) fn start(
        &mut self,
        program: &Path,
        cgroup: Option<Cgroup>,
        repository_mount: Option<RepositoryMount>,
    ) -> Result<(ChildStdout, ChildStderr), SandboxError> {
        let (lifeline, stdin) = std::os::unix::net::UnixStream::pair().map_err(SandboxError::Channel)?;
        lifeline.set_nonblocking(true).map_err(SandboxError::Channel)?;
        let lifeline = UnixStream::from_std(lifeline).map_err(SandboxError::Channel)?;
        let mut command = init_command(program);
        let mut child = command.stdin(OwnedFd::from(stdin)).spawn().map_err(SandboxError::InitStart)?;
        // It holds the other end until it is dropped, and then nobody here does.
        drop(command);
        let (output, reports) = (child.stdout.take(), child.stderr.take());
        self.parts = Some(Parts { lifeline: Some(lifeline), child, cgroup, repository_mount });
        output.zip(reports).ok_or_else(|| SandboxError::Channel(io::ErrorKind::BrokenPipe.into()))
    }

    /// Takes the listener that init has sent before its first report.
    pub(crate) async fn take_listener(&mut self) -> io::Result<TcpListener> {
        let lifeline = self.parts.as_ref().and_then(|parts| parts.lifeline.as_ref());
        let lifeline = lifeline.ok_or(io::ErrorKind::BrokenPipe)?;
        lifeline.async_io(Interest::READABLE, || receive_descriptor(lifeline)).await.map(TcpListener::from)
    }

    /// The number of the process that the host started; none once it has ended.
    pub(crate) fn supervisor(&self) -> Option<u32> {
        self.parts.as_ref().and_then(|parts| parts.child.id())
    }

    /// Lets init start the command.
    pub(crate) async fn go(&mut self) -> Result<(), SandboxError> {
        self.send(&[GO]).await
    }

    /// Asks the supervisor to kill everything.
    pub(crate) fn kill(&mut self) {
        if let Some(parts) = &mut self.parts {
            parts.lifeline = None;
        }
    }

    pub(crate) fn ran_out_of_memory(&self) -> bool {
        self.parts.as_ref().and_then(|parts| parts.cgroup.as_ref()).is_some_and(Cgroup::ran_out_of_memory)
    }

    /// Waits until no process is left: PID 1 of a namespace is gone only after all others in it.
    pub(crate) async fn end(&mut self) {
        if let Some(parts) = &mut self.parts {
            parts.end().await;
        }
        self.parts = None;
    }

    /// Leaves a supervisor alone that has nothing left to end: it goes, and its cgroup with it, while the host goes on.
    /// The tree is as it was before the command at once, since the next one may come now.
    pub(crate) fn leave(mut self) {
        if let Some(parts) = &mut self.parts {
            parts.repository_mount = None;
        }
    }

    /// Sends something over the lifeline.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), SandboxError> {
        let lifeline = self.parts.as_mut().and_then(|parts| parts.lifeline.as_mut());
        let lifeline = lifeline.ok_or_else(|| SandboxError::Channel(io::ErrorKind::BrokenPipe.into()))?;
        lifeline.write_all(bytes).await.map_err(SandboxError::Channel)
    }
}

/// The one descriptor of a message.
fn receive_descriptor(socket: &UnixStream) -> io::Result<OwnedFd> {
    let (mut byte, mut space) = ([0], [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))]);
    let mut message = RecvAncillaryBuffer::new(&mut space);
    recvmsg(socket.as_fd(), &mut [IoSliceMut::new(&mut byte)], &mut message, RecvFlags::CMSG_CLOEXEC)?;
    let descriptors = message.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    descriptors.flatten().next().ok_or_else(|| io::ErrorKind::InvalidData.into())
}

impl Parts {
    async fn end(&mut self) {
        self.lifeline = None;
        let ended: Result<io::Result<ExitStatus>, _> = tokio::time::timeout(END_GRACE, self.child.wait()).await;
        if ended.is_err() {
            // The supervisor's death kills PID 1 too.
            if let Err(error) = self.child.kill().await {
                tracing::warn!(%error, "a sandbox's supervisor could not be killed");
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut parts) = self.parts.take() else { return };
        parts.lifeline = None;
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { parts.end().await });
        }
        // Without a runtime the closed lifeline and `kill_on_drop` end it.
    }
}

/// The empty `.git` in the worktree that the throwaway repository is mounted on.
///
/// A mount needs a place. It exists as long as the command, and no skill can reach the tree meanwhile.
pub(crate) struct RepositoryMount(PathBuf);

impl RepositoryMount {
    pub(crate) fn create(tree: &Path) -> Result<Self, SandboxError> {
        let place = tree.join(".git");
        match std::fs::create_dir(&place) {
            Ok(()) => Ok(Self(place)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(SandboxError::TreeHasGit),
            Err(source) => Err(SandboxError::DirectoryMount { path: place, source }),
        }
    }
}

impl Drop for RepositoryMount {
    fn drop(&mut self) {
        // Only where it is empty: what a command wrote went into the mount, so anything here is not ours to delete.
        if let Err(error) = std::fs::remove_dir(&self.0) {
            tracing::warn!(%error, "the place of a command's git directory could not be removed");
        }
    }
}

/// This program as init: no environment (the host's holds keys), pipes or a socket pair alone, away from the terminal's signals.
pub(crate) fn init_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg0(INIT_NAME).env_clear().current_dir("/").process_group(0).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A request as it goes over the pipe.
pub(crate) fn encode(request: &Request) -> Result<Vec<u8>, SandboxError> {
    let fault = |reason: String| SandboxError::SetUp { step: "describe the command".into(), reason };
    let json = serde_json::to_vec(request).map_err(|error| fault(error.to_string()))?;
    let length = u32::try_from(json.len()).ok().filter(|length| *length <= crate::plan::MAX_REQUEST_BYTES);
    let length = length.ok_or_else(|| fault("arguments and variables are too large".into()))?;
    Ok([&length.to_le_bytes()[..], &json].concat())
}
