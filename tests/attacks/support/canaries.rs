//! What must not change: names, contents, links, modes and times of everything that no call was granted.

use super::SECRET;
use skillhost_core::path::SkillPath;
use skillhost_engine::files::Rules;
use skillhost_test_support::tree::{Found, picture};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
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

impl Canaries {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), before: None, grants: Vec::new() }
    }

    /// The first attack begins.
    pub(crate) fn watch(&mut self) {
        if self.before.is_none() {
            self.before = Some(self.look());
        }
    }

    /// A call may write there.
    pub(crate) fn grant(&mut self, rules: Rules) {
        self.grants.push(rules);
    }

    pub(crate) fn check(&self) {
        let before = self.before.as_ref().expect("nothing was attacked");
        let after = self.look();
        for path in before.keys().chain(after.keys()).filter(|path| !self.is_granted(path)) {
            assert_eq!(before.get(path), after.get(path), "{} changed", path.display());
        }
    }

    fn look(&self) -> BTreeMap<PathBuf, Found> {
        picture(&self.folder, |name| OF_THE_HOST.iter().any(|own| name == Path::new(own)))
    }

    fn is_granted(&self, path: &Path) -> bool {
        let Some(path) = path.strip_prefix("tree").ok().and_then(Path::to_str) else { return false };
        let Ok(path) = SkillPath::parse(path) else { return false };
        self.grants.iter().any(|rules| rules.write.matches(&path) || rules.write.may_match_beneath(&path))
    }
}
