//! What a language costs its author and those who call: from nothing to a first passing test, and the example that every
//! language has (`sdk/LANGUAGE/examples/todo-report`), built, compiled and called.
//!
//! The tool chains are those that `cargo xtask bench` puts into `target/tools/authors`; what they fetch was fetched before.

use crate::figures::Figures;
use crate::host::Host;
use crate::rounds::{median, time};
use anyhow::{Context, Result, ensure};
use skillhost_engine::Allocation;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const LANGUAGES: [&str; 7] = ["rust", "javascript", "typescript", "python", "c", "cpp", "go"];
/// What an author types to get there: `new`, `cd`, `test`.
const COMMANDS: usize = 3;
const BUILDS: usize = 3;
const COMPILATIONS: usize = 3;
const CALLS: usize = 21;
/// Files that the example looks through.
const FILES: usize = 50;
/// How often a process is asked for its memory.
const PAUSE: Duration = Duration::from_millis(1);

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let languages = if crate::is_smoke() { &["c"][..] } else { &LANGUAGES };
    for language in languages {
        eprintln!("             {language}");
        one(figures, language).with_context(|| (*language).to_owned())?;
    }
    Ok(())
}

fn one(figures: &mut Figures, language: &str) -> Result<()> {
    let mut number = |figure: &str, number: f64| figures.number(format!("lang.{language}.{figure}"), number, None);
    let author = Author::new()?;
    // Once before, so that nothing is fetched while it is measured.
    author.first_test(language, "before")?;
    number("first_test_s", author.first_test(language, "measured")?.as_secs_f64());
    number("first_test_commands", COMMANDS as f64);

    let project = author.example(language)?;
    number("build_s", project.rebuild()?.as_secs_f64());
    let component = fs::read(&project.component)?;
    number("size_kb", component.len() as f64 / 1e3);

    let folder = tempfile::tempdir_in(crate::work_folder())?;
    for file in 0..FILES {
        let text = format!("// TODO: a thing in file {file}\n{}", "nothing to do in this line\n".repeat(50));
        fs::write(folder.path().join(format!("{file}.txt")), text)?;
    }
    let runtime = skillhost_engine::runtime()?;
    let rounds = |rounds: usize| if crate::is_smoke() { 1 } else { rounds };
    let load = || Host::new(&runtime, &component, folder.path(), Allocation::OnDemand);
    let compilations = (0..rounds(COMPILATIONS)).map(|_| time(load)).collect::<Result<Vec<_>>>()?;
    number("compile_s", median(compilations).as_secs_f64());

    let host = load()?;
    let report = || runtime.block_on(host.call("report", &serde_json::json!({}), None));
    // The first call isn't warm, and what it writes is there for the others.
    let found = report()?;
    let todos = found["todos"].as_array().map_or(0, Vec::len);
    ensure!(todos == FILES, "the example found {todos} of {FILES}: {found}");
    let calls = (0..rounds(CALLS)).map(|_| time(report)).collect::<Result<Vec<_>>>()?;
    number("call_ms", median(calls).as_secs_f64() * 1e3);
    number("rss_mb", author.memory_of_a_call(&project.component, folder.path())? as f64 / 1e3);
    Ok(())
}

/// Somebody with a home, a folder to work in, and the tool chains.
struct Author {
    place: TempDir,
}

/// A skill's project.
struct Project<'a> {
    author: &'a Author,
    folder: PathBuf,
    /// What its build leaves.
    component: PathBuf,
}

impl Author {
    fn new() -> Result<Self> {
        Ok(Self { place: tempfile::tempdir_in(crate::work_folder())? })
    }

    fn skillhost(&self, folder: &Path, arguments: &[&str]) -> Result<Command> {
        let program = crate::target().join(if crate::is_smoke() { "debug/skillhost" } else { "release/skillhost" });
        let tools =
            crate::target().join("tools/authors").canonicalize().context("`cargo xtask bench` puts it there")?;
        let path = format!("{}:{}", tools.join("bin").display(), std::env::var("PATH")?);
        let mut command = Command::new(program.canonicalize().context("the program is not built")?);
        command.current_dir(folder).arg("--state-dir").arg(self.place.path().join("state")).args(arguments);
        command.env("XDG_CACHE_HOME", self.place.path().join("cache")).env("PATH", path);
        // What registries gave is kept where their clients keep it by themselves, but for what follows XDG_CACHE_HOME.
        command.env("PIP_CACHE_DIR", tools.join("pip-cache")).env("GOCACHE", tools.join("go-cache"));
        command.env("ZIG_GLOBAL_CACHE_DIR", tools.join("zig-cache")).env("GOPROXY", "off");
        Ok(command)
    }

    fn run(&self, folder: &Path, arguments: &[&str]) -> Result<()> {
        let output = self.skillhost(folder, arguments)?.output()?;
        ensure!(output.status.success(), "{arguments:?} said {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// From nothing to a test that passes.
    fn first_test(&self, language: &str, name: &str) -> Result<Duration> {
        time(|| {
            self.run(self.place.path(), &["new", name, "--lang", language])?;
            self.run(&self.place.path().join(name), &["test"])
        })
    }

    fn example(&self, language: &str) -> Result<Project<'_>> {
        const NAME: &str = "todo-report";
        self.run(self.place.path(), &["new", NAME, "--lang", language])?;
        let folder = self.place.path().join(NAME);
        let root = crate::target().join("..");
        for part in ["skill.toml", "main.go", "src"] {
            let (from, to) =
                (root.join("sdk").join(language).join("examples").join(NAME).join(part), folder.join(part));
            copy(&from, &to).with_context(|| from.display().to_string())?;
        }
        let component = folder.join(format!("build/{NAME}.wasm"));
        Ok(Project { author: self, folder, component })
    }

    /// Most memory of a process that makes one call, everything warm, in kB.
    fn memory_of_a_call(&self, component: &Path, folder: &Path) -> Result<u64> {
        let component = component.canonicalize()?;
        let call = ["call", &component.to_string_lossy(), "report", "--grant", "read=**", "--grant", "write=**"];
        self.run(folder, &call)?;
        let mut command = self.skillhost(folder, &call)?;
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut most = 0;
        while child.try_wait()?.is_none() {
            most = most.max(memory(&child).unwrap_or(0));
            std::thread::sleep(PAUSE);
        }
        ensure!(most > 0, "the call was over before its memory was seen");
        Ok(most)
    }
}

impl Project<'_> {
    /// Builds it after a change of its source, everything set up.
    fn rebuild(&self) -> Result<Duration> {
        let rounds = if crate::is_smoke() { 0 } else { BUILDS };
        let build = || {
            let source = [
                "main.go",
                "src/lib.rs",
                "src/skill.js",
                "src/skill.ts",
                "src/skill.py",
                "src/skill.c",
                "src/skill.cpp",
            ];
            let source = source.iter().map(|file| self.folder.join(file)).find(|file| file.is_file());
            let source = source.context("no source")?;
            fs::write(&source, fs::read_to_string(&source)? + "\n")?;
            time(|| self.author.run(&self.folder, &["build"]))
        };
        let first = build()?;
        let builds = (0..rounds).map(|_| build()).collect::<Result<Vec<_>>>()?;
        Ok(if builds.is_empty() { first } else { median(builds) })
    }
}

/// The most memory that a process had so far, in kB.
fn memory(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Copies a file or a folder, where it is there.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
    } else if from.exists() {
        fs::copy(from, to)?;
    }
    Ok(())
}
