//! The way out: how anything that somebody else wrote reaches a host of the network.
//!
//! A connection is made by name, and decided on twice. First the name and the port are looked up in the list that the
//! caller holds. Then the name is resolved, **once**, and the addresses are judged: loopback, private, link-local and
//! other addresses that lead into the machine or the company's network are refused, unless a policy opens them. The
//! connection goes to an address that was judged, and to no other: the name is never resolved again, so an answer that
//! changes later changes nothing.
//!
//! A project or a skill can name hosts. Only a policy, which belongs to whoever runs the machine, can open private ones.
//!
//! [`open`] speaks HTTP over such a connection, with TLS by the machine's certificates.
//!
//! [`Proxy`] is how a command gets there: its clients speak to it, and find nothing else in their network.

mod address;
mod ambient;
mod client;
mod desk;
mod dial;
mod forward;
mod journal;
mod measure;
mod meter;
mod proxy;

pub use address::special;
pub use client::{Driver, OpenError, Tls, certificate_fault, open};
pub use desk::Rules;
pub use dial::{Connection, DialError, Dialer, Pinned, Resolve};
pub use journal::{Journal, Refused, Report};
pub use measure::measure;
pub use proxy::{Proxy, Waits};
