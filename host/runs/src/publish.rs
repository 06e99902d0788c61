//! What of a run leaves this machine: its branch, and its pull request at a forge.
//!
//! Both happen twice: once the spec is committed, when a draft says what is going on, and at the end, when the pull
//! request says what came of it. Each push and each pull request is in the audit log before it happens. What fails early is
//! told, and tried again at the end; what fails then is the run's result, and the branch and `PR.md` are still there.

use crate::error::FailureClass;
use crate::event::Event;
use crate::pull_request::at_work;
use crate::state::State;
use skillhost_audit::{AuditError, Class, Event as Entry, Kind as Deed, Outcome, Status};
use skillhost_core::text::escape_terminal;
use skillhost_forge::{Client, Forge, ForgeError, PullRequest, blocking};
use skillhost_worktree::remote::{Credentials, Push, RemoteError, RemoteUrl};
use std::sync::Arc;

/// Where a run's branch and its pull request go: what the user asked for. Cheap to clone.
#[derive(Clone)]
pub struct Publish {
    /// What the branch is pushed to.
    pub remote: RemoteUrl,
    /// In whose name.
    pub credentials: Option<Credentials>,
    /// Brings the connections.
    pub client: Client,
    /// Where the pull request is opened; none where it is only pushed.
    pub forge: Option<Arc<Forge>>,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The remote, without any password.
    pub remote: String,
    /// The pull request there, where one was to be opened.
    pub number: Option<u64>,
    /// Its address, where the forge gave one of the web.
    pub url: Option<String>,
}

/// Why a run could not be published. The run itself is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The branch.
    #[error("the branch was not pushed")]
    Push(#[from] RemoteError),
    /// The pull request.
    #[error("the branch was pushed, and the pull request is not up to date")]
    Forge(#[from] ForgeError),
    /// It could not be recorded, so it didn't happen.
    #[error("publishing could not be audited, so it didn't happen")]
    Audit(#[from] AuditError),
}

impl PublishError {
    /// What it means for whoever started the run.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Audit(_) => FailureClass::Integrity,
            Self::Push(error) if error.is_limit() => FailureClass::Limit,
            Self::Forge(error) if error.is_limit() => FailureClass::Limit,
            Self::Push(RemoteError::Refused { .. }) | Self::Forge(ForgeError::Refused { .. }) => FailureClass::Denied,
            Self::Push(RemoteError::Repository(_)) => FailureClass::Configuration,
            _ => FailureClass::Negative,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Push(error) => error.hint(),
            Self::Forge(error) => error.hint().map(str::to_owned),
            Self::Audit(error) => error.hint(),
        }
    }

    fn chain(&self) -> String {
        let first: &dyn std::error::Error = self;
        let causes = std::iter::successors(Some(first), |error| error.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }
}

impl State {
    /// Shows that the run is at work. What fails is told, and the run goes on.
    pub(crate) async fn publish_early(&self) {
        let row = self.row();
        let body = at_work(&row.goal, &self.id.to_string(), &row.branch, &self.spec_path());
        if let Some(Err(error)) = self.publish(&body, true).await {
            self.warn(&format!("{}; it is tried again when the run ends", error.chain()));
        }
    }

    /// Pushes the branch, and brings its pull request up to date; none where nobody asked for it.
    pub(crate) async fn publish(&self, body: &str, is_draft: bool) -> Option<Result<Published, PublishError>> {
        let publish = self.host.publish.clone()?;
        let published = self.push_and_open(&publish, body, is_draft).await;
        if let Ok(published) = &published {
            // What can't be written here is written with the run's end, or said there.
            let _ = self.save(|row| {
                row.pushed = Some(published.remote.clone());
                row.pull_request_url = published.url.clone();
            });
        }
        Some(published)
    }

    async fn push_and_open(&self, publish: &Publish, body: &str, is_draft: bool) -> Result<Published, PublishError> {
        self.push(publish).await?;
        let remote = publish.remote.shown();
        let Some(forge) = &publish.forge else { return Ok(Published { remote, number: None, url: None }) };
        let row = self.row();
        let request = PullRequest {
            head: row.branch,
            base: row.base,
            title: row.goal,
            body: self.host.models.scrub(body),
            is_draft,
        };
        let auditor = self.auditor();
        let place = auditor.commit(Class::Network, forge.host().as_bytes());
        let intent = auditor.intent(Entry::granted(Class::Network, Deed::Send).on(place))?;
        let started = crate::ambient::now();
        let opened = forge.publish(&request).await;
        let outcome = match &opened {
            Ok(_) => Outcome::done(),
            Err(error) => {
                let status = if error.is_limit() { Status::TimedOut } else { Status::Failed };
                error.status().map_or(Outcome::of(status), |code| Outcome::of(status).http_status(code))
            }
        };
        intent.outcome(outcome)?;
        let opened = opened?;
        let state = if is_draft { "draft" } else { "ready" };
        let url = opened.url.clone().unwrap_or_default();
        self.tell(Event::PhaseEnded {
            name: "pull-request",
            by: escape_terminal(&forge.host(), 60),
            is_good: true,
            note: escape_terminal(&format!("{} ({state}) {url}", opened.number), 300),
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        Ok(Published { remote, number: Some(opened.number), url: opened.url })
    }

    async fn push(&self, publish: &Publish) -> Result<(), PublishError> {
        let (row, run) = (self.row(), self.id.clone());
        let (repository, remote) = (self.tree.repository(), publish.remote.clone());
        let (credentials, branch) = (publish.credentials.clone(), row.branch);
        let (base, commit) = (self.tree.record().base, self.tree.head_id());
        let auditor = self.auditor();
        let place = auditor.commit(Class::Ref, format!("{} {branch}", publish.remote.shown()).as_bytes());
        let intent = auditor.intent(Entry::granted(Class::Ref, Deed::Send).on(place))?;
        let pushed = blocking(publish.client.clone(), self.folder.clone(), move |place| {
            let credentials = credentials.as_ref();
            repository.push(place, &remote, Push { run: &run, branch: &branch, base, commit, credentials })
        });
        let pushed = pushed.await;
        let status = match &pushed {
            Ok(_) => Status::Done,
            Err(RemoteError::Moved { .. } | RemoteError::Rejected { .. } | RemoteError::Refused { .. }) => {
                Status::Denied
            }
            Err(error) if error.is_limit() => Status::Exhausted,
            Err(_) => Status::Failed,
        };
        intent.outcome(Outcome::of(status))?;
        pushed?;
        Ok(())
    }
}
