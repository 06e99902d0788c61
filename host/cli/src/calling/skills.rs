//! From a reference to a component's bytes.

use crate::ambient;
use crate::calling::builtin;
use crate::failure::{Exit, Failure};
use crate::terminal::printer::Printer;
use crate::terminal::progress::Progress;
use skillhost_core::digest::Digested;
use skillhost_core::name::SkillName;
use skillhost_core::reference::{Reference, ReferenceError};
use skillhost_engine::inspect::Inspection;
use skillhost_engine::{Engine, LoadError, Skill};
use skillhost_registry::MAX_COMPONENT_BYTES;
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

/// A skill as it was named, with its bytes.
#[derive(Clone)]
pub(crate) struct Named {
    pub(crate) reference: Reference,
    pub(crate) component: Digested<Cow<'static, [u8]>>,
}

/// Finds what a reference names on this machine.
pub(crate) fn find(reference: &str) -> Result<Named, Failure> {
    match reference.parse::<Reference>() {
        Ok(Reference::Builtin(name)) => find_builtin(name),
        Ok(Reference::File(path)) => find_file(Path::new(&path)),
        Ok(other) => Err(Failure::new(Exit::Usage, format!("{other} is not used as it is"))
            .hint(format!("skillhost add {other} pins it; it is called by its name then"))),
        Err(error) => Err(unknown(reference, &error)),
    }
}

/// A skill in a file, whose name may be no UTF-8.
pub(crate) fn find_file(path: &Path) -> Result<Named, Failure> {
    let shown = path.display().to_string();
    let component = ambient::read_regular(path, MAX_COMPONENT_BYTES)
        .map_err(|e| Failure::new(Exit::Usage, format!("the skill {shown} can't be read")).because(e))?;
    Ok(Named { reference: Reference::File(shown), component: Digested::new(component).map() })
}

/// A skill that comes with the program.
pub(crate) fn find_builtin(name: SkillName) -> Result<Named, Failure> {
    let component = builtin::component(name.as_str()).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("there is no built-in skill `{name}`"))
            .hint("the built-in skills are spec, review, implement and verify")
    })?;
    Ok(Named { reference: Reference::Builtin(name), component: Digested::new(component).map() })
}

fn unknown(reference: &str, error: &ReferenceError) -> Failure {
    Failure::new(Exit::Usage, format!("`{reference}` names no skill that can be used here"))
        .because(error)
        .hint("name a file (./skill.wasm), a built-in skill (builtin:review), or a skill of skillhost.lock")
}

/// Loads a component. The first time it is compiled, which takes a while.
pub(crate) async fn load(engine: &Engine, named: &Named, progress: &Progress) -> Result<Arc<Skill>, Failure> {
    let loading = engine.load_digested(&named.component);
    let what = format!("compiling {}, the first time only", named.reference);
    progress.waiting(&what, loading).await.map_err(|e| load_failure(&named.reference.to_string(), &e))
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
    match error.remedy() {
        Some(remedy) => failure.hint(remedy),
        None => failure,
    }
}

/// Warns where a component exports more kinds of skill than its manifest names.
pub(crate) fn warn_of_kinds(found: &Inspection, printer: Printer) {
    let (kinds, own) = (found.kinds(), found.manifest.skill.kind);
    if kinds.len() > 1 {
        let others: Vec<&str> = kinds.iter().filter(|kind| **kind != own).map(|kind| kind.as_str()).collect();
        printer.warn(format!(
            "it exports {} kinds of skill; its manifest names `{own}`, and nobody calls `{}`: make a skill of each",
            kinds.len(),
            others.join("`, `")
        ));
    }
}
