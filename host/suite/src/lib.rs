//! Suites of tests as projects have them: which files they are in, what their runners print, and when a change needs none
//! of its own.
//!
//! The host and the skills both have to know. It stands here once, so that what an author is told of its run is what the gate
//! will say. Everything is a hint: a project can name its files as it likes, and whoever writes the tests also writes what
//! they print.

mod count;
mod files;
mod need;

pub use count::{Counts, count_tests, for_each_line};
pub use files::{belongs_to_tests, is_code, is_product, looks_like_test, tests_within};
pub use need::{asks_for_tests, keeps_behaviour};
