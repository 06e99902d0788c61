//! What the tests share: a proxy with a log, servers of their own on loopback, and clients that say anything.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests; not each uses all"
)]

use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_audit::{Actor, BodyKind, Class, Entry, Keyring, Log, Payloads, Status, Step, Subject, read_entries};
use skillhost_core::name::RunId;
use skillhost_core::reach::Openings;
use skillhost_egress::{Dialer, Journal, Proxy, Report, Resolve, Rules, Waits};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// No test waits for it but where something is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// All names lead to loopback, but for those that say otherwise.
struct Names;

impl Resolve for Names {
    fn resolve(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let addresses: &[&str] = match name.as_str() {
            "inside.example" => &["10.1.2.3"],
            "mixed.example" => &["192.0.2.1", "10.1.2.3"],
            "missing.example" => &[],
            _ => &["127.0.0.1"],
        };
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        async move { Ok(addresses) }.boxed()
    }
}

/// A proxy whose policy opens loopback and nothing else.
pub struct Lab {
    folder: TempDir,
    pub log: Arc<Log>,
    journal: Mutex<Option<Arc<Journal>>>,
    payloads: Arc<Payloads>,
    proxy: Mutex<Option<Proxy>>,
    pub address: SocketAddr,
}

impl Lab {
    pub async fn new(hosts: &[&str]) -> Self {
        Self::with(hosts, Waits::default()).await
    }

    pub async fn with(hosts: &[&str], waits: Waits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let run: RunId = "7f3k".parse().unwrap();
        let keys = Keyring::open(folder.path()).unwrap();
        let key = || keys.subject(Subject::Run(run.clone())).unwrap();
        let log = Log::open(&folder.path().join("audit.jsonl"), run.clone(), &key()).unwrap();
        let payloads = Arc::new(Payloads::open(&folder.path().join("payloads"), run.clone(), key()).unwrap());
        let journal = Journal::new(log.auditor(Actor::default()), Arc::clone(&payloads));
        let openings = Openings::from_iter([vec!["127.0.0.0/8".parse().unwrap()]]);
        let dialer = Dialer::new(openings).with_resolver(Names);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
        let rules = Rules { command: "setup".parse().unwrap(), hosts };
        let proxy = Proxy::start(listener, dialer, rules, Arc::clone(&journal), waits).unwrap();
        let journal = Mutex::new(Some(journal));
        Self { folder, log, journal, payloads, proxy: Mutex::new(Some(proxy)), address }
    }

    /// Sends bytes, and gives all that comes back.
    pub async fn say(&self, bytes: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        read_all(&mut stream).await
    }

    /// A tunnel, open.
    pub async fn tunnel(&self, to: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n").as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
        stream
    }

    /// Ends the proxy.
    pub async fn end(&self) -> Report {
        let proxy = self.proxy.lock().unwrap().take().unwrap();
        proxy.end().await;
        self.journal.lock().unwrap().take().unwrap().finish().unwrap()
    }

    /// Lets go of all of it, as one does whose run is cancelled, and waits until its connections have ended.
    pub async fn cancel(&self) {
        let journal = Arc::downgrade(&self.journal.lock().unwrap().take().unwrap());
        drop(self.proxy.lock().unwrap().take());
        tokio::time::timeout(PATIENCE, async {
            while journal.strong_count() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
    }

    pub fn audit_path(&self) -> PathBuf {
        self.folder.path().join("audit.jsonl")
    }

    pub fn entries(&self) -> Vec<Entry<'static>> {
        let entries = read_entries(&self.audit_path()).unwrap().map(Result::unwrap);
        entries.filter(|entry| entry.class == Class::Network).collect()
    }

    /// The outcomes, with what their bodies say.
    pub fn outcomes(&self) -> Vec<(Status, String)> {
        let entries = self.entries().into_iter().filter(|entry| entry.step == Step::Outcome);
        entries.map(|entry| (entry.outcome.unwrap(), self.body(&entry))).collect()
    }

    pub fn body(&self, entry: &Entry<'_>) -> String {
        let body = self.payloads.get(BodyKind::Destination, entry.payload.as_ref().unwrap()).unwrap();
        String::from_utf8(body).unwrap()
    }
}

pub async fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end like another.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A server that keeps what each connection sent until it was silent or the head was over, and answers with one text.
pub struct Server {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn new(answer: impl Into<String>) -> Self {
        let answer = answer.into();
        Self::with(move |mut stream| {
            let answer = answer.clone();
            async move { stream.write_all(answer.as_bytes()).await.unwrap_or_default() }.boxed()
        })
        .await
    }

    /// What it does once the head of a request has come.
    pub async fn with(behave: impl Fn(TcpStream) -> BoxFuture<'static, ()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&heard);
        let behave = Arc::new(behave);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (kept, behave) = (Arc::clone(&kept), Arc::clone(&behave));
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        match stream.read_u8().await {
                            Ok(byte) => head.push(byte),
                            Err(_) => break,
                        }
                    }
                    kept.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
                    behave(stream).await;
                });
            }
        });
        Self { address, heard }
    }

    /// Heads of the requests that came.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

pub const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
