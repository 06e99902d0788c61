//! Compiling, in a process that can be ended.

use crate::ambient;
use crate::config::{Allocation, wasmtime_config};
use crate::error::LoadError;
use crate::inspect::MAX_COMPONENT_BYTES;
use crate::job::{self, Ended, JobLimits, Work};
use std::path::PathBuf;
use std::time::Duration;

/// The hidden first argument with which the host starts itself, the most that it reads, and what it does.
pub(crate) const JOB: (&str, u64, Work) = ("skillhost-compile", MAX_COMPONENT_BYTES as u64 + 1, compile_here);
/// Largest compiled component that is taken back.
pub(crate) const MAX_COMPILED_BYTES: u64 = 512 << 20;

/// What compiling one component may use.
pub type CompileLimits = JobLimits;

impl Default for CompileLimits {
    /// A component of 20 MB takes 8 s on two cores.
    fn default() -> Self {
        Self { time: Duration::from_secs(120), cpu_seconds: 240, address_bytes: 8 << 30 }
    }
}

/// What compiles components.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// This program, started again; it must call [`job_if_requested`](crate::job_if_requested) before anything else.
    OwnProgram,
    /// Another program that does so.
    Program(PathBuf),
}

/// Compiles in this process, which the component may then bring down.
pub(crate) fn compile_here(component: &[u8]) -> Result<Vec<u8>, String> {
    let engine = wasmtime::Engine::new(&wasmtime_config(Allocation::OnDemand)).map_err(|e| e.to_string())?;
    engine.precompile_component(component).map_err(|e| format!("{e:#}"))
}

impl Compiler {
    /// The program that does jobs.
    pub(crate) fn program(&self) -> std::io::Result<PathBuf> {
        match self {
            Self::OwnProgram => ambient::own_program(),
            Self::Program(program) => Ok(program.clone()),
        }
    }

    /// Compiles a component that was inspected.
    pub(crate) async fn compile(&self, component: &[u8], limits: CompileLimits) -> Result<Vec<u8>, LoadError> {
        let failed = |e: std::io::Error| LoadError::CompileProcess(e.to_string());
        let program = self.program().map_err(failed)?;
        match job::run(&program, JOB.0, &[component], limits, MAX_COMPILED_BYTES).await.map_err(failed)? {
            Ended::Done(compiled) => Ok(compiled),
            Ended::Refused(complaint) => Err(LoadError::Invalid(complaint)),
            Ended::Broken(how) => Err(LoadError::CompileProcess(how)),
            Ended::TimedOut => Err(LoadError::CompileTime(limits.time)),
        }
    }
}
