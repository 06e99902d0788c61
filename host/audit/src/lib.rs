//! The audit log of a run, and the encrypted bodies it refers to.
//!
//! **Write-ahead, held by types.** An effect needs an [`Intent`], and an `Intent` exists only after
//! its entry was written. It is resolved with [`Intent::outcome`]; one that is dropped (a panic, a
//! cancelled call) leaves an `abandoned` outcome. What cannot be audited does not happen: after
//! the first failed write a log refuses every further entry.
//!
//! **Nothing people wrote is in the log.** An entry ([`Entry`]) has no field for free text: names
//! the host validated, digests, numbers, and words of the enumerations in this crate. A path, a
//! host or an argument is a keyed [`Commitment`], whose key goes with the run's key; bodies are
//! sealed under their subject's key ([`Payloads`], [`SubjectKey::seal`]), and the log holds the
//! digest of the ciphertext. Destroying the subject's key ([`Keyring::erase`]) erases them.
//!
//! # Format
//! One canonical JSON object per line (RFC 8785: keys sorted, no white space, integers only), at
//! most [`MAX_ENTRY_BYTES`] with its newline. `seq` counts from 0. `prev` is the SHA-256 of a zero
//! byte and the line before, without its newline; for the first entry, the SHA-256 of nothing.
//!
//! These are the *leaf hash* and the *empty root* of RFC 6962, chosen so that the log becomes a
//! Merkle tree without a change of format: leaf N is line N, and its hash already stands in line
//! N + 1. Until then `prev` is a bare chain, which shows an altered, lost, doubled or moved entry
//! in the middle, but neither a cut tail nor a rewrite of everything; signed checkpoints over
//! (size, root), kept in a file beside the log and in commits, are what will show those.
//! Readers ignore fields that they don't know, and refuse a `v` other than [`FORMAT_VERSION`].

mod ambient;
mod commitment;
mod counts;
mod entry;
mod error;
mod event;
mod keyring;
mod log;
mod payloads;
mod read;
mod seal;
mod subject;
mod tail;

pub use commitment::Commitment;
pub use counts::{Count, Counts};
pub use entry::{Actor, Entry, FORMAT_VERSION, MAX_ENTRY_BYTES, Skill, Step};
pub use error::AuditError;
pub use event::{Class, Decision, Event, Kind, Outcome, Status};
pub use keyring::Keyring;
pub use log::{Auditor, Intent, Log};
pub use payloads::{BodyKind, MAX_BODY_BYTES, Payloads};
pub use read::{Damage, Entries, read_entries};
pub use seal::{KeyId, SubjectKey};
pub use subject::Subject;
