//! The engine that components run in.

use crate::failure::{Exit, Failure};
use crate::places::Places;
use skillhost_engine::{Allocation, Compiler, Engine, Options};

/// As this program sets it up.
pub(crate) fn engine(places: &Places, allocation: Allocation) -> Result<Engine, Failure> {
    let options = Options {
        allocation,
        compiler: Compiler::OwnProgram,
        cache_folder: places.compiled(),
        key_folder: places.keys(),
    };
    Engine::new(options).map_err(|e| Failure::of(Exit::Bug, &e))
}
