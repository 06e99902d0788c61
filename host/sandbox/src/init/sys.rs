//! The system calls that no safe wrapper offers.

use std::io;
use std::path::Path;

use rustix::mount::{MountFlags, mount, mount_bind_recursive};
use rustix::process::Pid;

/// Which side of a fork this is.
pub(super) enum Fork {
    Parent(Pid),
    Child,
}

/// Forks. No other thread of init holds anything, so the child may do anything.
pub(super) fn fork() -> io::Result<Fork> {
    #[allow(unsafe_code, reason = "std starts programs only; this process goes on in both halves")]
    // SAFETY: `init_if_requested` runs before any thread is started but the watchdog's, which only waits by now, so no
    // lock is held by a thread that the child lacks.
    let id = unsafe { libc::fork() };
    match id {
        0 => Ok(Fork::Child),
        1.. => Pid::from_raw(id).map(Fork::Parent).ok_or_else(|| io::ErrorKind::InvalidData.into()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Begins to trace a process.
pub(super) fn trace(process: libc::pid_t) -> io::Result<()> {
    let none = std::ptr::null_mut::<libc::c_void>();
    #[allow(unsafe_code, reason = "rustix has no ptrace")]
    // SAFETY: seizing takes no pointers.
    let failed = unsafe { libc::ptrace(libc::PTRACE_SEIZE, process, none, none) } != 0;
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// What a mount allows beside reading.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    ReadOnly,
    Writable,
    /// Its device file works. Read-only all the same: a device can be written to through such a mount, while its mode
    /// and times, which are the host's own, can't be changed.
    Device,
}

/// Narrows a mount and all that is mounted beneath it. Set-user-id never works.
pub(super) fn restrict(target: &Path, rights: Rights) -> io::Result<()> {
    let flags = libc::MOUNT_ATTR_NOSUID
        | if rights == Rights::Writable { 0 } else { libc::MOUNT_ATTR_RDONLY }
        | if rights == Rights::Device { 0 } else { libc::MOUNT_ATTR_NODEV };
    let attributes = libc::mount_attr { attr_set: flags, attr_clr: 0, propagation: 0, userns_fd: 0 };
    let path = std::ffi::CString::new(target.as_os_str().as_encoded_bytes())?;
    #[allow(unsafe_code, reason = "rustix has no mount_setattr, which alone narrows a whole tree at once")]
    // SAFETY: the path ends in NUL, the attributes outlive the call, and the size is theirs.
    let failed = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_RECURSIVE as libc::c_uint,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    } != 0;
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Shows `source` at `target`, with what is mounted beneath it.
pub(super) fn bind(source: &Path, target: &Path, rights: Rights) -> io::Result<()> {
    mount_bind_recursive(source, target)?;
    restrict(target, rights)
}

/// Mounts a file system in memory.
pub(super) fn tmpfs(target: &Path, mode: &str, size_bytes: u64) -> io::Result<()> {
    // Each file costs about 1 KiB of kernel memory that `size` does not count.
    let inodes = (size_bytes / 4096).clamp(1024, 1 << 20);
    let options = std::ffi::CString::new(format!("mode={mode},size={size_bytes},nr_inodes={inodes}"))?;
    mount("tmpfs", target, "tmpfs", MountFlags::NOSUID, options.as_c_str())?;
    Ok(())
}

/// Removes every capability from the set that a program could ever gain.
pub(super) fn drop_bounding_set() -> io::Result<()> {
    for capability in 0..64 {
        #[allow(unsafe_code, reason = "rustix names the capabilities it knows; a newer kernel has more")]
        // SAFETY: takes two integers and touches no memory.
        let failed = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) } != 0;
        if failed {
            let error = io::Error::last_os_error();
            // The first number that the kernel does not know.
            return if error.raw_os_error() == Some(libc::EINVAL) { Ok(()) } else { Err(error) };
        }
    }
    Ok(())
}

/// The kernel's Landlock version; 0 where it is missing or switched off.
pub(super) fn landlock_abi() -> u32 {
    const VERSION: libc::c_uint = 1;
    #[allow(unsafe_code, reason = "the landlock crate keeps the version to itself")]
    // SAFETY: with this flag the call takes no attributes, and answers with a number.
    let version =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<libc::c_void>(), 0usize, VERSION) };
    u32::try_from(version).unwrap_or(0)
}

/// Closes every descriptor but stdin, stdout and stderr.
pub(super) fn close_all_above_stderr() -> io::Result<()> {
    #[allow(unsafe_code, reason = "rustix has no close_range")]
    // SAFETY: called before anything else in this process, so no owned descriptor is closed.
    let failed = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) } != 0;
    if failed { close_each_above_stderr() } else { Ok(()) }
}

/// The same for kernels before 5.9, and for containers whose filter doesn't know the call.
fn close_each_above_stderr() -> io::Result<()> {
    let names = std::fs::read_dir("/proc/self/fd")?.map(|entry| entry.map(|entry| entry.file_name()));
    let names = names.collect::<io::Result<Vec<_>>>()?;
    for descriptor in names.iter().filter_map(|name| name.to_str()?.parse::<libc::c_int>().ok()).filter(|fd| *fd > 2) {
        #[allow(unsafe_code, reason = "these descriptors have no owner in this process")]
        // SAFETY: as above; the one of the listing itself is closed already, which is no error that matters.
        unsafe {
            libc::close(descriptor);
        }
    }
    Ok(())
}

/// How many descriptors beyond the first three a program would inherit that this process executes.
pub(super) fn inheritable_above_stderr() -> io::Result<u64> {
    let names = std::fs::read_dir("/proc/self/fd")?.map(|entry| entry.map(|entry| entry.file_name()));
    let names = names.collect::<io::Result<Vec<_>>>()?;
    let numbers = names.iter().filter_map(|name| name.to_str()?.parse::<libc::c_int>().ok()).filter(|fd| *fd > 2);
    let is_inheritable = |fd: &libc::c_int| {
        #[allow(unsafe_code, reason = "asks about a number that may have been closed since, which is no descriptor")]
        // SAFETY: touches no memory.
        let flags = unsafe { libc::fcntl(*fd, libc::F_GETFD) };
        flags != -1 && flags & libc::FD_CLOEXEC == 0
    };
    Ok(numbers.filter(is_inheritable).count() as u64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn descriptors_are_closed_where_the_one_call_is_missing() {
        // In a process of its own, since it closes everything.
        match fork().unwrap() {
            Fork::Child => {
                let file = std::fs::File::open("/dev/null").map(std::os::fd::IntoRawFd::into_raw_fd).unwrap_or(-1);
                let closed = close_each_above_stderr().is_ok();
                #[allow(unsafe_code, reason = "asks whether a number is open")]
                // SAFETY: touches no memory.
                let open = unsafe { libc::fcntl(file, libc::F_GETFD) } != -1;
                #[allow(unsafe_code, reason = "the child of a fork must not return into the test")]
                // SAFETY: ends this process at once.
                unsafe {
                    libc::_exit(i32::from(file < 3 || !closed || open))
                }
            }
            Fork::Parent(child) => {
                let status = rustix::process::waitpid(Some(child), rustix::process::WaitOptions::empty()).unwrap();
                assert_eq!(status.and_then(|(_, status)| status.exit_status()), Some(0));
            }
        }
    }
}
