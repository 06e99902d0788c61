//! What the root of the sandbox looks like: which of the host's files are shown, where, and with which rights.
//!
//! The root is made anew, so the question is always what to add. The system's programs and libraries, the few files of
//! `/etc` that programs cannot do without, the toolchains and the worktree are added; whatever else the host has does
//! not exist inside. Files with rights of their own matter little as a defence, since the host may run as root.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::command::{Command, Network};
use crate::error::SandboxError;
use crate::plan::{Mount, Plan};
use crate::proxy;
use crate::support::Support;
use crate::toolchains::Toolchains;

/// Where the worktree is inside. Neutral, so that output does not depend on the machine.
pub const WORK: &str = "/work";
/// The empty home inside.
pub const HOME: &str = "/home/agent";

/// Part of the file system in memory of limited size; each is a folder of the same one, so that one limit holds.
pub(crate) const SCRATCH: [&str; 3] = ["/tmp", "/var/tmp", HOME];
/// Folders of the home in which package managers keep what they downloaded. Nothing is ever mounted inside of one: a
/// command can put links there.
const LASTING: [&str; 8] = [".cache", ".cargo", ".gradle", ".local", ".m2", ".npm", ".nuget", "go"];
/// Devices that hold nothing and lead nowhere.
pub(crate) const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Parts of `/proc` that tell about the machine, or speak to it. Shown empty.
pub(crate) const PROC_MASKS: [&str; 16] = [
    "/proc/acpi",
    "/proc/bus",
    "/proc/config.gz",
    "/proc/fs",
    "/proc/interrupts",
    "/proc/irq",
    "/proc/kallsyms",
    "/proc/kcore",
    "/proc/key-users",
    "/proc/keys",
    "/proc/kmsg",
    "/proc/modules",
    "/proc/scsi",
    "/proc/sysrq-trigger",
    "/proc/timer_list",
    "/proc/vmallocinfo",
];

/// Top-level directories that are links into `/usr` on a merged system and directories elsewhere.
const TOP_LEVEL: [&str; 6] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// What programs need of `/etc`. Not `ssl/private`, `shadow`, `ssh`, `npmrc`, `pip.conf`, `gitconfig` and the like:
/// they hold secrets, and where the host is root its rights do not hide them.
const ETC: [&str; 25] = [
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    // Without it Debian's browser doesn't start.
    "chromium.d",
    "crypto-policies",
    "debian_version",
    "fonts",
    "gai.conf",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "localtime",
    "lsb-release",
    "magic",
    "mime.types",
    "os-release",
    "perl",
    "pki/ca-trust/extracted",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
];
/// Files of `/etc` up to this size are copied, which costs less than a mount for each.
const MAX_COPY_BYTES: u64 = 256 << 10;
/// Names in `/etc` that carry a version.
const ETC_PREFIXES: [&str; 2] = ["java-", "python3"];
/// Inside of `/usr`, but configuration of the machine, which can hold tokens (`npmrc`).
const MASKED: [&str; 2] = ["/usr/local/etc", "/usr/etc/npmrc"];

