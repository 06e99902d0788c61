//! Puts the bundled skills into the program. They are built before it, by `cargo xtask setup`.

#![allow(clippy::disallowed_methods, reason = "it looks at what it puts into the program")]

use std::path::Path;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/skills");
    for name in ["spec", "review", "implement", "verify"] {
        let file = folder.join(name).with_extension("wasm");
        println!("cargo::rerun-if-changed={}", file.display());
        if !file.exists() {
            println!("cargo::error=the bundled skill `{name}` is not built; run `cargo xtask setup` first");
        }
        println!("cargo::rustc-env=SKILLHOST_SKILL_{}={}", name.to_uppercase(), file.display());
    }
}
