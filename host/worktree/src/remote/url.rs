//! What people call a repository elsewhere.

use crate::remote::error::RemoteError;
use crate::remote::http::Credentials;
use skillhost_core::destination::{Scheme, WebUrl};
use skillhost_core::host::Host;
use std::fmt;
use std::path::{Path, PathBuf};

/// Longest URL.
const MAX_URL_BYTES: usize = 4 << 10;

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemoteUrl {
    /// Served over HTTP: with TLS, or by this machine itself.
    Http {
        /// Without user, query and fragment.
        url: WebUrl,
        /// The user and password that stood in the URL.
        credentials: Option<Credentials>,
    },
    /// A directory of this machine.
    Directory(PathBuf),
    /// Served over ssh, which isn't spoken here. A forge may have the same repository under an https URL.
    Ssh {
        /// The server.
        host: Host,
        /// Without a slash in front.
        path: String,
    },
}

impl RemoteUrl {
    /// Reads a URL, or a path that begins with `/`, `./` or `../`; relative ones are relative to `base`.
    ///
    /// # Errors
    /// For anything else, above all whatever git would start a program for. The text is never quoted, since a password
    /// may be in it.
    pub fn parse(text: &str, base: &Path) -> Result<Self, RemoteError> {
        if text.len() > MAX_URL_BYTES {
            return Err(RemoteError::url("it is too long"));
        }
        if text.starts_with('-') {
            return Err(RemoteError::url("it begins with `-`, as an option does"));
        }
        if text.chars().any(|c| c.is_control()) {
            return Err(RemoteError::url("it holds control characters"));
        }
        if ["/", "./", "../"].iter().any(|start| text.starts_with(start)) || text == "." || text == ".." {
            return Ok(Self::Directory(base.join(text)));
        }
        let Some((scheme, rest)) = text.split_once("://") else { return without_scheme(text) };
        match scheme.to_ascii_lowercase().as_str() {
            "https" | "http" => over_http(scheme, rest),
            "file" => in_directory(rest),
            "ssh" | "git+ssh" | "ssh+git" => over_ssh(rest),
            _ => Err(RemoteError::url("only https, file and, on loopback addresses, http are spoken")),
        }
    }

    /// The URL without credentials, as it may be shown.
    pub fn shown(&self) -> String {
        match self {
            Self::Http { url, .. } => url.to_string(),
            Self::Directory(path) => path.display().to_string(),
            Self::Ssh { host, path } => format!("ssh://{host}/{path}"),
        }
    }
}

/// `user@host:path`, or something that begins with a helper's name.
fn without_scheme(text: &str) -> Result<RemoteUrl, RemoteError> {
    let no_url = || RemoteError::url("it is neither a URL nor a path that begins with `/` or `./`");
    let (host, path) = text.split_once(':').filter(|(host, _)| !host.contains('/')).ok_or_else(no_url)?;
    if path.starts_with(':') {
        return Err(RemoteError::url("`HELPER::…` would start a program"));
    }
    ssh(host, path)
}

fn over_http(scheme: &str, rest: &str) -> Result<RemoteUrl, RemoteError> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    let (credentials, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(credentials(user)?), host),
        None => (None, authority),
    };
    if behind.contains(['?', '#']) {
        return Err(RemoteError::url("a repository's URL has neither a query nor a fragment"));
    }
    let url = WebUrl::parse(&format!("{scheme}://{host}{behind}")).map_err(RemoteError::url)?;
    if url.scheme() == Scheme::Http && !is_loopback(&url) {
        return Err(RemoteError::url("without TLS anybody on the way could change it; http is for loopback addresses"));
    }
    Ok(RemoteUrl::Http { url, credentials })
}

/// Whether a connection for it stays on this machine; who connects takes `localhost` for nothing else.
fn is_loopback(url: &WebUrl) -> bool {
    let host = url.destination().host();
    host.name() == Some("localhost") || host.address().is_some_and(|address| address.is_loopback())
}

