//! A model server for tests: it speaks every wire protocol on a loopback port, and says what a script says.
//!
//! The script is a list of [`Answer`]s, one for each request in the order of their arrival. A reply is rendered in the
//! protocol of the path that was asked, so that one script serves a test of each. The misbehaviour of real servers is
//! in the script too: errors, redirects, streams that break, stall, or never end. The server runs on threads of its
//! own, so that tests with and without an async runtime can use it; dropping [`FakeModels`] ends it.

mod ambient;
mod answer;
mod http;
mod wire;

pub use ambient::FakeModels;
pub use answer::{Answer, Call, Said};
pub use http::Received;
