//! The contract's host interfaces, one file each: what the engine itself enforces before a port is called.

mod ask;
mod changes;
mod exec;
pub(crate) mod log;
mod model;

use crate::contract::Error;
use crate::contract::skillhost::skill;
use crate::state::CallState;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::task::{JoinError, JoinHandle};
use wasmtime::component::{HasSelf, Linker};

pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    type Own = HasSelf<CallState>;
    skill::types::add_to_linker::<_, Own>(linker, |state| state)?;
    skill::log::add_to_linker::<_, Own>(linker, |state| state)?;
    skill::model::add_to_linker::<_, Own>(linker, |state| state)?;
    skill::exec::add_to_linker::<_, Own>(linker, |state| state)?;
    skill::changes::add_to_linker::<_, Own>(linker, |state| state)?;
    skill::ask::add_to_linker::<_, Own>(linker, |state| state)
}

impl skill::types::Host for CallState {}

impl CallState {
    /// Does what a port does, on the runtime that the call came from: a guest that overran is polled by threads of the
    /// lowest priority, which commands started from there would inherit, and what the host computes is not the guest's.
    async fn beyond<T: Send + 'static>(
        &mut self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> wasmtime::Result<T> {
        let done = EndsWithCaller(self.outside.home.spawn(work)).await;
        self.clock.restart();
        done.map_err(|e| wasmtime::Error::msg(format!("the host could not do it: {e}")))
    }
}

/// A task that is ended with whoever waits for it.
pub(crate) struct EndsWithCaller<T>(pub(crate) JoinHandle<T>);

impl<T> Future for EndsWithCaller<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for EndsWithCaller<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The answer where the host offers no such thing in this call, whatever was granted.
fn absent(interface: &str) -> Error {
    Error::Denied(format!("{interface} is not available in this call; it is in a run of `skillhost run`"))
}
