//! The supervisor: enters the namespaces, starts PID 1, and stays outside to end it.
//!
//! It polls the lifeline (closed when the host lets go or dies), PID 1, and the limits. It does not rely on
//! `PR_SET_PDEATHSIG` for the host, since that fires when the *thread* that started this process ends, and the host's
//! threads come and go.

use std::fs;
use std::io;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    DumpableBehavior, Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, kill_process, pidfd_open,
    set_dumpable_behavior, waitpid,
};
use rustix::thread::{CapabilitySet, UnshareFlags, set_no_new_privs};

use super::sys::{Fork, fork};
use super::watch::{WATCH_INTERVAL, Watch};
use super::{Fault, Reports, Step, confine, inner, step};
use crate::level::Wall;
use crate::plan::{Plan, Report};

/// The user that the command is, inside. Outside it is the user who runs the host, so that files have one owner.
const USER_INSIDE: u32 = 1000;

pub(super) fn run(plan: &Plan, reports: &mut Reports) -> Result<(), Fault> {
    if let Some(cgroup) = &plan.cgroup {
        fs::write(cgroup.join("cgroup.procs"), "0").step("enter the cgroup")?;
    }
    // Where memory runs out, the kernel should end the command, not the host.
    fs::write("/proc/self/oom_score_adj", "800").step("set the OOM score")?;
    enter_namespaces(plan)?;
    let (ready, tell_ready) = pipe_with(PipeFlags::CLOEXEC).step("make a pipe")?;
    // Opened before the fork, since PID 1 then takes the root away.
    let null = fs::OpenOptions::new().read(true).write(true).open("/dev/null").step("open /dev/null")?;
    match fork().step("fork PID 1")? {
        Fork::Child => {
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
            set_no_new_privs(true).step("give up new privileges")?;
            // What the watchdog reads, a command must not be able to close to it.
            let kept = CapabilitySet::DAC_READ_SEARCH;
            confine::drop_capabilities_but(kept).step("drop the supervisor's capabilities")?;
            supervise(plan, init, ready, reports)
        }
    }
}

/// New namespaces for everything.
fn enter_namespaces(plan: &Plan) -> Result<(), Fault> {
    enter_user_namespace()?;
    let mut flags = UnshareFlags::NEWNS | UnshareFlags::NEWPID | UnshareFlags::NEWNET;
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
    // SAFETY: file descriptors stay shared with nobody: this process has one thread.
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
fn supervise(plan: &Plan, init: Pid, ready: rustix::fd::OwnedFd, reports: &mut Reports) -> Result<(), Fault> {
    let lifeline = rustix::stdio::stdin();
    let process = pidfd_open(init, PidfdFlags::empty()).step("watch PID 1")?;
    let interval = Timespec { tv_sec: 0, tv_nsec: WATCH_INTERVAL.subsec_nanos().into() };
    let (mut watch, mut host_is_there, mut waiting) = (None, true, true);
    loop {
        // An end of file shows as HUP though no event is asked for; the host's one byte of data does not.
        let mut fds = vec![PollFd::new(&process, PollFlags::IN)];
        if host_is_there {
            fds.push(PollFd::new(&lifeline, PollFlags::empty()));
        }
        if waiting {
            fds.push(PollFd::new(&ready, PollFlags::empty()));
        }
        match poll(&mut fds, Some(&interval)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(step("wait for PID 1", error.into())),
        }
        let happened: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(fds);
        if happened[0] {
            reap(init)?;
            // Taking the namespaces down takes longer than most commands, and the host need not wait for it.
            return reports.send(&Report::Gone);
        }
        if host_is_there && happened[1] {
            host_is_there = false;
            kill(init);
        }
        if waiting && happened.last() == Some(&true) && host_is_there {
            // PID 1 is about to start the command, and has changed the root: /proc and /work are the sandbox's.
            waiting = false;
            watch = Some(Watch::begin(&plan.limits, &plan.lasting, plan.baseline_bytes));
        }
        let alive = || matches!(waitpid_now(init), Ok(None));
        if let Some(limit) = watch.as_mut().and_then(|watch| watch.look(&alive)) {
            watch = None;
            reports.send(&Report::Limit(limit))?;
            kill(init);
        }
    }
}

fn kill(init: Pid) {
    // It can only fail because PID 1 has already ended.
    let _ = kill_process(init, Signal::KILL);
}

/// Whether PID 1 has ended, without reaping it.
fn waitpid_now(init: Pid) -> rustix::io::Result<Option<rustix::process::WaitIdStatus>> {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    waitid(WaitId::Pid(init), WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT)
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
