//! The guard, called as a guest calls it: through the host functions of `wasi:filesystem`, with a resource table. Tests
//! are named after the attacks they stage. Each runs with the kernel's walk, and with the guard's own.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod coherence;
mod guest;
mod kinds;
mod links;
mod moves;
mod paths;
mod quotas;
mod race;

use super::bindings::preopens::Host as _;
use super::bindings::types::{
    DescriptorFlags, DescriptorStat, ErrorCode, Host as _, HostDescriptor, HostDirectoryEntryStream, OpenFlags,
    PathFlags,
};
use super::descriptor::Descriptor;
use super::error::{FsError, FsResult};
use super::tree::Walk;
use super::{Files, FilesCtxView, Quotas, Rules, Tree};
use skillhost_core::glob::{Globs, Layers};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use wasmtime::component::{Resource, ResourceTable};

const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;
const READ: DescriptorFlags = DescriptorFlags::READ;
const WRITE: DescriptorFlags = DescriptorFlags::WRITE;

/// No flag: a link at the end of a path is the link itself.
fn none() -> PathFlags {
    PathFlags::empty()
}

/// A tree `repo` with `secret.txt` beside it, and a guest's descriptor of its root.
struct Guest {
    outer: TempDir,
    files: Files,
    table: ResourceTable,
}

fn layers(patterns: &[&str]) -> Layers {
    [globs(patterns)].into()
}

fn globs(patterns: &[&str]) -> Globs {
    Globs::parse(patterns).unwrap()
}

/// Reads everything but `hidden/`; writes `src/` and `out/`, of which `src/protected/` is protected.
fn usual_rules() -> Rules {
    Rules {
        read: layers(&["src/**", "out/**", "docs/**", "*.md", "link*", "link*/**", "vendor/**"]),
        write: layers(&["src/**", "out/**", "link*", "link*/**", "vendor/**"]),
        protected: globs(&["src/protected/**"]),
        may_write_protected: false,
    }
}

/// Everything, so that only the tree's own bounds are in the way.
fn all_rules() -> Rules {
    Rules { read: [Globs::all()].into(), write: [Globs::all()].into(), ..Rules::default() }
}

/// Runs a test with either way to walk.
fn each_walk(rules: fn() -> Rules, test: impl Fn(&mut Guest)) {
    for walk in [Walk::Kernel, Walk::Steps] {
        test(&mut Guest::new(rules(), Quotas::default(), walk));
    }
}

impl Guest {
    fn new(rules: Rules, quotas: Quotas, walk: Walk) -> Self {
        let outer = TempDir::new().unwrap();
        fs::write(outer.path().join("secret.txt"), "outside").unwrap();
        let root = outer.path().join("repo");
        for folder in ["src/protected", "out", "docs", "hidden"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["src/a.txt", "src/protected/p.txt", "docs/d.md", "hidden/h.txt", "readme.md"] {
            fs::write(root.join(file), file).unwrap();
        }
        let tree = Tree::open_with(&root, rules, quotas, walk).unwrap();
        Self { outer, files: Files::new(Some(Arc::new(tree))), table: ResourceTable::new() }
    }

    fn on_disk(&self, path: &str) -> PathBuf {
        self.outer.path().join("repo").join(path)
    }

    fn outside(&self) -> &Path {
        self.outer.path()
    }

    fn view(&mut self) -> FilesCtxView<'_> {
        FilesCtxView { files: &mut self.files, table: &mut self.table }
    }

    /// A new descriptor of the root. Descriptors of one number are borrowed from each other, as bindings do.
    fn root(&mut self) -> Resource<Descriptor> {
        let mut roots = self.view().get_directories().unwrap();
        assert_eq!(roots.len(), 1);
        assert_eq!(roots[0].1, "/repo");
        roots.remove(0).0
    }

    fn open_with(
        &mut self,
        path: &str,
        flags: PathFlags,
        open: OpenFlags,
        access: DescriptorFlags,
    ) -> Result<Resource<Descriptor>, ErrorCode> {
        let root = self.root();
        let rep = root.rep();
        let result = self.view().open_at(Resource::new_borrow(rep), flags, path.to_owned(), open, access);
        HostDescriptor::drop(&mut self.view(), root).unwrap();
        self.code(result)
    }

    fn open(
        &mut self,
        path: &str,
        open: OpenFlags,
        access: DescriptorFlags,
    ) -> Result<Resource<Descriptor>, ErrorCode> {
        self.open_with(path, FOLLOW, open, access)
    }

    fn drop_descriptor(&mut self, descriptor: Resource<Descriptor>) {
        HostDescriptor::drop(&mut self.view(), descriptor).unwrap();
    }

    fn read(&mut self, path: &str) -> Result<String, ErrorCode> {
        let file = self.open(path, OpenFlags::empty(), READ)?;
        let result = self.view().read(Resource::new_borrow(file.rep()), 1 << 20, 0);
        let read = self.code(result);
        self.drop_descriptor(file);
        read.map(|(bytes, _)| String::from_utf8(bytes).unwrap())
    }

