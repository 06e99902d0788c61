//! Which forge a remote belongs to.

use skillhost_core::destination::{Destination, Scheme, WebUrl};
use skillhost_core::user::{ForgeConfig, ForgeKind};
use skillhost_worktree::remote::RemoteUrl;
use std::collections::BTreeMap;

/// Forges that everybody knows, with the address of their interface.
const BUILT_IN: [(&str, ForgeKind, &str); 3] = [
    ("github.com", ForgeKind::Github, "https://api.github.com"),
    ("gitlab.com", ForgeKind::Gitlab, "https://gitlab.com/api/v4"),
    ("codeberg.org", ForgeKind::Forgejo, "https://codeberg.org/api/v1"),
];
/// Most parts of a repository's path: GitLab nests groups 20 deep.
const MAX_PARTS: usize = 24;

/// One repository at a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Whose interface is spoken.
    pub kind: ForgeKind,
    /// The variable that the user's configuration names for its token.
    pub token_env: Option<String>,
    /// Whether it is built in, and not from the user's configuration.
    pub is_built_in: bool,
    /// Where the REST interface is, without a slash at its end.
    pub(crate) api: WebUrl,
    /// Where git is spoken to.
    git: WebUrl,
    /// Owner and name, or groups and name.
    pub(crate) parts: Vec<String>,
}

/// Why a remote is no repository of a forge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SiteError {
    /// A host in the user's configuration is none.
    #[error("[forges.{host:?}] in config.toml: {reason}")]
    Configured {
        /// The table's name.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The path of a remote isn't one of a repository.
    #[error("the remote's path is not that of a repository at {host}")]
    Path {
        /// The forge.
        host: String,
    },
}

impl Site {
    /// The forge of a remote; none where nobody said that there is one.
    ///
    /// # Errors
    /// Where the user's configuration or the remote's path can't be used.
    pub fn of(remote: &RemoteUrl, configured: &BTreeMap<String, ForgeConfig>) -> Result<Option<Self>, SiteError> {
        let (destination, scheme, path) = match remote {
            RemoteUrl::Http { url, .. } => (url.destination().clone(), url.scheme(), url.path()),
            // What is reached over ssh is served over https under the same path.
            RemoteUrl::Ssh { host, path } => match Destination::new(host.clone(), Scheme::Https.default_port()) {
                Ok(destination) => (destination, Scheme::Https, path.as_str()),
                Err(_) => return Ok(None),
            },
            _ => return Ok(None),
        };
        for (host, config) in configured {
            let wrong = |reason: String| SiteError::Configured { host: host.clone(), reason };
            let own = Destination::parse_or(host, scheme.default_port()).map_err(|error| wrong(error.to_string()))?;
            if own == destination {
                let git = format!("{}://{}", word(scheme), shown(&destination, scheme));
                let api = config.url.clone().unwrap_or_else(|| format!("{git}{}", usual_path(config.kind)));
                let api = address(&api).map_err(wrong)?;
                return Self::at(config.kind, api, (&git, path), config.token_env.clone(), false).map(Some);
            }
        }
        let built_in = BUILT_IN.iter().find(|(host, ..)| {
            scheme == Scheme::Https && destination.port() == 443 && destination.host().name() == Some(host)
        });
        let Some((host, kind, api)) = built_in else { return Ok(None) };
        let api = address(api).map_err(|reason| SiteError::Configured { host: (*host).to_owned(), reason })?;
        Self::at(*kind, api, (&format!("https://{host}"), path), None, true).map(Some)
    }

    fn at(
        kind: ForgeKind,
        api: WebUrl,
        (origin, path): (&str, &str),
        token_env: Option<String>,
        is_built_in: bool,
    ) -> Result<Self, SiteError> {
        let wrong = || SiteError::Path { host: api.destination().to_string() };
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        let counts = match kind {
            ForgeKind::Gitlab => 2..=MAX_PARTS,
            ForgeKind::Github | ForgeKind::Forgejo => 2..=2,
        };
        if !counts.contains(&parts.len()) || !parts.iter().all(|part| is_part(part)) {
            return Err(wrong());
        }
        let git = WebUrl::parse(&format!("{origin}/{path}.git")).map_err(|_| wrong())?;
        Ok(Self { kind, token_env, is_built_in, api, git, parts })
    }

    /// Where the repository is pushed to: the origin that the token may go to.
    pub fn git(&self) -> &WebUrl {
        &self.git
    }

