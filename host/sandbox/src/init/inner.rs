//! PID 1: builds the root, gives up every privilege, attests, starts the command, and reaps.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{
    DumpableBehavior, Pid, Signal, WaitOptions, set_dumpable_behavior, set_parent_process_death_signal, setsid, wait,
};

use rustix::thread::CapabilitySet;

use super::{Fault, Reports, Step, confine, network, observe, outer, root, seccomp};
use crate::layout::WORK;
use crate::level::Wall;
use crate::plan::{GO, Plan, Report};

/// Low enough that a host beside many busy processes still answers, and that the watchdog comes to look at hundreds.
const NICENESS: i32 = 10;

/// Runs as PID 1 until the command ends. When this process ends, so does everything that the command started.
pub(super) fn run(plan: &Plan, reports: &mut Reports, tell_ready: OwnedFd) -> Result<(), Fault> {
    // A session of its own: no terminal to control, and a process group that is inside.
    setsid().step("begin a session")?;
    set_parent_process_death_signal(Some(Signal::KILL)).step("die with the supervisor")?;
    let system_v_is_limited = root::build(plan)?;
    network::bring_loopback_up().step("bring loopback up")?;
    if let Some(address) = plan.proxy {
        network::hand_listener_over(address).step("listen for the proxy")?;
    }
    if !plan.without.contains(&Wall::UtsNamespace) {
        rustix::system::sethostname(b"sandbox").step("set the host name")?;
    }
    confine::limit_resources(plan).step("set resource limits")?;
    confine::drop_capabilities_but(CapabilitySet::empty()).step("drop capabilities")?;
    rustix::thread::set_no_new_privs(true).step("give up new privileges")?;
    confine::restrict_files(plan)?;
    if !plan.without.contains(&Wall::Seccomp) {
        seccomp::install(plan.cgroup.is_some(), system_v_is_limited)?;
    }
    reports.send(&Report::Ready(observe::observe()?))?;
    await_go().step("wait for the host's word")?;
    // The command is the same user, and must not read this process's memory or take its descriptors. Not earlier: an
    // ordinary user's process that is closed to others cannot look at itself, and the host looks at it meanwhile.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).step("close PID 1 to others")?;
    // From here on the supervisor watches the limits.
    drop(tell_ready);
    start_and_reap(plan, reports)
}

/// The host has checked. Until then stdin is the lifeline, from then on nothing.
fn await_go() -> io::Result<()> {
    let mut word = [0];
    io::stdin().lock().read_exact(&mut word)?;
    if word != [GO] {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let null = OpenOptions::new().read(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stderr(rustix::stdio::stdout())?;
    Ok(())
}

fn start_and_reap(plan: &Plan, reports: &mut Reports) -> Result<(), Fault> {
    let Some((program, arguments)) = plan.argv.split_first() else {
        return Err(Fault { step: "start the command".into(), reason: "it names no program".into() });
    };
    // The host and the supervisor come first where the processor is short.
    rustix::process::nice(NICENESS).step("lower the priority")?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(WORK).env_clear().process_group(0);
    command.envs(plan.env.iter().map(|(name, value)| (name, value)));
    // std resets the signal mask and SIGPIPE for the child, and says why a program does not start.
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let program = program.as_encoded_bytes().escape_ascii().to_string();
            return reports.send(&Report::ProgramStart { program, reason: error.to_string() });
        }
    };
    let command = Pid::from_raw(child.id().cast_signed());
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((ended, status))) if Some(ended) == command => return reports.send(&outer::ending(status)),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(super::step("wait for the command", error.into())),
        }
    }
}