/// Files of `/etc` that are the same in every sandbox.
pub(crate) const WRITTEN: [(&str, &str); 6] = [
    (
        "/etc/passwd",
        "root:x:0:0:root:/:/bin/sh\nagent:x:1000:1000:agent:/home/agent:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    ),
    ("/etc/group", "root:x:0:\nagent:x:1000:\nnogroup:x:65534:\n"),
    ("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    ("/etc/hostname", "sandbox\n"),
    ("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n"),
    ("/etc/resolv.conf", ""),
];

/// Lays out everything for one command.
pub(crate) fn plan(
    command: &Command,
    toolchains: &Toolchains,
    support: &Support,
    cgroup: Option<PathBuf>,
    baseline_bytes: u64,
) -> Result<Plan, SandboxError> {
    let mut mounts = vec![Mount { source: "/usr".into(), target: "/usr".into(), writable: false }];
    let mut links = Vec::new();
    for path in TOP_LEVEL.map(Path::new) {
        show(path, &mut mounts, &mut links);
    }
    let (copies, shown): (Vec<_>, Vec<_>) = etc_paths().partition(|path| is_small_file(path));
    for path in shown {
        show(&path, &mut mounts, &mut links);
    }
    let lasting = lasting(command, toolchains)?;
    let is_covered = |mount: &&Mount| lasting.iter().any(|lasting| mount.target.starts_with(&lasting.target));
    mounts.extend(toolchains.mounts().iter().filter(|mount| !is_covered(mount)).cloned());
    let lasting_places = lasting.iter().map(|mount| mount.target.clone()).collect();
    mounts.extend(lasting);
    mounts.push(Mount { source: directory(&command.tree)?, target: WORK.into(), writable: true });
    if let Some(repository) = &command.repository {
        let target = Path::new(WORK).join(".git");
        mounts.push(Mount { source: directory(repository)?, target, writable: true });
    }
    // A parent first, and a place once. The worktree's own place is never a toolchain's.
    mounts.sort_by(|a, b| a.target.cmp(&b.target).then(b.writable.cmp(&a.writable)));
    mounts.dedup_by(|b, a| a.target == b.target);
    Ok(Plan {
        argv: command.argv.clone(),
        env: environment(command, toolchains),
        mounts,
        copies,
        links,
        masks: MASKED
            .iter()
            .map(PathBuf::from)
            .filter(|path| path.exists())
            .chain(toolchains.masks().iter().cloned())
            .collect(),
        limits: command.limits.clone(),
        lasting: lasting_places,
        baseline_bytes,
        timeout_s: command.timeout.as_secs(),
        landlock_abi: support.landlock_abi,
        without: support.missing.iter().map(|missing| missing.wall).collect(),
        proxy: matches!(command.network, Network::Proxy(_)).then_some(proxy::INSIDE),
        cgroup,
    })
}

/// The folders that outlast the command. Of a toolchain's places only cargo's downloads give way to one: they would be
/// read-only there.
fn lasting(command: &Command, toolchains: &Toolchains) -> Result<Vec<Mount>, SandboxError> {
    let Some(folder) = &command.lasting else { return Ok(Vec::new()) };
    let mut mounts = Vec::new();
    for name in LASTING {
        let (source, target) = (folder.join(name), Path::new(HOME).join(name));
        if name != ".cargo" && toolchains.mounts().iter().any(|mount| mount.target.starts_with(&target)) {
            continue;
        }
        let made = std::fs::create_dir_all(&source);
        made.map_err(|error| SandboxError::DirectoryMount { path: source.clone(), source: error })?;
        mounts.push(Mount { source: directory(&source)?, target, writable: true });
    }
    Ok(mounts)
}

/// The variables of a command: fixed ones, the toolchains', then the command's own.
fn environment(command: &Command, toolchains: &Toolchains) -> Vec<(OsString, OsString)> {
    let fixed = [
        ("HOME", HOME),
        ("USER", "agent"),
        ("LOGNAME", "agent"),
        ("SHELL", "/bin/sh"),
        ("LANG", "C.UTF-8"),
        ("TERM", "dumb"),
        ("TMPDIR", "/tmp"),
    ];
    let mut env: Vec<(OsString, OsString)> = fixed.map(|(name, value)| (name.into(), value.into())).to_vec();
    env.push(("PATH".into(), toolchains.path()));
    if matches!(command.network, Network::Proxy(_)) {
        env.extend(proxy::variables(proxy::INSIDE).map(|(name, value)| (name.into(), value.into())));
    }
    env.extend(toolchains.env().iter().map(|(name, value)| (name.into(), value.clone())));
    env.extend(command.env.iter().map(|(name, value)| (name.into(), value.into())));
    env
}

/// Adds a link as a link and anything else read-only; what does not exist is left out.
fn show(path: &Path, mounts: &mut Vec<Mount>, links: &mut Vec<(PathBuf, PathBuf)>) {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => {
            if let Ok(to) = path.read_link() {
                links.push((path.to_owned(), to));
            }
        }
        Ok(metadata) if metadata.is_dir() || metadata.is_file() => {
            mounts.push(Mount { source: path.to_owned(), target: path.to_owned(), writable: false });
        }
        _ => {}
    }
}

fn is_small_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MAX_COPY_BYTES)
}

