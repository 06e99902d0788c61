//! The compilers, interpreters and package managers that a developer installed outside the system's directories.
//!
//! They are found from the user's `PATH` and the usual variables, never from the project, and mounted read-only at
//! their own places. Of a home only the folders that hold programs are shown: not `~/.cargo/credentials.toml`, not
//! `~/.npmrc`, not `~/.m2/settings.xml`. A cache of downloaded packages is shown read-only, so that a command can
//! neither poison it for later runs nor needs the network.

use std::collections::BTreeMap;
use std::env::{join_paths, split_paths};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::layout::HOME;
use crate::plan::Mount;

/// What is mounted and set for the toolchains.
#[derive(Clone, Debug, Default)]
pub struct Toolchains {
    mounts: Vec<Mount>,
    path: Vec<PathBuf>,
    env: BTreeMap<String, OsString>,
    masks: Vec<PathBuf>,
}

/// Where installations of node beneath a folder that is shown have npm's configuration for all users, which can hold
/// tokens; `*` is any one name.
const NPM_CONFIGURATION: [&str; 5] =
    ["etc/npmrc", "node/*/etc/npmrc", "nodejs/*/etc/npmrc", "image/node/*/etc/npmrc", "*/installation/etc/npmrc"];

/// What pyenv runs around `pip install`, to write programs beside its own: they are read-only here, and it would fail.
const PYENV_HOOK: &str = "pyenv.d/exec/pip-rehash/pip";

/// A manager of toolchains that lives in one folder, shown at its own place.
struct Manager {
    /// The variable that names the folder; set inside too.
    variable: &'static str,
    /// The folder in the home where the variable is not set.
    default: &'static str,
    /// The subfolders that are shown; `""` is the whole folder.
    shown: &'static [&'static str],
}

const MANAGERS: [Manager; 10] = [
    Manager { variable: "PYENV_ROOT", default: ".pyenv", shown: &[""] },
    Manager { variable: "NVM_DIR", default: ".nvm", shown: &["versions", "alias", "nvm.sh"] },
    Manager { variable: "FNM_DIR", default: ".local/share/fnm", shown: &["node-versions", "aliases"] },
    Manager { variable: "VOLTA_HOME", default: ".volta", shown: &["bin", "tools"] },
    Manager { variable: "RBENV_ROOT", default: ".rbenv", shown: &["bin", "libexec", "shims", "versions", "version"] },
    Manager { variable: "ASDF_DATA_DIR", default: ".asdf", shown: &["installs", "shims", "plugins", "bin", "lib"] },
    Manager { variable: "MISE_DATA_DIR", default: ".local/share/mise", shown: &["installs", "shims", "plugins"] },
    Manager { variable: "SDKMAN_CANDIDATES_DIR", default: ".sdkman/candidates", shown: &[""] },
    Manager { variable: "UV_PYTHON_INSTALL_DIR", default: ".local/share/uv/python", shown: &[""] },
    Manager { variable: "GOROOT", default: "sdk/go", shown: &[""] },
];

/// Managers that write beside what is shown, so that inside they get a fresh folder in the home with these in it. Of
/// cargo's home, the sources of dependencies, which `cargo --offline` needs.
const MANAGERS_THAT_WRITE: [Manager; 2] = [
    Manager { variable: "RUSTUP_HOME", default: ".rustup", shown: &["toolchains", "settings.toml"] },
    Manager {
        variable: "CARGO_HOME",
        default: ".cargo",
        shown: &["registry/index", "registry/cache", "registry/src", "git/db", "git/checkouts"],
    },
];
/// Always in `PATH`, after what the user has.
const SYSTEM_PATH: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// Shown anyway, with all that is beneath.
const SYSTEM_ROOTS: [&str; 6] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"];
/// Never shown, nor a folder in them: state of the system, other people's files, and sockets.
const NEVER: [&str; 7] = ["/proc", "/sys", "/dev", "/run", "/var", "/etc", "/boot"];
/// Never shown whole: what gathers many people's things.
const NEVER_WHOLE: [&str; 6] = ["/tmp", "/home", "/opt", "/srv", "/mnt", "/media"];

impl Toolchains {
    /// No toolchains but the system's.
    pub fn none() -> Self {
        Self::default()
    }

    /// Finds the toolchains of the user who runs the host. `excluded` are places that a project or a skill can write
    /// to (the repository, the state directory): a `PATH` entry there is not followed.
    pub fn of_user(excluded: &[PathBuf]) -> Self {
        Self::find(|name| std::env::var_os(name), excluded)
    }

