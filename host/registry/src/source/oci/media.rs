//! Media types: what registries call things.

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const MANIFESTS: [&str; 2] = [MANIFEST, "application/vnd.docker.distribution.manifest.v2+json"];
pub(super) const INDEXES: [&str; 2] = [INDEX, "application/vnd.docker.distribution.manifest.list.v2+json"];

/// A component's configuration in the CNCF's layout.
pub(super) const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// Where there is nothing to say.
pub(super) const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// A component or a module, as it is: that of the layout, and that of tools before it.
pub(super) const LAYERS: [&str; 2] = ["application/wasm", "application/vnd.wasm.content.layer.v1+wasm"];

/// The platform of components.
pub(super) const WASM: &str = "wasm";

pub(super) const SIGNATURE: &str = "application/vnd.skillhost.signature.v1+json";
pub(super) const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
pub(super) const SBOM: &str = "application/vnd.cyclonedx+json";

/// Whether a component may stand beside such a configuration: the layout's, or one that tools for anything write, which
/// says nothing.
pub(super) fn is_component_config(config: &str) -> bool {
    const OTHERS: [&str; 4] = [
        EMPTY,
        "application/vnd.wasm.config.v1+json",
        "application/vnd.unknown.config.v1+json",
        "application/vnd.oci.image.config.v1+json",
    ];
    config == CONFIG || OTHERS.contains(&config)
}