fn credentials(text: &str) -> Result<Credentials, RemoteError> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let decoded = |text| String::from_utf8(percent_decoded(text)).ok().filter(|text| !text.contains(char::is_control));
    match (decoded(user), decoded(password)) {
        (Some(user), Some(password)) if !user.contains(':') => Ok(Credentials::new(user, password)),
        _ => Err(RemoteError::url("its user and password can't be sent")),
    }
}

fn in_directory(rest: &str) -> Result<RemoteUrl, RemoteError> {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    let decoded = String::from_utf8(percent_decoded(path)).ok();
    let is_plain = |path: &String| path.starts_with('/') && !path.contains('\0');
    let path = decoded.filter(is_plain);
    path.map(|path| RemoteUrl::Directory(path.into()))
        .ok_or_else(|| RemoteError::url("a file URL names an absolute path of this machine, as in file:///srv/r.git"))
}

fn over_ssh(rest: &str) -> Result<RemoteUrl, RemoteError> {
    let (host, path) = rest.split_once('/').ok_or_else(|| RemoteError::url("it names no repository"))?;
    // A port says where ssh listens, which is nothing to whoever speaks https.
    let end = host.rfind(':').filter(|at| host[at + 1..].bytes().all(|b| b.is_ascii_digit())).unwrap_or(host.len());
    ssh(&host[..end], path)
}

fn ssh(host: &str, path: &str) -> Result<RemoteUrl, RemoteError> {
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = Host::parse(host).map_err(RemoteError::url)?;
    Ok(RemoteUrl::Ssh { host, path: path.trim_start_matches('/').to_owned() })
}

/// The bytes that a text stands for, in which `%2F` is a slash.
fn percent_decoded(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind.first_chunk::<2>().filter(|_| *first == b'%');
        let byte = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        decoded.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    decoded
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn parse(text: &str) -> Result<RemoteUrl, RemoteError> {
        RemoteUrl::parse(text, Path::new("/base"))
    }

    #[test]
    fn what_is_reached_from_here() {
        for (text, shown) in [
            ("https://example.com/a/b.git", "https://example.com/a/b.git"),
            ("HTTPS://Example.com:8443/a", "https://example.com:8443/a"),
            ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a"),
            ("http://[::1]/a", "http://[::1]/a"),
            ("http://localhost:3000/a", "http://localhost:3000/a"),
            ("https://user:p%40ss@example.com/a", "https://example.com/a"),
            ("file:///srv/a%20b.git", "/srv/a b.git"),
            ("/srv/a.git", "/srv/a.git"),
            ("../a", "/base/../a"),
            ("git@example.com:a/b.git", "ssh://example.com/a/b.git"),
            ("ssh://git@example.com:22/a/b.git", "ssh://example.com/a/b.git"),
        ] {
            assert_eq!(parse(text).unwrap().shown(), shown, "{text}");
        }
    }

    #[test]
    fn g_01_what_git_would_start_a_program_for_is_no_url() {
        for text in [
            "--upload-pack=touch /tmp/x",
            "-oProxyCommand=x",
            "ext::sh -c 'touch /tmp/x'",
            "fd::17",
            "transport::address",
            "git://example.com/a",
            "ftp://example.com/a",
            "ssh://-oProxyCommand=x/a",
            "-oProxyCommand=x:a",
            "git@-oProxyCommand=x:a",
            "http://example.com/a",
            "http://localhost.example.com/a",
            "https://example.com/a?x=1",
            "https://example.com/a#main",
            "https://exa\nmple.com/a",
            "https://0x7f.1/a",
            "file://example.com/a",
            "file://relative",
            "name",
            "",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn o_09_a_password_shows_nowhere() {
        let url = parse("https://me:hunter2hunter2@example.com/a").unwrap();
        assert!(!format!("{url} {url:?}").contains("hunter2"));
        for bad in ["http://me:hunter2hunter2@example.com/a", "https://me:hunter2hunter2@exa mple.com/"] {
            assert!(!parse(bad).unwrap_err().to_string().contains("hunter2"));
        }
    }
}
