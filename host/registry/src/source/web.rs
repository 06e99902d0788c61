//! A file of the web, with its signatures beside it.

use super::error::Fault;
use super::http::{Call, Trail, Way};
use super::rules::Reach;
use crate::fetched::{Attached, Fetched, MAX_ATTACHED_BYTES, MAX_COMPONENT_BYTES};
use skillhost_core::destination::WebUrl;
use skillhost_core::reference::Reference;

pub(super) async fn fetch(url: &WebUrl, reach: Reach, way: &Way) -> Result<Fetched, Fault> {
    let trail = way.to(url.destination(), reach).await?;
    let component = component(url, &trail).await?;
    let (signature, bundle) = tokio::try_join!(beside(url, ".sig", &trail), beside(url, ".sigstore.json", &trail))?;
    let attached = signature.map(Attached::Signature).into_iter().chain(bundle.map(Attached::Bundle)).collect();
    Ok(Fetched { attached, ..Fetched::new(component, None) })
}

/// What policies call a place that a redirect leads to. Its query is left out, where storage hosts keep who may ask.
fn named(to: &WebUrl) -> Option<Reference> {
    Some(Reference::Web(to.without_query()))
}

async fn component(url: &WebUrl, trail: &Trail<'_>) -> Result<Vec<u8>, Fault> {
    let reply = trail.get(Call::get(url.clone()), named).await?.success("such file").await?;
    let destination = reply.destination();
    let bytes = reply.read("the component", MAX_COMPONENT_BYTES).await?;
    if looks_like_a_page(&bytes) { Err(Fault::Page { destination }) } else { Ok(bytes) }
}

/// Some servers say of every file that it is one of bytes.
fn looks_like_a_page(bytes: &[u8]) -> bool {
    let beginning = bytes.trim_ascii_start();
    let begins =
        |with: &str| beginning.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()));
    begins("<!doctype html") || begins("<html")
}

/// `…/x.wasm` to `…/x.wasm.sig`, before the query, where there is one. A page in its place is how some servers say that
/// there is nothing.
async fn beside(url: &WebUrl, extension: &str, trail: &Trail<'_>) -> Result<Option<Vec<u8>>, Fault> {
    let text = url.to_string();
    let text = match text.split_once('?') {
        Some((path, query)) => format!("{path}{extension}?{query}"),
        None => format!("{text}{extension}"),
    };
    let invalid = |_| Fault::Document { what: "the URL", reason: "is too odd to have a file beside it".to_owned() };
    let reply = trail.get(Call::get(WebUrl::parse(&text).map_err(invalid)?), named).await?;
    if matches!(reply.status.as_u16(), 403 | 404 | 410) || reply.is_page() {
        return Ok(None);
    }
    reply.success("such signature").await?.read("a signature", MAX_ATTACHED_BYTES).await.map(Some)
}
