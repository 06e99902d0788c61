//! Somebody else moves folders and links about while the guard opens.

use super::*;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

const OPENS: u32 = 100_000;

/// `swap` is by turns a folder of the tree, a link to outside, and a link to git's directory; the names in it are the
/// same in all of them.
fn prepare(guest: &Guest) {
    let folders = [guest.on_disk("real"), guest.outside().join("away"), guest.on_disk(".git"), guest.on_disk("hidden")];
    for (folder, text) in folders.iter().zip(["inside", "OUTSIDE", "GIT", "HIDDEN FILE"]) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("f"), text).unwrap();
    }
    std::os::unix::fs::symlink("../away", guest.on_disk("l-out")).unwrap();
    std::os::unix::fs::symlink(".git", guest.on_disk("l-git")).unwrap();
    std::os::unix::fs::symlink("hidden", guest.on_disk("l-hidden")).unwrap();
    fs::rename(guest.on_disk("real"), guest.on_disk("swap")).unwrap();
}

fn exchange(root: &Path, one: &str, other: &str) {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, root.join(one), CWD, root.join(other), RenameFlags::EXCHANGE).unwrap();
}

/// Races `attempt` against the exchange, until it was made [`OPENS`] times and met both the folder and a link.
fn race(mut attempt: impl FnMut(&mut Guest) -> Result<(), ErrorCode>) {
    for walk in [Walk::Kernel, Walk::Steps] {
        let rules = Rules { read: layers(&["swap/**", "f"]), write: layers(&["swap/**"]), ..Rules::default() };
        let quotas = Quotas { bytes_written: u64::MAX, created: u64::MAX, ..Quotas::default() };
        let mut guest = Guest::new(rules, quotas, walk);
        prepare(&guest);
        let root = guest.on_disk("");
        let done = AtomicBool::new(false);
        let (mut reached, mut refused) = (0_u32, 0_u32);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Relaxed) {
                    for link in ["l-out", "l-git", "l-hidden"] {
                        exchange(&root, "swap", link);
                        exchange(&root, "swap", link);
                    }
                }
            });
            let finish = StopOnDrop(&done);
            let opens = if walk == Walk::Kernel { OPENS } else { OPENS / 4 };
            for _ in 0..opens {
                match attempt(&mut guest) {
                    Ok(()) => reached += 1,
                    Err(_) => refused += 1,
                }
            }
            // Both were met, however the threads were scheduled; a guard that always refuses would not end here.
            while reached == 0 || refused == 0 {
                match attempt(&mut guest) {
                    Ok(()) => reached += 1,
                    Err(_) => refused += 1,
                }
            }
            drop(finish);
        });
        for (file, text) in [("../away/f", "OUTSIDE"), (".git/f", "GIT"), ("hidden/f", "HIDDEN FILE")] {
            assert_eq!(fs::read_to_string(guest.on_disk(file)).unwrap(), text, "{walk:?}");
        }
        for folder in ["../away", ".git"] {
            assert_eq!(fs::read_dir(guest.on_disk(folder)).unwrap().count(), 1, "{walk:?}");
        }
    }
}

/// Ends the other thread where an assertion fails, too.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

#[test]
fn f_13_reading_while_a_folder_is_swapped() {
    race(|guest| guest.read("swap/f").map(|text| assert_eq!(text, "inside")));
}

#[test]
fn f_13_writing_while_a_folder_is_swapped() {
    race(|guest| guest.write("swap/f", "inside"));
}

#[test]
fn f_13_naming_while_a_folder_is_swapped() {
    race(|guest| {
        guest.files.forget_parent();
        guest.stat("swap/f", FOLLOW).map(|stat| assert_eq!(stat.size, 6))?;
        guest.files.forget_parent();
        guest.rename("swap/f", "swap/g")?;
        // Until it is back, the folder has to be met again.
        while guest.rename("swap/g", "swap/f").is_err() {
            guest.files.forget_parent();
        }
        Ok(())
    });
}
