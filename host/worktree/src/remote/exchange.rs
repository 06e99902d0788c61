//! Requests to one repository: what is sent where, and which replies are git's.

use crate::remote::advertisement::Advertisement;
use crate::remote::error::RemoteError;
use crate::remote::http::{Credentials, GitBody, GitHttp, GitReply, GitRequest};
use crate::remote::packet::Bounded;
use skillhost_core::destination::WebUrl;
use std::io::{self, Read};

/// Redirects that are followed, each within the origin: a repository that was renamed.
const MAX_REDIRECTS: usize = 3;
/// Largest list of refs. A repository with a million of them has some 80 MB.
const MAX_ADVERTISED_BYTES: u64 = 128 << 20;

/// What git's servers offer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Service {
    Fetch,
    Push,
}

impl Service {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fetch => "git-upload-pack",
            Self::Push => "git-receive-pack",
        }
    }

    fn advertisement(self) -> &'static str {
        match self {
            Self::Fetch => "application/x-git-upload-pack-advertisement",
            Self::Push => "application/x-git-receive-pack-advertisement",
        }
    }

    fn request(self) -> &'static str {
        match self {
            Self::Fetch => "application/x-git-upload-pack-request",
            Self::Push => "application/x-git-receive-pack-request",
        }
    }

    fn result(self) -> &'static str {
        match self {
            Self::Fetch => "application/x-git-upload-pack-result",
            Self::Push => "application/x-git-receive-pack-result",
        }
    }
}

/// One repository that is served over HTTP.
pub(super) struct Exchange<'a> {
    http: &'a dyn GitHttp,
    /// Without a slash at its end; after a redirect, where that led.
    base: WebUrl,
    /// Whether a redirect led there.
    is_moved: bool,
    credentials: Option<&'a Credentials>,
    service: Service,
}

impl<'a> Exchange<'a> {
    /// Asks for the refs, which begins every exchange.
    pub(super) fn begin(
        http: &'a dyn GitHttp,
        url: &WebUrl,
        credentials: Option<&'a Credentials>,
        service: Service,
    ) -> Result<(Self, Advertisement), RemoteError> {
        let base = WebUrl::parse(url.to_string().trim_end_matches('/')).map_err(RemoteError::url)?;
        let mut exchange = Self { http, base, is_moved: false, credentials, service };
        let suffix = format!("/info/refs?service={}", service.name());
        for _ in 0..=MAX_REDIRECTS {
            let url = exchange.at(&suffix)?;
            let reply = exchange.send(&url, None)?;
            if !matches!(reply.status, 301 | 302 | 303 | 307 | 308) {
                let body = exchange.body_of(reply, service.advertisement())?;
                let mut body = Bounded::new(body, MAX_ADVERTISED_BYTES, "bytes of refs");
                return Ok((exchange, Advertisement::read(&mut body, service)?));
            }
            exchange.base = exchange.redirected(&url, &suffix, reply.location.as_deref())?;
            exchange.is_moved = true;
        }
        Err(exchange.redirect())
    }

    /// Where the repository is, where a redirect led there.
    pub(super) fn moved_to(&self) -> Option<&WebUrl> {
        self.is_moved.then_some(&self.base)
    }

    /// Sends a request of the service, and gives what it answers.
    pub(super) fn post(&self, length: u64, bytes: Box<dyn Read + Send>) -> Result<Box<dyn Read + Send>, RemoteError> {
        let url = self.at(&format!("/{}", self.service.name()))?;
        let body = GitBody { content_type: self.service.request(), length, bytes };
        let reply = self.send(&url, Some(body))?;
        if (300..400).contains(&reply.status) {
            return Err(self.redirect());
        }
        self.body_of(reply, self.service.result())
    }

    fn at(&self, suffix: &str) -> Result<WebUrl, RemoteError> {
        WebUrl::parse(&format!("{}{suffix}", self.base)).map_err(RemoteError::url)
    }

    fn send(&self, url: &WebUrl, body: Option<GitBody>) -> Result<GitReply, RemoteError> {
        let request = GitRequest { url, credentials: self.credentials, body };
        self.http.send(request).map_err(|source| match source.kind() {
            io::ErrorKind::TimedOut => RemoteError::TooSlow,
            _ => RemoteError::Connection { host: self.host(), source },
        })
    }

    /// Where the repository is now. Nobody but its own origin may say so: credentials go there.
    fn redirected(&self, from: &WebUrl, suffix: &str, location: Option<&str>) -> Result<WebUrl, RemoteError> {
        let to = location.and_then(|location| from.join(location).ok());
        let to = to.filter(|to| to.scheme() == from.scheme() && to.destination() == from.destination());
        let text = to.map(|to| to.to_string());
        let base = text.as_deref().and_then(|text| text.strip_suffix(suffix)).and_then(|base| WebUrl::parse(base).ok());
        base.ok_or_else(|| self.redirect())
    }

    fn body_of(&self, reply: GitReply, content_type: &str) -> Result<Box<dyn Read + Send>, RemoteError> {
        let host = self.host();
        match reply.status {
            200 => {}
            401 | 403 => return Err(RemoteError::Refused { host, status: reply.status }),
            404 | 410 => return Err(RemoteError::NotFound { host }),
            status => return Err(RemoteError::Status { host, status }),
        }
        let is_git = reply.content_type.is_some_and(|sent| sent.trim().eq_ignore_ascii_case(content_type));
        if is_git { Ok(reply.body) } else { Err(RemoteError::NotGit { host }) }
    }

    fn redirect(&self) -> RemoteError {
        RemoteError::Redirected { host: self.host() }
    }

    fn host(&self) -> String {
        self.base.destination().to_string()
    }
}
