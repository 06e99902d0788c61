//! What PID 1 sees around it, for the host to check. Nothing here repeats what was asked for: it is read or tried.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::thread::UnshareFlags;

use super::{Fault, Step, network, outer, sys};
use crate::level::{Observed, ObservedMount};

pub(super) fn observe() -> Result<Observed, Fault> {
    let status = fs::read_to_string("/proc/self/status").step("read /proc/self/status")?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    let set = |name: &str| field(name).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(u64::MAX);
    let this = Path::new("/proc/self");
    let filtered = field("Seccomp") == Some("2");
    Ok(Observed {
        namespaces: namespaces().step("read the namespaces")?,
        uid_map: uid_map(this).step("read the user map")?,
        no_new_privs: field("NoNewPrivs") == Some("1"),
        capabilities: ["CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"].iter().fold(0, |all, name| all | set(name)),
        seccomp: filtered && refuses_namespaces(),
        landlock: hides_the_root(),
        interfaces: interfaces().step("list network interfaces")?,
        listeners: network::listeners(this).step("list sockets")?,
        inheritable: sys::inheritable_above_stderr().step("list descriptors")?,
        mounts: mounts(this).step("list mounts")?,
        processes: processes().step("list processes")?,
    })
}

/// The user map of a process, blanks collapsed; it is the same from inside and from the namespace around.
pub(crate) fn uid_map(process: &Path) -> std::io::Result<String> {
    let map = fs::read_to_string(process.join("uid_map"))?;
    Ok(map.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn namespaces() -> std::io::Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc/self/ns")? {
        let entry = entry?;
        let inode = fs::metadata(entry.path())?.ino();
        found.push((entry.file_name().to_string_lossy().into_owned(), inode));
    }
    found.sort();
    Ok(found)
}

/// The filter refuses with EPERM what the kernel would otherwise allow. Nothing is asked for, so that nothing changes
/// where another program's filter stands around the host and this one is missing.
fn refuses_namespaces() -> bool {
    outer::unshare(UnshareFlags::empty()).is_err_and(|error| error.raw_os_error() == Some(libc::EPERM))
}

/// Listing the root needs no right that a file mode would refuse, and no Landlock rule allows it.
fn hides_the_root() -> bool {
    fs::read_dir("/").is_err_and(|error| error.raw_os_error() == Some(libc::EACCES))
}

fn interfaces() -> std::io::Result<Vec<(String, bool)>> {
    let names = interface_names(Path::new("/proc/self"))?;
    names.into_iter().map(|name| network::is_up(&name).map(|up| (name, up))).collect()
}

/// The interfaces of a process's network.
pub(crate) fn interface_names(process: &Path) -> std::io::Result<Vec<String>> {
    let table = fs::read_to_string(process.join("net/dev"))?;
    let names = table.lines().skip(2).filter_map(|line| line.split_once(':'));
    Ok(names.map(|(name, _)| name.trim().to_owned()).collect())
}

/// The mounts of a process, as its own root names them.
pub(crate) fn mounts(process: &Path) -> std::io::Result<Vec<ObservedMount>> {
    let table = fs::read_to_string(process.join("mountinfo"))?;
    let mount = |line: &str| {
        let mut fields = line.split(' ').skip(4);
        let point = PathBuf::from(unescape(fields.next()?));
        let writable = fields.next()?.split(',').any(|option| option == "rw");
        Some(ObservedMount { point, writable })
    };
    Ok(table.lines().filter_map(mount).collect())
}

/// The kernel writes blanks and backslashes of a path as three octal digits.
fn unescape(text: &str) -> String {
    let mut path = text.to_owned();
    for (escaped, plain) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
        path = path.replace(escaped, plain);
    }
    path
}

fn processes() -> std::io::Result<u64> {
    let numbered = fs::read_dir("/proc")?
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit));
    Ok(numbered.count() as u64)
}
