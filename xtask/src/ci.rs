//! What a change must pass.

use crate::process::{cargo, run as start};
use crate::{components, demo, setup, test};
use anyhow::Result;

/// Lints that hold for the product; tests may unwrap, print, and touch the machine.
const LENIENT: [&str; 7] = [
    "-Aclippy::disallowed_methods",
    "-Aclippy::unwrap_used",
    "-Aclippy::panic",
    "-Aclippy::print_stdout",
    "-Aclippy::print_stderr",
    "-Amissing_docs",
    "-Aunreachable_pub",
];

pub(crate) fn run() -> Result<()> {
    start(cargo().args(["fmt", "--all", "--check"]))?;
    setup::run()?;
    components::build_guests()?;
    start(cargo().args(["clippy", "--workspace", "--exclude", "guest-*", "--lib", "--bins", "--", "-Dwarnings"]))?;
    start(
        cargo().args(["clippy", "--workspace", "--exclude", "guest-*", "--tests", "--", "-Dwarnings"]).args(LENIENT),
    )?;
    test::run(&[])?;
    demo::run_with(demo::Profile::Dev)
}
