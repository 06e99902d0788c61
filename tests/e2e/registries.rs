//! Packages by name and version, each fetched with its registry's own client and the user's configuration of it. What
//! can't be fetched fails the test, with what is needed.

use crate::support::copy;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Where a package comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Registry {
    Npm,
    Pypi,
    Cargo,
}

impl Registry {
    /// Puts a package's files into a folder.
    pub fn fetch(self, name: &str, version: &str, into: &Path) {
        let work = TempDir::new().unwrap();
        match self {
            Self::Npm => {
                client(work.path(), &["npm", "pack", "--silent", &format!("{name}@{version}")]);
                unpack(&work.path().join(format!("{name}-{version}.tgz")), into);
            }
            Self::Pypi => {
                let exact = format!("{name}=={version}");
                let download =
                    ["python3", "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", &exact];
                client(work.path(), &download);
                unpack(&work.path().join(format!("{name}-{version}.tar.gz")), into);
            }
            Self::Cargo => {
                // A crate comes as a dependency, and the sources of dependencies can be had.
                let manifest = format!(
                    "[package]\nname = \"fetch\"\nedition = \"2024\"\n\n[dependencies]\n{name} = \"={version}\"\n\n[workspace]\n"
                );
                fs::create_dir(work.path().join("src")).unwrap();
                fs::write(work.path().join("src/lib.rs"), "").unwrap();
                fs::write(work.path().join("Cargo.toml"), manifest).unwrap();
                client(work.path(), &["cargo", "vendor", "--quiet"]);
                copy(&work.path().join("vendor").join(name), into);
            }
        }
    }
}

fn client(work: &Path, line: &[&str]) {
    let shown = line.join(" ");
    let output = Command::new(line[0]).args(&line[1..]).current_dir(work).output();
    let output = output.unwrap_or_else(|e| panic!("`{shown}` could not be started, and this test needs it: {e}"));
    assert!(
        output.status.success(),
        "`{shown}` failed. This test fetches a real package, so it needs the network and the registry:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Unpacks an archive without its outermost folder.
fn unpack(archive: &Path, into: &Path) {
    let mut tar = Command::new("tar");
    tar.args(["--strip-components=1", "-xzf"]).arg(archive).arg("-C").arg(into);
    let output = tar.output().unwrap();
    assert!(output.status.success(), "{}: {}", archive.display(), String::from_utf8_lossy(&output.stderr));
}
