//! Limits by cgroup v2, where a part of the tree is delegated to this user.
//!
//! The nearest ancestor that hands memory and process limits down to its children, and in which this user may make
//! one, gets a child for each command. Nothing is configured: a desktop's systemd session and root both qualify.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::command::Limits;

/// As many milliseconds are waited at most for what was killed.
const REMOVAL_TRIES: u32 = 100;
const MOUNT: &str = "/sys/fs/cgroup";

/// A cgroup that lives as long as one command.
#[derive(Debug)]
pub(crate) struct Cgroup(PathBuf);

impl Cgroup {
    /// A cgroup with the command's limits, or none where this machine does not allow it.
    pub(crate) fn create(limits: &Limits) -> Option<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let parent = delegated().ok()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("skillhost-{}-{number}", std::process::id()));
        fs::create_dir(&path).ok()?;
        let cgroup = Self(path);
        cgroup.limit(limits).ok()?;
        Some(cgroup)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Whether the kernel ended something in it because memory was used up.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        let events = fs::read_to_string(self.0.join("memory.events")).unwrap_or_default();
        events.lines().any(|line| line.strip_prefix("oom_kill ").is_some_and(|count| count.trim() != "0"))
    }

    fn limit(&self, limits: &Limits) -> io::Result<()> {
        // Scratch and shared memory are counted here too, and have limits of their own.
        let memory =
            limits.memory_bytes.saturating_add(limits.scratch_bytes).saturating_add(limits.shared_memory_bytes);
        fs::write(self.0.join("memory.max"), memory.to_string())?;
        // Absent without swap accounting, and then there is nothing to limit.
        let _ = fs::write(self.0.join("memory.swap.max"), "0");
        fs::write(self.0.join("memory.oom.group"), "1")?;
        // The supervisor and init are two more.
        fs::write(self.0.join("pids.max"), limits.processes.saturating_add(2).to_string())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::write(self.0.join("cgroup.kill"), "1");
        let mut removed = fs::remove_dir(&self.0);
        // Only where the host ends before the supervisor: what was killed a moment ago is still in it.
        for _ in 0..REMOVAL_TRIES {
            if !removed.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ResourceBusy) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
            removed = fs::remove_dir(&self.0);
        }
        if let Err(error) = removed {
            tracing::debug!(%error, "a command's cgroup could not be removed");
        }
    }
}

/// The cgroup in which children with limits can be made, or why there is none.
pub(crate) fn delegated() -> Result<PathBuf, String> {
    let own = fs::read_to_string("/proc/self/cgroup").map_err(|error| error.to_string())?;
    let own = own.lines().find_map(|line| line.strip_prefix("0::/")).ok_or("cgroup v2 is not in use")?;
    let mount = Path::new(MOUNT);
    if !mount.join("cgroup.controllers").is_file() {
        return Err("cgroup v2 is not the machine's cgroup hierarchy".to_owned());
    }
    let own = mount.join(own);
    let place = own.ancestors().take_while(|place| place.starts_with(mount)).find(|place| hands_down_limits(place));
    place.map(Path::to_owned).ok_or_else(|| {
        "no cgroup with memory and process limits is delegated to this user; start the program in a user session of \
         systemd, or with `systemd-run --user --scope -p Delegate=yes`"
            .to_owned()
    })
}

fn hands_down_limits(place: &Path) -> bool {
    let controllers = fs::read_to_string(place.join("cgroup.subtree_control")).unwrap_or_default();
    let has = |name| controllers.split_whitespace().any(|controller| controller == name);
    let writable = |path: PathBuf| rustix::fs::access(&path, rustix::fs::Access::WRITE_OK).is_ok();
    has("memory") && has("pids") && writable(place.to_owned()) && writable(place.join("cgroup.procs"))
}
