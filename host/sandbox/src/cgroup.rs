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
        Self::create_in(&delegated().ok()?, limits)
    }

    fn create_in(parent: &Path, limits: &Limits) -> Option<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
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
        // The supervisor with its watchdog and PID 1 are three more.
        fs::write(self.0.join("pids.max"), limits.processes.saturating_add(3).to_string())
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
    delegated_in(Path::new(MOUNT), &own)
}

/// `own` is a process's `/proc/self/cgroup`.
fn delegated_in(mount: &Path, own: &str) -> Result<PathBuf, String> {
    let own = own.lines().find_map(|line| line.strip_prefix("0::/")).ok_or("cgroup v2 is not in use")?;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// A folder that stands for the mount of cgroup v2: what is written to its files is all that the kernel would be told.
    fn mounted(controllers: &str) -> tempfile::TempDir {
        let mount = tempfile::tempdir().unwrap();
        fs::create_dir_all(mount.path().join("user/session")).unwrap();
        for (place, handed_down) in [("", "cpu memory pids"), ("user", controllers), ("user/session", "")] {
            let place = mount.path().join(place);
            fs::write(place.join("cgroup.controllers"), "cpu memory pids").unwrap();
            fs::write(place.join("cgroup.subtree_control"), handed_down).unwrap();
            fs::write(place.join("cgroup.procs"), "").unwrap();
        }
        mount
    }

    #[test]
    fn the_nearest_place_that_hands_both_limits_down_is_taken() {
        let own = "4:memory:/elsewhere\n0::/user/session\n";
        let found = |controllers: &str| {
            let mount = mounted(controllers);
            let place = delegated_in(mount.path(), own).unwrap();
            place.strip_prefix(mount.path()).unwrap().display().to_string()
        };
        assert_eq!(found("memory pids cpu"), "user");
        // One of the two alone is no limit on the other, and so is a name that only looks like one of them.
        for lacking in ["memory", "pids cpu", "memory.x pids", ""] {
            assert_eq!(found(lacking), "", "{lacking}");
        }
    }

    #[test]
    fn where_nothing_is_delegated_it_is_said_why() {
        let mount = mounted("memory pids");
        assert!(delegated_in(mount.path(), "4:memory:/x\n").unwrap_err().contains("not in use"));
        fs::write(mount.path().join("cgroup.subtree_control"), "cpu").unwrap();
        assert!(delegated_in(mount.path(), "0::/other\n").unwrap_err().contains("systemd-run"));
        fs::remove_file(mount.path().join("cgroup.controllers")).unwrap();
        assert!(delegated_in(mount.path(), "0::/user\n").unwrap_err().contains("not the machine's"));
    }

    #[test]
    fn x_04_x_05_a_cgroup_is_told_every_limit_and_ended_with_its_command() {
        let parent = tempfile::tempdir().unwrap();
        let limits = Limits {
            processes: 50,
            memory_bytes: 1000,
            scratch_bytes: 20,
            shared_memory_bytes: 3,
            ..Limits::default()
        };
        let cgroup = Cgroup::create_in(parent.path(), &limits).unwrap();
        let place = cgroup.path().to_owned();
        let told = |name: &str| fs::read_to_string(place.join(name)).unwrap();
        let files = ["memory.max", "memory.swap.max", "memory.oom.group", "pids.max"];
        assert_eq!(files.map(told), ["1023", "0", "1", "53"]);
        for (events, ended) in [("oom 0\noom_kill 0\n", false), ("oom 2\noom_kill 1\n", true), ("", false)] {
            fs::write(place.join("memory.events"), events).unwrap();
            assert_eq!(cgroup.ran_out_of_memory(), ended, "{events}");
        }
        let other = Cgroup::create_in(parent.path(), &limits).unwrap();
        assert_ne!(other.path(), cgroup.path(), "each command has its own");
        drop(cgroup);
        assert_eq!(told("cgroup.kill"), "1");
        assert!(!other.path().join("cgroup.kill").exists());
    }

    #[test]
    fn without_a_limit_there_is_no_cgroup() {
        let parent = tempfile::tempdir().unwrap();
        assert!(Cgroup::create_in(&parent.path().join("absent"), &Limits::default()).is_none());
    }
}
