//! Credentials for registries: looked up by the registry's name as the reference spells it, from places that belong to the
//! user alone, and shown nowhere.
//!
//! The first place that has some is believed: the environment (`SKILLHOST_REGISTRY`, `…_USER`, `…_PASSWORD`), Docker's
//! `config.json` with its helpers, Podman's `auth.json`. Nothing is looked up before a registry asks.

mod config;

use crate::ambient;
use config::{Config, Found};
use serde::Deserialize;
use skillhost_core::reference::OciReference;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Largest `config.json` and `auth.json`, in bytes.
const MAX_CONFIG_BYTES: u64 = 1 << 20;
/// What a helper may say, in bytes.
const MAX_HELPER_BYTES: u64 = 64 << 10;
/// A helper may have to ask a person for a password.
const HELPER_WAIT: Duration = Duration::from_secs(60);
/// The user name that stands for a token, by the helpers' convention.
const TOKEN_USER: &str = "<token>";

/// What a registry is shown.
#[derive(Clone)]
pub(crate) enum Credentials {
    /// A name and a password, or what serves as one.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Zeroizing<String>,
    },
    /// A token that is exchanged for shorter ones.
    Identity(Zeroizing<String>),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl Credentials {
    pub(crate) fn basic(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Basic { user: user.into(), password: Zeroizing::new(password.into()) }
    }
}

/// Looks up a variable of an environment.
type Variables = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// Where credentials are looked for: what the variables of an environment name. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Wallet(Arc<Variables>);

impl Default for Wallet {
    /// That of the program's environment.
    fn default() -> Self {
        Self::new(ambient::variable)
    }
}

impl Wallet {
    pub(crate) fn new(variable: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self(Arc::new(variable))
    }

    /// Looks up what a registry is shown; none where nothing is kept for it.
    ///
    /// # Errors
    /// Says what is wrong with a place that has some, without quoting it.
    pub(crate) async fn find(&self, reference: &OciReference) -> Result<Option<Credentials>, String> {
        if let Some(credentials) = self.in_variables(reference)? {
            return Ok(Some(credentials));
        }
        for file in self.files() {
            let failed = |reason: &dyn fmt::Display| format!("{}: {reason}", file.display());
            let read = ambient::if_there(ambient::read_regular(&file, MAX_CONFIG_BYTES));
            let Some(bytes) = read.map_err(|e| failed(&e))? else { continue };
            let config = Config::parse(&bytes).map_err(|reason| failed(&reason))?;
            match config.find(&names(reference)).map_err(|reason| failed(&reason))? {
                Some(Found::Here(credentials)) => return Ok(Some(credentials)),
                Some(Found::Helper { name, registry }) => {
                    if let Some(credentials) = self.ask(&name, &registry).await? {
                        return Ok(Some(credentials));
                    }
                }
                None => {}
            }
        }
        Ok(None)
    }

