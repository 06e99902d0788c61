//! The supervisor: enters the namespaces, starts PID 1, and stays outside to end it.
//!
//! It polls the lifeline (closed when the host lets go or dies), PID 1, the number of processes, and the verdict of the
//! watchdog: nothing of that waits for a process inside. It does not rely on `PR_SET_PDEATHSIG` for the host, since that
//! fires when the *thread* that started this process ends, and the host's threads come and go.

use std::fs;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    DumpableBehavior, Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, kill_process, pidfd_open,
    set_dumpable_behavior, waitpid,
};
use rustix::thread::{CapabilitySet, UnshareFlags, set_no_new_privs};

use super::sys::{Fork, fork};
use super::watch::{WATCH_INTERVAL, has_too_many_tasks};
use super::watcher::Watcher;
use super::{Fault, Reports, Step, confine, inner, step};
use crate::level::Wall;
use crate::plan::{Limit, Plan, Report};

/// The user that the command is, inside. Outside it is the user who runs the host, so that files have one owner.
const USER_INSIDE: u32 = 1000;

pub(super) fn run(plan: &Plan, reports: &mut Reports) -> Result<(), Fault> {
    if let Some(cgroup) = &plan.cgroup {
        fs::write(cgroup.join("cgroup.procs"), "0").step("enter the cgroup")?;
    }
    // Where memory runs out, the kernel should end the command, not the host.
    fs::write("/proc/self/oom_score_adj", "800").step("set the OOM score")?;
    enter_namespaces(plan)?;
    let watcher = Watcher::start(plan).step("start the watchdog")?;
    // This process stays outside; the next one that it starts is PID 1.
    unshare(UnshareFlags::NEWPID).step("enter the PID namespace")?;
    let (ready, tell_ready) = pipe_with(PipeFlags::CLOEXEC).step("make a pipe")?;
    // Opened before the fork, since PID 1 then takes the root away.
    let null = fs::OpenOptions::new().read(true).write(true).open("/dev/null").step("open /dev/null")?;
    match fork().step("fork PID 1")? {
        Fork::Child => {
            watcher.leave_to_the_parent();
            drop(ready);
            let end = inner::run(plan, reports, tell_ready);
            if let Err(fault) = end {
                reports.send(&fault.into_report())?;
            }
            Ok(())
        }
        Fork::Parent(init) => {
            drop(tell_ready);
            release_output(&null).step("let go of the output")?;
            confine_supervisor().step("drop the supervisor's capabilities")?;
            supervise(plan, init, ready, watcher, reports)
        }
    }
}

/// What a thread of the supervisor gives up.
pub(super) fn confine_supervisor() -> io::Result<()> {
    set_no_new_privs(true)?;
    // What the watchdog reads, a command must not be able to close to it.
    confine::drop_capabilities_but(CapabilitySet::DAC_READ_SEARCH)
}

/// New namespaces for everything but processes.
fn enter_namespaces(plan: &Plan) -> Result<(), Fault> {
    enter_user_namespace()?;
    let mut flags = UnshareFlags::NEWNS | UnshareFlags::NEWNET;
    let optional = [(Wall::IpcNamespace, UnshareFlags::NEWIPC), (Wall::UtsNamespace, UnshareFlags::NEWUTS)];
    for (wall, flag) in optional {
        flags.set(flag, !plan.without.contains(&wall));
    }
    unshare(flags).step("enter the namespaces")?;
    // Only hides the cgroup's name; old kernels lack it.
    let _ = unshare(UnshareFlags::NEWCGROUP);
    Ok(())
}

/// A user namespace with this user as the only one inside.
pub(super) fn enter_user_namespace() -> Result<(), Fault> {
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    // Root alone may do that; for others their groups give nothing here, since the files are not shown.
    let _ = rustix::thread::set_thread_groups(&[]);
    // Writing the maps needs /proc/self to be this user's, which a set-user-id or unreadable program is not.
    set_dumpable_behavior(DumpableBehavior::Dumpable).step("become dumpable")?;
    unshare(UnshareFlags::NEWUSER).step("enter a user namespace")?;
    fs::write("/proc/self/setgroups", "deny").step("switch off setgroups")?;
    fs::write("/proc/self/uid_map", format!("{USER_INSIDE} {uid} 1")).step("map the user")?;
    fs::write("/proc/self/gid_map", format!("{USER_INSIDE} {gid} 1")).step("map the group")?;
    Ok(())
}

pub(super) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    #[allow(unsafe_code, reason = "rustix marks unshare so because of CLONE_FILES, which is not used")]
    // SAFETY: nobody asks for CLONE_FILES, so threads go on to share their file descriptors.
    unsafe { rustix::thread::unshare_unsafe(flags) }?;
    Ok(())
}

/// The output must be over when PID 1's tree is, so nobody else may hold it.
fn release_output(null: &fs::File) -> io::Result<()> {
    rustix::stdio::dup2_stdout(null)?;
    rustix::stdio::dup2_stderr(null)?;
    Ok(())
}

