//! Git's requests, for `worktree`, which speaks git's protocol and opens no connection.

use crate::client::{Client, WebError};
use futures::stream;
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION, PRAGMA};
use reqwest::{Body, Response};
use skillhost_core::path::SkillPath;
use skillhost_worktree::remote::{
    self, Fetched, GitBody, GitHttp, GitReply, GitRequest, Limits, Place, RemoteError, RemoteUrl,
};
use std::io::{self, Read};
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::{Sleep, sleep, timeout};

/// How long nothing may come before the reply's head. A server that takes a push unpacks and checks it meanwhile.
const HEAD_TIMEOUT: Duration = Duration::from_secs(300);
/// Between two parts of a reply, or of what is sent.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// For all of a reply, however steadily it comes.
const REPLY_TIMEOUT: Duration = Duration::from_secs(900);
/// How much is read ahead of what is sent.
const PIECE_BYTES: usize = 64 << 10;

/// Reads files of a repository elsewhere, as [`remote::read_files`] does, without blocking the caller. `scratch` is an
/// existing directory of the host's own.
///
/// # Errors
/// As there.
pub async fn read_files(
    client: Client,
    scratch: PathBuf,
    (url, revision, paths): (RemoteUrl, String, Vec<SkillPath>),
    limits: Limits,
) -> Result<Fetched, RemoteError> {
    blocking(client, scratch, move |place| remote::read_files(place, &url, &revision, &paths, limits)).await
}

/// Does work that waits for connections, on a thread that may. Where the future is dropped, the work's next wait fails.
pub async fn blocking<T: Send + 'static>(
    client: Client,
    scratch: PathBuf,
    work: impl FnOnce(Place<'_>) -> T + Send + 'static,
) -> T {
    let (caller, is_alone) = watch::channel(false);
    let _caller = Caller(caller);
    let http = GitClient { client, waiting: Waiting { runtime: Handle::current(), is_alone } };
    let done = tokio::task::spawn_blocking(move || work(Place { http: &http, scratch: &scratch }));
    done.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Whoever waits for a thread's work.
struct Caller(watch::Sender<bool>);

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

/// How a thread waits for what the runtime does: as long as somebody waits for the thread. The runtime's clock may be gone
/// with whoever did.
#[derive(Clone)]
struct Waiting {
    runtime: Handle,
    is_alone: watch::Receiver<bool>,
}

impl Waiting {
    fn wait<T>(&self, work: impl Future<Output = T>) -> io::Result<T> {
        let mut is_alone = self.is_alone.clone();
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                Ok(_) = is_alone.wait_for(|is_alone| *is_alone) => Err(io::ErrorKind::ConnectionAborted.into()),
                done = work => Ok(done),
            }
        })
    }
}

/// Carries git's requests. Used by a thread that may block, while a runtime works elsewhere.
pub struct GitClient {
    client: Client,
    waiting: Waiting,
}

impl GitClient {
    /// Over this client, on this runtime.
    pub fn new(client: Client, runtime: Handle) -> Self {
        Self { client, waiting: Waiting { runtime, is_alone: watch::channel(false).1 } }
    }

    async fn exchange(&self, request: GitRequest<'_>) -> Result<Response, WebError> {
        let http = self.client.to(request.url).await?;
        let url = request.url.to_string();
        let mut sending = match request.body {
            None => http.get(url).header(PRAGMA, "no-cache").header(ACCEPT, "*/*"),
            Some(body) => http
                .post(url)
                .header(CONTENT_TYPE, body.content_type)
                .header(ACCEPT, body.content_type.replace("-request", "-result"))
                .header(CONTENT_LENGTH, body.length)
                .body(upload(body)),
        };
        if let Some(credentials) = request.credentials {
            // Marked as sensitive by the library, so that no log prints it.
            sending = sending.basic_auth(credentials.user(), Some(credentials.password()));
        }
        timeout(HEAD_TIMEOUT, sending.send()).await.map_err(|_| WebError::TimedOut)?.map_err(WebError::of)
    }
}

impl GitHttp for GitClient {
    fn send(&self, request: GitRequest<'_>) -> io::Result<GitReply> {
        let response = self.waiting.wait(self.exchange(request))?.map_err(|error| {
            let kind = match &error {
                WebError::TimedOut => io::ErrorKind::TimedOut,
                WebError::Certificate(_) | WebError::Tls(_) => io::ErrorKind::InvalidData,
                WebError::Dial(error) if error.is_refusal() => io::ErrorKind::PermissionDenied,
                _ => io::ErrorKind::Other,
            };
            io::Error::new(kind, error)
        })?;
        let headers = response.headers();
        if headers.contains_key(CONTENT_ENCODING) {
            return Err(io::Error::other("the reply is encoded, which nobody asked for"));
        }
        let over = {
            let _runtime = self.waiting.runtime.enter();
            Box::pin(sleep(REPLY_TIMEOUT))
        };
        Ok(GitReply {
            status: response.status().as_u16(),
            content_type: text(headers, CONTENT_TYPE.as_str()),
            location: text(headers, LOCATION.as_str()),
            body: Box::new(Reply { response, piece: io::Cursor::default(), over, waiting: self.waiting.clone() }),
        })
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Sends what a reader gives, which may block.
fn upload(body: GitBody) -> Body {
    let (sender, mut pieces) = mpsc::channel::<io::Result<Vec<u8>>>(2);
    let mut from = body.bytes;
    tokio::task::spawn_blocking(move || {
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let read = from.read(&mut piece).map(|count| {
                piece.truncate(count);
                piece
            });
            let is_over = read.as_ref().map_or(true, Vec::is_empty);
            // Whoever waited for it may be gone.
            if read.as_ref().is_ok_and(Vec::is_empty) || sender.blocking_send(read).is_err() || is_over {
                return;
            }
        }
    });
    Body::wrap_stream(stream::poll_fn(move |context| pieces.poll_recv(context)))
}

/// A reply's body, piece by piece.
struct Reply {
    response: Response,
    piece: io::Cursor<Vec<u8>>,
    /// Ends when all of it has taken too long.
    over: Pin<Box<Sleep>>,
    waiting: Waiting,
}

impl Read for Reply {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.position() == self.piece.get_ref().len() as u64 {
            let (over, response) = (&mut self.over, &mut self.response);
            let next = self.waiting.wait(async {
                tokio::select! {
                    biased;
                    () = over => None,
                    next = timeout(STALL_TIMEOUT, response.chunk()) => next.ok(),
                }
            })?;
            let next = next.ok_or_else(|| io::Error::from(io::ErrorKind::TimedOut))?;
            match next.map_err(|error| io::Error::other(WebError::of(error)))? {
                Some(piece) => self.piece = io::Cursor::new(piece.to_vec()),
                None => return Ok(0),
            }
        }
        self.piece.read(buffer)
    }
}
