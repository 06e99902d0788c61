//! Where programs and files are looked for: on this machine, or in tests on an empty one.

use crate::process;
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Command;

pub(crate) struct Machine {
    /// The folders with programs; none for those of this process.
    programs: Option<OsString>,
    /// Beneath it are the files.
    root: PathBuf,
    is_root: bool,
}

impl Machine {
    /// The one that this program runs on.
    pub(crate) fn this() -> Self {
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        Self { programs: None, root: PathBuf::from("/"), is_root }
    }

    /// A command line that is looked for there.
    pub(crate) fn command(&self, line: &[&str]) -> Command {
        let mut command = match line {
            // Not the one that happens to be first in the path: components are those of the toolchain in use.
            ["cargo", ..] if self.programs.is_none() => process::cargo(),
            _ => Command::new(line[0]),
        };
        if let Some(programs) = &self.programs {
            command.env("PATH", programs);
        }
        command.args(&line[1..]);
        command
    }

    /// Whether a command line can be started, and ends well.
    pub(crate) fn succeeds(&self, line: &[&str]) -> bool {
        process::output(&mut self.command(line)).is_ok()
    }

    pub(crate) fn has_file(&self, file: &str) -> bool {
        self.root.join(file.trim_start_matches('/')).exists()
    }

    /// Whether packages can be installed without asking anybody.
    pub(crate) fn may_install(&self) -> bool {
        self.succeeds(&["apt-get", "--version"]) && (self.is_root || self.succeeds(&["sudo", "-n", "true"]))
    }

    /// A command line that is run as root.
    pub(crate) fn as_root(&self, line: &[&str]) -> Command {
        const QUIETLY: &[&str] = &["env", "DEBIAN_FRONTEND=noninteractive"];
        let sudo: &[&str] = if self.is_root { &[] } else { &["sudo", "-n"] };
        self.command(&[sudo, QUIETLY, line].concat())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A machine with nothing on it, and then what a test puts there.
    pub(crate) struct Empty {
        folder: PathBuf,
        is_root: bool,
    }

    impl Empty {
        pub(crate) fn new() -> Self {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let folder = std::env::temp_dir().join(format!("xtask-machine-{}-{number}", std::process::id()));
            drop(std::fs::remove_dir_all(&folder));
            std::fs::create_dir_all(folder.join("bin")).expect("a folder");
            Self { folder, is_root: false }
        }

        pub(crate) fn with_root(mut self) -> Self {
            self.is_root = true;
            self.with_program("env", "shift; exec \"$@\"")
        }

        /// A program that is this shell script.
        pub(crate) fn with_program(self, name: &str, script: &str) -> Self {
            let file = self.programs().join(name);
            let text = format!("#!/bin/sh\nHERE='{}'\n{script}\n", self.programs().display());
            // By another process: a program that this one holds open for writing, and a child of another thread with it,
            // can't be started.
            let mut write = Command::new("sh");
            write.args(["-c", "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"", "sh", &text]).arg(&file);
            assert!(write.status().expect("sh").success());
            self
        }

        pub(crate) fn with_file(self, file: &str) -> Self {
            let file = self.folder.join(file.trim_start_matches('/'));
            std::fs::create_dir_all(file.parent().unwrap_or(Path::new("/"))).expect("a folder");
            std::fs::write(file, "").expect("a file");
            self
        }

        /// The folder with its programs.
        pub(crate) fn programs(&self) -> PathBuf {
            self.folder.join("bin")
        }

        pub(crate) fn machine(&self) -> Machine {
            Machine { programs: Some(self.programs().into()), root: self.folder.clone(), is_root: self.is_root }
        }
    }

    impl Drop for Empty {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.folder));
        }
    }
}
