//! Tries the second wall on a small tree: a link that leads out, a folder that is exchanged for one, and git's directory.

use super::bindings::types::{DescriptorFlags, OpenFlags};
use super::descriptor::Target;
use super::open::Wish;
use super::rules::Rules;
use super::state::{Files, Spelled};
use super::tree::{Tree, Walk};
use super::{Quotas, ambient};
use rustix::fs::{Mode, OFlags, RenameFlags, mkdirat, openat, renameat_with, symlinkat};
use rustix::io::Errno;
use skillhost_core::glob::{Globs, Layers};
use skillhost_core::measured::Measured;
use skillhost_core::path::SkillPath;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

/// Opens while a folder is exchanged with a link: some milliseconds.
const OPENS: u32 = 2000;
const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// Tries the guard over a tree that is made in `folder`.
pub fn measure(folder: &Path) -> Vec<Measured> {
    let prepared = prepare(folder).and_then(|root| {
        let mut read = Layers::default();
        read.narrow(Globs::all());
        let rules = Rules { read, ..Rules::default() };
        Ok((root, Tree::open(&folder.join("tree"), rules, Quotas::default()).map_err(|_| Errno::IO)?))
    });
    match prepared {
        Ok((root, tree)) => attempts(&root, &Arc::new(tree)),
        Err(error) => vec![Measured::new("make a small tree", false, error.to_string())],
    }
}

/// `outside/f` beside the tree; in it `swap/f`, a link to outside, and `.git/f`. Gives the tree's root.
fn prepare(folder: &Path) -> Result<OwnedFd, Errno> {
    let place = ambient::open_root(folder)?;
    for name in ["outside", "tree", "tree/swap", "tree/.git"] {
        mkdirat(&place, name, Mode::RWXU)?;
    }
    for (name, text) in [("outside/f", "outside"), ("tree/swap/f", "inside"), ("tree/.git/f", "git")] {
        let file = openat(&place, name, OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR)?;
        rustix::io::write(&file, text.as_bytes())?;
    }
    symlinkat("../outside", &place, "tree/link")?;
    openat(&place, "tree", DIRECTORY, Mode::empty())
}

fn attempts(root: &OwnedFd, tree: &Arc<Tree>) -> Vec<Measured> {
    let walk = match tree.walk() {
        Walk::Kernel => "openat2",
        Walk::Steps => "component by component, since there is no openat2",
    };
    // There is something to reach, and what is allowed is reached; else a refusal would say nothing.
    if let Err(why) = control(root, tree) {
        return vec![Measured::new("open what is allowed, and a link without the guard", false, why)];
    }
    let refused = |name: &str| match read(tree, name) {
        Some(text) => (false, format!("it was read: {}", text.escape_ascii())),
        None => (true, format!("refused ({walk})")),
    };
    let (link, git) = (refused("link/f"), refused(".git/f"));
    vec![
        Measured::new("read through a link that leads out", link.0, link.1),
        Measured::new("read git's directory", git.0, git.1),
        race(root, tree),
    ]
}

/// The guard opens a file inside, and the kernel alone follows the link.
fn control(root: &OwnedFd, tree: &Arc<Tree>) -> Result<(), String> {
    if read(tree, "swap/f").as_deref() != Some(b"inside") {
        return Err("the guard doesn't open a file of the tree".to_owned());
    }
    for name in ["link/f", ".git/f"] {
        openat(root, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

fn race(root: &OwnedFd, tree: &Arc<Tree>) -> Measured {
    let tried = format!("open {OPENS} times while the folder is exchanged for that link");
    let done = AtomicBool::new(false);
    let exchanges = AtomicU32::new(0);
    let (inside, outside) = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                if renameat_with(root, "swap", root, "link", RenameFlags::EXCHANGE).is_err() {
                    break;
                }
                exchanges.fetch_add(1, Relaxed);
            }
            done.store(true, Relaxed);
        });
        let (mut inside, mut outside) = (0, 0);
        // Not before the other thread is there.
        while exchanges.load(Relaxed) == 0 && !done.load(Relaxed) {
            std::thread::yield_now();
        }
        for _ in 0..OPENS {
            match read(tree, "swap/f").as_deref() {
                Some(b"inside") => inside += 1,
                Some(_) => outside += 1,
                None => {}
            }
        }
        done.store(true, Relaxed);
        (inside, outside)
    });
    let exchanges = exchanges.into_inner();
    if outside > 0 {
        return Measured::new(tried, false, format!("{outside} opened what lies outside"));
    }
    if exchanges == 0 {
        return Measured::new(tried, false, "not tried: the folder could not be exchanged");
    }
    let found = format!("{exchanges} exchanges; {inside} opened what was judged, the others were refused");
    Measured::new(tried, true, found)
}

/// What a guest that opens a name for reading gets.
fn read(tree: &Arc<Tree>, name: &str) -> Option<Vec<u8>> {
    let mut files = Files::new(Some(Arc::clone(tree)));
    let wish = Wish { open: OpenFlags::empty(), access: DescriptorFlags::READ, follow: true };
    let spelled = Spelled::join(&SkillPath::root(), name).ok()?;
    let opened = files.open(spelled, wish).ok()?;
    let Target::File { file, .. } = opened.target else { return None };
    let mut text = vec![0; 16];
    let count = rustix::io::pread(&file.fd, &mut text, 0).ok()?;
    text.truncate(count);
    Some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
    use super::*;

    fn prepared(folder: &Path) -> (OwnedFd, Arc<Tree>) {
        let root = prepare(folder).unwrap();
        let mut read = Layers::default();
        read.narrow(Globs::all());
        let rules = Rules { read, ..Rules::default() };
        (root, Arc::new(Tree::open(&folder.join("tree"), rules, Quotas::default()).unwrap()))
    }

    #[test]
    fn every_attempt_is_made_and_refused() {
        let folder = tempfile::tempdir().unwrap();
        let measured = measure(folder.path());
        assert_eq!(measured.len(), 3);
        assert!(measured.iter().all(|measured| measured.holds), "{measured:?}");
    }

    #[test]
    fn what_could_not_be_tried_does_not_hold() {
        let folder = tempfile::tempdir().unwrap();
        let (root, tree) = prepared(folder.path());
        std::fs::remove_file(folder.path().join("tree/link")).unwrap();
        assert!(race(&root, &tree).happened.starts_with("not tried"));
        let measured = attempts(&root, &tree);
        assert!(measured.len() == 1 && !measured[0].holds, "{measured:?}");
    }
}
