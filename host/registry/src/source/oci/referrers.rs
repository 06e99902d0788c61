//! What refers to a manifest: signatures. A registry lists them, or keeps the list under a tag where it can't.

use super::document::{Descriptor, Document, Index, MAX_DOCUMENT_BYTES, refused};
use super::media;
use super::session::{Held, Session};
use crate::fetched::{Attached, MAX_ATTACHED, MAX_ATTACHED_BYTES};
use crate::source::error::{Class, Fault};
use crate::source::http::{Call, Reply};
use futures::{StreamExt, TryStreamExt, stream};
use http::header::LINK;
use skillhost_core::destination::WebUrl;
use skillhost_core::digest::Digest;

/// Most pages of one list.
const MAX_PAGES: usize = 8;
/// How many signatures are asked for at once.
const AT_ONCE: usize = 8;
const LIST: &str = "the list of signatures";

pub(super) async fn fetch(session: &Session<'_>, subject: &Digest) -> Result<Vec<Attached>, Fault> {
    let listed = list(session, subject).await?.map(|index| index.manifests).unwrap_or_default();
    let signatures: Vec<Descriptor> = listed.into_iter().filter(|entry| kind(entry).is_some()).collect();
    if signatures.len() > MAX_ATTACHED {
        return Err(Fault::TooMany { what: "signatures", most: MAX_ATTACHED });
    }
    let each = signatures.iter().map(|entry| async move {
        match one(session, entry, subject).await {
            // Whoever may write to a registry could otherwise keep a skill from being installed by listing what isn't
            // there, or isn't what it says. It counts as attached, and as nothing that holds.
            Err(fault) if is_its_own(&fault) => Ok(Attached::Unusable(fault.to_string())),
            had => had,
        }
    });
    stream::iter(each).buffered(AT_ONCE).try_collect().await
}

/// Whether a fault is of what was asked for, and not of a registry that can't be reached or fails.
fn is_its_own(fault: &Fault) -> bool {
    fault.class() == Class::Integrity || matches!(fault, Fault::TooLarge { .. } | Fault::NotFound { .. })
}

/// The list; none where there is none.
async fn list(session: &Session<'_>, subject: &Digest) -> Result<Option<Index>, Fault> {
    let mut url = session.url(&format!("referrers/{subject}"))?;
    let mut listed: Option<Index> = None;
    for _ in 0..MAX_PAGES {
        let reply = session.send(Call::get(url), Held::ByPlace).await?;
        if listed.is_none() && !knows_lists(&reply) {
            return kept(session, subject).await;
        }
        let reply = reply.success("such list").await?;
        let (media_type, next) = (reply.media_type(), next(&reply).filter(|next| session.is_own(next)));
        let page = index(media_type.as_deref(), &reply.read(LIST, MAX_DOCUMENT_BYTES).await?)?;
        match &mut listed {
            Some(listed) => listed.manifests.extend(page.manifests),
            None => listed = Some(page),
        }
        match next {
            Some(next) => url = next,
            None => return Ok(listed),
        }
    }
    Err(Fault::TooMany { what: "pages of signatures", most: MAX_PAGES })
}

/// Whether a registry knows what it was asked for. One that doesn't says so in many ways, by a page for people among them;
/// one that fails is none that has no signatures.
fn knows_lists(reply: &Reply) -> bool {
    if reply.status.is_success() {
        reply.media_type().as_deref() == Some(media::INDEX)
    } else {
        !matches!(reply.status.as_u16(), 400 | 403 | 404 | 405 | 406 | 410 | 422 | 501)
    }
}

/// Where the list goes on, as `Link: <URL>; rel="next"` says it.
fn next(reply: &Reply) -> Option<WebUrl> {
    let (url, relation) = reply.field(&LINK)?.trim().strip_prefix('<')?.split_once('>')?;
    relation.replace(['"', ' '], "").contains("rel=next").then(|| reply.url.join(url).ok()).flatten()
}

/// The list that clients keep under a tag.
pub(super) async fn kept(session: &Session<'_>, subject: &Digest) -> Result<Option<Index>, Fault> {
    match session.document_if_there(&tag(subject), LIST).await? {
        Some(document) => index(document.media_type.as_deref(), &document.bytes).map(Some),
        None => Ok(None),
    }
}

pub(super) fn tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

fn index(media_type: Option<&str>, bytes: &[u8]) -> Result<Index, Fault> {
    match Document::parse(LIST, media_type, bytes)? {
        Document::Index(index) => Ok(index),
        Document::Manifest(_) => Err(refused(LIST, "is no list")),
    }
}

/// Which kind of signature an entry names; none where it is something else.
fn kind(entry: &Descriptor) -> Option<fn(Vec<u8>) -> Attached> {
    match entry.artifact_type.as_deref() {
        Some(media::SIGNATURE) => Some(Attached::Signature),
        Some(media::BUNDLE) => Some(Attached::Bundle),
        _ => None,
    }
}

async fn one(session: &Session<'_>, entry: &Descriptor, subject: &Digest) -> Result<Attached, Fault> {
    let what = "the manifest of a signature";
    let document = session.document(&entry.digest(what)?.to_string(), what).await?;
    let Document::Manifest(manifest) = Document::parse(what, document.media_type.as_deref(), &document.bytes)? else {
        return Err(refused(what, "is an index"));
    };
    if manifest.subject.as_ref().is_none_or(|own| own.digest != subject.to_string()) {
        return Err(refused(what, "refers to something else"));
    }
    let [layer] = manifest.layers.as_slice() else { return Err(refused(what, "has more or less than one layer")) };
    if layer.size > MAX_ATTACHED_BYTES {
        return Err(Fault::TooLarge { what: "a signature", most_bytes: MAX_ATTACHED_BYTES });
    }
    let bytes = session.blob(&layer.digest("a signature")?, layer.size, "a signature").await?;
    kind(entry).map(|attached| attached(bytes)).ok_or_else(|| refused(what, "is of another type"))
}
