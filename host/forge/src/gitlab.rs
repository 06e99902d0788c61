//! GitLab's REST interface, version 4. A draft is known by its title.

use crate::api::encoded;
use crate::error::ForgeError;
use crate::forge::{Forge, Found, PullRequest, marked, web_address};
use reqwest::Method;
use serde_json::{Value, json};

const DRAFT: &str = "Draft: ";

fn merge_requests(forge: &Forge) -> String {
    format!("/projects/{}/merge_requests", encoded(&forge.site.parts.join("/")))
}

/// Of all with this branch, one that is open, else the newest.
pub(crate) async fn find(forge: &Forge, request: &PullRequest) -> Result<Option<Found>, ForgeError> {
    let path = format!("{}?source_branch={}&state=all&per_page=100", merge_requests(forge), encoded(&request.head));
    let answer = forge.api.call(Method::GET, &path, None).await?;
    let all = answer.as_array().ok_or_else(|| forge.api.odd("a list of merge requests"))?;
    // A fork may have a branch of this name, too, and its author is anybody.
    let project = |merge: &Value, side: &str| merge.get(side).and_then(Value::as_u64);
    let is_ours = |merge: &&Value| {
        merge.get("source_branch").and_then(Value::as_str) == Some(&request.head)
            && project(merge, "source_project_id").is_some()
            && project(merge, "source_project_id") == project(merge, "target_project_id")
    };
    let mut found = all.iter().filter(is_ours).map(|merge| read(forge, merge)).collect::<Result<Vec<_>, _>>()?;
    let at = found.iter().position(|found| found.is_open).unwrap_or(0);
    Ok((at < found.len()).then(|| found.swap_remove(at)))
}

pub(crate) async fn create(forge: &Forge, request: &PullRequest) -> Result<Found, ForgeError> {
    let body = json!({
        "source_branch": request.head, "target_branch": request.base, "title": marked(request, DRAFT),
        "description": request.body,
    });
    read(forge, &forge.api.call(Method::POST, &merge_requests(forge), Some(body)).await?)
}

pub(crate) async fn update(forge: &Forge, found: &Found, request: &PullRequest) -> Result<(), ForgeError> {
    let path = format!("{}/{}", merge_requests(forge), found.number);
    let body = json!({ "title": marked(request, DRAFT), "description": request.body });
    forge.api.call(Method::PUT, &path, Some(body)).await.map(drop)
}

fn read(forge: &Forge, merge: &Value) -> Result<Found, ForgeError> {
    let number = merge.get("iid").and_then(Value::as_u64);
    Ok(Found {
        number: number.ok_or_else(|| forge.api.odd("a merge request's iid"))?,
        url: web_address(merge, "web_url"),
        is_open: merge.get("state").and_then(Value::as_str) == Some("opened"),
        is_draft: merge.get("draft").and_then(Value::as_bool).unwrap_or(false),
        node: None,
    })
}