    /// Finds toolchains with the variables that `variable` gives.
    pub fn find(variable: impl Fn(&str) -> Option<OsString>, excluded: &[PathBuf]) -> Self {
        let home = variable("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        let mut found = Self::default();
        let folder = |name: &str, default: &str| {
            let set = variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
            set.or_else(|| home.as_ref().map(|home| home.join(default)))
        };
        for manager in &MANAGERS {
            let Some(root) = folder(manager.variable, manager.default).filter(|root| root.is_dir()) else { continue };
            let shown = manager.shown.iter().map(|part| root.join(part).components().collect::<PathBuf>());
            let before = found.mounts.len();
            shown.for_each(|path| found.show(&path, home.as_deref(), excluded));
            if found.mounts.len() > before {
                found.env.insert(manager.variable.to_owned(), root.into());
            }
        }
        for manager in &MANAGERS_THAT_WRITE {
            let Some(root) = folder(manager.variable, manager.default).filter(|root| root.is_dir()) else { continue };
            if allowed(&root, excluded) {
                let inside = Path::new(HOME).join(manager.default);
                manager.shown.iter().for_each(|part| found.mount(&root.join(part), &inside.join(part)));
                // Cargo's programs are found through `PATH`, at their own place.
                found.mount(&root.join("bin"), &root.join("bin"));
                found.env.insert(manager.variable.to_owned(), inside.into());
            }
        }
        for entry in split_paths(&variable("PATH").unwrap_or_default()).filter(|entry| entry.is_absolute()) {
            found.show_path_entry(&entry, home.as_deref(), excluded);
        }
        if let Some(java) = variable("JAVA_HOME") {
            found.show(Path::new(&java), home.as_deref(), excluded);
            found.env.insert("JAVA_HOME".to_owned(), java);
        }
        found
    }

    /// Adds what the user's configuration names: folders, and variables whose values are the user's.
    pub fn with_configured(mut self, paths: &[PathBuf], env: &[(String, OsString)]) -> Self {
        for path in paths {
            if path.is_absolute() && (path.is_dir() || path.is_file()) {
                self.mount(path, path);
                self.path.extend([path.join("bin")].into_iter().filter(|bin| bin.is_dir()));
            }
        }
        self.env.extend(env.iter().cloned());
        self
    }

    /// `PATH` inside: the user's order, then the system's directories.
    pub fn path(&self) -> OsString {
        let mut path = self.path.clone();
        path.extend(SYSTEM_PATH.iter().map(PathBuf::from).filter(|entry| !self.path.contains(entry)));
        join_paths(path).unwrap_or_else(|_| "/usr/bin:/bin".into())
    }

    /// Variables that the toolchains need.
    pub fn env(&self) -> &BTreeMap<String, OsString> {
        &self.env
    }

    pub(crate) fn mounts(&self) -> &[Mount] {
        &self.mounts
    }

    /// Files beneath the mounts that are shown empty.
    pub(crate) fn masks(&self) -> &[PathBuf] {
        &self.masks
    }

    fn show_path_entry(&mut self, entry: &Path, home: Option<&Path>, excluded: &[PathBuf]) {
        if self.path.iter().any(|known| known == entry) || !entry.is_dir() {
            return;
        }
        if !is_system(entry) {
            self.show(&prefix_of(entry, home), home, excluded);
        }
        let shown = self.mounts.iter().any(|mount| entry.starts_with(&mount.target));
        if is_system(entry) || shown {
            self.path.push(entry.to_owned());
        }
    }

    /// Mounts a place, and the place it really is where that differs (a link to a version, for one).
    fn show(&mut self, path: &Path, home: Option<&Path>, excluded: &[PathBuf]) {
        let Ok(real) = path.canonicalize() else { return };
        let too_much = |path: &Path| path.parent().is_none() || home.is_some_and(|home| home.starts_with(path));
        for place in [path, &real] {
            if allowed(place, excluded) && allowed(&real, excluded) && !too_much(place) && !too_much(&real) {
                self.mount(place, place);
            }
        }
    }

    fn mount(&mut self, source: &Path, target: &Path) {
        let Ok(source) = source.canonicalize() else { return };
        // A directory or a file; a socket connects even through a read-only mount.
        if !(source.is_dir() || source.is_file()) || self.mounts.iter().any(|mount| target.starts_with(&mount.target)) {
            return;
        }
        if !is_system(target) {
            let patterns = NPM_CONFIGURATION.iter().chain([&PYENV_HOOK]);
            let hidden = patterns.flat_map(|pattern| matches(&source, pattern));
            self.masks.extend(hidden.filter_map(|path| Some(target.join(path.strip_prefix(&source).ok()?))));
            self.mounts.push(Mount { source, target: target.to_owned(), writable: false });
        }
    }
}

/// What a `PATH` entry needs: the whole installation (`bin` beside `lib`), or the folder alone where the programs lie
/// among a person's other things, as in `~/.local/bin`.
fn prefix_of(entry: &Path, home: Option<&Path>) -> PathBuf {
    let parent = entry.parent().unwrap_or(entry);
    let named_bin = entry.file_name().is_some_and(|name| name == "bin" || name == "sbin");
    let personal = home.is_some_and(|home| parent == home.join(".local") || home.starts_with(parent));
    if named_bin && !personal && parent.join("lib").is_dir() { parent.to_owned() } else { entry.to_owned() }
}

/// The files beneath a folder that a pattern with at most one `*` names.
fn matches(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let found = match pattern.split_once("*/") {
        None => vec![folder.join(pattern)],
        Some((before, after)) => {
            let names = std::fs::read_dir(folder.join(before)).into_iter().flatten().flatten();
            names.map(|entry| entry.path().join(after)).collect()
        }
    };
    found.into_iter().filter(|path| path.is_file()).collect()
}

fn is_system(path: &Path) -> bool {
    SYSTEM_ROOTS.iter().any(|root| path.starts_with(root))
}

fn allowed(path: &Path, excluded: &[PathBuf]) -> bool {
    let never = NEVER.iter().any(|root| path.starts_with(root))
        || NEVER_WHOLE.iter().any(|whole| path == Path::new(whole))
        || path.starts_with(crate::layout::WORK);
    // Neither inside an excluded place nor around one.
    !never && !excluded.iter().any(|place| path.starts_with(place) || place.starts_with(path))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    struct Home(tempfile::TempDir);

    impl Home {
        fn with(folders: &[&str]) -> Self {
            let home = tempfile::tempdir().unwrap();
            folders.iter().for_each(|folder| std::fs::create_dir_all(home.path().join(folder)).unwrap());
            Self(home)
        }

        fn find(&self, path: &str, excluded: &[PathBuf]) -> Toolchains {
            let home = self.0.path().to_owned();
            let path = path.replace('~', home.to_str().unwrap());
            let variable = move |name: &str| match name {
                "HOME" => Some(home.clone().into()),
                "PATH" => Some(path.clone().into()),
                _ => None,
            };
            Toolchains::find(variable, excluded)
        }

        fn targets(&self, found: &Toolchains) -> Vec<String> {
            let inside = |target: &Path| target.strip_prefix(self.0.path()).unwrap_or(target).display().to_string();
            found.mounts().iter().map(|mount| inside(&mount.target)).collect()
        }
    }

    #[test]
    fn of_cargo_only_programs_and_sources_are_shown() {
        let home = Home::with(&[".cargo/bin", ".cargo/registry/src", ".rustup/toolchains"]);
        std::fs::write(home.0.path().join(".cargo/credentials.toml"), "secret").unwrap();
        let found = home.find("~/.cargo/bin:/usr/bin", &[]);
        let inside = ["/home/agent/.rustup/toolchains", "/home/agent/.cargo/registry/src", ".cargo/bin"];
        assert_eq!(home.targets(&found), inside);
        assert_eq!(found.env()["CARGO_HOME"], "/home/agent/.cargo");
    }

    #[test]
    fn a_home_or_what_is_around_it_is_never_shown() {
        let home = Home::with(&["lib", "bin", ".local/bin", ".local/lib", ".ssh"]);
        let found = home.find("~:~/bin:~/.local/bin:/:/tmp:~/..", &[]);
        assert_eq!(home.targets(&found), ["bin", ".local/bin"]);
    }

    #[test]
    fn an_installation_is_shown_whole() {
        let home = Home::with(&["node/bin", "node/lib"]);
        let found = home.find("~/node/bin", &[]);
        assert_eq!(home.targets(&found), ["node"]);
        assert!(found.path().to_str().unwrap().contains("/node/bin:/usr/local/sbin"));
    }

    #[test]
    fn npms_configuration_for_all_users_is_hidden() {
        let home = Home::with(&["node/bin", "node/lib", "node/etc", ".nvm/versions/node/v24/etc"]);
        for secret in ["node/etc/npmrc", ".nvm/versions/node/v24/etc/npmrc"] {
            std::fs::write(home.0.path().join(secret), "//registry/:_authToken=secret").unwrap();
        }
        let found = home.find("~/node/bin", &[]);
        let hidden: Vec<_> = found.masks().iter().map(|path| path.strip_prefix(home.0.path()).unwrap()).collect();
        assert_eq!(hidden, [Path::new(".nvm/versions/node/v24/etc/npmrc"), Path::new("node/etc/npmrc")]);
    }

    #[test]
    fn places_of_the_project_are_not_followed() {
        let home = Home::with(&["project/node_modules/.bin", "tools"]);
        let project = home.0.path().join("project");
        std::os::unix::fs::symlink(&project, home.0.path().join("tools/bin")).unwrap();
        let found = home.find("~/project/node_modules/.bin:~/tools/bin:node_modules/.bin", &[project]);
        assert_eq!(home.targets(&found), Vec::<String>::new());
    }
}
