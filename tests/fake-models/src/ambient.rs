//! The socket, and the threads behind it.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "ambient authority is gathered here")]

use std::collections::VecDeque;
use std::io::{self, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::answer::Answer;
use crate::http::{self, Received};

/// A server that runs until it is dropped.
pub struct FakeModels {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    script: VecDeque<Answer>,
    received: Vec<Received>,
    ended: bool,
}

impl FakeModels {
    /// Starts a server on a free loopback port. A request beyond the script's end gets status 418, which no client
    /// tries again.
    ///
    /// # Errors
    /// Where no port can be had.
    pub fn start(script: impl IntoIterator<Item = Answer>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let script = script.into_iter().collect();
        let state = Arc::new(Mutex::new(State { script, received: Vec::new(), ended: false }));
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if lock(&shared).ended {
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
        lock(&self.state).received.clone()
    }
}

impl Drop for FakeModels {
    fn drop(&mut self) {
        lock(&self.state).ended = true;
        // Wakes the thread that waits for a connection.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let request = http::read(&mut reader)?;
    let answer = {
        let mut state = lock(state);
        state.received.push(request.clone());
        state.script.pop_front()
    };
    let answer =
        answer.unwrap_or(Answer::Error { status: 418, message: "the script is over".to_owned(), retry_after: None });
    let mut stream = stream;
    http::answer(&mut stream, &request, &answer)
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
