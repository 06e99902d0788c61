//! Forges on loopback, which speak the parts of the documented REST interfaces that a pull request needs, and take nothing
//! else: an unknown field, a second pull request of one branch, or a wrong token is refused, and remembered.
//!
//! GitHub: REST 2022-11-28 and two GraphQL mutations. GitLab: REST version 4. Forgejo: REST version 1.

use crate::web::{Reply, Request, Server};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Whose interface is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// GitHub's.
    Github,
    /// GitLab's.
    Gitlab,
    /// Forgejo's.
    Forgejo,
}

impl Kind {
    /// As a user's configuration names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Forgejo => "forgejo",
        }
    }

    /// The path beneath which its interface is.
    pub fn path(self) -> &'static str {
        match self {
            Self::Github => "/api/v3",
            Self::Gitlab => "/api/v4",
            Self::Forgejo => "/api/v1",
        }
    }

    fn authorization(self, token: &str) -> String {
        match self {
            Self::Forgejo => format!("token {token}"),
            _ => format!("Bearer {token}"),
        }
    }

    /// The mark of a draft in a title, where that is what tells.
    fn mark(self) -> Option<&'static str> {
        match self {
            Self::Github => None,
            Self::Gitlab => Some("Draft: "),
            Self::Forgejo => Some("WIP: "),
        }
    }
}

/// A pull request, and what it was before.
#[derive(Debug, Clone, Default)]
pub struct Pull {
    /// The branch.
    pub head: String,
    /// The branch that it goes to.
    pub base: String,
    /// Its title, with the mark of a draft where there is one.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Whether it is a draft.
    pub is_draft: bool,
    /// Whether it was closed or merged.
    pub is_closed: bool,
    /// Whether the branch is of somebody's fork.
    pub is_of_fork: bool,
    /// All texts that it had, and whether it was a draft then.
    pub history: Vec<(String, bool)>,
}

/// What a forge holds.
#[derive(Debug, Default)]
pub struct State {
    /// Its pull requests; they are numbered from 1.
    pub pulls: Vec<Pull>,
    /// What should not have been asked of it.
    pub faults: Vec<String>,
}

/// A forge with one repository, `owner/repo`.
#[derive(Clone)]
pub struct Forge {
    /// Its server.
    pub server: Server,
    /// What it holds.
    pub state: Arc<Mutex<State>>,
    kind: Kind,
}

impl Forge {
    /// One that takes this token. A test sees each answer before it is sent, and may send another.
    pub fn start(kind: Kind, token: &str, replace: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static) -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let (held, authorization) = (Arc::clone(&state), kind.authorization(token));
        let server = Server::start(move |request| {
            let mut state = held.lock().unwrap();
            let answer = if request.header("authorization") == Some(&authorization) {
                answer(kind, &mut state, request)
            } else {
                state.faults.push("a wrong token".to_owned());
                (401, json!({"message": "Bad credentials"}))
            };
            drop(state);
            replace(request, Reply::of(answer.0, "application/json; charset=utf-8", answer.1.to_string()))
        });
        Self { server, state, kind }
    }

    /// The address of its interface.
    pub fn url(&self) -> String {
        format!("{}{}", self.server.url(), self.kind.path())
    }

    /// Its only pull request, after nothing was asked that should not have been.
    pub fn only(&self) -> Pull {
        let state = self.state.lock().unwrap();
        assert!(state.faults.is_empty() && state.pulls.len() == 1, "{state:#?}");
        state.pulls[0].clone()
    }
}

type Answer = (u16, Value);

fn answer(kind: Kind, state: &mut State, request: &Request) -> Answer {
    let root = match kind {
        Kind::Github | Kind::Forgejo => format!("{}/repos/owner/repo/pulls", kind.path()),
        Kind::Gitlab => format!("{}/projects/owner%2Frepo/merge_requests", kind.path()),
    };
    if kind == Kind::Github && request.path() == "/api/graphql" && request.method == "POST" {
        return graphql(state, &body(request));
    }
    let Some(rest) = request.path().strip_prefix(&root) else { return not_found(state, request) };
    match (request.method.as_str(), rest, kind) {
        ("GET", "", Kind::Github) => list(kind, state, &query(request, "head").replace("owner:", "")),
        ("GET", "", Kind::Gitlab) => list(kind, state, &query(request, "source_branch")),
        ("GET", rest, Kind::Forgejo) => {
            let (base, head) = rest.trim_start_matches('/').split_once('/').unwrap_or_default();
            let is_it = |pull: &Pull| pull.head == head && pull.base == base && !pull.is_of_fork;
            let found = state.pulls.iter().position(is_it);
            match found {
                Some(at) => (200, shown(kind, at, &state.pulls[at])),
                None => (404, json!({"message": "pull request does not exist"})),
            }
        }
        ("POST", "", _) => create(kind, state, &body(request)),
        ("PATCH", rest, Kind::Github | Kind::Forgejo) | ("PUT", rest, Kind::Gitlab) => {
            let number = rest.trim_start_matches('/').parse::<usize>().unwrap_or(0);
            update(kind, state, number, &body(request))
        }
        _ => not_found(state, request),
    }
}

