//! What this machine offers, found by trying it.
//!
//! Versions and settings say little: a container's seccomp profile or an AppArmor rule refuses what the kernel could
//! do. So a child enters each namespace, mounts, brings loopback up and installs a filter, and reports what failed.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::cgroup;
use crate::error::SandboxError;
use crate::level::{Level, LimitsHeldBy, Missing, Wall};
use crate::plan::{Report, Request};
use crate::running::{encode, init_command};

/// The lowest Landlock version that the level *full* needs: without version 2, files cannot be moved between
/// directories, and builds fail. Debian 12's own kernel has it.
pub const MIN_LANDLOCK_ABI: u32 = 2;

/// What this machine offers to the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Support {
    /// The kernel's Landlock version; 0 where it is missing or switched off.
    pub landlock_abi: u32,
    /// The walls that are missing.
    pub missing: Vec<Missing>,
    /// What holds limits on memory and processes.
    pub limits_held_by: LimitsHeldBy,
    /// Why no cgroup holds the limits, where none does.
    pub cgroup_hint: Option<String>,
}

impl Support {
    /// A machine that has everything; what a test starts from to take things away.
    pub fn everything() -> Self {
        Self {
            landlock_abi: MIN_LANDLOCK_ABI,
            missing: Vec::new(),
            limits_held_by: LimitsHeldBy::Watchdog,
            cgroup_hint: None,
        }
    }

    /// The same machine without one wall.
    pub fn without(mut self, wall: Wall, reason: &str) -> Self {
        if wall == Wall::Landlock {
            self.landlock_abi = 0;
        }
        self.missing.push(Missing { wall, reason: reason.to_owned(), hint: hint(wall) });
        self
    }

    /// The same machine with another version of Landlock.
    pub fn with_landlock_abi(mut self, abi: u32) -> Self {
        self.landlock_abi = abi;
        self.missing.retain(|missing| missing.wall != Wall::Landlock);
        if abi < MIN_LANDLOCK_ABI {
            let reason = if abi == 0 { "not available".to_owned() } else { format!("version {abi} is too old") };
            let missing = Missing { wall: Wall::Landlock, reason, hint: hint(Wall::Landlock) };
            self.missing.push(missing);
        }
        self
    }

    /// The highest level that this machine can give; none where an essential wall is missing.
    pub fn level(&self) -> Option<Level> {
        if self.missing.is_empty() {
            return Some(Level::Full);
        }
        let missing: Vec<_> = self.missing.iter().map(|missing| missing.wall).collect();
        (!missing.iter().any(|wall| wall.is_essential())).then_some(Level::Reduced { missing })
    }
}

/// Tries everything, in a child of this program, which must call [`crate::init_if_requested`].
pub async fn probe() -> Result<Support, SandboxError> {
    probe_with(Path::new(crate::running::OWN_PROGRAM)).await
}

/// [`probe`] with another program that calls [`crate::init_if_requested`].
pub async fn probe_with(program: &Path) -> Result<Support, SandboxError> {
    let mut command = init_command(program);
    let mut child = command.stdout(Stdio::null()).spawn().map_err(SandboxError::InitStart)?;
    let frame = encode(&Request::Probe)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&frame).await.map_err(SandboxError::Channel)?;
    }
    let mut answer = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        stderr.take(1 << 16).read_to_end(&mut answer).await.map_err(SandboxError::Channel)?;
    }
    child.wait().await.map_err(SandboxError::Channel)?;
    let Ok(Report::Probed { landlock_abi, missing }) = serde_json::from_slice(&answer) else {
        return Err(SandboxError::InitDied { report: answer.escape_ascii().to_string() });
    };
    let missing = missing.into_iter().map(|(wall, reason)| Missing { wall, reason, hint: hint(wall) }).collect();
    let found = cgroup::delegated();
    let support = Support {
        landlock_abi,
        missing,
        limits_held_by: if found.is_ok() { LimitsHeldBy::Cgroup } else { LimitsHeldBy::Watchdog },
        cgroup_hint: found.err(),
    };
    Ok(support.with_landlock_abi(landlock_abi))
}

/// What the machine's owner can do about a missing wall.
fn hint(wall: Wall) -> String {
    match wall {
        Wall::Landlock => {
            "use a kernel of 5.19 or later with `landlock` in CONFIG_LSM or the `lsm=` boot parameter".into()
        }
        Wall::Seccomp => "use a kernel with CONFIG_SECCOMP_FILTER".into(),
        _ => namespace_hint(),
    }
}

fn namespace_hint() -> String {
    let setting = |path: &str| std::fs::read_to_string(PathBuf::from("/proc/sys").join(path)).unwrap_or_default();
    if setting("kernel/apparmor_restrict_unprivileged_userns").trim() == "1" {
        return "Ubuntu restricts user namespaces to programs with an AppArmor profile: add one for this program with \
                `userns,` (see `man apparmor.d`), or `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`"
            .into();
    }
    if setting("kernel/unprivileged_userns_clone").trim() == "0" {
        return "`sudo sysctl kernel.unprivileged_userns_clone=1`".into();
    }
    if setting("user/max_user_namespaces").trim() == "0" {
        return "`sudo sysctl user.max_user_namespaces=15000`".into();
    }
    "in a container, allow `unshare` and `mount` (for Docker: a seccomp profile that does, and \
     `--security-opt systempaths=unconfined`), or run on the machine itself"
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_landlock_reduces_and_is_named() {
        let support = Support::everything().with_landlock_abi(1);
        assert_eq!(support.level(), Some(Level::Reduced { missing: vec![Wall::Landlock] }));
        assert!(support.missing[0].reason.contains("version 1"));
    }

    #[test]
    fn without_an_essential_wall_there_is_no_level() {
        for wall in Wall::ALL {
            let level = Support::everything().without(wall, "switched off").level();
            assert_eq!(level.is_none(), wall.is_essential(), "{wall}");
        }
    }
}