/// Waits until PID 1 ends, and sees to it that it does.
fn supervise(plan: &Plan, init: Pid, ready: OwnedFd, watcher: Watcher, reports: &mut Reports) -> Result<(), Fault> {
    match await_end(init, rustix::stdio::stdin(), &ready, watcher, plan.limits.processes)? {
        End::ByItself => {}
        End::LetGo => kill(init),
        End::Exceeded(limit) => {
            reports.send(&Report::Limit(limit))?;
            kill(init);
        }
    }
    reap(init)?;
    // Taking the namespaces down takes longer than most commands, and the host need not wait for it.
    reports.send(&Report::Gone)
}

/// Why the sandbox ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    ByItself,
    LetGo,
    Exceeded(Limit),
}

fn await_end(
    init: Pid,
    lifeline: BorrowedFd<'_>,
    ready: &OwnedFd,
    watcher: Watcher,
    most_tasks: u64,
) -> Result<End, Fault> {
    let process = pidfd_open(init, PidfdFlags::empty()).step("watch PID 1")?;
    let interval = Timespec { tv_sec: 0, tv_nsec: WATCH_INTERVAL.subsec_nanos().into() };
    let mut has_begun = false;
    loop {
        let teller = if has_begun { &watcher.over } else { ready };
        // An end of file shows as HUP though no event is asked for; the host's one byte of data does not.
        let mut fds = [
            PollFd::new(&process, PollFlags::IN),
            PollFd::new(&lifeline, PollFlags::empty()),
            PollFd::new(teller, PollFlags::IN),
        ];
        match poll(&mut fds, Some(&interval)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(step("wait for PID 1", error.into())),
        }
        let [has_ended, host_is_gone, was_told] = fds.map(|fd| !fd.revents().is_empty());
        if has_ended {
            return Ok(End::ByItself);
        }
        if host_is_gone {
            return Ok(End::LetGo);
        }
        if has_begun && has_too_many_tasks(most_tasks) {
            return Ok(End::Exceeded(Limit::Processes));
        }
        if has_begun && (was_told || watcher.has_ended()) {
            return watcher.verdict().map(End::Exceeded).step("watch the limits");
        }
        if was_told && !has_begun {
            // PID 1 is about to start the command, and has changed the root: /proc and /work are the sandbox's.
            has_begun = true;
            watcher.begin(init);
        }
    }
}

fn kill(init: Pid) {
    // It can only fail because PID 1 has already ended.
    let _ = kill_process(init, Signal::KILL);
}

/// Whether PID 1 has not ended yet. It is not reaped by that.
pub(super) fn is_alive(init: Pid) -> bool {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let now = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    matches!(waitid(WaitId::Pid(init), now), Ok(None))
}

/// The kernel lets PID 1 go only when every other process of its namespace is gone.
fn reap(init: Pid) -> Result<(), Fault> {
    loop {
        match waitpid(Some(init), WaitOptions::empty()) {
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(step("reap PID 1", error.into())),
        }
    }
}

/// How a process ended, as exit code or signal.
pub(super) fn ending(status: WaitStatus) -> Report {
    Report::Ended { code: status.exit_status(), signal: status.terminating_signal() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
    use super::*;
    use std::os::fd::AsFd;

    /// How a sandbox ends whose watchdog is kept waiting for as long as this runs, after something else has happened.
    /// What that gives back of the host's end stays open.
    fn end_beside_a_slow_watchdog(
        most_tasks: u64,
        happens: impl FnOnce(Pid, OwnedFd) -> Option<OwnedFd> + Send + 'static,
    ) -> End {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let pair = || pipe_with(PipeFlags::CLOEXEC).unwrap();
        let ((lifeline, host), (ready, tell_ready), (kept, keep)) = (pair(), pair(), pair());
        let watcher = Watcher::spawn(
            || Ok(()),
            move |init, _| {
                let _host = happens(init, host);
                rustix::io::read(&kept, &mut [0; 1]).ok().and(None)
            },
        );
        drop(tell_ready);
        let init = Pid::from_child(&child);
        let end = await_end(init, lifeline.as_fd(), &ready, watcher.unwrap(), most_tasks).unwrap();
        drop(keep);
        let _ = child.kill();
        child.wait().unwrap();
        end
    }

    #[test]
    fn x_05_a_watchdog_that_is_kept_waiting_keeps_nobody_else() {
        assert_eq!(end_beside_a_slow_watchdog(u64::MAX, |_, _| None), End::LetGo);
        assert_eq!(end_beside_a_slow_watchdog(0, |_, host| Some(host)), End::Exceeded(Limit::Processes));
        let ends = |init, host| {
            kill(init);
            Some(host)
        };
        assert_eq!(end_beside_a_slow_watchdog(u64::MAX, ends), End::ByItself);
    }
}
