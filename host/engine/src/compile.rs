//! Compiling, in a process that can be ended.
//!
//! A component chooses how long it takes to compile, and how much memory. So the host starts itself again for it, with
//! limits, an empty environment, and nothing but two pipes; what comes back is as untrusted as a crash would make it,
//! and is only used because the same program wrote it.

use crate::ambient;
use crate::config::{Allocation, wasmtime_config};
use crate::error::LoadError;
use crate::inspect::MAX_COMPONENT_BYTES;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The hidden first argument with which the host starts itself.
const ARGUMENT: &str = "skillhost-compile";
/// Largest compiled component that is taken back.
pub(crate) const MAX_COMPILED_BYTES: u64 = 512 << 20;
/// Most of what the process says on its error output.
const MAX_COMPLAINT_BYTES: u64 = 4096;

/// What compiling one component may use.
#[derive(Debug, Clone, Copy)]
pub struct CompileLimits {
    /// Wall clock.
    pub time: Duration,
    /// Processor time, all threads together.
    pub cpu_seconds: u64,
    /// Address space of the process.
    pub address_bytes: u64,
}

impl Default for CompileLimits {
    /// A component of 20 MB takes 8 s on two cores.
    fn default() -> Self {
        Self { time: Duration::from_secs(120), cpu_seconds: 240, address_bytes: 8 << 30 }
    }
}

/// What compiles components.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// This program, started again; it must call [`compile_if_requested`] before anything else.
    OwnProgram,
    /// Another program that does so.
    Program(PathBuf),
}

/// Does the hidden job, where this process was started for it; gives the exit code then.
pub fn compile_if_requested() -> Option<u8> {
    if ambient::first_argument()? != ARGUMENT {
        return None;
    }
    Some(match compile_from_stdin() {
        Ok(()) => 0,
        Err(reason) => {
            // The error output is a pipe that the host reads, bounds and escapes.
            let _ = rustix::io::write(rustix::stdio::stderr(), reason.as_bytes());
            1
        }
    })
}

fn compile_from_stdin() -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let [cpu_seconds, address_bytes] = ambient::limits_from_arguments().ok_or("it was started without its limits")?;
    let limit = |most| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::As, limit(address_bytes)).map_err(|e| e.to_string())?;
    setrlimit(Resource::Cpu, limit(cpu_seconds)).map_err(|e| e.to_string())?;
    setrlimit(Resource::Core, limit(0)).map_err(|e| e.to_string())?;
    // Nobody else ends it where the host was killed.
    ambient::end_with_reader().map_err(|e| e.to_string())?;
    let component = ambient::read_stdin(MAX_COMPONENT_BYTES as u64 + 1).map_err(|e| e.to_string())?;
    ambient::write_stdout(&compile_here(&component)?).map_err(|e| e.to_string())
}

/// Compiles in this process, which the component may then bring down.
pub(crate) fn compile_here(component: &[u8]) -> Result<Vec<u8>, String> {
    let engine = wasmtime::Engine::new(&wasmtime_config(Allocation::OnDemand)).map_err(|e| e.to_string())?;
    engine.precompile_component(component).map_err(|e| format!("{e:#}"))
}

impl Compiler {
    /// Compiles a component that was inspected.
    pub(crate) async fn compile(&self, component: &[u8], limits: CompileLimits) -> Result<Vec<u8>, LoadError> {
        let failed = |e: std::io::Error| LoadError::CompileProcess(e.to_string());
        let program = match self {
            Self::OwnProgram => ambient::own_program().map_err(failed)?,
            Self::Program(program) => program.clone(),
        };
        let mut command = ambient::command(&program);
        command.arg(ARGUMENT).arg(limits.cpu_seconds.to_string()).arg(limits.address_bytes.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(LoadError::CompileProcess("it has no pipes".to_owned()));
        };
        let work = async {
            let (mut compiled, mut complaint) = (Vec::new(), Vec::new());
            let feed = async {
                // A process that ended early says why; that the pipe broke says nothing.
                let _ = stdin.write_all(component).await;
                drop(stdin);
            };
            // Closed behind the most that is read, so that a process that goes on writing ends.
            let result = async { stdout.take(MAX_COMPILED_BYTES + 1).read_to_end(&mut compiled).await };
            let listen = async {
                let mut stderr = stderr;
                let _ = (&mut stderr).take(MAX_COMPLAINT_BYTES).read_to_end(&mut complaint).await;
                // The rest is read too, since a full pipe would keep the process waiting.
                let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
            };
            let ((), read, ()) = tokio::join!(feed, result, listen);
            if read? as u64 > MAX_COMPILED_BYTES {
                return Err(std::io::Error::other("what it made is too large"));
            }
            Ok((child.wait().await?, compiled, complaint))
        };
        // Dropping the child ends it.
        let (status, compiled, complaint) = tokio::time::timeout(limits.time, work)
            .await
            .map_err(|_| LoadError::CompileTime(limits.time))?
            .map_err(failed)?;
        let complaint = skillhost_core::text::escape_terminal(&String::from_utf8_lossy(&complaint), 500).to_string();
        match status.code() {
            Some(0) => Ok(compiled),
            Some(1) => Err(LoadError::Invalid(complaint)),
            _ => Err(LoadError::CompileProcess(format!("{status}; it needed more time or memory than it may have"))),
        }
    }
}
