//! Where the program keeps things.

use crate::ambient;
use crate::failure::{Exit, Failure};
use skillhost_core::name::SkillName;
use std::path::{Path, PathBuf};

/// The program's folders. All are made on first use, private to the user.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// Runs, worktrees, ledgers, logs, keys.
    pub(crate) state: PathBuf,
    /// Components and compiled code.
    pub(crate) cache: PathBuf,
}

impl Places {
    pub(crate) fn find(state: Option<&Path>) -> Result<Self, Failure> {
        let hint = "name one with --state-dir DIR, or set HOME or XDG_STATE_HOME to an absolute path";
        let state = match state {
            Some(folder) => made_absolute(folder)?,
            None => ambient::state_folder()
                .ok_or_else(|| Failure::new(Exit::Configuration, "there is no folder for the state").hint(hint))?,
        };
        // Without a home, the cache stays with the state: slower for others, never wrong.
        let cache = ambient::cache_folder().unwrap_or_else(|| state.join("cache"));
        Ok(Self { state, cache })
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.state.join("keys")
    }

    /// The key called `name`, which skills are signed with.
    pub(crate) fn signing_key(&self, name: &SkillName) -> PathBuf {
        self.keys().join("signing").join(format!("{name}.pem"))
    }

    pub(crate) fn compiled(&self) -> PathBuf {
        self.cache.join("compiled")
    }
}

fn made_absolute(folder: &Path) -> Result<PathBuf, Failure> {
    ambient::make_private_folder(folder).and_then(|()| ambient::absolute(folder)).map_err(|e| {
        Failure::new(Exit::Configuration, format!("the state folder {} can't be used", folder.display())).because(e)
    })
}