    /// A password of the environment names the registry that it is for, or any that a lock names would be shown it.
    fn in_variables(&self, reference: &OciReference) -> Result<Option<Credentials>, String> {
        let text = |name| (self.0)(name).and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty());
        let Some(registry) = text("SKILLHOST_REGISTRY") else { return Ok(None) };
        if !hosts(reference).iter().any(|host| host.eq_ignore_ascii_case(&registry)) {
            return Ok(None);
        }
        match (text("SKILLHOST_REGISTRY_USER"), text("SKILLHOST_REGISTRY_PASSWORD")) {
            (Some(user), Some(password)) => Ok(Some(Credentials::basic(user, password))),
            _ => Err("SKILLHOST_REGISTRY needs SKILLHOST_REGISTRY_USER and SKILLHOST_REGISTRY_PASSWORD".to_owned()),
        }
    }

    /// Docker's file, then Podman's, whether or not they are there. A path that isn't absolute would be seen from a folder
    /// that others may have written.
    fn files(&self) -> Vec<PathBuf> {
        let folder = |name| (self.0)(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = folder("HOME");
        let docker = folder("DOCKER_CONFIG").or_else(|| home.as_ref().map(|home| home.join(".docker")));
        let podman = folder("XDG_RUNTIME_DIR").map(|path| path.join("containers/auth.json"));
        let kept = folder("XDG_CONFIG_HOME").or_else(|| home.map(|home| home.join(".config")));
        let kept = kept.map(|path| path.join("containers/auth.json"));
        docker.map(|path| path.join("config.json")).into_iter().chain(podman).chain(kept).collect()
    }

    /// A program in one of the absolute folders of `PATH`.
    fn program(&self, name: &str) -> Option<PathBuf> {
        let folders = (self.0)("PATH")?;
        let mut files = std::env::split_paths(&folders).filter(|folder| folder.is_absolute()).map(|f| f.join(name));
        files.find(|file| ambient::is_file(file))
    }

    /// Asks a helper: `docker-credential-NAME get`, with the registry on its standard input.
    async fn ask(&self, name: &str, registry: &str) -> Result<Option<Credentials>, String> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "Username")]
            user: String,
            #[serde(rename = "Secret")]
            secret: Zeroizing<String>,
        }
        let name = format!("docker-credential-{name}");
        let failed = |reason: &str| format!("{name} {reason}");
        let program = self.program(&name).ok_or_else(|| failed("is in no folder of PATH"))?;
        let ran = ambient::run_helper(&program, registry, MAX_HELPER_BYTES, HELPER_WAIT).await;
        let (is_success, output) = ran.map_err(|e| failed(&format!("can't be asked: {e}")))?;
        if !is_success {
            // What helpers say where they keep nothing; anything else is a failure.
            let is_absent = output.trim_ascii() == b"credentials not found in native keychain";
            return if is_absent { Ok(None) } else { Err(failed("failed")) };
        }
        let answer: Answer =
            serde_json::from_slice(&output).map_err(|_| failed("gave no credentials that can be read"))?;
        Ok(match answer.user.as_str() {
            "" if answer.secret.is_empty() => None,
            TOKEN_USER => Some(Credentials::Identity(answer.secret)),
            _ => Some(Credentials::Basic { user: answer.user, password: answer.secret }),
        })
    }
}

/// How configurations name the registry, host and port.
fn hosts(reference: &OciReference) -> Vec<String> {
    let registry = &reference.registry;
    let mut hosts = vec![reference.registry_name()];
    if registry.port() == 443 {
        hosts.extend([registry.host().to_string(), registry.to_string()]);
    }
    // Docker keeps what is for its own registry under an older name of it.
    if matches!(registry.host().name(), Some("docker.io" | "registry-1.docker.io" | "index.docker.io")) {
        hosts.extend(["index.docker.io".to_owned(), "docker.io".to_owned(), "registry-1.docker.io".to_owned()]);
    }
    hosts
}

/// How configurations name the repository: Podman keeps credentials for parts of a registry, too. The narrowest first.
fn names(reference: &OciReference) -> Vec<String> {
    let mut paths: Vec<&str> = vec![&reference.repository];
    while let Some((parent, _)) = paths.last().and_then(|path| path.rsplit_once('/')) {
        paths.push(parent);
    }
    let hosts = hosts(reference);
    let with_path = paths.iter().flat_map(|path| hosts.iter().map(move |host| format!("{host}/{path}")));
    let mut names: Vec<String> = with_path.collect();
    names.extend(hosts);
    names
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use skillhost_core::reference::Reference;

    fn oci(text: &str) -> OciReference {
        let Ok(Reference::Oci(reference)) = text.parse() else { panic!("{text}") };
        reference
    }

    #[test]
    fn a_registry_is_looked_up_by_its_own_names() {
        assert_eq!(
            names(&oci("oci://r.example:5000/a/b:1")),
            ["r.example:5000/a/b", "r.example:5000/a", "r.example:5000"]
        );
        let names = names(&oci("oci://r.example/a:1"));
        assert!(names.contains(&"r.example".to_owned()) && names.contains(&"r.example:443".to_owned()), "{names:?}");
        assert!(!names.contains(&"r.example:5000".to_owned()), "{names:?}");
    }

    #[test]
    fn r_15_credentials_show_in_no_debug_text() {
        let shown = format!("{:?}", Credentials::basic("somebody", "hunter2"));
        assert!(!shown.contains("somebody") && !shown.contains("hunter2"), "{shown}");
    }
}