fn not_found(state: &mut State, request: &Request) -> Answer {
    state.faults.push(format!("{} {}", request.method, request.path()));
    (404, json!({"message": "Not Found"}))
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

fn query(request: &Request, name: &str) -> String {
    let found = request.query().split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.unwrap_or_default().replace("%2F", "/").replace("%3A", ":")
}

fn list(kind: Kind, state: &State, head: &str) -> Answer {
    let all = state.pulls.iter().enumerate().rev().filter(|(_, pull)| pull.head == head);
    (200, all.map(|(at, pull)| shown(kind, at, pull)).collect())
}

/// Takes the named fields as texts, and `draft` as a truth; anything else is a fault.
fn fields(state: &mut State, body: &Value, names: &[&str], all: bool) -> Option<()> {
    let object = body.as_object()?;
    let is_known = |(name, value): (&String, &Value)| {
        names.contains(&name.as_str())
            && (value.is_string() && name != "draft" || value.is_boolean() && name == "draft")
    };
    if object.iter().all(is_known) && (!all || names.iter().all(|name| object.contains_key(*name))) {
        return Some(());
    }
    state.faults.push(format!("unknown or missing fields: {body}"));
    None
}

fn create(kind: Kind, state: &mut State, body: &Value) -> Answer {
    let names: &[&str] = match kind {
        Kind::Github => &["title", "head", "base", "body", "draft"],
        Kind::Gitlab => &["source_branch", "target_branch", "title", "description"],
        Kind::Forgejo => &["head", "base", "title", "body"],
    };
    if fields(state, body, names, true).is_none() {
        return (422, json!({"message": "Validation Failed"}));
    }
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (head, base, words) = match kind {
        Kind::Gitlab => (text("source_branch"), text("target_branch"), text("description")),
        _ => (text("head"), text("base"), text("body")),
    };
    if state.pulls.iter().any(|pull| pull.head == head && !pull.is_of_fork) {
        state.faults.push(format!("a second pull request of {head}"));
        return (if kind == Kind::Github { 422 } else { 409 }, json!({"message": "it exists already"}));
    }
    let title = text("title");
    let is_draft = kind.mark().map_or(body["draft"] == true, |mark| title.starts_with(mark));
    let history = vec![(words.clone(), is_draft)];
    state.pulls.push(Pull { head, base, title, body: words, is_draft, history, ..Pull::default() });
    let at = state.pulls.len() - 1;
    (201, shown(kind, at, &state.pulls[at]))
}

fn update(kind: Kind, state: &mut State, number: usize, body: &Value) -> Answer {
    let words = if kind == Kind::Gitlab { "description" } else { "body" };
    if fields(state, body, &["title", words], false).is_none() {
        return (422, json!({"message": "Validation Failed"}));
    }
    let Some(pull) = number.checked_sub(1).and_then(|at| state.pulls.get_mut(at)) else {
        return (404, json!({"message": "Not Found"}));
    };
    pull.title = body["title"].as_str().map_or(pull.title.clone(), str::to_owned);
    pull.body = body[words].as_str().map_or(pull.body.clone(), str::to_owned);
    pull.is_draft = kind.mark().map_or(pull.is_draft, |mark| pull.title.starts_with(mark));
    pull.history.push((pull.body.clone(), pull.is_draft));
    let shown = shown(kind, number - 1, pull);
    (if kind == Kind::Forgejo { 201 } else { 200 }, shown)
}

fn graphql(state: &mut State, body: &Value) -> Answer {
    let query = body["query"].as_str().unwrap_or_default();
    let (name, is_draft) =
        match (query.contains("markPullRequestReadyForReview"), query.contains("convertPullRequestToDraft")) {
            (true, false) => ("markPullRequestReadyForReview", false),
            (false, true) => ("convertPullRequestToDraft", true),
            _ => return (200, json!({"errors": [{"message": "unknown"}]})),
        };
    let node = body["variables"]["id"].as_str().unwrap_or_default();
    let at = node.strip_prefix("PR_").and_then(|number| number.parse::<usize>().ok()).and_then(|at| at.checked_sub(1));
    let Some(pull) = at.and_then(|at| state.pulls.get_mut(at)) else {
        return (200, json!({"data": null, "errors": [{"message": "Could not resolve to a node"}]}));
    };
    pull.is_draft = is_draft;
    (200, json!({"data": {name: {"pullRequest": {"isDraft": is_draft}}}}))
}

fn shown(kind: Kind, at: usize, pull: &Pull) -> Value {
    let number = at + 1;
    let from = if pull.is_of_fork { 8 } else { 7 };
    match kind {
        Kind::Github | Kind::Forgejo => json!({
            "number": number, "node_id": format!("PR_{number}"), "title": pull.title, "body": pull.body,
            "html_url": format!("https://forge.example/owner/repo/pull/{number}"), "draft": pull.is_draft,
            "state": if pull.is_closed { "closed" } else { "open" },
            "head": {"ref": pull.head, "repo": {"id": from}}, "base": {"ref": pull.base, "repo": {"id": 7}},
        }),
        Kind::Gitlab => json!({
            "iid": number, "title": pull.title, "description": pull.body, "draft": pull.is_draft,
            "web_url": format!("https://forge.example/owner/repo/-/merge_requests/{number}"),
            "state": if pull.is_closed { "closed" } else { "opened" },
            "source_branch": pull.head, "target_branch": pull.base,
            "source_project_id": from, "target_project_id": 7,
        }),
    }
}
