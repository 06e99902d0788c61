//! The engine that components run in.

use crate::failure::{Exit, Failure};
use crate::places::Places;
use skillhost_engine::{Allocation, CompileLimits, Compiler, Engine, Options};
use std::time::Duration;

/// How long compiling an author's own component may take.
const COMPILE_TIME: Duration = Duration::from_secs(1200);

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

/// The engine of who builds: what is compiled is their own, so its processor time is bounded, and a busy machine may take longer.
pub(crate) fn authors_engine(places: &Places) -> Result<Engine, Failure> {
    let limits = CompileLimits { time: COMPILE_TIME, ..CompileLimits::default() };
    Ok(engine(places, Allocation::OnDemand)?.with_compile_limits(limits))
}
