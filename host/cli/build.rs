//! Puts the bundled skills into the program, and what `skillhost new` writes. The skills are built before it, by
//! `cargo xtask setup`.

#![allow(clippy::disallowed_methods, reason = "it looks at what it puts into the program")]

#[path = "build/templates.rs"]
mod templates;

use std::path::Path;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for name in ["spec", "review", "implement", "verify"] {
        let file = root.join("target/skills").join(name).with_extension("wasm");
        println!("cargo::rerun-if-changed={}", file.display());
        if !file.exists() {
            println!("cargo::error=the bundled skill `{name}` is not built; run `cargo xtask setup` first");
        }
        println!("cargo::rustc-env=SKILLHOST_SKILL_{}={}", name.to_uppercase(), file.display());
    }
    println!("cargo::rerun-if-changed=build");
    if let Err(error) = templates::write(&root) {
        println!("cargo::error=what `skillhost new` writes can't be gathered: {error}");
    }
}
