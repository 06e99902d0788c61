//! The root of the sandbox: a file system in memory on which only what the plan names is mounted.
//!
//! ```text
//! /            in memory, read-only once it is built
//! /old         the host's root, until everything is mounted; then it is gone
//! /new         what becomes the root
//! ```

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount};
use rustix::process::{chdir, pivot_root};

use super::sys::{Rights, bind, restrict, tmpfs};
use super::{Fault, Step};
use crate::layout::{DEVICES, HOME, PROC_MASKS, SCRATCH, WRITTEN};
use crate::level::Wall;
use crate::plan::{Mount, Plan};

const OLD: &str = "/old";
const NEW: &str = "/new";
/// An empty folder, mounted read-only, that is shown wherever nothing of a folder is.
const EMPTY: &str = "/empty";
/// Directories, links and the few files that are written: far below this.
const ROOT_BYTES: u64 = 16 << 20;
/// The kernel keeps the first 300 numbers for those that begin early, and takes no smaller limit than one more.
const RESERVED_PIDS: u64 = 301;
/// The kernel's largest, on 64 bits.
const MAX_PID_MAX: u64 = 1 << 22;

/// Limits on System V objects, which are memory of no process: what small ones need (PostgreSQL has some), and no place
/// to hide in. Pages of segments; semaphores of a set, of all sets, operations, and sets; queues of messages, of 16 KiB.
const SYSTEM_V: [(&str, &str); 3] =
    [("sys/kernel/shmall", "4096"), ("sys/kernel/sem", "250 16000 100 256"), ("sys/kernel/msgmni", "64")];
/// Most that a TCP socket keeps for sending and for receiving: as much as any other socket by default, so that a number
/// of sockets is a bound on their memory. The least and the usual size are the kernel's own.
const TCP_BUFFERS: [(&str, &str); 2] =
    [("sys/net/ipv4/tcp_rmem", "4096 131072 212992"), ("sys/net/ipv4/tcp_wmem", "4096 16384 212992")];

/// Builds the root and changes to it. Needs the capabilities of the namespaces' owner. Tells whether memory in System V
/// objects is limited.
pub(super) fn build(plan: &Plan) -> Result<bool, Fault> {
    enter_staging().step("make a root")?;
    make_empty().step("make an empty folder")?;
    mount_scratch(plan).step("mount the scratch space")?;
    for (name, text) in WRITTEN {
        make_file(&inside(Path::new(name)), text.as_bytes()).step(format!("write {name}"))?;
    }
    for place in &plan.copies {
        copy(place).step(format!("copy {}", place.display()))?;
    }
    for (place, to) in &plan.links {
        make_link(&inside(place), to).step(format!("link {}", place.display()))?;
    }
    for shown in &plan.mounts {
        show(shown).step(format!("mount {}", shown.target.display()))?;
    }
    for mask in &plan.masks {
        hide_any(&inside(mask)).step(format!("hide {}", mask.display()))?;
    }
    mount_devices(plan).step("mount /dev")?;
    let system_v_is_limited = mount_proc(plan).step("mount /proc")?;
    leave_old_root().step("leave the host's root")?;
    restrict_root().step("make the root read-only")?;
    Ok(system_v_is_limited)
}

/// What is tried to find out whether a root can be built: a child in a mount namespace of its own ends afterwards.
pub(super) fn try_to_change() -> io::Result<()> {
    enter_staging()?;
    let terminals = Path::new(NEW).join("dev/pts");
    fs::create_dir(&terminals)?;
    mount_terminals(&terminals)?;
    leave_old_root()
}

/// Puts an empty file system beneath everything, with the host's root in it as `/old`.
fn enter_staging() -> io::Result<()> {
    // Nothing that is mounted here may reach the host.
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    // Any directory does; what it held stays reachable below `/old`.
    let base = Path::new("/tmp");
    tmpfs(base, "0755", ROOT_BYTES)?;
    fs::create_dir(base.join("old"))?;
    fs::create_dir(base.join("new"))?;
    pivot_root(base, base.join("old"))?;
    chdir("/")?;
    mount_bind(NEW, NEW).map_err(io::Error::from).and_then(|()| {
        ["proc", "dev", "etc", "run", "var", "sys"]
            .iter()
            .try_for_each(|name| fs::create_dir(Path::new(NEW).join(name)))
    })
}

/// `/tmp`, `/var/tmp` and the home are folders of one file system, so that one size limits them all.
fn mount_scratch(plan: &Plan) -> io::Result<()> {
    let scratch = Path::new("/scratch");
    fs::create_dir(scratch)?;
    tmpfs(scratch, "0755", plan.limits.scratch_bytes)?;
    for (number, place) in SCRATCH.iter().enumerate() {
        let folder = scratch.join(number.to_string());
        fs::create_dir(&folder)?;
        let mode = if *place == HOME { 0o700 } else { 0o1777 };
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode))?;
        let target = inside(Path::new(place));
        fs::create_dir_all(&target)?;
        bind(&folder, &target, Rights::Writable)?;
    }
    Ok(())
}

