//! Where it all happens: a home, the tools, and for each task a repository and a state folder, all of them new.

use crate::folder::{copy, write};
use crate::language::Language;
use crate::registry;
use crate::task::{Edit, Task};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Managers of toolchains: the variable that names the folder, and the folder in the home where it isn't set.
const MANAGERS: [(&str, &str); 4] =
    [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo"), ("PYENV_ROOT", ".pyenv"), ("NVM_DIR", ".nvm")];

/// One for a whole run of the suite. It lies among temporary files: a tool is shown to commands at its own place, which
/// can't be below that of their worktree.
pub(crate) struct Place {
    folder: TempDir,
    program: PathBuf,
    /// Where the sites are; elsewhere where somebody wants to look at them later.
    sites: PathBuf,
}

/// One repository, ready to be worked on, and where a run of the program leaves what it leaves.
pub(crate) struct Site {
    pub(crate) repository: PathBuf,
    pub(crate) state: PathBuf,
    /// Where a run's model calls are recorded.
    pub(crate) recording: PathBuf,
}

impl Place {
    pub(crate) fn new(program: &Path) -> Result<Self> {
        ensure!(program.is_file(), "{} is missing; `cargo xtask skillbench` builds it", program.display());
        let folder = tempfile::tempdir()?;
        let sites = folder.path().join("sites");
        let place = Self { folder, program: program.to_owned(), sites };
        for name in ["home", "state", "tools"] {
            fs::create_dir(place.folder.path().join(name))?;
        }
        Ok(place)
    }

    /// The same, with sites that stay in this folder.
    pub(crate) fn with_sites(program: &Path, sites: &Path) -> Result<Self> {
        fs::create_dir_all(sites).with_context(|| sites.display().to_string())?;
        Ok(Self { sites: sites.canonicalize()?, ..Self::new(program)? })
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Configures the tools that are no part of a usual machine. `user` is the configuration that this is added to.
    pub(crate) fn add_tools(&self, user: &str) -> Result<()> {
        let tool = self.folder.path().join("tools/typescript");
        let package = registry::fetch_typescript()?;
        for folder in ["bin", "lib"] {
            copy(&package.join(folder), &tool.join(folder))?;
        }
        fs::copy(package.join("package.json"), tool.join("package.json"))?;
        make_executable(&tool.join("bin/tsc"))?;
        let mut document: toml_edit::DocumentMut = user.parse().context("config.toml")?;
        let toolchains = document.entry("toolchains").or_insert(toml_edit::table());
        let paths = &mut toolchains["paths"];
        if paths.is_none() {
            *paths = toml_edit::value(toml_edit::Array::new());
        }
        paths.as_array_mut().context("[toolchains] paths is no list")?.push(tool.display().to_string());
        write(&self.config().join("skillhost/config.toml"), &document.to_string())
    }

    /// What `XDG_CONFIG_HOME` names.
    fn config(&self) -> PathBuf {
        self.home().join(".config")
    }

    /// The folders that commands see beside the system's.
    pub(crate) fn tools(&self) -> Vec<PathBuf> {
        vec![self.folder.path().join("tools/typescript")]
    }

    /// The tools beside what the user configured, whose policy holds as well.
    pub(crate) fn add_tools_for_user(&self) -> Result<()> {
        let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
        let set = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        let folder = set.or(home).map(|folder| folder.join("skillhost"));
        let read = |name: &str| folder.as_ref().and_then(|folder| fs::read_to_string(folder.join(name)).ok());
        if let Some(policy) = read("policy.toml") {
            write(&self.config().join("skillhost/policy.toml"), &policy)?;
        }
        self.add_tools(&read("config.toml").unwrap_or_default())
    }

    /// Compiles the built-in skills once; each site begins with a copy of what that leaves.
    pub(crate) fn warm(&self) -> Result<()> {
        for skill in ["spec", "review", "implement", "verify"] {
            let mut command = self.command(&self.folder.path().join("state"));
            // It is compiled, and then refuses what is no brief.
            let output = command.args(["call", &format!("builtin:{skill}")]).output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(said.contains("is not a brief"), "builtin:{skill} does not work here: {said}");
        }
        Ok(())
    }

    /// The program, with nothing of this machine's but the way to its tools.
    pub(crate) fn command(&self, state: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().env("HOME", self.home());
        for (name, value) in toolchain_variables() {
            command.env(name, value);
        }
        command.arg("--state-dir").arg(state);
        command
    }

    /// The program as its user starts it, with that user's keys and configuration, and the tools beside them.
    pub(crate) fn users_command(&self, state: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.env("XDG_CONFIG_HOME", self.config()).arg("--state-dir").arg(state);
        command
    }

    /// The program's name and version.
    pub(crate) fn version(&self) -> Result<String> {
        let output = Command::new(&self.program).arg("--version").output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The task's repository, as somebody finds it who begins to work.
    pub(crate) fn site(&self, task: &Task, name: &str) -> Result<Site> {
        let folder = self.sites.join(name);
        let site = Site {
            repository: folder.join("repository"),
            state: folder.join("state"),
            recording: folder.join("recording.jsonl"),
        };
        copy(&self.folder.path().join("state"), &site.state)?;
        lay(task, &site.repository)?;
        git(&site.repository, &["init", "--quiet", "--initial-branch=main"])?;
        commit(&site.repository)?;
        Ok(site)
    }

    /// The same with further files in it.
    pub(crate) fn site_with(&self, task: &Task, name: &str, files: &[(&str, &str)]) -> Result<Site> {
        let site = self.site(task, name)?;
        if !files.is_empty() {
            for (path, text) in files {
                write(&site.repository.join(path), text)?;
            }
            commit(&site.repository)?;
        }
        Ok(site)
    }

    /// A commit's files, without its history.
    pub(crate) fn checkout(&self, site: &Site, commit: &str, name: &str) -> Result<PathBuf> {
        let tree = site.state.with_file_name(name);
        fs::create_dir_all(&tree)?;
        let line = format!("--work-tree={}", tree.display());
        git(&site.repository, &[&line, "checkout", "--quiet", "--force", commit, "--", "."])?;
        Ok(tree)
    }
}

/// Where toolchains are, since the home is another one.
pub(crate) fn toolchain_variables() -> Vec<(&'static str, std::ffi::OsString)> {
    let mut variables: Vec<_> = std::env::var_os("PATH").map(|path| ("PATH", path)).into_iter().collect();
    let home = std::env::var_os("HOME").map(PathBuf::from);
    for (name, folder) in MANAGERS {
        let default = home.as_ref().map(|home| home.join(folder).into_os_string());
        variables.extend(std::env::var_os(name).or(default).map(|value| (name, value)));
    }
    variables
}

/// Writes the package as the task wants it into a folder.
pub(crate) fn lay(task: &Task, into: &Path) -> Result<()> {
    let repository = &task.repository;
    let package = registry::fetch(repository)?;
    for name in &repository.keep {
        let (from, to) = (package.join(name), into.join(name));
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            let text = fs::read_to_string(&from).with_context(|| from.display().to_string())?;
            write(&to, &text)?;
        }
    }
    for (path, text) in task.language().files() {
        write(&into.join(path), text)?;
    }
    for file in &repository.files {
        write(&into.join(&file.path), &file.text)?;
    }
    write(&into.join(".gitignore"), task.language().ignored())?;
    write(&into.join("skillhost.toml"), &configuration(task.language()))?;
    task.data.seed.iter().try_for_each(|edit| apply(into, edit)).with_context(|| format!("{}: seed", task.id()))
}

/// Makes an edit whose old text has to be there once.
fn apply(tree: &Path, edit: &Edit) -> Result<()> {
    let file = tree.join(&edit.path);
    let text = fs::read_to_string(&file).with_context(|| edit.path.clone())?;
    let count = text.matches(&edit.old).count();
    ensure!(count == 1, "{}: {count} times, not once: {}", edit.path, edit.old);
    write(&file, &text.replacen(&edit.old, &edit.new, 1))
}

fn configuration(language: Language) -> String {
    format!(
        "base = \"main\"\nrounds = 3\n\n[grants.implement]\nexec = [\"test\"]\n\n[commands.test]\nrun = {:?}\n\
         timeout = \"5m\"\nnetwork = \"none\"\n\n[verify]\ncommands = [\"test\"]\n\n[spec]\nsections = {:?}\n",
        language.test(),
        SECTIONS
    )
}

/// What a spec here has to say.
pub(crate) const SECTIONS: [&str; 4] = ["Problem", "Change", "Edge cases", "Acceptance"];

fn commit(repository: &Path) -> Result<()> {
    git(repository, &["add", "--all"])?;
    git(repository, &["commit", "--quiet", "--message", "The package"]).map(drop)
}

/// git with an identity of its own, and nobody's configuration.
pub(crate) fn git(repository: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(repository).args(["-c", "user.name=Bench", "-c", "user.email=bench@localhost"]);
    command.args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().context("git")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn make_executable(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).with_context(|| file.display().to_string())
}
