//! npm. What it installed still fits where `package.json` and its lock are what they were then.

use super::{Programs, Take};
use crate::ambient::{exists, read_if_there, replace};
use crate::failure::Failure;
use skillhost_core::digest::Digest;
use std::path::Path;

const MANIFEST: &str = "package.json";
const LOCK: &str = "package-lock.json";
/// npm writes it last, so a set-up that was interrupted is begun again.
const INSTALLED: &str = "node_modules/.package-lock.json";
/// The digest of what was asked for when it was installed.
const STAMP: &str = "node_modules/.skillhost-installed";
/// A larger file is not looked at, and npm is asked each time.
const MAX_BYTES: u64 = 32 << 20;

/// Installs what the project asks for, and runs its script `build`.
pub(super) async fn build(programs: &mut Programs<'_>) -> Result<(), Failure> {
    let (has_lock, is_installed) = (exists(Path::new(LOCK)), exists(Path::new(INSTALLED)));
    if !has_lock || !is_installed || asked().is_none_or(|asked| bytes_of(STAMP) != Some(asked.into_bytes())) {
        // What is there is brought up to what is asked for now; where nothing is there yet, a lock is kept to.
        run(programs, &["npm", if has_lock && !is_installed { "ci" } else { "install" }]).await?;
        if let Some(asked) = asked() {
            // Without it, npm is asked again.
            replace(Path::new(STAMP), asked.as_bytes()).ok();
        }
    }
    run(programs, &["npm", "run", "build"]).await
}

async fn run(programs: &mut Programs<'_>, words: &[&str]) -> Result<(), Failure> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    programs.run(&words, |_| Take::Show).await
}

/// The digest of what the project asks for.
fn asked() -> Option<String> {
    let [manifest, lock] = [bytes_of(MANIFEST)?, bytes_of(LOCK)?];
    Some(Digest::of(&[manifest, lock].join(&0)).hex())
}

fn bytes_of(file: &str) -> Option<Vec<u8>> {
    read_if_there(Path::new(file), MAX_BYTES).ok().flatten()
}
