//! A registry that says what a test wants it to: an artifact to begin with, and then a lie in one place.

use crate::web::{Reply, Request, Server};
use serde_json::{Value, json};
use skillhost_core::digest::Digest;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The media type of manifests.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of indexes.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The media type of a component's configuration.
pub const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The media type of a component.
pub const WASM: &str = "application/wasm";
/// The type of signatures that the host makes.
pub const SIGNATURE: &str = "application/vnd.skillhost.signature.v1+json";

/// What may be asked of the registry before anything else is looked at.
type Rule = dyn Fn(&Request) -> Option<Reply> + Send + Sync;

/// A registry with one repository, `acme/tool`.
#[derive(Clone)]
pub struct Registry {
    /// Where it is.
    pub server: Server,
    answers: Arc<Mutex<BTreeMap<String, Reply>>>,
}

impl Registry {
    /// An empty one.
    pub fn start() -> Self {
        Self::with_rule(|_| None)
    }

    /// One that looks at each request first.
    pub fn with_rule(rule: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let answers: Arc<Mutex<BTreeMap<String, Reply>>> = Arc::default();
        let (known, rule): (_, Box<Rule>) = (Arc::clone(&answers), Box::new(rule));
        let server = Server::start(move |request| {
            if let Some(reply) = rule(request) {
                return reply;
            }
            if request.target == "/v2/" {
                return Reply::status(200);
            }
            let path = request.target.split('?').next().unwrap_or_default();
            let path = path.strip_prefix("/v2/acme/tool/").unwrap_or(path);
            known.lock().unwrap().get(path).cloned().unwrap_or(Reply::status(404))
        });
        Self { server, answers }
    }

    /// Says what stands behind a path of the repository: `manifests/1`, `blobs/sha256:…`.
    pub fn answer(&self, path: &str, reply: Reply) {
        self.answers.lock().unwrap().insert(path.to_owned(), reply);
    }

    /// Keeps bytes under their digest, and gives a descriptor of them.
    pub fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes).to_string();
        self.answer(&format!("blobs/{digest}"), Reply::ok("application/octet-stream", bytes));
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    }

    /// Keeps a document under its digest and under a tag, where there is one.
    pub fn document(&self, media_type: &str, document: &Value, tag: Option<&str>) -> Digest {
        let bytes = serde_json::to_vec(document).unwrap();
        let digest = Digest::of(&bytes);
        let reply = Reply::ok(media_type, bytes);
        self.answer(&format!("manifests/{digest}"), reply.clone());
        if let Some(tag) = tag {
            self.answer(&format!("manifests/{tag}"), reply);
        }
        digest
    }

    /// The manifest of an honest artifact, whose blobs are there.
    pub fn manifest_of(&self, component: &[u8]) -> Value {
        let layer = self.blob(WASM, component);
        let config = json!({ "architecture": "wasm", "os": "wasip2", "layerDigests": [layer["digest"]] });
        let config = self.blob(CONFIG, &serde_json::to_vec(&config).unwrap());
        json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer] })
    }

    /// Publishes an honest artifact under a tag.
    pub fn publish(&self, component: &[u8], tag: &str) -> Digest {
        let manifest = self.manifest_of(component);
        self.document(MANIFEST, &manifest, Some(tag))
    }

    /// A reference to a tag of the repository.
    pub fn reference(&self, tag: &str) -> String {
        format!("oci://{}/acme/tool:{tag}", self.server.place())
    }
}
