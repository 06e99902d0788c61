//! GitHub's REST interface, version 2022-11-28, and the two GraphQL mutations for what it lacks.

use crate::error::ForgeError;
use crate::forge::{Forge, Found, PullRequest, web_address};
use reqwest::Method;
use serde_json::{Value, json};

/// Turns a draft into a pull request that is ready, and back: REST can't.
const READY: &str =
    "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }";
const DRAFT: &str =
    "mutation($id: ID!) { convertPullRequestToDraft(input: {pullRequestId: $id}) { pullRequest { isDraft } } }";

fn pulls(forge: &Forge) -> String {
    format!("/repos/{}/pulls", forge.site.parts.join("/"))
}

/// Of all with this head, one that is open, else the newest.
pub(crate) async fn find(forge: &Forge, request: &PullRequest) -> Result<Option<Found>, ForgeError> {
    let owner = forge.site.parts.first().map(String::as_str).unwrap_or_default();
    let head = crate::api::encoded(&format!("{owner}:{}", request.head));
    let path = format!("{}?head={head}&state=all&per_page=100", pulls(forge));
    let answer = forge.api.call(Method::GET, &path, None).await?;
    let all = answer.as_array().ok_or_else(|| forge.api.odd("a list of pull requests"))?;
    // What the server filtered by is looked at again: it is our branch's, and nobody else's.
    let is_ours = |pull: &&Value| is_of_branch(pull, &request.head);
    let mut found = all.iter().filter(is_ours).map(|pull| read(forge, pull)).collect::<Result<Vec<_>, _>>()?;
    let at = found.iter().position(|found| found.is_open).unwrap_or(0);
    Ok((at < found.len()).then(|| found.swap_remove(at)))
}

/// Whether a pull request is of this branch of the repository itself: a fork may have one of the same name, and its author is
/// anybody. Forgejo tells it in the same words.
pub(crate) fn is_of_branch(pull: &Value, head: &str) -> bool {
    let repository = |side: &str| pull.pointer(side).and_then(Value::as_u64);
    pull.pointer("/head/ref").and_then(Value::as_str) == Some(head)
        && repository("/head/repo/id").is_some()
        && repository("/head/repo/id") == repository("/base/repo/id")
}

pub(crate) async fn create(forge: &Forge, request: &PullRequest) -> Result<Found, ForgeError> {
    let body = json!({
        "title": request.title, "head": request.head, "base": request.base, "body": request.body,
        "draft": request.is_draft,
    });
    read(forge, &forge.api.call(Method::POST, &pulls(forge), Some(body)).await?)
}

pub(crate) async fn update(forge: &Forge, found: &Found, request: &PullRequest) -> Result<(), ForgeError> {
    let path = format!("{}/{}", pulls(forge), found.number);
    let body = json!({ "title": request.title, "body": request.body });
    forge.api.call(Method::PATCH, &path, Some(body)).await?;
    if found.is_draft == request.is_draft {
        return Ok(());
    }
    let node = found.node.as_deref().ok_or_else(|| forge.api.odd("a pull request's node id"))?;
    let query = if request.is_draft { DRAFT } else { READY };
    let body = json!({ "query": query, "variables": { "id": node } });
    let answer = forge.api.call_at(Method::POST, &graphql(forge), Some(body)).await?;
    // It has a good status for what failed, too.
    let is_draft = answer.pointer("/data/markPullRequestReadyForReview/pullRequest/isDraft");
    let is_draft = is_draft.or_else(|| answer.pointer("/data/convertPullRequestToDraft/pullRequest/isDraft"));
    if is_draft.and_then(Value::as_bool) == Some(request.is_draft) {
        return Ok(());
    }
    Err(forge.api.odd("whether the pull request is a draft"))
}

/// Beside the REST interface: `https://api.github.com/graphql`, or `https://HOST/api/graphql` next to `/api/v3`.
fn graphql(forge: &Forge) -> String {
    let base = forge.api.base().to_string();
    let base = base.trim_end_matches('/');
    format!("{}/graphql", base.strip_suffix("/v3").unwrap_or(base))
}

/// A pull request as GitHub and Forgejo write it.
pub(crate) fn read(forge: &Forge, pull: &Value) -> Result<Found, ForgeError> {
    let number = pull.get("number").and_then(Value::as_u64);
    Ok(Found {
        number: number.ok_or_else(|| forge.api.odd("a pull request's number"))?,
        url: web_address(pull, "html_url"),
        is_open: pull.get("state").and_then(Value::as_str) == Some("open"),
        is_draft: pull.get("draft").and_then(Value::as_bool).unwrap_or(false),
        node: pull.get("node_id").and_then(Value::as_str).map(str::to_owned),
    })
}