fn etc_paths() -> impl Iterator<Item = PathBuf> {
    let versioned = std::fs::read_dir("/etc").into_iter().flatten().flatten().filter(|entry| {
        let name = entry.file_name();
        ETC_PREFIXES.iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
    });
    ETC.iter().map(|name| Path::new("/etc").join(name)).chain(versioned.map(|entry| entry.path()))
}

/// The real place of a directory that the host gave.
fn directory(path: &Path) -> Result<PathBuf, SandboxError> {
    let fault = |source| SandboxError::DirectoryMount { path: path.to_owned(), source };
    let real = path.canonicalize().map_err(fault)?;
    if !real.is_dir() {
        return Err(fault(std::io::ErrorKind::NotADirectory.into()));
    }
    Ok(real)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn planned() -> Plan {
        let command = Command::new(["true"], std::env::temp_dir());
        plan(&command, &Toolchains::none(), &Support::everything(), None, 0).unwrap()
    }

    #[test]
    fn without_kept_folders_only_the_worktree_is_writable() {
        let writable: Vec<_> = planned().mounts.into_iter().filter(|mount| mount.writable).collect();
        assert_eq!(writable.len(), 1);
        assert_eq!(writable[0].target, Path::new(WORK));
    }

    #[test]
    fn nothing_is_mounted_inside_of_what_a_command_keeps() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(["true"], std::env::temp_dir());
        command.lasting = Some(folder.path().to_owned());
        let variable = |name: &str| (name == "HOME").then(|| folder.path().join("user").into_os_string());
        std::fs::create_dir_all(folder.path().join("user/.cargo/registry/cache")).unwrap();
        let toolchains = Toolchains::find(variable, &[]);
        let cache = Path::new(HOME).join(".cargo/registry/cache");
        assert!(toolchains.mounts().iter().any(|mount| mount.target == cache));
        let plan = plan(&command, &toolchains, &Support::everything(), None, 0).unwrap();
        assert_eq!(plan.lasting.len(), LASTING.len());
        for place in &plan.lasting {
            let inside: Vec<_> = plan.mounts.iter().filter(|mount| mount.target.starts_with(place)).collect();
            assert!(inside.len() == 1 && inside[0].target == *place && inside[0].writable, "{inside:?}");
        }
    }

    #[test]
    fn nothing_that_holds_secrets_is_mounted() {
        for secret in
            ["/etc/shadow", "/etc/ssl/private/key.pem", "/etc/ssh", "/etc/gitconfig", "/root", "/home", "/run", "/var"]
        {
            let shown = planned().mounts.into_iter().any(|mount| Path::new(secret).starts_with(&mount.target));
            let copied = planned().copies.iter().any(|copy| copy.starts_with(secret));
            assert!(!shown && !copied, "{secret}");
        }
    }

    #[test]
    fn small_files_are_copied_and_the_rest_is_mounted() {
        let plan = planned();
        let below = |path: &&PathBuf| path.starts_with("/etc");
        assert!(plan.copies.contains(&PathBuf::from("/etc/services")));
        for copy in &plan.copies {
            assert!(below(&copy) && is_small_file(copy), "{}", copy.display());
        }
        for mount in plan.mounts.iter().map(|mount| &mount.source).filter(below) {
            assert!(mount.is_dir() || mount.metadata().unwrap().len() > MAX_COPY_BYTES, "{}", mount.display());
        }
    }

    #[test]
    fn a_parent_is_mounted_before_what_lies_in_it() {
        let targets: Vec<_> = planned().mounts.into_iter().map(|mount| mount.target).collect();
        assert!(targets.is_sorted());
    }

    #[test]
    fn a_tree_that_is_no_directory_is_refused() {
        let command = Command::new(["true"], "/dev/null");
        let refused = plan(&command, &Toolchains::none(), &Support::everything(), None, 0);
        assert!(matches!(refused, Err(SandboxError::DirectoryMount { .. })));
    }
}
