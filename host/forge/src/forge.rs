//! One pull request for each run, at whatever forge.

use crate::api::Api;
use crate::client::Client;
use crate::error::ForgeError;
use crate::site::Site;
use crate::token::Token;
use crate::{forgejo, github, gitlab};
use serde_json::Value;
use skillhost_core::destination::WebUrl;
use skillhost_core::user::ForgeKind;

/// Longest title, in characters; GitLab takes 255, its mark for drafts included.
const MAX_TITLE_CHARS: usize = 200;
/// Longest text, in characters; GitHub takes 65,536.
const MAX_BODY_CHARS: usize = 65_000;

/// A repository at a forge, and a token for it.
pub struct Forge {
    pub(crate) site: Site,
    pub(crate) api: Api,
    token: Token,
}

/// What a pull request says.
#[derive(Debug, Clone)]
pub struct PullRequest {
    /// The branch with the change; there is one pull request for it.
    pub head: String,
    /// The branch that it goes to.
    pub base: String,
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Whether it is not for merging yet.
    pub is_draft: bool,
}

/// A pull request that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its number.
    pub number: u64,
    /// Where people look at it, where the forge gave an address of the web.
    pub url: Option<String>,
}

/// What a forge knows of a branch's pull request.
pub(crate) struct Found {
    pub(crate) number: u64,
    pub(crate) url: Option<String>,
    pub(crate) is_open: bool,
    pub(crate) is_draft: bool,
    /// GitHub's other name for it.
    pub(crate) node: Option<String>,
}

impl Forge {
    /// Opens no connection.
    pub fn new(client: Client, site: Site, token: Token) -> Self {
        Self { api: Api::new(client, &site, token.clone()), site, token }
    }

    /// The host, as it may be shown.
    pub fn host(&self) -> String {
        self.site.host()
    }

    /// The text without the token.
    pub fn scrub(&self, text: &str) -> String {
        self.token.scrub(text)
    }

    /// Opens the pull request of a branch, or brings the one that is there up to date. It is looked for each time, by its
    /// branch: whatever became of an earlier attempt, there is no second one.
    ///
    /// # Errors
    /// Where the forge doesn't do it, or a person closed the one that was there.
    pub async fn publish(&self, request: &PullRequest) -> Result<Opened, ForgeError> {
        let request = &fitted(request, &self.token);
        let found = match self.find(request).await? {
            Some(found) => found,
            None => match self.create(request).await {
                // Somebody was faster, or the forge answered an earlier attempt late.
                Err(error) if error.may_exist() => self.find(request).await?.ok_or(error)?,
                created => return created.map(Found::opened),
            },
        };
        if !found.is_open {
            return Err(ForgeError::Closed { host: self.host(), number: found.number });
        }
        match self.site.kind {
            ForgeKind::Github => github::update(self, &found, request).await?,
            ForgeKind::Gitlab => gitlab::update(self, &found, request).await?,
            ForgeKind::Forgejo => forgejo::update(self, &found, request).await?,
        }
        Ok(found.opened())
    }

    async fn find(&self, request: &PullRequest) -> Result<Option<Found>, ForgeError> {
        match self.site.kind {
            ForgeKind::Github => github::find(self, request).await,
            ForgeKind::Gitlab => gitlab::find(self, request).await,
            ForgeKind::Forgejo => forgejo::find(self, request).await,
        }
    }

    async fn create(&self, request: &PullRequest) -> Result<Found, ForgeError> {
        match self.site.kind {
            ForgeKind::Github => github::create(self, request).await,
            ForgeKind::Gitlab => gitlab::create(self, request).await,
            ForgeKind::Forgejo => forgejo::create(self, request).await,
        }
    }
}

impl Found {
    fn opened(self) -> Opened {
        Opened { number: self.number, url: self.url }
    }
}

/// What a forge takes, and without the token, whoever wrote it.
fn fitted(request: &PullRequest, token: &Token) -> PullRequest {
    let title: String = token.scrub(&request.title).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut body = token.scrub(&request.body);
    if body.chars().count() > MAX_BODY_CHARS {
        body = body.chars().take(MAX_BODY_CHARS).collect();
        body.push_str("\n\n… The rest is in `PR.md` of the run.\n");
    }
    let title = title.trim().chars().take(MAX_TITLE_CHARS).collect();
    PullRequest { title, body, ..request.clone() }
}

/// The title as it says to forges that know drafts by it.
pub(crate) fn marked(request: &PullRequest, mark: &str) -> String {
    if request.is_draft { format!("{mark}{}", request.title) } else { request.title.clone() }
}

/// An address of the web, which is then safe to be shown.
pub(crate) fn web_address(answer: &Value, field: &str) -> Option<String> {
    let text = answer.get(field)?.as_str()?;
    WebUrl::parse(text).ok().map(|url| url.to_string())
}
