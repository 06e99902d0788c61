//! Publishing: the component and what belongs to it, first; the tag that everybody looks for, last. Whoever finds the tag
//! finds all of it.

use super::document::{Config, Descriptor, Index, Manifest, Names};
use super::media;
use super::referrers;
use super::session::{Access, Held, Session};
use crate::credentials::Wallet;
use crate::described::Described;
use crate::fetched::Attached;
use crate::source::error::Fault;
use crate::source::http::{Call, Way};
use crate::source::rules::Reach;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;
use skillhost_core::destination::WebUrl;
use skillhost_core::digest::Digest;
use skillhost_core::reference::OciReference;
use std::collections::BTreeMap;

/// The header by which a registry says that it lists what refers to a manifest.
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
/// Says nothing, as `application/vnd.oci.empty.v1+json`.
const NOTHING: &[u8] = b"{}";
/// A time for those tools that need one. Never now: the same component gives the same manifest.
const NEVER: &str = "1970-01-01T00:00:00Z";

/// What is published.
#[derive(Debug, Clone)]
pub struct Publication<'a> {
    /// The component, with its manifest inside.
    pub component: &'a [u8],
    /// Signatures over it.
    pub attached: &'a [Attached],
    /// More to say about it, beside its name, version and description: keys as `org.opencontainers.image.source`.
    pub annotations: BTreeMap<String, String>,
    /// Whether a tag that names something else may be moved.
    pub may_replace: bool,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The manifest's digest: what pins it in the registry.
    pub manifest: Digest,
    /// The component's digest.
    pub component: Digest,
    /// How many signatures are with it.
    pub signatures: usize,
    /// Whether the tag named it before.
    pub was_there: bool,
}

pub(in crate::source) async fn push(
    publication: Publication<'_>,
    reference: &OciReference,
    way: &Way,
    wallet: &Wallet,
) -> Result<Pushed, Fault> {
    let (Some(tag), None) = (&reference.tag, &reference.digest) else { return Err(Fault::Untagged) };
    let described = Described::read(publication.component).map_err(Fault::NotASkill)?;
    let session = Session::open(reference, Reach::Meant, Access::Push, way, wallet).await?;
    let component = Descriptor::of(media::LAYERS[0], publication.component);
    let config = bytes(&config(&described, &component))?;
    let manifest = manifest(&described, &config, component, publication.annotations);
    let (manifest, subject) = described_document(&manifest)?;

    let found = session.document_if_there(tag, "the tag").await?.map(|document| document.digest);
    let digest = Digest::of(&manifest);
    if let Some(found) = found.filter(|found| *found != digest && !publication.may_replace) {
        return Err(Fault::Taken { found });
    }
    put_blob(&session, publication.component).await?;
    put_blob(&session, &config).await?;
    put_manifest(&session, &digest.to_string(), media::MANIFEST, manifest.clone()).await?;
    for attached in publication.attached {
        let (kind, content) = match attached {
            Attached::Signature(content) => (media::SIGNATURE, content),
            Attached::Bundle(content) => (media::BUNDLE, content),
            Attached::Unusable(_) => continue,
        };
        put_referrer(&session, kind, content, &subject).await?;
    }
    put_referrer(&session, media::SBOM, &bytes(&described.bill_of_materials())?, &subject).await?;
    put_manifest(&session, tag, media::MANIFEST, manifest).await?;
    Ok(Pushed {
        manifest: digest,
        component: described.digest,
        signatures: publication.attached.len(),
        was_there: found == Some(digest),
    })
}

fn config(described: &Described, component: &Descriptor) -> Config {
    Config {
        created: Some(NEVER.to_owned()),
        architecture: media::WASM.to_owned(),
        os: "wasip2".to_owned(),
        layer_digests: vec![component.digest.clone()],
        component: Some(Names { exports: described.exports.clone(), imports: described.imports.clone(), target: None }),
    }
}

