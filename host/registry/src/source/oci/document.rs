//! A registry's documents: manifests, indexes and the components' configuration, read once and strictly. Two tools that
//! read one document in two ways would install two things, so what can be read in two ways is refused.

use super::media;
use crate::source::error::Fault;
use serde::{Deserialize, Serialize};
use skillhost_core::digest::Digest;
use skillhost_core::text::escape_terminal;
use std::collections::BTreeMap;

/// Largest manifest, index and configuration, in bytes: what registries take at most, too.
pub(super) const MAX_DOCUMENT_BYTES: u64 = 4 << 20;

/// Names another document or a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: BTreeMap<String, String>,
}

impl Descriptor {
    pub(super) fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes).to_string(),
            size: bytes.len() as u64,
            artifact_type: None,
            platform: None,
            annotations: BTreeMap::new(),
        }
    }

    pub(super) fn digest(&self, what: &'static str) -> Result<Digest, Fault> {
        self.digest.parse().map_err(|_| refused(what, "is named by something else than a SHA-256 digest"))
    }
}

/// What an entry of an index is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Platform {
    pub(super) architecture: String,
    #[serde(default)]
    pub(super) os: String,
}

/// A manifest: a configuration, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    pub(super) schema_version: u8,
    pub(super) media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<String>,
    pub(super) config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<Descriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: BTreeMap<String, String>,
}

/// An index: other documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    pub(super) schema_version: u8,
    pub(super) media_type: String,
    pub(super) manifests: Vec<Descriptor>,
}

#[derive(Debug)]
pub(super) enum Document {
    Manifest(Box<Manifest>),
    Index(Index),
}

/// All that one of them may hold; a key that is there twice is an error of the library.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schema_version: u8,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(rename = "fsLayers")]
    fs_layers: Option<serde::de::IgnoredAny>,
}

impl Document {
    /// Reads one that came as `content_type`.
    pub(super) fn parse(what: &'static str, content_type: Option<&str>, bytes: &[u8]) -> Result<Self, Fault> {
        let content_type = content_type.ok_or_else(|| refused(what, "comes without a media type"))?;
        let is_index = media::INDEXES.contains(&content_type);
        if !is_index && !media::MANIFESTS.contains(&content_type) {
            return Err(refused(what, format!("is {}, which is no manifest", quoted(content_type))));
        }
        let raw: Raw = serde_json::from_slice(bytes)
            .map_err(|e| refused(what, format!("can't be read: {}", quoted(&e.to_string()))))?;
        if raw.schema_version != 2 || raw.fs_layers.is_some() {
            return Err(refused(what, "is of another version of the format"));
        }
        if raw.media_type.as_deref().is_some_and(|own| own != content_type) {
            return Err(refused(what, format!("says that it is something else than {content_type}, as which it came")));
        }
        let media_type = content_type.to_owned();
        match (is_index, raw.config, raw.layers, raw.manifests) {
            (true, None, None, Some(manifests)) => Ok(Self::Index(Index { schema_version: 2, media_type, manifests })),
            (false, Some(config), Some(layers), None) => Ok(Self::Manifest(Box::new(Manifest {
                schema_version: 2,
                media_type,
                artifact_type: raw.artifact_type,
                config,
                layers,
                subject: raw.subject,
                annotations: raw.annotations.unwrap_or_default(),
            }))),
            (_, _, Some(_), Some(_)) => Err(refused(what, "has both layers and manifests")),
            (true, ..) => Err(refused(what, "is no index, though it came as one")),
            (false, ..) => Err(refused(what, "is no manifest, though it came as one")),
        }
    }
}

impl Index {
    /// The one entry for components; where there are none or several, nobody knows which is meant.
    pub(super) fn of_wasm(&self) -> Result<&Descriptor, Fault> {
        let is_wasm = |entry: &&Descriptor| entry.platform.as_ref().is_some_and(|on| on.architecture == media::WASM);
        let mut found = self.manifests.iter().filter(is_wasm);
        match (found.next(), found.next()) {
            (Some(entry), None) if media::MANIFESTS.contains(&entry.media_type.as_str()) => Ok(entry),
            (Some(_), None) => Err(refused("the index", "leads to something else than a manifest")),
            (None, _) => Err(refused("the index", "names nothing for the platform wasm")),
            (Some(_), Some(_)) => Err(refused("the index", "names several things for the platform wasm")),
        }
    }
}

impl Manifest {
    /// Its component's layer.
    pub(super) fn component(&self) -> Result<&Descriptor, Fault> {
        let what = "the manifest";
        if self.subject.is_some() {
            return Err(refused(what, "is of something that belongs to an artifact, and not of one"));
        }
        let config = self.config.media_type.as_str();
        if !media::is_component_config(config) {
            return Err(refused(what, format!("is of {}, and not of a component", quoted(config))));
        }
        match self.layers.as_slice() {
            [layer] if media::LAYERS.contains(&layer.media_type.as_str()) => Ok(layer),
            [layer] => {
                let (found, expected) = (quoted(&layer.media_type), media::LAYERS[0]);
                Err(refused(what, format!("has a layer of type {found}, where {expected} belongs")))
            }
            layers => Err(refused(what, format!("has {} layers; a skill is one component", layers.len()))),
        }
    }
}

/// The configuration beside a component, as the CNCF's layout has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Config {
    /// Never now: the same component has the same configuration.
    #[serde(default)]
    pub(super) created: Option<String>,
    pub(super) architecture: String,
    pub(super) os: String,
    #[serde(default)]
    pub(super) layer_digests: Vec<String>,
    /// What a component imports and exports; for those who search, and not believed.
    #[serde(default)]
    pub(super) component: Option<Names>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Names {
    pub(super) exports: Vec<String>,
    pub(super) imports: Vec<String>,
    #[serde(default)]
    pub(super) target: Option<String>,
}

impl Config {
    /// Refuses a configuration that is about another layer than its manifest.
    pub(super) fn check(bytes: &[u8], layer: &Digest) -> Result<(), Fault> {
        let what = "the configuration";
        let config: Self = serde_json::from_slice(bytes)
            .map_err(|e| refused(what, format!("can't be read: {}", quoted(&e.to_string()))))?;
        if config.architecture != media::WASM {
            return Err(refused(what, format!("is for {}, and not for wasm", quoted(&config.architecture))));
        }
        match config.layer_digests.as_slice() {
            // The layout asks for it; some tools leave it out.
            [] => Ok(()),
            [digest] if *digest == layer.to_string() => Ok(()),
            _ => Err(refused(what, "is of another layer than its manifest")),
        }
    }
}

pub(super) fn refused(what: &'static str, reason: impl Into<String>) -> Fault {
    Fault::Document { what, reason: reason.into() }
}

fn quoted(text: &str) -> String {
    format!("`{}`", escape_terminal(text, 100))
}
