//! The watchdog: what a command uses, looked at from outside its PID namespace.
//!
//! It runs in the supervisor, whose root is the sandbox's by then, so `/proc` lists exactly the command's processes
//! and `/work` is the worktree. What is between two looks can exceed a limit for that long; where a cgroup holds the
//! limits, the kernel does so exactly and this only finds what the cgroup does not count.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::command::Limits;
use crate::layout::WORK;
use crate::plan::Limit;

/// How often memory and processes are looked at. A process that fills memory as fast as it can gets about 100 MiB
/// further in that time; a look costs some microseconds for each process.
pub(super) const WATCH_INTERVAL: Duration = Duration::from_millis(50);
/// How often the worktree is measured at most. A disk writes 1 to 3 GiB in that time; a single file can never be
/// larger than the limit (RLIMIT_FSIZE).
const DISK_INTERVAL: Duration = Duration::from_secs(1);
/// Measuring takes at most this part of the time: a walk of 100 ms is followed by a pause of 1 s.
const DISK_PAUSE_FACTOR: u32 = 10;
/// Files that are looked at in one walk. More than that are more than any build leaves, and count as the limit reached.
const MAX_FILES: u64 = 2_000_000;
/// A look at whether the command has ended costs little, but more than looking at a file.
const FILES_BETWEEN_CHECKS: u64 = 512;

/// What a tree measures that has too many files, or some that cannot be reached.
const IMMEASURABLE: u64 = u64::MAX;

pub(super) struct Watch<'a> {
    limits: &'a Limits,
    baseline_bytes: Option<u64>,
    next_walk: Instant,
}

impl<'a> Watch<'a> {
    pub(super) fn begin(limits: &'a Limits) -> Self {
        Self { limits, baseline_bytes: None, next_walk: Instant::now() }
    }

    /// The limit that is exceeded, if any is. `alive` says whether there is still something to watch.
    pub(super) fn look(&mut self, alive: &impl Fn() -> bool) -> Option<Limit> {
        self.look_at_processes().or_else(|| self.look_at_disk(alive))
    }

    fn look_at_processes(&self) -> Option<Limit> {
        let (mut tasks, mut resident_bytes) = (0u64, 0u64);
        // Counted before anything is read of them: while a fork bomb grows, each look must be short.
        let ids: Vec<_> = process_ids().collect();
        if ids.len() as u64 > self.limits.processes.saturating_add(1) {
            return Some(Limit::Processes);
        }
        for id in &ids {
            let place = Path::new("/proc").join(id);
            tasks += threads_of(&place);
            resident_bytes += resident_bytes_of(&place);
        }
        if tasks > self.limits.processes.saturating_add(1) {
            return Some(Limit::Processes);
        }
        // From the cheapest measure, which counts what is shared once for each process, to the exact one.
        let exceeds = |measure: fn(&Path) -> u64| {
            let all = ids.iter().map(|id| measure(&Path::new("/proc").join(id)));
            all.fold(0, u64::saturating_add) > self.limits.memory_bytes
        };
        let exceeded =
            resident_bytes > self.limits.memory_bytes && exceeds(unshared_bytes_of) && exceeds(exact_bytes_of);
        exceeded.then_some(Limit::Memory)
    }

    fn look_at_disk(&mut self, alive: &impl Fn() -> bool) -> Option<Limit> {
        let started = Instant::now();
        if started < self.next_walk {
            return None;
        }
        let used = tree_bytes(Path::new(WORK), alive)?;
        self.next_walk = Instant::now() + DISK_INTERVAL.max(started.elapsed() * DISK_PAUSE_FACTOR);
        // Not a measure to compare with: a tree that an earlier command made immeasurable stays refused.
        if used == IMMEASURABLE {
            return Some(Limit::Disk);
        }
        let baseline = *self.baseline_bytes.get_or_insert(used);
        (used.saturating_sub(baseline) > self.limits.disk_bytes).then_some(Limit::Disk)
    }
}

fn process_ids() -> impl Iterator<Item = String> {
    let names = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| name.into_string().ok()).filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
}

fn threads_of(place: &Path) -> u64 {
    // The count of links is that of the tasks, and three for the folder itself.
    fs::metadata(place.join("task")).map_or(1, |task| task.nlink().saturating_sub(2).max(1))
}

/// All resident pages.
fn resident_bytes_of(place: &Path) -> u64 {
    let statm = fs::read_to_string(place.join("statm")).unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|field| field.parse().ok()).unwrap_or(0);
    pages.saturating_mul(rustix::param::page_size() as u64)
}

/// Resident pages that are not a file's.
fn unshared_bytes_of(place: &Path) -> u64 {
    let status = fs::read_to_string(place.join("status")).unwrap_or_default();
    sum_of_lines(&status, ["RssAnon:", "RssShmem:"])
}

/// Each page divided by the number of processes that have it. Where that cannot be read (a process can close itself to
/// others), what is cheaper to know stands.
fn exact_bytes_of(place: &Path) -> u64 {
    match fs::read_to_string(place.join("smaps_rollup")) {
        Ok(rollup) => sum_of_lines(&rollup, ["Pss_Anon:", "Pss_Shmem:"]),
        Err(_) => unshared_bytes_of(place),
    }
}

/// The lines are `Name:  123 kB`.
fn sum_of_lines(text: &str, names: [&str; 2]) -> u64 {
    let kib_of = |line: &str| line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0);
    let lines = text.lines().filter(|line| names.iter().any(|name| line.starts_with(name)));
    lines.map(|line| kib_of(line).saturating_mul(1024)).sum()
}

/// Bytes on disk beneath a directory; none where there was nothing left to watch before it was measured. Links are
/// not followed.
fn tree_bytes(root: &Path, alive: &impl Fn() -> bool) -> Option<u64> {
    let mut bytes = 0u64;
    let mut files = 0u64;
    let mut folders = vec![PathBuf::from(root)];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            // Nested too deep to be named, or closed even to the supervisor: no place to hide in.
            Err(_) => return Some(u64::MAX),
        };
        for entry in entries.flatten() {
            files += 1;
            if files > MAX_FILES {
                return Some(IMMEASURABLE);
            }
            if files.is_multiple_of(FILES_BETWEEN_CHECKS) && !alive() {
                return None;
            }
            let Ok(metadata) = entry.metadata() else { continue };
            // Blocks of 512 bytes: a sparse file takes what it really has.
            bytes = bytes.saturating_add(metadata.blocks().saturating_mul(512));
            if metadata.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_tree_is_measured_without_following_links() {
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join("file"), vec![1; 1 << 20]).unwrap();
        std::os::unix::fs::symlink("/usr", tree.path().join("link")).unwrap();
        let bytes = tree_bytes(tree.path(), &|| true).unwrap();
        assert!((1 << 20..2 << 20).contains(&bytes), "{bytes}");
    }

    #[test]
    fn this_process_has_threads_and_memory_by_every_measure() {
        let place = Path::new("/proc/self");
        assert!(threads_of(place) >= 1);
        let (resident, unshared, exact) = (resident_bytes_of(place), unshared_bytes_of(place), exact_bytes_of(place));
        assert!(resident > 0 && unshared > 0 && exact > 0, "{resident} {unshared} {exact}");
    }
}