    /// The host, as a remote's URL names it.
    pub fn host(&self) -> String {
        shown(self.git.destination(), self.git.scheme())
    }
}

fn word(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    }
}

pub(crate) fn shown(destination: &Destination, scheme: Scheme) -> String {
    if destination.port() == scheme.default_port() { destination.host().to_string() } else { destination.to_string() }
}

fn usual_path(kind: ForgeKind) -> &'static str {
    match kind {
        ForgeKind::Github => "/api/v3",
        ForgeKind::Gitlab => "/api/v4",
        ForgeKind::Forgejo => "/api/v1",
    }
}

/// An address that a token may be sent to.
fn address(text: &str) -> Result<WebUrl, String> {
    let url = WebUrl::parse(text.trim_end_matches('/')).map_err(|error| error.to_string())?;
    let is_loopback = url.destination().host().address().is_some_and(|address| address.is_loopback());
    if url.scheme() == Scheme::Http && !is_loopback {
        return Err("without TLS anybody on the way could read the token; http is for loopback addresses".to_owned());
    }
    if url.path_and_query().contains('?') || text.contains('#') {
        return Err("an address has neither a query nor a fragment".to_owned());
    }
    Ok(url)
}

/// Whether it is the name of an owner, a group or a repository, as all forges restrict them.
fn is_part(part: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._-~".contains(&b);
    (1..=255).contains(&part.len()) && part.bytes().all(is_plain) && part != "." && part != ".."
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::path::Path;

    fn site(remote: &str, configured: &[(&str, ForgeKind, Option<&str>)]) -> Result<Option<Site>, SiteError> {
        let config = |kind, url: Option<&str>| ForgeConfig { kind, url: url.map(str::to_owned), token_env: None };
        let configured = configured.iter().map(|(host, kind, url)| ((*host).to_owned(), config(*kind, *url)));
        Site::of(&RemoteUrl::parse(remote, Path::new("/")).unwrap(), &configured.collect())
    }

    #[test]
    fn a_forge_is_known_by_its_remotes_host() {
        for (remote, api, git, parts) in [
            ("https://github.com/a/b.git", "https://api.github.com/", "https://github.com/a/b.git", "a/b"),
            ("git@github.com:a/b.git", "https://api.github.com/", "https://github.com/a/b.git", "a/b"),
            ("https://gitlab.com/g/s/b", "https://gitlab.com/api/v4", "https://gitlab.com/g/s/b.git", "g/s/b"),
            ("ssh://git@codeberg.org/a/b", "https://codeberg.org/api/v1", "https://codeberg.org/a/b.git", "a/b"),
        ] {
            let site = site(remote, &[]).unwrap().unwrap();
            assert_eq!((site.api.to_string().as_str(), site.git.to_string().as_str()), (api, git), "{remote}");
            assert!(site.parts.join("/") == parts && site.is_built_in);
        }
        let own = [("git.corp.example", ForgeKind::Forgejo, None), ("h.example:8443", ForgeKind::Github, None)];
        let found = site("https://git.corp.example/a/b", &own).unwrap().unwrap();
        assert_eq!((found.api.to_string().as_str(), found.is_built_in), ("https://git.corp.example/api/v1", false));
        let found = site("https://h.example:8443/a/b", &own).unwrap().unwrap();
        assert_eq!(found.api.to_string(), "https://h.example:8443/api/v3");
    }

    #[test]
    fn m_10_r_15_nobody_else_is_taken_for_one() {
        let own = [("git.corp.example", ForgeKind::Forgejo, None)];
        for remote in [
            "https://github.com.evil.example/a/b",
            "https://evil.example/github.com/a/b",
            "https://github.com:8443/a/b",
            "https://git.corp.example:8443/a/b",
            "https://xgithub.com/a/b",
            "http://127.0.0.1/github.com/a",
            "/srv/github.com/a/b",
        ] {
            assert_eq!(site(remote, &own).unwrap(), None, "{remote}");
        }
        for remote in
            ["https://github.com/a", "https://github.com/a/b/c", "https://github.com/a/%2e%2e", "git@github.com:a b/c"]
        {
            assert!(site(remote, &[]).is_err(), "{remote}");
        }
        for bad in ["http://git.corp.example/api", "https://git.corp.example/?x=", "https://u@git.corp.example/", "api"]
        {
            let own = [("git.corp.example", ForgeKind::Forgejo, Some(bad))];
            assert!(site("https://git.corp.example/a/b", &own).is_err(), "{bad}");
        }
    }
}
