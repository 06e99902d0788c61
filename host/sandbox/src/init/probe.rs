//! Tries each wall in a process that does nothing else, and says which ones failed and how.

use std::io;

use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::process::{WaitOptions, waitpid};
use rustix::thread::UnshareFlags;

use super::sys::{Fork, fork};
use super::{network, outer, root, seccomp};
use crate::level::Wall;
use crate::plan::Report;

type Attempt = fn() -> io::Result<()>;

pub(super) fn probe() -> Report {
    let mut missing = Vec::new();
    let tries: [(Wall, Attempt); 7] = [
        (Wall::UserNamespace, try_user),
        (Wall::MountNamespace, try_mount),
        (Wall::NetworkNamespace, try_network),
        (Wall::IpcNamespace, || outer::unshare(UnshareFlags::NEWIPC)),
        (Wall::UtsNamespace, || outer::unshare(UnshareFlags::NEWUTS)),
        (Wall::Seccomp, || {
            in_a_child(|| seccomp::install(false, false).map_err(|fault| io::Error::other(fault.reason)))
        }),
        // Last: once its first process has ended, no other can be made.
        (Wall::PidNamespace, try_pid),
    ];
    for (wall, attempt) in tries {
        if let Err(error) = attempt() {
            missing.push((wall, error.to_string()));
        }
    }
    Report::Probed { landlock_abi: super::sys::landlock_abi(), missing }
}

fn try_user() -> io::Result<()> {
    outer::enter_user_namespace().map_err(|fault| io::Error::other(format!("{}: {}", fault.step, fault.reason)))
}

fn try_mount() -> io::Result<()> {
    outer::unshare(UnshareFlags::NEWNS)?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    super::sys::tmpfs("/tmp".as_ref(), "0755", 1 << 20)?;
    super::sys::restrict("/tmp".as_ref(), super::sys::Rights::ReadOnly)?;
    // A change of the root would reach this process too.
    in_a_child(|| {
        outer::unshare(UnshareFlags::NEWNS)?;
        root::try_to_change()
    })
}

fn try_network() -> io::Result<()> {
    outer::unshare(UnshareFlags::NEWNET)?;
    network::bring_loopback_up()
}

/// A container often hides parts of `/proc`, and then refuses a new one.
fn try_pid() -> io::Result<()> {
    outer::unshare(UnshareFlags::NEWPID)?;
    in_a_child(|| {
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        Ok(mount("proc", "/proc", "proc", flags, None)?)
    })
}

/// What cannot be undone, or counts for children only, is tried in a child.
fn in_a_child(attempt: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    match fork()? {
        Fork::Child => {
            let code = attempt().err().map_or(0, |error| error.raw_os_error().unwrap_or(libc::EIO));
            #[allow(clippy::exit, reason = "the child of a fork must not return into its parent's work")]
            std::process::exit(code)
        }
        Fork::Parent(child) => {
            let status = waitpid(Some(child), WaitOptions::empty())?;
            match status.and_then(|(_, status)| status.exit_status()) {
                Some(0) => Ok(()),
                Some(code) => Err(io::Error::from_raw_os_error(code)),
                None => Err(io::ErrorKind::Interrupted.into()),
            }
        }
    }
}
