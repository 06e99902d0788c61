//! Where the program keeps things.

use crate::ambient;
use crate::failure::{Exit, Failure};
use crate::terminal::printer::Printer;
use skillhost_core::name::SkillName;
use std::path::{Path, PathBuf};

const HINT: &str =
    "name one with --state-dir DIR, or set HOME or XDG_STATE_HOME to an absolute path that can be written to";

/// Where nothing is: the name that Debian keeps free for the homes of users who have none. Only root could make it.
const NOWHERE: &str = "/nonexistent/skillhost";

/// The program's folders. All are made on first use, private to the user.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// Runs, worktrees, ledgers, logs, keys.
    pub(crate) state: PathBuf,
    /// Components and compiled code.
    pub(crate) cache: PathBuf,
    /// Where components are looked for: the usual cache, also where it can only be read.
    pub(crate) components: PathBuf,
}

impl Places {
    /// Finds them. One that is named is made.
    pub(crate) fn find(state: Option<&Path>) -> Result<Self, Failure> {
        let state = match state {
            Some(folder) => made_absolute(folder)?,
            None => ambient::state_folder().ok_or_else(nowhere)?,
        };
        Ok(Self::with_state(state))
    }

    /// Finds them for what only looks. A folder that isn't there has nothing in it, and is not made; neither is one missed
    /// that nobody named.
    pub(crate) fn for_looking(state: Option<&Path>) -> Self {
        let state = state.map(Path::to_owned).or_else(ambient::state_folder);
        Self::with_state(state.unwrap_or_else(|| PathBuf::from(NOWHERE)))
    }

    /// Whether there can be a store.
    pub(crate) fn have_cache(&self) -> bool {
        !self.cache.starts_with(NOWHERE)
    }

    /// Finds them for a run, whose state must stay.
    pub(crate) fn for_run(state: Option<&Path>, printer: Printer) -> Result<Self, Failure> {
        let places = Self::find(state)?;
        places.check_state()?;
        Ok(places.with_usable_cache(printer))
    }

    /// Whether something can be recorded in the state folder.
    pub(crate) fn check_state(&self) -> Result<(), Failure> {
        ambient::make_usable(&self.state).map_err(|e| unusable(&self.state).hint(HINT).because_of_all(&e))
    }

    /// Finds them for a call. Where nobody named a folder and the usual one can't be used, as in a container, the state is
    /// in a temporary folder: the call is recorded there, and that is said.
    pub(crate) fn for_call(state: Option<&Path>, printer: Printer) -> Result<Self, Failure> {
        let usual = if state.is_some() { None } else { ambient::state_folder() };
        let why = match (state, usual) {
            (Some(_), _) => return Self::for_run(state, printer),
            (None, None) => "HOME and XDG_STATE_HOME name none".to_owned(),
            (None, Some(folder)) => match ambient::make_usable(&folder) {
                Ok(()) => return Ok(Self::with_state(folder).with_usable_cache(printer)),
                Err(error) => format!("{}: {error}", folder.display()),
            },
        };
        let folder = ambient::kept_temporary_folder().map_err(|e| nowhere().because(&why).because(e))?;
        printer.warn(format!(
            "there is no folder for the state ({why}); this call's log is in {}; --state-dir DIR keeps it elsewhere",
            folder.display()
        ));
        let cache = folder.join("cache");
        let components = ambient::cache_folder().unwrap_or_else(|| cache.clone());
        Ok(Self { state: folder, cache, components })
    }

    /// Finds them for a build, which keeps nothing but compiled code: none where nobody named a folder, and the usual ones
    /// can't be used.
    pub(crate) fn for_build(state: Option<&Path>, printer: Printer) -> Result<Option<Self>, Failure> {
        if state.is_some() {
            return Self::for_run(state, printer).map(Some);
        }
        let are_usable =
            |places: &Self| [&places.state, &places.cache].iter().all(|folder| ambient::make_usable(folder).is_ok());
        Ok(ambient::state_folder().map(Self::with_state).filter(are_usable))
    }

    fn with_state(state: PathBuf) -> Self {
        // Without a home, the cache stays with the state: slower for others, never wrong.
        let cache = ambient::cache_folder().unwrap_or_else(|| state.join("cache"));
        Self { state, components: cache.clone(), cache }
    }

    fn with_usable_cache(self, printer: Printer) -> Self {
        match ambient::make_usable(&self.cache) {
            Ok(()) => self,
            Err(error) => {
                let cache = self.state.join("cache");
                let (unusable, instead) = (self.cache.display(), cache.display());
                printer.warn(format!("the cache {unusable} can't be used ({error}); it is {instead} instead"));
                Self { cache, ..self }
            }
        }
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

fn nowhere() -> Failure {
    Failure::new(Exit::Configuration, "there is no folder for the state").hint(HINT)
}

fn unusable(folder: &Path) -> Failure {
    Failure::new(Exit::Configuration, format!("the state folder {} can't be used", folder.display()))
}

fn made_absolute(folder: &Path) -> Result<PathBuf, Failure> {
    ambient::make_private_folder(folder)
        .and_then(|()| ambient::absolute(folder))
        .map_err(|e| unusable(folder).hint(HINT).because_of_all(&e))
}
