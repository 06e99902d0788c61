//! What init gives up before anything untrusted runs: capabilities, resources, and files by Landlock.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities};

use super::{Fault, sys};
use crate::layout::{SCRATCH, WORK};
use crate::plan::Plan;

/// Open files: enough for any build; some programs loop over all that they could have.
const OPEN_FILES: u64 = 65_536;
/// Bytes in POSIX message queues.
const MESSAGE_QUEUE_BYTES: u64 = 819_200;
/// The newest Landlock whose rights have been thought through here (6: no signals or abstract sockets outwards).
const MAX_LANDLOCK_ABI: u32 = 6;
/// Read-only places that the plan does not name since init makes them.
const READABLE: [&str; 2] = ["/etc", "/proc"];

/// Gives up every capability but these, in this process and whatever it may execute.
pub(super) fn drop_capabilities_but(kept: CapabilitySet) -> std::io::Result<()> {
    sys::drop_bounding_set()?;
    clear_ambient_capability_set()?;
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets)?;
    Ok(())
}

/// Limits for each process. Not on address space: V8 and WebAssembly engines reserve far more than they use.
pub(super) fn limit_resources(plan: &Plan) -> std::io::Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    // No process can use more processor time than all cores have in the time that the command has.
    let cpu_s = plan.timeout_s.saturating_add(1).saturating_mul(cores);
    let wanted = [
        (Resource::Core, 0),
        (Resource::Cpu, cpu_s),
        (Resource::Fsize, plan.limits.disk_bytes),
        (Resource::Nofile, OPEN_FILES),
        // Nothing that comes before the host's own processes, even where this user may do so.
        (Resource::Rtprio, 0),
        (Resource::Nice, 0),
        // Queues of messages are memory of no process. This is the usual limit.
        (Resource::Msgqueue, MESSAGE_QUEUE_BYTES),
        // Counted for this user in this namespace alone since Linux 5.14, and not at all where the host is root. The
        // supervisor with its watchdog and PID 1 are in it.
        (Resource::Nproc, plan.limits.processes.saturating_add(3)),
    ];
    for (resource, most) in wanted {
        // Only ever lower: raising needs a privilege that is gone.
        let most = getrlimit(resource).maximum.map_or(most, |now| now.min(most));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// The same paths as the mounts, once more: a second wall of another kind.
pub(super) fn restrict_files(plan: &Plan) -> Result<(), Fault> {
    if plan.landlock_abi == 0 {
        return Ok(());
    }
    let fault =
        |error: landlock::RulesetError| Fault { step: "restrict files by Landlock".into(), reason: error.to_string() };
    let abi = ABI::from(plan.landlock_abi.min(MAX_LANDLOCK_ABI).cast_signed());
    let (read, all) = (AccessFs::from_read(abi), AccessFs::from_all(abi));
    let planned = |writable| {
        plan.mounts.iter().filter(move |mount| mount.writable == writable).map(|mount| mount.target.as_path())
    };
    let readable = planned(false).chain(READABLE.map(Path::new));
    let writable = planned(true).chain(SCRATCH.map(Path::new)).chain([Path::new(WORK), Path::new("/dev/shm")]);
    let mut ruleset =
        Ruleset::default().set_compatibility(CompatLevel::HardRequirement).handle_access(all).map_err(fault)?;
    if plan.landlock_abi >= 6 {
        ruleset = ruleset.scope(Scope::from_all(abi)).map_err(fault)?;
    }
    let created = ruleset.create().map_err(fault)?;
    let created = created.add_rules(path_beneath_rules(readable, read)).map_err(fault)?;
    let created = created.add_rules(path_beneath_rules(writable, all)).map_err(fault)?;
    // Devices and terminals are written to, but none is made.
    let devices = AccessFs::from_file(abi) | AccessFs::ReadDir;
    let created = created.add_rules(path_beneath_rules(["/dev"], devices)).map_err(fault)?;
    created.restrict_self().map(drop).map_err(fault)
}
