//! Forgejo's REST interface, version 1, which Gitea shares. A draft is known by its title.

use crate::api::encoded;
use crate::error::ForgeError;
use crate::forge::{Forge, Found, PullRequest, marked};
use crate::github::{is_of_branch, read};
use reqwest::Method;
use serde_json::json;

const DRAFT: &str = "WIP: ";

fn pulls(forge: &Forge) -> String {
    format!("/repos/{}/pulls", forge.site.parts.join("/"))
}

/// The one of these two branches.
pub(crate) async fn find(forge: &Forge, request: &PullRequest) -> Result<Option<Found>, ForgeError> {
    let head: Vec<String> = request.head.split('/').map(encoded).collect();
    let path = format!("{}/{}/{}", pulls(forge), encoded(&request.base), head.join("/"));
    match forge.api.call(Method::GET, &path, None).await {
        Ok(pull) if is_of_branch(&pull, &request.head) => read(forge, &pull).map(Some),
        Ok(_) => Err(forge.api.odd("the pull request of a branch")),
        Err(ForgeError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) async fn create(forge: &Forge, request: &PullRequest) -> Result<Found, ForgeError> {
    let body = json!({
        "head": request.head, "base": request.base, "title": marked(request, DRAFT), "body": request.body,
    });
    read(forge, &forge.api.call(Method::POST, &pulls(forge), Some(body)).await?)
}

pub(crate) async fn update(forge: &Forge, found: &Found, request: &PullRequest) -> Result<(), ForgeError> {
    let path = format!("{}/{}", pulls(forge), found.number);
    let body = json!({ "title": marked(request, DRAFT), "body": request.body });
    forge.api.call(Method::PATCH, &path, Some(body)).await.map(drop)
}
