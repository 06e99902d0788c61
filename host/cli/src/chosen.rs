//! The skill that `call` was given: a file, a built-in one, or one of the project's lock; and what it may do.

use crate::failure::{Exit, Failure};
use crate::grants;
use crate::skills::{self, Named};
use skillhost_core::capability::Capabilities;
use skillhost_core::digest::Digest;
use skillhost_core::lock::Lock;
use skillhost_core::manifest::Manifest;
use skillhost_core::name::SkillName;
use skillhost_core::project::Project;
use skillhost_engine::Grantor;

/// A skill as it was named, with who grants it what.
pub(crate) struct Chosen {
    pub(crate) named: Named,
    /// What its bytes must be.
    pub(crate) pinned: Option<Digest>,
    granted: Granted,
}

enum Granted {
    /// By the flags alone.
    Flags,
    /// By the project for the kind, and the flags.
    Kind,
    /// By the lock alone.
    Lock(SkillName, Box<Capabilities>),
}

impl Chosen {
    /// Finds it. Only where it is a name is the project looked at.
    pub(crate) fn find(
        reference: &str,
        has_flags: bool,
        around: impl Fn() -> Result<(Project, Option<Lock>), Failure>,
    ) -> Result<Self, Failure> {
        let Ok(name) = reference.parse::<SkillName>() else {
            let granted = if reference.starts_with("builtin:") { Granted::Kind } else { Granted::Flags };
            return Ok(Self { named: skills::find(reference)?, pinned: None, granted });
        };
        let lock = around()?.1;
        let locked = lock.as_ref().and_then(|lock| lock.find(reference)).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("there is no skill `{name}` in skillhost.lock"))
                .hint("name a file (./skill.wasm), a built-in skill (builtin:review), or another lock (--lock FILE)")
        })?;
        if has_flags {
            return Err(Failure::new(Exit::Usage, format!("what `{name}` may do stands in skillhost.lock"))
                .hint("leave --grant away, or call the skill by its file"));
        }
        let named = skills::find(&locked.source.to_string())?;
        Ok(Self { named, pinned: Some(locked.digest), granted: Granted::Lock(name, Box::new(locked.grant.clone())) })
    }

    /// What it requests, what it is granted, and who could grant more.
    pub(crate) fn grant(
        self,
        manifest: &Manifest,
        flags: Capabilities,
        around: impl Fn() -> Result<(Project, Option<Lock>), Failure>,
    ) -> Result<(Capabilities, Capabilities, Grantor), Failure> {
        let request = manifest.capabilities.clone();
        match self.granted {
            Granted::Flags => Ok((request, flags, Grantor::Flags)),
            Granted::Kind => {
                Ok((request, grants::of_builtin(&around()?.0, manifest.skill.kind, flags), Grantor::Flags))
            }
            Granted::Lock(name, _) if manifest.skill.name != name => Err(Failure::new(
                Exit::Integrity,
                format!("the lock's entry `{name}` names a skill `{}`", manifest.skill.name),
            )),
            Granted::Lock(name, grant) => Ok((request, *grant, Grantor::Lock(name))),
        }
    }
}
