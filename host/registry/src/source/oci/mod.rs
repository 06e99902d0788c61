//! Registries, by the OCI distribution protocol and the CNCF's layout for WebAssembly: one manifest with one layer, which
//! is the component.
//!
//! The protocol's few requests are made here and not by a client library: those that there are follow redirects by
//! themselves, resolve names a second time, read documents of any size, and send credentials to whichever server a registry
//! names.

mod auth;
mod document;
mod media;
mod push;
mod referrers;
mod session;

pub(super) use push::push;
pub use push::{Publication, Pushed};

use super::error::Fault;
use super::http::Way;
use super::rules::Reach;
use crate::credentials::Wallet;
use crate::fetched::{Fetched, MAX_COMPONENT_BYTES};
use document::{Config, Document, MAX_DOCUMENT_BYTES, Manifest, refused};
use session::{Access, Session};
use skillhost_core::digest::Digest;
use skillhost_core::reference::OciReference;

pub(super) async fn fetch(
    reference: &OciReference,
    reach: Reach,
    way: &Way,
    wallet: &Wallet,
) -> Result<Fetched, Fault> {
    let session = Session::open(reference, reach, Access::Pull, way, wallet).await?;
    let named = name(reference);
    let document = session.document(&named, "the manifest").await?;
    let resolved = document.digest;
    let (manifest, digest) = match Document::parse("the manifest", document.media_type.as_deref(), &document.bytes)? {
        Document::Manifest(manifest) => (manifest, resolved),
        Document::Index(index) => {
            let entry = index.of_wasm()?;
            let document = session.document(&entry.digest("the manifest")?.to_string(), "the manifest").await?;
            match Document::parse("the manifest", document.media_type.as_deref(), &document.bytes)? {
                Document::Manifest(manifest) => (manifest, document.digest),
                Document::Index(_) => return Err(refused("the index", "leads to another index")),
            }
        }
    };
    let (component, attached) = tokio::try_join!(component(&session, &manifest), referrers::fetch(&session, &digest))?;
    Ok(Fetched { attached, ..Fetched::new(component, Some(resolved.to_string())) })
}

/// A digest, where the reference names one; the tag is for people then.
fn name(reference: &OciReference) -> String {
    let digest = reference.digest.as_ref().map(Digest::to_string);
    digest.or_else(|| reference.tag.clone()).unwrap_or_default()
}

async fn component(session: &Session<'_>, manifest: &Manifest) -> Result<Vec<u8>, Fault> {
    let layer = manifest.component()?;
    let digest = layer.digest("the component")?;
    if layer.size > MAX_COMPONENT_BYTES {
        return Err(Fault::TooLarge { what: "the component", most_bytes: MAX_COMPONENT_BYTES });
    }
    let checked = async {
        if manifest.config.media_type != media::CONFIG {
            return Ok(());
        }
        let what = "the configuration";
        if manifest.config.size > MAX_DOCUMENT_BYTES {
            return Err(Fault::TooLarge { what, most_bytes: MAX_DOCUMENT_BYTES });
        }
        let bytes = session.blob(&manifest.config.digest(what)?, manifest.config.size, what).await?;
        Config::check(&bytes, &digest)
    };
    let ((), component) = tokio::try_join!(checked, session.blob(&digest, layer.size, "the component"))?;
    Ok(component)
}
