//! Packages by name, version and digest, fetched once with their registries' own clients, and kept below `target`.

use crate::folder::{copy, target};
use crate::task::{Registry, Repository};
use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler for the tasks in TypeScript, which runs from a folder of its own.
const TYPESCRIPT: Package<'static> = Package {
    registry: Registry::Npm,
    name: "typescript",
    version: "5.9.3",
    sha256: "10e108c9cf7d5f2879053dff18515fb405abf2ccef63eaaf017d9c571687a1d3",
};

/// A package as its registry has it.
#[derive(Clone, Copy)]
struct Package<'a> {
    registry: Registry,
    name: &'a str,
    version: &'a str,
    sha256: &'a str,
}

/// The repository's package; its files as they were published.
pub(crate) fn fetch(repository: &Repository) -> Result<PathBuf> {
    let Repository { registry, name, version, sha256, .. } = repository;
    fetch_package(Package { registry: *registry, name, version, sha256 })
}

/// The TypeScript compiler, as a folder with `bin/tsc`.
pub(crate) fn fetch_typescript() -> Result<PathBuf> {
    fetch_package(TYPESCRIPT)
}

fn fetch_package(package: Package<'_>) -> Result<PathBuf> {
    let Package { name, version, sha256, .. } = package;
    let kept = target().join("packages").join(format!("{}-{version}-{}", name.replace('/', "-"), &sha256[..12]));
    if kept.is_dir() {
        return Ok(kept);
    }
    fs::create_dir_all(target().join("packages"))?;
    let work = tempfile::tempdir_in(target().join("packages"))?;
    let unpacked = work.path().join("unpacked");
    fs::create_dir(&unpacked)?;
    package.download(work.path(), &unpacked).with_context(|| {
        format!("{name} {version} can't be had; it is fetched once, with the network and the registry's own client")
    })?;
    // Another process may have been faster: then its folder holds the same.
    if let Err(error) = fs::rename(&unpacked, &kept) {
        ensure!(kept.is_dir(), "{}: {error}", kept.display());
    }
    Ok(kept)
}

impl Package<'_> {
    fn download(self, work: &Path, into: &Path) -> Result<()> {
        let Self { registry, name, version, .. } = self;
        match registry {
            Registry::Npm => {
                client(work, &["npm", "pack", "--silent", &format!("{name}@{version}")])?;
                let file = format!("{}-{version}.tgz", name.trim_start_matches('@').replace('/', "-"));
                self.unpack(&work.join(file), into)
            }
            Registry::Pypi => {
                // pip compares the digest too, before it looks into the archive.
                fs::write(work.join("wanted.txt"), format!("{name}=={version} --hash=sha256:{}\n", self.sha256))?;
                let options = ["--quiet", "--no-deps", "--require-hashes", "--no-binary", name, "-r", "wanted.txt"];
                client(work, &[&["python3", "-m", "pip", "download"], options.as_slice()].concat())?;
                self.unpack(&work.join(format!("{name}-{version}.tar.gz")), into)
            }
            Registry::Cargo => {
                // A crate comes as a dependency, and the sources of dependencies can be had; cargo compares the digest.
                let manifest = format!(
                    "[package]\nname = \"fetch\"\nedition = \"2024\"\n\n[dependencies]\n\
                     {name} = {{ version = \"={version}\", default-features = false }}\n\n[workspace]\n"
                );
                fs::create_dir(work.join("src"))?;
                fs::write(work.join("src/lib.rs"), "")?;
                fs::write(work.join("Cargo.toml"), manifest)?;
                client(work, &["cargo", "vendor", "--quiet"])?;
                let crate_folder = work.join("vendor").join(name);
                let sums: serde_json::Value =
                    serde_json::from_slice(&fs::read(crate_folder.join(".cargo-checksum.json"))?)?;
                self.compare(sums["package"].as_str().unwrap_or_default())?;
                copy(&crate_folder, into)
            }
        }
    }

    /// Unpacks an archive without its outermost folder.
    fn unpack(self, archive: &Path, into: &Path) -> Result<()> {
        let bytes = fs::read(archive).with_context(|| archive.display().to_string())?;
        self.compare(&hex::encode(Sha256::digest(&bytes)))?;
        let (archive, into) = (archive.display().to_string(), into.display().to_string());
        client(Path::new("."), &["tar", "--strip-components=1", "-xzf", &archive, "-C", &into])
    }

    fn compare(self, sha256: &str) -> Result<()> {
        ensure!(
            sha256 == self.sha256,
            "{} {} is another one: its SHA-256 is {sha256}, not {}",
            self.name,
            self.version,
            self.sha256
        );
        Ok(())
    }
}

fn client(work: &Path, line: &[&str]) -> Result<()> {
    let shown = line.join(" ");
    let mut command = Command::new(line[0]);
    let output = command.args(&line[1..]).current_dir(work).output().with_context(|| shown.clone())?;
    if !output.status.success() {
        bail!("`{shown}` failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_archive_with_other_bytes_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("a.tgz");
        fs::write(&archive, "not what was pinned").unwrap();
        let said = TYPESCRIPT.unpack(&archive, folder.path()).unwrap_err().to_string();
        assert!(said.contains("typescript") && said.contains("is another one"), "{said}");
    }
}
