//! A hidden job of this program, in a process that can be ended.
//!
//! A component chooses how long it takes to compile or to look its lines up, and how much memory. So the host starts itself
//! again for it, with limits, an empty environment, and nothing but two pipes.

use crate::ambient;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Most of what the process says on its error output.
const MAX_COMPLAINT_BYTES: u64 = 4096;

/// What one job may use.
#[derive(Debug, Clone, Copy)]
pub struct JobLimits {
    /// Wall clock.
    pub time: Duration,
    /// Processor time, all threads together.
    pub cpu_seconds: u64,
    /// Address space of the process.
    pub address_bytes: u64,
}

/// How a job ended.
pub(crate) enum Ended {
    /// With what it made; as untrusted as a crash would make it, and only used because the same program wrote it.
    Done(Vec<u8>),
    /// With a reason, escaped.
    Refused(String),
    /// Early, by a signal or a limit.
    Broken(String),
    /// It took too long.
    TimedOut,
}

/// Does the work of a job in this process: from all of the input to all of the output.
pub(crate) type Work = fn(&[u8]) -> Result<Vec<u8>, String>;

/// Does a hidden job, where this process was started for one; gives the exit code then.
pub fn job_if_requested() -> Option<u8> {
    let argument = ambient::first_argument()?;
    let jobs = [crate::compile::JOB, crate::lines::JOB];
    let (_, most_bytes, work) = jobs.into_iter().find(|(name, ..)| argument == *name)?;
    Some(match from_stdin(most_bytes, work) {
        Ok(()) => 0,
        Err(reason) => {
            // The error output is a pipe that the host reads, bounds and escapes.
            let _ = rustix::io::write(rustix::stdio::stderr(), reason.as_bytes());
            1
        }
    })
}

fn from_stdin(most_bytes: u64, work: Work) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let [cpu_seconds, address_bytes] = ambient::limits_from_arguments().ok_or("it was started without its limits")?;
    let limit = |most| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::As, limit(address_bytes)).map_err(|e| e.to_string())?;
    setrlimit(Resource::Cpu, limit(cpu_seconds)).map_err(|e| e.to_string())?;
    setrlimit(Resource::Core, limit(0)).map_err(|e| e.to_string())?;
    // Nobody else ends it where the host was killed.
    ambient::end_with_reader().map_err(|e| e.to_string())?;
    let input = ambient::read_stdin(most_bytes).map_err(|e| e.to_string())?;
    ambient::write_stdout(&work(&input)?).map_err(|e| e.to_string())
}

/// Has `program` do the job `name`, with the input in parts.
pub(crate) async fn run(
    program: &Path,
    name: &str,
    input: &[&[u8]],
    limits: JobLimits,
    most_bytes: u64,
) -> io::Result<Ended> {
    let mut command = ambient::command(program);
    command.arg(name).arg(limits.cpu_seconds.to_string()).arg(limits.address_bytes.to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(io::Error::other("it has no pipes"));
    };
    let work = async {
        let (mut made, mut complaint) = (Vec::new(), Vec::new());
        let feed = async {
            for part in input {
                // A process that ended early says why; that the pipe broke says nothing.
                let _ = stdin.write_all(part).await;
            }
            drop(stdin);
        };
        // Closed behind the most that is read, so that a process that goes on writing ends.
        let result = async { stdout.take(most_bytes + 1).read_to_end(&mut made).await };
        let listen = async {
            let mut stderr = stderr;
            let _ = (&mut stderr).take(MAX_COMPLAINT_BYTES).read_to_end(&mut complaint).await;
            // The rest is read too, since a full pipe would keep the process waiting.
            let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
        };
        let ((), read, ()) = tokio::join!(feed, result, listen);
        if read? as u64 > most_bytes {
            return Err(io::Error::other("what it made is too large"));
        }
        Ok((child.wait().await?, made, complaint))
    };
    // Dropping the child ends it.
    let Ok(ended) = tokio::time::timeout(limits.time, work).await else { return Ok(Ended::TimedOut) };
    let (status, made, complaint) = ended?;
    Ok(match status.code() {
        Some(0) => Ended::Done(made),
        Some(1) => {
            let said = String::from_utf8_lossy(&complaint);
            Ended::Refused(skillhost_core::text::escape_terminal(&said, 500).to_string())
        }
        _ => Ended::Broken(format!("{status}; it needed more time or memory than it may have")),
    })
}
