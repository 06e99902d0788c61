//! A repository made for one purpose: a case of a skill's tests begins from the commit in it.

use crate::ambient;
use crate::beneath::{self, io_error};
use crate::commit;
use crate::error::WorktreeError;
use crate::repository::Repository;
use crate::snapshot::{Entry, EntryKind};
use crate::tree::{Updates, write_tree};
use crate::worktree::Worktree;
use git2::ObjectType;
use rustix::io::Errno;
use skillhost_core::path::SkillPath;
use std::os::fd::AsFd as _;
use std::path::Path;

impl Repository {
    /// Makes a repository in a directory that must not exist. Its branch `main` has one commit, with these files.
    ///
    /// # Errors
    /// Where the disk fails, or the directories are nested too deeply.
    pub fn stage<'a>(
        dir: &Path,
        files: impl IntoIterator<Item = (&'a SkillPath, &'a Vec<u8>)>,
    ) -> Result<Self, WorktreeError> {
        let git = ambient::init_user_repository(dir)?;
        let odb = git.odb()?;
        let mut updates = Updates::new();
        for (path, bytes) in files {
            let blob = odb.write(ObjectType::Blob, bytes)?;
            updates.insert(path.as_str().as_bytes().to_vec(), Some(Entry { kind: EntryKind::File, blob }));
        }
        let tree = write_tree(&git, git.treebuilder(None)?.write()?, &updates)?;
        let commit = commit::write(&git, tree, &[], "Before\n", None)?;
        git.reference("refs/heads/main", commit, false, "skillhost: stage")?;
        Self::open(dir)
    }
}

impl Worktree {
    /// Removes a file, or what else stands there.
    ///
    /// # Errors
    /// Where it can't be removed.
    pub fn remove_file(&self, path: &SkillPath) -> Result<(), WorktreeError> {
        let (root, path) = (self.open_root()?, path.as_str().as_bytes());
        match beneath::open_parent(root.as_fd(), path).and_then(|(parent, name)| beneath::remove_all(&parent, name)) {
            Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
            Err(errno) => Err(io_error("remove", path, errno)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::create::NewWorktree;
    use skillhost_core::name::{AgentId, RunId};
    use std::collections::BTreeMap;

    #[test]
    fn a_tree_begins_from_what_was_staged() {
        let folder = tempfile::tempdir().unwrap();
        let path = |text| SkillPath::parse(text).unwrap();
        let files = BTreeMap::from([(path("a/b.txt"), b"one\n".to_vec()), (path("größe"), vec![0, 255])]);
        let repository = Repository::stage(&folder.path().join("repository"), &files).unwrap();
        let (run, agent) = (RunId::from_random([0; 8]), AgentId::main());
        let (base, branch) = (repository.resolve("HEAD").unwrap(), format!("case/{run}"));
        let new = NewWorktree { run, agent, base, branch, dir: folder.path().join("tree") };
        let tree = repository.create_worktree(new).unwrap();
        assert_eq!(tree.read_file(&path("größe"), 9).unwrap(), Some(vec![0, 255]));
        tree.remove_file(&path("a/b.txt")).unwrap();
        tree.remove_file(&path("a/none/b.txt")).unwrap();
        let changed = tree.changes(&[path("a/b.txt")].into()).unwrap();
        assert_eq!((changed.len(), &changed[0].path), (1, &path("a/b.txt")));
    }
}