fn manifest(
    described: &Described,
    config: &[u8],
    component: Descriptor,
    mut annotations: BTreeMap<String, String>,
) -> Manifest {
    let skill = &described.manifest.skill;
    let own = [
        ("title", skill.name.to_string()),
        ("version", skill.version.to_string()),
        ("description", skill.description.clone()),
    ];
    annotations.extend(own.map(|(key, value)| (format!("org.opencontainers.image.{key}"), value)));
    Manifest {
        schema_version: 2,
        media_type: media::MANIFEST.to_owned(),
        artifact_type: None,
        config: Descriptor::of(media::CONFIG, config),
        layers: vec![component],
        subject: None,
        annotations,
    }
}

/// A manifest as it is sent, and what names it.
fn described_document(manifest: &Manifest) -> Result<(Vec<u8>, Descriptor), Fault> {
    let bytes = bytes(manifest)?;
    let mut descriptor = Descriptor::of(&manifest.media_type, &bytes);
    descriptor.artifact_type = manifest.artifact_type.clone();
    Ok((bytes, descriptor))
}

fn bytes(document: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(document).map_err(|e| super::refused("the document", format!("can't be written: {e}")))
}

/// Puts a blob there, unless it is.
async fn put_blob(session: &Session<'_>, content: &[u8]) -> Result<(), Fault> {
    let (what, digest) = ("place for what is uploaded", Digest::of(content));
    let url = session.url(&format!("blobs/{digest}"))?;
    if session.send(Call::new(Method::HEAD, url), Held::ByDigest).await?.status.is_success() {
        return Ok(());
    }
    let start = Call::new(Method::POST, session.url("blobs/uploads/")?);
    let reply = session.send(start, Held::ByPlace).await?.success(what).await?;
    let to = reply.field(&LOCATION).and_then(|to| reply.url.join(to).ok());
    // Where it is another server's, it would be sent what belongs to this one.
    let to = to.filter(|to| session.is_own(to)).ok_or_else(|| Fault::Redirect {
        destination: session.registry().clone(),
        why: "an upload to another server, or without TLS",
    })?;
    let separator = if to.to_string().contains('?') { '&' } else { '?' };
    let to = WebUrl::parse(&format!("{to}{separator}digest={digest}"))
        .map_err(|_| super::refused("the place for what is uploaded", "can't be asked for"))?;
    let mut put = Call::new(Method::PUT, to).with(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    put.body = content.to_vec().into();
    session.send(put, Held::ByPlace).await?.success(what).await.map(drop)
}

/// Puts a manifest there. Gives whether the registry lists it by its subject.
async fn put_manifest(
    session: &Session<'_>,
    name: &str,
    media_type: &'static str,
    content: Vec<u8>,
) -> Result<bool, Fault> {
    let url = session.url(&format!("manifests/{name}"))?;
    let mut put = Call::new(Method::PUT, url).with(CONTENT_TYPE, HeaderValue::from_static(media_type));
    put.body = content.into();
    let reply = session.send(put, Held::ByPlace).await?.success("such repository").await?;
    Ok(reply.headers.contains_key(SUBJECT))
}

/// Puts something there that refers to a manifest.
async fn put_referrer(
    session: &Session<'_>,
    kind: &'static str,
    content: &[u8],
    subject: &Descriptor,
) -> Result<(), Fault> {
    put_blob(session, content).await?;
    put_blob(session, NOTHING).await?;
    let manifest = Manifest {
        schema_version: 2,
        media_type: media::MANIFEST.to_owned(),
        artifact_type: Some(kind.to_owned()),
        config: Descriptor::of(media::EMPTY, NOTHING),
        layers: vec![Descriptor::of(kind, content)],
        subject: Some(Descriptor { artifact_type: None, ..subject.clone() }),
        annotations: BTreeMap::new(),
    };
    let (manifest, descriptor) = described_document(&manifest)?;
    if put_manifest(session, &descriptor.digest, media::MANIFEST, manifest).await? {
        return Ok(());
    }
    let subject = subject.digest("the manifest")?;
    let kept = referrers::kept(session, &subject).await?.map(|index| index.manifests);
    let mut manifests = kept.unwrap_or_default();
    if manifests.iter().any(|entry| entry.digest == descriptor.digest) {
        return Ok(());
    }
    manifests.push(descriptor);
    let index = Index { schema_version: 2, media_type: media::INDEX.to_owned(), manifests };
    put_manifest(session, &referrers::tag(&subject), media::INDEX, bytes(&index)?).await.map(drop)
}