    fn write(&mut self, path: &str, text: &str) -> Result<(), ErrorCode> {
        let file = self.open(path, OpenFlags::CREATE | OpenFlags::TRUNCATE, WRITE)?;
        let result = self.view().write(Resource::new_borrow(file.rep()), text.as_bytes().to_vec(), 0);
        let written = self.code(result);
        self.drop_descriptor(file);
        written.map(|n| assert_eq!(n, text.len() as u64))
    }

    /// Calls a host function with a descriptor of the root.
    fn call<T>(
        &mut self,
        work: impl FnOnce(&mut FilesCtxView<'_>, Resource<Descriptor>) -> FsResult<T>,
    ) -> Result<T, ErrorCode> {
        let root = self.root();
        let result = work(&mut self.view(), Resource::new_borrow(root.rep()));
        self.drop_descriptor(root);
        self.code(result)
    }

    fn stat(&mut self, path: &str, flags: PathFlags) -> Result<DescriptorStat, ErrorCode> {
        self.call(|view, root| view.stat_at(root, flags, path.to_owned()))
    }

    fn mkdir(&mut self, path: &str) -> Result<(), ErrorCode> {
        self.call(|view, root| view.create_directory_at(root, path.to_owned()))
    }

    fn rmdir(&mut self, path: &str) -> Result<(), ErrorCode> {
        self.call(|view, root| view.remove_directory_at(root, path.to_owned()))
    }

    fn unlink(&mut self, path: &str) -> Result<(), ErrorCode> {
        self.call(|view, root| view.unlink_file_at(root, path.to_owned()))
    }

    fn symlink(&mut self, target: &str, path: &str) -> Result<(), ErrorCode> {
        self.call(|view, root| view.symlink_at(root, target.to_owned(), path.to_owned()))
    }

    fn readlink(&mut self, path: &str) -> Result<String, ErrorCode> {
        self.call(|view, root| view.readlink_at(root, path.to_owned()))
    }

    fn rename(&mut self, old: &str, new: &str) -> Result<(), ErrorCode> {
        self.call(|view, root| {
            let other = Resource::new_borrow(root.rep());
            view.rename_at(root, old.to_owned(), other, new.to_owned())
        })
    }

    fn link(&mut self, old: &str, new: &str) -> Result<(), ErrorCode> {
        self.call(|view, root| {
            let other = Resource::new_borrow(root.rep());
            view.link_at(root, FOLLOW, old.to_owned(), other, new.to_owned())
        })
    }

    fn list(&mut self, path: &str) -> Result<Vec<String>, ErrorCode> {
        let directory = self.open(path, OpenFlags::DIRECTORY, READ)?;
        let result = self.view().read_directory(Resource::new_borrow(directory.rep()));
        let stream = self.code(result)?;
        let mut names = Vec::new();
        loop {
            let result = self.view().read_directory_entry(Resource::new_borrow(stream.rep()));
            match self.code(result)? {
                Some(entry) => names.push(entry.name),
                None => break,
            }
        }
        HostDirectoryEntryStream::drop(&mut self.view(), stream).unwrap();
        self.drop_descriptor(directory);
        names.sort();
        Ok(names)
    }

    /// What the guest sees of an error. No test makes a guest trap.
    fn code<T>(&mut self, result: Result<T, FsError>) -> Result<T, ErrorCode> {
        result.map_err(|error| self.view().convert_error_code(error).unwrap())
    }

    fn written(&self) -> Vec<String> {
        self.files.record().written.iter().map(ToString::to_string).collect()
    }

    /// Every operation that could make or reach something at `path`; none of them may succeed.
    fn assert_out_of_reach(&mut self, path: &str) {
        assert!(self.read(path).is_err(), "read {path:?}");
        assert!(self.write(path, "x").is_err(), "write {path:?}");
        assert!(self.open(path, OpenFlags::DIRECTORY, READ).is_err(), "open directory {path:?}");
        assert!(self.stat(path, FOLLOW).is_err(), "stat {path:?}");
        assert!(self.mkdir(path).is_err(), "mkdir {path:?}");
        assert!(self.rmdir(path).is_err(), "rmdir {path:?}");
        assert!(self.unlink(path).is_err(), "unlink {path:?}");
        assert!(self.symlink("a.txt", path).is_err(), "symlink at {path:?}");
        assert!(self.rename("src/a.txt", path).is_err(), "rename to {path:?}");
        assert!(self.rename(path, "src/stolen").is_err(), "rename from {path:?}");
        assert!(self.link("src/a.txt", path).is_err(), "link at {path:?}");
        assert_eq!(fs::read_to_string(self.on_disk("src/a.txt")).unwrap(), "src/a.txt");
        assert_eq!(fs::read_to_string(self.outside().join("secret.txt")).unwrap(), "outside");
    }
}
