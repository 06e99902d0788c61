//! The watchdog: what a command uses, looked at from outside its PID namespace.
//!
//! It runs in the supervisor, whose root is the sandbox's by then, so `/proc` lists exactly the command's processes
//! and `/work` is the worktree. The supervisor itself counts tasks; all else is looked at by a thread beside it. What is
//! between two looks can exceed a limit for that long; where a cgroup holds the limits, the kernel refuses what is
//! beyond them, and this finds what the cgroup does not count.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::command::Limits;
use crate::layout::WORK;
use crate::measure::{IMMEASURABLE, tree_bytes};
use crate::plan::Limit;

/// How often memory is looked at, and the tasks are counted. A process that fills memory as fast as it can gets about
/// 100 MiB further in that time; a look costs some microseconds for each process.
pub(super) const WATCH_INTERVAL: Duration = Duration::from_millis(50);
/// How often the worktree is measured at most. A disk writes 1 to 3 GiB in that time; a single file can never be
/// larger than the limit (RLIMIT_FSIZE).
const DISK_INTERVAL: Duration = Duration::from_secs(1);
/// Measuring takes at most this part of the time: a walk of 100 ms is followed by a pause of 1 s.
const DISK_PAUSE_FACTOR: u32 = 10;
/// How long the insides of processes are read in one look. Each such read waits for whoever changes that process's memory,
/// so a thousand processes that are short of a processor could keep the watchdog for as long as they like.
const INSIDES_PATIENCE: Duration = Duration::from_secs(3);
/// Most that a socket keeps, sent and received, where nobody can enlarge its buffers. The default limit allows 10,000.
const SOCKET_BYTES: u64 = 2 * 212_992;
/// Most that a descriptor keeps, be it an end of a pipe: the first thousands of a user's pipes are larger, and are few.
const DESCRIPTOR_BYTES: u64 = 8 << 10;

pub(super) struct Watch<'a> {
    limits: &'a Limits,
    /// Beside the worktree.
    lasting: &'a [PathBuf],
    baseline_bytes: u64,
    free_bytes: u64,
    next_walk: Instant,
}

impl<'a> Watch<'a> {
    /// `baseline_bytes` is what the tree held before the first command in it was started.
    pub(super) fn begin(limits: &'a Limits, lasting: &'a [PathBuf], baseline_bytes: u64) -> Self {
        Self { limits, lasting, baseline_bytes, free_bytes: free_bytes(Path::new(WORK)), next_walk: Instant::now() }
    }

    /// The limit that is exceeded, if any is. `alive` says whether there is still something to watch.
    pub(super) fn look(&mut self, alive: &impl Fn() -> bool) -> Option<Limit> {
        self.look_at_memory().or_else(|| self.look_at_disk(alive))
    }

    fn look_at_memory(&self) -> Option<Limit> {
        let (mut resident_bytes, mut descriptors) = (0u64, 0u64);
        let ids: Vec<_> = process_ids().collect();
        for place in ids.iter().map(|id| Path::new("/proc").join(id)) {
            resident_bytes = resident_bytes.saturating_add(resident_bytes_of(&place));
            descriptors += descriptors_of(&place);
        }
        // What the kernel holds for them is bounded, not measured: nothing tells how full a buffer is. Before what takes
        // longer, since it grows with every moment.
        let most_held = (sockets() * SOCKET_BYTES).saturating_add(descriptors * DESCRIPTOR_BYTES);
        if most_held > self.limits.memory_bytes {
            return Some(Limit::Memory);
        }
        // From the cheapest measure, which counts what is shared once for each process, to the exact one.
        let exceeded = resident_bytes > self.limits.memory_bytes && self.exceeds_memory(&ids, unshared_bytes_of, None);
        let exceeded = exceeded && self.exceeds_memory(&ids, exact_bytes_of, Some(INSIDES_PATIENCE));
        exceeded.then_some(Limit::Memory)
    }

    /// Where measuring takes longer than that, what was known before stands: it exceeds.
    fn exceeds_memory(&self, ids: &[String], measure: fn(&Path) -> u64, patience: Option<Duration>) -> bool {
        let began = Instant::now();
        let all = ids.iter().map(|id| match patience.is_some_and(|most| began.elapsed() > most) {
            true => u64::MAX,
            false => measure(&Path::new("/proc").join(id)),
        });
        all.fold(0, u64::saturating_add) > self.limits.memory_bytes
    }

    fn look_at_disk(&mut self, alive: &impl Fn() -> bool) -> Option<Limit> {
        let started = Instant::now();
        if started < self.next_walk {
            return None;
        }
        let tree = Path::new(WORK);
        let mut used = tree_bytes(tree, alive)?;
        for place in self.lasting {
            used = used.saturating_add(tree_bytes(place, alive)?);
        }
        let unlinked = Unlinked::find(tree, self.lasting);
        used = used.saturating_add(unlinked.bytes);
        if unlinked.is_hidden {
            // Others write to this disk too, so this is an upper bound, and no measure where a better one can be had.
            let lost = self.free_bytes.saturating_sub(free_bytes(tree));
            used = used.max(self.baseline_bytes.saturating_add(lost));
        }
        self.next_walk = Instant::now() + DISK_INTERVAL.max(started.elapsed() * DISK_PAUSE_FACTOR);
        // Not a measure to compare with: a tree that an earlier command made immeasurable stays refused.
        if used == IMMEASURABLE {
            return Some(Limit::Disk);
        }
        (used.saturating_sub(self.baseline_bytes) > self.limits.disk_bytes).then_some(Limit::Disk)
    }
}