fn show(shown: &Mount) -> io::Result<()> {
    let source = outside(&shown.source);
    let target = inside(&shown.target);
    if fs::metadata(&source)?.is_dir() {
        fs::create_dir_all(&target)?;
    } else if !target.exists() {
        make_file(&target, b"")?;
    }
    // A link here could only come from the worktree, and would lead the mount elsewhere.
    if fs::symlink_metadata(&target)?.is_symlink() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    bind(&source, &target, if shown.writable { Rights::Writable } else { Rights::ReadOnly })
}

fn mount_devices(plan: &Plan) -> io::Result<()> {
    let dev = inside(Path::new("/dev"));
    tmpfs(&dev, "0755", ROOT_BYTES)?;
    for device in DEVICES {
        let target = inside(Path::new(device));
        make_file(&target, b"")?;
        bind(&outside(Path::new(device)), &target, Rights::Device)?;
    }
    for (name, to) in
        [("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2"), ("ptmx", "pts/ptmx")]
    {
        symlink(to, dev.join(name))?;
    }
    fs::create_dir(dev.join("shm"))?;
    fs::create_dir(dev.join("pts"))?;
    // Only this file system, before others are mounted on it: device files must keep working.
    restrict_alone(&dev)?;
    tmpfs(&dev.join("shm"), "1777", plan.limits.shared_memory_bytes)?;
    restrict(&dev.join("shm"), Rights::Writable)?;
    mount_terminals(&dev.join("pts"))
}

/// Terminals of its own: test suites open some; the host's are not among them.
fn mount_terminals(place: &Path) -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    Ok(mount("devpts", place, "devpts", flags, c"newinstance,ptmxmode=0666,mode=620")?)
}

/// A `/proc` of the new PID namespace, read-only, without what tells about the machine.
fn mount_proc(plan: &Plan) -> io::Result<bool> {
    let proc = inside(Path::new("/proc"));
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", &proc, "proc", flags, None)?;
    if pid_max_is_of_the_namespace() {
        let most = plan.limits.processes.saturating_add(RESERVED_PIDS).min(MAX_PID_MAX);
        fs::write(proc.join("sys/kernel/pid_max"), most.to_string())?;
    }
    // Without a namespace for it the limit would be the whole machine's. Old kernels let only its owner set it.
    let set = |(name, value): &(&str, &str)| fs::write(proc.join(name), value).is_ok();
    let system_v_is_limited = !plan.without.contains(&Wall::IpcNamespace) && SYSTEM_V.iter().all(set);
    for limit in &TCP_BUFFERS {
        // Before Linux 4.15 they are the whole machine's, and are not shown here.
        let _ = set(limit);
    }
    for mask in PROC_MASKS {
        hide_any(&inside(Path::new(mask)))?;
    }
    restrict(&proc, Rights::ReadOnly)?;
    Ok(system_v_is_limited)
}

/// Shows nothing in a directory, and nothing of a file; what doesn't exist is fine.
fn hide_any(place: &Path) -> io::Result<()> {
    if place.is_dir() {
        Ok(mount_bind(EMPTY, place)?)
    } else if place.try_exists()? {
        bind(&outside(Path::new("/dev/null")), place, Rights::ReadOnly)
    } else {
        Ok(())
    }
}

/// Since Linux 6.14 each PID namespace has a limit of its own, which holds for root too. Before, this file is the
/// whole machine's.
fn pid_max_is_of_the_namespace() -> bool {
    let system = rustix::system::uname();
    let release = system.release().to_string_lossy();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= (6, 14)
}

/// A mount that is made from another has its rights, so they are set once.
fn make_empty() -> io::Result<()> {
    fs::create_dir(EMPTY)?;
    fs::set_permissions(EMPTY, fs::Permissions::from_mode(0o555))?;
    bind(Path::new(EMPTY), Path::new(EMPTY), Rights::ReadOnly)
}

/// Makes `/new` the root, and detaches whatever else there was.
fn leave_old_root() -> io::Result<()> {
    chdir(NEW)?;
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    chdir("/")?;
    Ok(())
}

/// Read-only for the root itself; what is mounted on it has rights of its own.
fn restrict_root() -> io::Result<()> {
    restrict_alone(Path::new("/"))
}

fn restrict_alone(place: &Path) -> io::Result<()> {
    let flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID;
    rustix::mount::mount_remount(place, flags, c"")?;
    Ok(())
}

fn make_file(place: &Path, text: &[u8]) -> io::Result<()> {
    place.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(place, text)
}

/// What may not be read here could not be read inside either, and is not there.
fn copy(place: &Path) -> io::Result<()> {
    match fs::read(outside(place)) {
        Ok(text) => make_file(&inside(place), &text),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}

fn make_link(place: &Path, to: &Path) -> io::Result<()> {
    place.parent().map_or(Ok(()), fs::create_dir_all)?;
    symlink(to, place)
}

/// A place of the sandbox while it is being built.
fn inside(place: &Path) -> PathBuf {
    beneath(NEW, place)
}

/// A place of the host while it can still be reached.
fn outside(place: &Path) -> PathBuf {
    beneath(OLD, place)
}

fn beneath(root: &str, place: &Path) -> PathBuf {
    Path::new(root).join(place.strip_prefix("/").unwrap_or(place))
}
