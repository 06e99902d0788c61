//! A hermetic place: a repository, a state folder, a home, and the program in it.

use skillhost_test_support::git_server::git;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock};
use std::thread;
use tempfile::TempDir;

/// The sources.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Managers of toolchains: the variable that names the folder, and the folder in the home where it isn't set.
const MANAGERS: [(&str, &str); 4] =
    [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo"), ("PYENV_ROOT", ".pyenv"), ("NVM_DIR", ".nvm")];

/// One test's world.
pub struct World {
    folder: TempDir,
}

/// What the program did.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl World {
    /// An empty repository folder, not yet one.
    pub fn bare() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        for name in ["repo", "home", "state"] {
            std::fs::create_dir(world.folder.path().join(name)).unwrap();
        }
        copy(&compiled().join("home"), &world.home());
        copy(&compiled().join("state"), &world.state());
        world
    }

    /// A repository with these files committed on `main`.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let world = Self::bare();
        world.git(&["init", "--quiet", "--initial-branch=main"]);
        world.commit(files);
        world
    }

    /// The demo's sample application.
    pub fn demo() -> Self {
        let world = Self::bare();
        copy(&root().join("tests/fixtures/demo/app"), &world.repo());
        world.git(&["init", "--quiet", "--initial-branch=main"]);
        world.commit(&[]);
        world
    }

    pub fn repo(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes files and commits everything.
    pub fn commit(&self, files: &[(&str, &str)]) {
        self.write(files);
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "change"]);
    }

    pub fn write(&self, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = self.repo().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    /// git, as a user would run it, with nobody's configuration.
    pub fn git(&self, arguments: &[&str]) -> String {
        git(&self.repo(), arguments)
    }

    /// The program, in the repository, with nothing of this machine's but the way to its tools.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skillhost"));
        command.current_dir(self.repo()).env_clear().env("HOME", self.home());
        for name in ["PATH"].into_iter().chain(MANAGERS.map(|(name, _)| name)) {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        // Where toolchains are by default, since the test's home is another one.
        if let Some(home) = std::env::var_os("HOME") {
            for (name, folder) in MANAGERS {
                if std::env::var_os(name).is_none() {
                    command.env(name, Path::new(&home).join(folder));
                }
            }
        }
        command.arg("--state-dir").arg(self.state()).args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output().unwrap())
    }

    /// Runs a goal with a scripted model.
    pub fn goal(&self, goal: &str, script: &str, more: &[&str]) -> Ran {
        let model = self.model(script);
        self.run(&[&["run", goal, "--format", "json", "--model", &model], more].concat())
    }

    /// A scripted model, as `--model` takes it.
    pub fn model(&self, script: &str) -> String {
        let file = self.folder.path().join("script.jsonl");
        std::fs::write(&file, script).unwrap();
        format!("replay:{}", file.display())
    }

    /// A provider `local` at this address, in the user's configuration; its key is in `LOCAL_KEY`.
    pub fn provider(&self, url: &str) {
        let folder = self.home().join(".config/skillhost");
        std::fs::create_dir_all(&folder).unwrap();
        let text =
            format!("[providers.local]\nkind = \"openai-compatible\"\nurl = \"{url}\"\nkey_env = \"LOCAL_KEY\"\n");
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// Whether the waiting test command of some run has begun.
    pub fn has_started(&self) -> bool {
        let runs = std::fs::read_dir(self.state().join("runs")).into_iter().flatten();
        runs.flatten().any(|run| run.path().join("tree/started").exists())
    }

    /// Everything of the user's that a run must leave as it was.
    pub fn footprint(&self) -> Vec<String> {
        let mut seen = vec![
            self.git(&["rev-parse", "main"]),
            self.git(&["symbolic-ref", "HEAD"]),
            self.git(&["status", "--porcelain=v2", "--ignored"]),
            self.git(&["stash", "list"]),
        ];
        let refs = self.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
        seen.extend(refs.lines().filter(|line| !line.contains("skillhost/")).map(str::to_owned));
        seen
    }
}

impl Ran {
    /// stdout as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:#?}"))
    }

    /// Checks the exit code, and that each text is in stderr.
    pub fn failed(&self, code: i32, texts: &[&str]) -> &Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for text in texts {
            assert!(self.stderr.contains(text), "`{text}` is not in {self:#?}");
        }
        // The host's own; what a skill printed is shown behind its name.
        let panicked = |line: &str| line.starts_with("thread '") && line.contains("panicked");
        assert!(!self.stderr.lines().any(panicked), "{self:#?}");
        self
    }
}

pub fn signal(child: &std::process::Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// Waits for something that another process does; a minute is far more than any of it takes.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !is_so() {
        assert!(std::time::Instant::now() < until, "not within a minute: {what}");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

pub fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A home and a state folder in which the built-in skills are compiled already, which takes seconds each time.
fn compiled() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        drop(std::fs::remove_dir_all(&folder));
        for name in ["home", "state"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        for skill in ["spec", "review", "implement", "verify"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_skillhost"));
            command.env_clear().env("HOME", folder.join("home")).arg("--state-dir").arg(folder.join("state"));
            // It is compiled, and then refuses what is no brief.
            let ran = ran(command.args(["call", &format!("builtin:{skill}")]).output().unwrap());
            ran.failed(2, &["is not a brief"]);
        }
        folder
    })
}

/// Copies a folder, without what was built in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::set_permissions(to, from.metadata().unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            if entry.file_name() != "target" {
                copy(&entry.path(), &to.join(entry.file_name()));
            }
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Does `work` on each, as many at a time as there are processors, since compiling has a deadline; gives what came, in order.
pub fn each<T: Send, R: Send>(items: impl IntoIterator<Item = T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let items: Vec<T> = items.into_iter().collect();
    let done = Mutex::new(items.iter().map(|_| None).collect::<Vec<Option<R>>>());
    let waiting = Mutex::new(items.into_iter().enumerate());
    let next = || waiting.lock().unwrap().next();
    let worker = || {
        while let Some((at, item)) = next() {
            let came = work(item);
            done.lock().unwrap()[at] = Some(came);
        }
    };
    thread::scope(|scope| {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        (0..processors).for_each(|_| drop(scope.spawn(worker)));
    });
    done.into_inner().unwrap().into_iter().flatten().collect()
}
