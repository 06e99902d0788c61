//! What must not change: names, contents, links, modes and times of everything that no call was granted.

use super::SECRET;
use skillhost_core::digest::Digest;
use skillhost_core::path::SkillPath;
use skillhost_engine::files::Rules;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// What the neighbour's file says.
pub(crate) const NEIGHBOUR: &str = "somebody else's work";
/// What the host itself writes while it is attacked.
const OF_THE_HOST: [&str; 3] = ["audit.jsonl", "cache", "keys"];

/// Makes the secret and the neighbour.
pub(crate) fn plant(folder: &Path) {
    fs::write(folder.join("secret.txt"), SECRET).unwrap();
    fs::set_permissions(folder.join("secret.txt"), fs::Permissions::from_mode(0o600)).unwrap();
    let neighbour = folder.join("neighbour");
    fs::create_dir_all(neighbour.join("folder")).unwrap();
    fs::write(neighbour.join("file.txt"), NEIGHBOUR).unwrap();
    fs::write(neighbour.join("folder/run.sh"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(neighbour.join("folder/run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("file.txt", neighbour.join("link")).unwrap();
}

/// Everything in the world, as it was before the attack.
pub(crate) struct Canaries {
    folder: PathBuf,
    before: Option<BTreeMap<PathBuf, Found>>,
    grants: Vec<Rules>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    /// Times of a folder follow from what is in it.
    Folder {
        mode: u32,
    },
    File {
        mode: u32,
        names: u64,
        changed: (i64, i64),
        content: Digest,
    },
    Link {
        target: PathBuf,
    },
    Other {
        mode: u32,
    },
}

impl Canaries {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), before: None, grants: Vec::new() }
    }

    /// The first attack begins.
    pub(crate) fn watch(&mut self) {
        if self.before.is_none() {
            self.before = Some(look(&self.folder));
        }
    }

    /// A call may write there.
    pub(crate) fn grant(&mut self, rules: Rules) {
        self.grants.push(rules);
    }

    pub(crate) fn check(&self) {
        let before = self.before.as_ref().expect("nothing was attacked");
        let after = look(&self.folder);
        for path in before.keys().chain(after.keys()).filter(|path| !self.is_granted(path)) {
            assert_eq!(before.get(path), after.get(path), "{} changed", path.display());
        }
    }

    fn is_granted(&self, path: &Path) -> bool {
        let Some(path) = path.strip_prefix("tree").ok().and_then(Path::to_str) else { return false };
        let Ok(path) = SkillPath::parse(path) else { return false };
        self.grants.iter().any(|rules| rules.write.matches(&path) || rules.write.may_match_beneath(&path))
    }
}

fn look(folder: &Path) -> BTreeMap<PathBuf, Found> {
    let mut found = BTreeMap::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_owned();
            if OF_THE_HOST.iter().any(|own| name == Path::new(own)) {
                continue;
            }
            let metadata = fs::symlink_metadata(&path).unwrap();
            let mode = metadata.mode();
            let kind = metadata.file_type();
            let what = if kind.is_dir() {
                pending.push(path);
                Found::Folder { mode }
            } else if kind.is_file() {
                let changed = (metadata.mtime(), metadata.mtime_nsec());
                Found::File { mode, names: metadata.nlink(), changed, content: Digest::of(&fs::read(&path).unwrap()) }
            } else if kind.is_symlink() {
                Found::Link { target: fs::read_link(&path).unwrap() }
            } else {
                Found::Other { mode }
            };
            found.insert(name, what);
        }
    }
    found
}
