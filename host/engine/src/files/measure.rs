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
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

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

fn race(root: &OwnedFd, tree: &Arc<Tree>) -> Measured {
    let tried = format!("open {OPENS} times while the folder is exchanged for that link");
    let done = AtomicBool::new(false);
    let escapes = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                // Where this can't be done, nothing is exchanged, and the count below says so.
                let _ = renameat_with(root, "swap", root, "link", RenameFlags::EXCHANGE);
            }
        });
        let (mut inside, mut outside) = (0, 0);
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
    match escapes {
        (inside, 0) => Measured::new(tried, true, format!("{inside} opened what was judged, the others were refused")),
        (_, outside) => Measured::new(tried, false, format!("{outside} opened what lies outside")),
    }
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
