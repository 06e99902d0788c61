//! The proxy of a command: the time to the first byte of a connection through it, against a direct one.

use crate::figures::Figures;
use crate::rounds::median;
use crate::{is_smoke, work_folder};
use anyhow::{Context, Result, ensure};
use skillhost_audit::{Actor, Keyring, Log, Payloads, Subject};
use skillhost_core::name::RunId;
use skillhost_core::reach::Openings;
use skillhost_egress::{Dialer, Journal, Proxy, Rules, Waits};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connections of each kind; a command's log has an entry of its own for each of the first hundred.
const CONNECTIONS: usize = 90;

/// Measures it against a server on loopback, with everything that a run has: the name is resolved, and the intent is on
/// the disk before the connection is made.
pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let server = TcpListener::bind("127.0.0.1:0")?;
    let address = server.local_addr()?;
    std::thread::spawn(move || {
        for mut stream in server.incoming().flatten() {
            let _ = stream.write_all(b"x");
        }
    });
    let folder = tempfile::tempdir_in(work_folder())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (proxy, at) = runtime.block_on(async { start(folder.path(), address) })?;

    let rounds = if is_smoke() { 1 } else { CONNECTIONS };
    let (mut through, mut direct) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
    for _ in 0..rounds {
        through.push(first_byte(at, Some(address))?);
        direct.push(first_byte(address, None)?);
    }
    runtime.block_on(proxy.end());
    let (through, direct) = (median(through), median(direct));
    figures.time("proxy.connect_ms", through.saturating_sub(direct), Some(10.0));
    figures.time("proxy.through_ms", through, None);
    figures.time("proxy.direct_ms", direct, None);
    Ok(())
}

fn start(folder: &std::path::Path, server: SocketAddr) -> Result<(Proxy, SocketAddr)> {
    let run: RunId = "7f3k".parse()?;
    let keys = Keyring::open(folder)?;
    let key = || keys.subject(Subject::Run(run.clone()));
    let log = Log::open(&folder.join("audit.jsonl"), run.clone(), &key()?)?;
    let payloads = Arc::new(Payloads::open(&folder.join("payloads"), run.clone(), key()?)?);
    let openings = Openings::from_iter([vec!["127.0.0.1".parse()?, "[::1]".parse()?]]);
    let rules = Rules { command: "bench".parse()?, hosts: vec![format!("localhost:{}", server.port()).parse()?] };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let at = listener.local_addr()?;
    let journal = Journal::new(log.auditor(Actor::default()), payloads);
    Ok((Proxy::start(listener, Dialer::new(openings), rules, journal, Waits::default())?, at))
}

/// From before the connection to its first byte; with `target`, through the proxy at `to`.
fn first_byte(to: SocketAddr, target: Option<SocketAddr>) -> Result<Duration> {
    let started = Instant::now();
    let mut stream = TcpStream::connect(to)?;
    if let Some(target) = target {
        let name = format!("localhost:{}", target.port());
        stream.write_all(format!("CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n\r\n").as_bytes())?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).context("the proxy closed the connection")?;
            head.extend(byte);
        }
        ensure!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    }
    stream.read_exact(&mut [0])?;
    Ok(started.elapsed())
}
