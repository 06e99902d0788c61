//! The socket, and the threads behind it.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "ambient authority is gathered here")]

use std::collections::VecDeque;
use std::io::{self, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::answer::Answer;
use crate::http::{self, Received};

/// How long the first answer waits for further requests. Only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that runs until it is dropped.
pub struct FakeModels {
    address: SocketAddr,
    state: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    arrived: Condvar,
}

struct State {
    script: VecDeque<Answer>,
    /// What is said when the script is over.
    then: Answer,
    /// What is said of a model to whoever asks.
    shown: Answer,
    looked_up: Vec<Received>,
    received: Vec<Received>,
    /// How many requests have to be there before the first is answered.
    held_until: usize,
    answered: usize,
    ended: bool,
}

impl FakeModels {
    /// Starts a server on a free loopback port. A request beyond the script's end gets status 418, which no client
    /// tries again.
    ///
    /// # Errors
    /// Where no port can be had.
    pub fn start(script: impl IntoIterator<Item = Answer>) -> io::Result<Self> {
        Self::holding(script, 0)
    }

    /// The same, but this is what it answers to every request beyond the script, for ever.
    ///
    /// # Errors
    /// Where no port can be had.
    pub fn going_on(script: impl IntoIterator<Item = Answer>, then: Answer) -> io::Result<Self> {
        let server = Self::start(script)?;
        server.state.lock().then = then;
        Ok(server)
    }

    /// The same, but this is what it says of a model to whoever asks (`/api/show`), as often as it is asked; others know
    /// no such path. Neither takes from the script.
    ///
    /// # Errors
    /// Where no port can be had.
    pub fn showing(shown: Answer, script: impl IntoIterator<Item = Answer>) -> io::Result<Self> {
        let server = Self::start(script)?;
        server.state.lock().shown = shown;
        Ok(server)
    }

    /// The same, but no request is answered before so many are there at once: clients that take turns stand still, and
    /// after a while get their answers one by one.
    ///
    /// # Errors
    /// Where no port can be had.
    pub fn holding(script: impl IntoIterator<Item = Answer>, until: usize) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let script = script.into_iter().collect();
        let refusal = |status, message: &str| Answer::Error { status, message: message.to_owned(), retry_after: None };
        let (then, shown) = (refusal(418, "the script is over"), refusal(404, "no such path"));
        let state = State {
            script,
            then,
            shown,
            looked_up: Vec::new(),
            received: Vec::new(),
            held_until: until,
            answered: 0,
            ended: false,
        };
        let state = Arc::new(Shared { state: Mutex::new(state), arrived: Condvar::new() });
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.lock().ended {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let shared = Arc::clone(&shared);
                // A stalled connection must not hold up the next one.
                std::thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        Ok(Self { address, state, thread: Some(thread) })
    }

    /// The server's address, without a path: what an `anthropic` provider takes as `url`. An `openai-compatible` one
    /// takes it with `/v1` behind.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What arrived so far, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.state.lock().received.clone()
    }

    /// What asked about a model so far, oldest first.
    pub fn looked_up(&self) -> Vec<Received> {
        self.state.lock().looked_up.clone()
    }

    /// How many requests were there when the first was answered.
    pub fn waited_together(&self) -> usize {
        self.state.lock().answered
    }
}

impl Drop for FakeModels {
    fn drop(&mut self) {
        self.state.lock().ended = true;
        self.state.arrived.notify_all();
        // Wakes the thread that waits for a connection.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let request = http::read(&mut reader)?;
    if request.path.ends_with("/show") {
        let shown = {
            let mut state = shared.lock();
            state.looked_up.push(request.clone());
            state.shown.clone()
        };
        return http::answer(&mut { stream }, &request, &shown);
    }
    let answer = {
        let mut state = shared.lock();
        state.received.push(request.clone());
        let answer = state.script.pop_front().unwrap_or_else(|| state.then.clone());
        shared.arrived.notify_all();
        let is_held = |state: &mut State| !state.ended && state.received.len() < state.held_until;
        let waited = shared.arrived.wait_timeout_while(state, PATIENCE, is_held);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.answered == 0 {
            state.answered = state.received.len();
        }
        answer
    };
    let mut stream = stream;
    http::answer(&mut stream, &request, &answer)
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
