//! Limits of a call's requests, each with its reason.

use std::time::Duration;

/// Requests of one call. A skill that pages through an API takes some hundreds; each is two entries of the log and a
/// connection.
pub const MAX_REQUESTS: u32 = 1000;
/// Requests of one call that wait at a time, or whose reply is being read: each holds a socket and its buffers.
pub(super) const MAX_OPEN: usize = 16;
/// Bytes of all bodies that one call sends: far over a request to an API, far below what would carry a repository away
/// unnoticed.
pub const MAX_BYTES_OUT: u64 = 64 << 20;
/// Bytes of all bodies that one call is sent.
pub const MAX_BYTES_IN: u64 = 512 << 20;
/// Bytes of one set of header fields, as they lie in memory: servers take some 8 KiB. A call may hold thousands of sets
/// outside of its own memory.
pub(super) const FIELDS_BYTES: usize = 16 << 10;
/// Bytes that a body takes at once; a body that nobody reads yet keeps two of these, outside of the call's own memory.
pub(super) const WRITE_BYTES: usize = 16 << 10;
/// Longest path with its query.
pub(super) const MAX_PATH_BYTES: usize = 8 << 10;
/// How long a server may take to answer, and to go on, where the skill doesn't say.
pub(super) const USUAL_WAIT: Duration = Duration::from_secs(60);
/// The longest that a skill may say.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(600);
