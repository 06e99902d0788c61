//! The skill that `call` was given: a file, a built-in one, or one of the project's lock; and what it may do.

use crate::calling::policies::Policies;
use crate::calling::skills::{self, Named};
use crate::calling::web::By;
use crate::calling::{excess, grants};
use crate::failure::{Exit, Failure};
use crate::installing::{installed, signers};
use crate::places::Places;
use crate::project::ProjectLock;
use crate::terminal::printer::Printer;
use skillhost_core::capability::Capabilities;
use skillhost_core::lock::Locked;
use skillhost_core::manifest::Manifest;
use skillhost_core::name::SkillName;
use skillhost_core::project::Project;
use skillhost_engine::Grantor;
use std::borrow::Cow;

/// A skill as it was named, with who grants it what.
pub(crate) enum Chosen {
    /// A file, which may do what the flags say and nothing else.
    File(Named),
    /// A built-in one: the project grants to its kind, and the flags do.
    Builtin(Named),
    /// One of the lock, which alone grants.
    Locked(Box<Locked>, ProjectLock),
}

impl Chosen {
    /// Finds it. Only where it is a name is the project looked at.
    pub(crate) fn find(
        reference: &str,
        has_flags: bool,
        around: impl Fn() -> Result<(Option<Project>, Option<ProjectLock>), Failure>,
    ) -> Result<Self, Failure> {
        let Ok(name) = reference.parse::<SkillName>() else {
            let named = skills::find(reference)?;
            return Ok(if named.reference.is_builtin() { Self::Builtin(named) } else { Self::File(named) });
        };
        let lock = around()?.1;
        let found = lock.and_then(|lock| lock.lock.find(reference).cloned().map(|locked| (locked, lock)));
        let (locked, lock) = found.ok_or_else(|| {
            Failure::new(Exit::Usage, format!("there is no skill `{name}` in skillhost.lock")).hint(
                "name a file (./skill.wasm), a built-in skill (builtin:review), or another lock (--lock FILE); \
                 skillhost add REF puts a skill there, and it counts once the lock is committed",
            )
        })?;
        if has_flags {
            return Err(Failure::new(Exit::Usage, format!("what `{name}` may do stands in skillhost.lock")).hint(
                format!("leave --grant away, call the skill by its file, or: skillhost update {name} --grant …"),
            ));
        }
        Ok(Self::Locked(Box::new(locked), lock))
    }

    /// Its bytes, once they are found to be those of the lock, and source and signature to be allowed.
    pub(crate) async fn component(
        &self,
        places: &Places,
        policies: &Policies,
        printer: Printer,
    ) -> Result<Cow<'_, Named>, Failure> {
        match self {
            Self::Locked(locked, lock) => {
                installed::component(locked, lock, places, policies, printer).await.map(Cow::Owned)
            }
            Self::File(named) | Self::Builtin(named) => {
                policies.check_source(&named.reference)?;
                let signers = signers::of_file(&named.reference, named.component.bytes(), policies)?;
                for warning in policies.check_signers(&named.reference, &signers)? {
                    printer.warn(warning);
                }
                Ok(Cow::Borrowed(named))
            }
        }
    }

    /// What it requests, what it is granted, and who could grant more.
    pub(crate) fn grant(
        &self,
        manifest: &Manifest,
        flags: Capabilities,
        around: impl Fn() -> Result<(Option<Project>, Option<ProjectLock>), Failure>,
        printer: Printer,
    ) -> Result<(Capabilities, Capabilities, Grantor), Failure> {
        let request = manifest.capabilities.clone();
        match self {
            Self::File(_) => Ok((request, flags, Grantor::Flags)),
            Self::Builtin(_) => {
                let project = around()?.0.unwrap_or_default();
                Ok((request, grants::of_builtin(&project, manifest.skill.kind, flags), Grantor::Flags))
            }
            Self::Locked(locked, _) if manifest.skill.name != locked.name => Err(Failure::new(
                Exit::Integrity,
                format!("the lock's entry `{}` names a skill `{}`", locked.name, manifest.skill.name),
            )),
            Self::Locked(locked, _) => {
                excess::warn(locked, &request, printer);
                Ok((request, locked.grant.clone(), Grantor::Lock(locked.name.clone())))
            }
        }
    }

    /// Who grants it.
    pub(crate) fn by(&self) -> By<'_> {
        match self {
            Self::File(_) | Self::Builtin(_) => By::CommandLine,
            Self::Locked(locked, lock) => By::Lock(locked, lock),
        }
    }
}
