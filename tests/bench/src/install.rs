//! What trust costs: a hundred locked skills checked, one call of a locked, signed skill under a policy against one of the
//! same file without any of it, and an installation from a registry of this machine against a client that only downloads.

use crate::figures::Figures;
use crate::rounds::{alternate, time};
use anyhow::{Context, Result, ensure};
use skillhost_core::digest::Digest;
use skillhost_core::manifest;
use skillhost_test_support::distribution::{Distribution, Guard};
use skillhost_test_support::sections::{CUSTOM, Section, join, split};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROUNDS: usize = 41;
/// Skills that are checked.
const SKILLS: usize = 100;

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let place = Place::new()?;
    let component = crate::guest("hello")?;
    fs::write(place.repo.join("hello.wasm"), &component)?;
    fs::write(place.folder.path().join("policy.toml"), "[sources]\nsigned = \"required\"\nallow = [\"file:*\"]\n")?;
    place.ours(&["keys", "new"])?;
    place.ours(&["sign", "./hello.wasm"])?;
    place.ours(&["add", "./hello.wasm"])?;
    place.commit()?;
    let input = ["greet", "--input", r#"{"name":"x"}"#];
    let mut with = || time(|| place.ours(&[&["--policy", "../policy.toml", "call", "hello"], &input[..]].concat()));
    let mut without = || time(|| place.ours(&[&["call", "./hello.wasm"], &input[..]].concat()));
    let [trusted, plain] = alternate(ROUNDS, [&mut with, &mut without])?;
    figures.number("call.trust_ms", (trusted.as_secs_f64() - plain.as_secs_f64()) * 1e3, Some(1.0));
    figures.of("call.trust_ms", "call.trusted_ms", "call.plain_ms");
    figures.time("call.trusted_ms", trusted, None);
    figures.time("call.plain_ms", plain, None);

    place.lock_many(&component)?;
    let mut check = || time(|| place.ours(&["sync", "--check"]));
    let [checked] = alternate(ROUNDS, [&mut check])?;
    figures.time("sync.check_100_ms", checked, Some(50.0));
    against_a_download(figures, &place)
}

/// Each time into a project that has nothing, with a store that has nothing.
fn against_a_download(figures: &mut Figures, place: &Place) -> Result<()> {
    let peer = crate::target().join("tools/bin/wkg");
    let Ok(peer) = peer.canonicalize() else {
        figures.note(format!("add.vs_wkg_ratio: {} is missing; `cargo xtask bench` builds it", peer.display()));
        return Ok(());
    };
    let registry = Distribution::start(Guard::None);
    let name = format!("{}/acme/licence-check:1", registry.place());
    let reference = format!("oci://{name}");
    let component = crate::target().join("guests/licence-check.wasm").canonicalize().context("no guests are built")?;
    place.ours(&["push", &component.to_string_lossy(), &reference])?;
    let run = |program: &Path, arguments: &[&str]| {
        let folder = tempfile::tempdir_in(place.folder.path())?;
        // A project of its own, or the lock would be that of the repository around it.
        let made = Command::new("git").args(["init", "--quiet"]).current_dir(&folder).status().context("git")?;
        ensure!(made.success(), "git init failed");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&folder)
            .env_clear()
            .env("HOME", folder.path())
            .env("PATH", "/usr/bin:/bin");
        let took = time(|| {
            let output = command.output().with_context(|| program.display().to_string())?;
            ensure!(output.status.success(), "{arguments:?} said {}", String::from_utf8_lossy(&output.stderr));
            Ok(())
        })?;
        let got = ["skillhost.lock", "x.wasm"].iter().any(|file| folder.path().join(file).is_file());
        ensure!(got, "{arguments:?} left nothing");
        Ok(took)
    };
    let mut ours = || run(&place.program, &["add", &reference, "--grant-requested"]);
    let mut theirs = || run(&peer, &["oci", "pull", &name, "--insecure", &registry.place(), "--output", "x.wasm"]);
    let [ours, theirs] = alternate(ROUNDS, [&mut ours, &mut theirs])?;
    figures.ratio("add.vs_wkg_ratio", 1.5, ("add.ours_ms", ours), ("add.wkg_ms", theirs));
    Ok(())
}

/// A repository, and a home of its own.
struct Place {
    folder: tempfile::TempDir,
    repo: PathBuf,
    program: PathBuf,
}

impl Place {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir_in(crate::work_folder())?;
        let repo = folder.path().join("repo");
        fs::create_dir(&repo)?;
        let program = crate::target().join(if crate::is_smoke() { "debug/skillhost" } else { "release/skillhost" });
        let place = Self { folder, repo, program: program.canonicalize().context("the program is not built")? };
        place.git(&["init", "--quiet", "--initial-branch=main"])?;
        Ok(place)
    }

    fn commit(&self) -> Result<()> {
        self.git(&["add", "--all"])?;
        self.git(&["-c", "user.name=Bench", "-c", "user.email=bench@localhost", "commit", "--quiet", "--message", "x"])
    }

    fn git(&self, arguments: &[&str]) -> Result<()> {
        self.run(Path::new("git"), arguments).map(drop)
    }

    fn ours(&self, arguments: &[&str]) -> Result<()> {
        self.run(&self.program, arguments).map(drop)
    }

    fn run(&self, program: &Path, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.repo).env_clear().env("HOME", self.folder.path());
        command.env("PATH", "/usr/bin:/bin").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let output = command.output().with_context(|| program.display().to_string())?;
        ensure!(output.status.success(), "{arguments:?} said {}", String::from_utf8_lossy(&output.stderr));
        Ok(output)
    }

    /// A lock of many skills that are all in the store, from a place that nobody reaches.
    fn lock_many(&self, component: &[u8]) -> Result<()> {
        let (header, mut sections) = split(component).context("no sections")?;
        let embedded = Section::custom(manifest::SECTION, b"").content;
        sections.retain(|section| !(section.id == CUSTOM && section.content.starts_with(&embedded)));
        let bare = join(&header, &sections);
        let store = self.folder.path().join(".cache/skillhost/components/sha256");
        let mut lock = "version = 1\n".to_owned();
        for n in 0..SKILLS {
            let name = format!("skill-{}", n + SKILLS);
            let text = format!(
                "[skill]\nname = \"{name}\"\nversion = \"1.0.0\"\nkind = \"tool\"\n[capabilities]\n\
                 read = [\"**\"]\nwrite = [\"src/**\"]\n[[tool]]\nname = \"greet\"\n"
            );
            let component = manifest::embed(&bare, &text)?;
            let digest = Digest::of(&component);
            fs::write(store.join(digest.hex()), component)?;
            lock += &format!(
                "\n[[skill]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"oci://registry.invalid/{name}:1\"\n"
            );
            lock += &format!("digest = \"{digest}\"\n[skill.grant]\nread = [\"**\"]\nwrite = [\"src/**\"]\n");
        }
        Ok(fs::write(self.repo.join("skillhost.lock"), lock)?)
    }
}
