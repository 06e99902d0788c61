//! From a reference to a component's bytes.

use crate::failure::{Exit, Failure};
use crate::progress::Progress;
use crate::{ambient, builtin};
use skillhost_core::digest::Digest;
use skillhost_engine::{Engine, LoadError, Skill};
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

/// Largest component file that is read.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// A skill as it was named, with its bytes.
pub(crate) struct Named {
    /// The reference, in its long form.
    pub(crate) reference: String,
    pub(crate) component: Cow<'static, [u8]>,
}

/// Finds what a reference names.
pub(crate) fn find(reference: &str) -> Result<Named, Failure> {
    if let Some(name) = reference.strip_prefix("builtin:") {
        let component = builtin::component(name).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("there is no built-in skill `{name}`"))
                .hint("the built-in skills are spec, review, implement and verify")
        })?;
        return Ok(Named { reference: reference.to_owned(), component: Cow::Borrowed(component) });
    }
    let path = match reference.strip_prefix("file:") {
        Some(path) => path,
        None if reference.starts_with(['.', '/']) => reference,
        None => return Err(unknown(reference)),
    };
    let component = ambient::read_regular(Path::new(path), MAX_FILE_BYTES)
        .map_err(|e| Failure::new(Exit::Usage, format!("the skill {path} can't be read")).because(e))?;
    Ok(Named { reference: format!("file:{path}"), component: Cow::Owned(component) })
}

fn unknown(reference: &str) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("`{reference}` names no skill that can be used here"));
    if reference.contains("://") {
        failure.hint("skills from registries and the web can't be installed yet; name a file: ./skill.wasm")
    } else {
        failure.hint("name a file (./skill.wasm), or a built-in skill (builtin:review)")
    }
}

/// Loads a component, by its digest where it is pinned. The first time it is compiled, which takes a while.
pub(crate) async fn load(
    engine: &Engine,
    named: &Named,
    pinned: Option<&Digest>,
    progress: &Progress,
) -> Result<Arc<Skill>, Failure> {
    let loading = async {
        match pinned {
            Some(digest) => engine.load_pinned(&named.component, digest).await,
            None => engine.load(&named.component).await,
        }
    };
    let what = format!("compiling {}, the first time only", named.reference);
    progress.waiting(&what, loading).await.map_err(|e| load_failure(&named.reference, &e))
}

/// The exit code for a component that is not loaded.
pub(crate) fn load_failure(reference: &str, error: &LoadError) -> Failure {
    let exit = match error {
        LoadError::Digest { .. } | LoadError::Cache(..) => Exit::Integrity,
        LoadError::CompileTime(_) | LoadError::TooLarge { .. } => Exit::Limit,
        LoadError::Engine(_) | LoadError::CompileProcess(_) => Exit::Bug,
        _ => Exit::Configuration,
    };
    let failure = Failure::new(exit, format!("{reference} can't be loaded")).because_of_all(error);
    match error {
        LoadError::Manifest(_) => failure.hint("a skill is a component with its skill.toml embedded"),
        _ => failure,
    }
}
