//! What changed in the current folder. The kernel tells that something did; what it was is seen by looking at what the
//! files hold, so that a build which writes the same again is no change, and a change during a build is not missed.

use super::builds::{Builds, Sifted};
use crate::authoring::sources::{Found, Holding, MAX_FILES, MAX_FOLDERS, holding, walk};
use crate::failure::{Exit, Failure};
use crate::terminal::printer::Printer;
use rustix::fd::OwnedFd;
use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Editors write in several steps: it is looked once nothing has changed for so long.
const QUIET: Duration = Duration::from_millis(50);
/// How often that is waited for; what never rests is looked at all the same.
const MAX_WAITS: usize = 40;
/// How often folders that keep changing are walked before they are taken as they are: the next change is told anyway.
const MAX_WALKS: usize = 8;
/// What changes a folder, or a file in it.
const CHANGES: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::MOVE)
    .union(WatchFlags::ONLYDIR);

/// Watches the current folder.
pub(super) struct Watch {
    kernel: Arc<OwnedFd>,
    /// One for each time that the kernel told of something.
    told: UnboundedReceiver<()>,
    seen: BTreeMap<PathBuf, Holding>,
    builds: Builds,
    /// What changed already, and begins the next round.
    begin: Vec<String>,
    printer: Printer,
}

impl Watch {
    pub(super) async fn begin(printer: Printer) -> Result<Self, Failure> {
        let kernel = Arc::new(init(CreateFlags::CLOEXEC).map_err(failed)?);
        let (sender, told) = unbounded_channel();
        let listens = Arc::clone(&kernel);
        // It waits in the kernel, and ends with the program, or at the first event that nobody waits for.
        std::thread::spawn(move || {
            loop {
                match rustix::io::read(&listens, &mut [0; 4096]) {
                    Ok(_) if sender.send(()).is_ok() => {}
                    Err(Errno::INTR) => {}
                    _ => break,
                }
            }
        });
        let mut watch =
            Self { kernel, told, seen: BTreeMap::new(), builds: Builds::default(), begin: Vec::new(), printer };
        watch.look().await?;
        Ok(watch)
    }

    /// A build is over: what changed while it ran begins the next round, unless that is what builds write each time. Gives
    /// the files that are found to be so now.
    pub(super) async fn built(&mut self) -> Result<Vec<String>, Failure> {
        let changed = self.look().await?;
        let Sifted { begin, named } = self.builds.during(changed);
        self.begin = begin;
        Ok(named)
    }

    /// Waits for files that hold something else than before, and names them.
    pub(super) async fn changed(&mut self) -> Result<Vec<String>, Failure> {
        loop {
            let ended = || Failure::new(Exit::Bug, "the folder is not watched any more");
            if self.begin.is_empty() {
                self.told.recv().await.ok_or_else(ended)?;
            }
            for _ in 0..MAX_WAITS {
                match timeout(QUIET, self.told.recv()).await {
                    Ok(told) => told.ok_or_else(ended)?,
                    Err(_) => break,
                }
            }
            let changed = self.look().await?;
            self.builds.between(&changed);
            let both: BTreeSet<String> = self.begin.drain(..).chain(changed).collect();
            if !both.is_empty() {
                return Ok(both.into_iter().collect());
            }
        }
    }

    /// Looks at all files; gives those that are new, gone, or hold something else. New folders are watched from here on.
    async fn look(&mut self) -> Result<Vec<String>, Failure> {
        let kernel = Arc::clone(&self.kernel);
        // Elsewhere, so that a signal is heard meanwhile: there may be many files.
        let looked = spawn_blocking(move || {
            let found = settled(|| walk(Path::new("."), MAX_FOLDERS), |folders| watch(&kernel, folders))?;
            let holding = |file: PathBuf| holding(&file).map(|holding| (file, holding));
            Ok((found.is_cut, found.files.into_iter().filter_map(holding).collect::<BTreeMap<_, _>>()))
        });
        let looked = looked.await.map_err(|e| Failure::new(Exit::Bug, "looking at the folder ended early").because(e));
        let (is_cut, now) = looked??;
        if is_cut {
            self.printer.warn(format!(
                "there are more than {MAX_FOLDERS} folders or {MAX_FILES} files here; the rest is not watched"
            ));
        }
        let gone = self.seen.keys().filter(|file| !now.contains_key(*file));
        let other = now.iter().filter(|(file, holding)| self.seen.get(*file) != Some(*holding)).map(|(file, _)| file);
        let changed =
            gone.chain(other).map(|file| file.strip_prefix(".").unwrap_or(file).display().to_string()).collect();
        self.seen = now;
        Ok(changed)
    }
}

/// Those that are watched already stay so.
fn watch(kernel: &OwnedFd, folders: &BTreeSet<PathBuf>) -> Result<(), Failure> {
    for folder in folders {
        match add_watch(kernel, folder, CHANGES) {
            Ok(_) | Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}

/// Watches what is found until nothing new comes.
fn settled(
    walk: impl Fn() -> Found,
    watch: impl Fn(&BTreeSet<PathBuf>) -> Result<(), Failure>,
) -> Result<Found, Failure> {
    let mut found = walk();
    for _ in 0..MAX_WALKS {
        watch(&found.folders)?;
        // What came into a folder before it was watched is seen now.
        let again = walk();
        let is_settled = again.folders == found.folders;
        found = again;
        if is_settled {
            break;
        }
    }
    Ok(found)
}

fn failed(error: Errno) -> Failure {
    Failure::new(Exit::Limit, "this folder can't be watched")
        .because(error)
        .hint("sysctl fs.inotify tells the kernel's limits; skillhost test works without")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn folders_that_never_rest_are_taken_as_they_are() {
        for (rests_at, walks) in [(0, 2), (3, 5), (usize::MAX, MAX_WALKS + 1)] {
            let walked = Cell::new(0);
            let walk = || {
                let folders = (0..=walked.get().min(rests_at)).map(|at| PathBuf::from(at.to_string())).collect();
                walked.set(walked.get() + 1);
                Found { folders, files: BTreeSet::new(), is_cut: false }
            };
            settled(walk, |_| Ok(())).unwrap();
            assert_eq!(walked.get(), walks);
        }
    }
}