/// Whether there are more processes and threads than that, and PID 1. Nothing inside can make this wait.
pub(super) fn has_too_many_tasks(most: u64) -> bool {
    let mut tasks = 0u64;
    process_ids().any(|id| {
        tasks += threads_of(&Path::new("/proc").join(id));
        tasks > most.saturating_add(1)
    })
}

fn process_ids() -> impl Iterator<Item = String> {
    let names = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| name.into_string().ok()).filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
}

fn threads_of(place: &Path) -> u64 {
    // The count of links is that of the tasks, and three for the folder itself.
    fs::metadata(place.join("task")).map_or(1, |task| task.nlink().saturating_sub(2).max(1))
}

/// Open descriptors. Since Linux 6.2 the folder's size is their number, which a process that closes itself to others
/// can't hide. Before, what it could have open without asking for more stands.
fn descriptors_of(place: &Path) -> u64 {
    let folder = place.join("fd");
    match fs::metadata(&folder).map_or(0, |folder| folder.len()) {
        0 => fs::read_dir(folder).map_or_else(|_| descriptor_slots_of(place), |open| open.count() as u64),
        number => number,
    }
}

/// The size of the table of descriptors: a power of two, 64 at least.
fn descriptor_slots_of(place: &Path) -> u64 {
    let status = status_of(place);
    let size = status.lines().find_map(|line| line.strip_prefix("FDSize:"));
    size.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

/// Sockets of the command's network.
fn sockets() -> u64 {
    let told = fs::read_to_string("/proc/1/net/sockstat").unwrap_or_default();
    let used = told.lines().find_map(|line| line.strip_prefix("sockets: used "));
    used.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

/// All resident pages, and the tables that lead to pages: a process can have a million tables and hardly a page.
fn resident_bytes_of(place: &Path) -> u64 {
    sum_of_lines(&status_of(place), &["VmRSS:", "VmPTE:"])
}

/// Resident pages that are not a file's, and the tables.
fn unshared_bytes_of(place: &Path) -> u64 {
    sum_of_lines(&status_of(place), &["RssAnon:", "RssShmem:", "VmPTE:"])
}

/// Each page divided by the number of processes that have it, and the tables. Where that cannot be read (a process can
/// close itself to others), what is cheaper to know stands.
fn exact_bytes_of(place: &Path) -> u64 {
    match fs::read_to_string(place.join("smaps_rollup")) {
        Ok(rollup) => sum_of_lines(&rollup, &["Pss_Anon:", "Pss_Shmem:"])
            .saturating_add(sum_of_lines(&status_of(place), &["VmPTE:"])),
        Err(_) => unshared_bytes_of(place),
    }
}

fn status_of(place: &Path) -> String {
    fs::read_to_string(place.join("status")).unwrap_or_default()
}

/// The lines are `Name:  123 kB`.
fn sum_of_lines(text: &str, names: &[&str]) -> u64 {
    let kib_of = |line: &str| line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0);
    let lines = text.lines().filter(|line| names.iter().any(|name| line.starts_with(name)));
    lines.map(|line| kib_of(line).saturating_mul(1024)).sum()
}

/// Files of the tree's disk that no name leads to any more.
#[derive(Default)]
struct Unlinked {
    /// Of those that a descriptor leads to.
    bytes: u64,
    /// Whether there may be others: a process that closes itself to others, or a file that is only mapped.
    is_hidden: bool,
}

impl Unlinked {
    /// All of these places are on the tree's disk.
    fn find(tree: &Path, lasting: &[PathBuf]) -> Self {
        let mut found = Self::default();
        let Ok(device) = fs::metadata(tree).map(|tree| tree.dev()) else { return Self { is_hidden: true, ..found } };
        // By number, since several descriptors can be one file's.
        let mut files = BTreeMap::new();
        let began = Instant::now();
        // PID 1 is closed to all, and opens nothing for a command.
        for place in process_ids().filter(|id| id != "1").map(|id| Path::new("/proc").join(id)) {
            let denied = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied;
            let descriptors = fs::read_dir(place.join("fd"));
            found.is_hidden |= descriptors.as_ref().is_err_and(denied);
            for descriptor in descriptors.into_iter().flatten().flatten() {
                match fs::metadata(descriptor.path()) {
                    Ok(file) if file.nlink() == 0 && file.dev() == device => {
                        files.insert(file.ino(), file.blocks().saturating_mul(512));
                    }
                    Ok(_) => {}
                    Err(error) => found.is_hidden |= denied(&error),
                }
            }
            if began.elapsed() > INSIDES_PATIENCE {
                found.is_hidden = true;
                continue;
            }
            let maps = fs::read_to_string(place.join("maps")).unwrap_or_default();
            let places = || lasting.iter().map(PathBuf::as_path).chain([tree]);
            let is_there = |line: &str| places().any(|place| line.contains(&format!(" {}/", place.display())));
            let is_unlinked = |line: &str| line.ends_with(" (deleted)") && is_there(line);
            found.is_hidden |= maps.lines().any(is_unlinked);
        }
        found.bytes = files.into_values().fold(0, u64::saturating_add);
        found
    }
}

fn free_bytes(place: &Path) -> u64 {
    rustix::fs::statvfs(place).map_or(0, |disk| disk.f_bfree.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn this_process_has_threads_and_memory_by_every_measure() {
        let place = Path::new("/proc/self");
        assert!(threads_of(place) >= 1);
        let (resident, unshared, exact) = (resident_bytes_of(place), unshared_bytes_of(place), exact_bytes_of(place));
        assert!(resident > 0 && unshared > 0 && exact > 0, "{resident} {unshared} {exact}");
        let (open, slots) = (descriptors_of(place), descriptor_slots_of(place));
        assert!(open > 2 && slots >= open.max(64), "{open} {slots}");
    }
}
