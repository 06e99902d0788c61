//! One suite for every protocol: what a server does, and what the host makes of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod budgets;
mod failures;
mod probes;
mod replies;
mod requests;
#[path = "../support/mod.rs"]
mod support;
mod windows;

use skillhost_fake_models::Answer;
use skillhost_models::{ModelError, Part, Reply, ToolCall, ignore_events};
use support::{Protocol, ask, models, serve, site};

pub(crate) async fn one(protocol: Protocol, script: Vec<Answer>) -> (Result<Reply, ModelError>, usize) {
    let server = serve(script);
    let outcome = models(&server, protocol).complete(&site(), &ask("hello"), &ignore_events).await;
    (outcome, server.received().len())
}

pub(crate) fn call(id: &str, name: &str, arguments: &str) -> Part {
    Part::ToolCall(ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() })
}

pub(crate) fn error(status: u16) -> Answer {
    Answer::Error { status, message: "no".to_owned(), retry_after: None }
}
