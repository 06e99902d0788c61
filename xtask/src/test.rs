//! Every test: unit and property tests beside the rules, end-to-end tests in `tests/`.

use crate::process::{self, cargo};
use crate::{components, setup};
use anyhow::Result;

pub(crate) fn run(filters: &[&str]) -> Result<()> {
    setup::run()?;
    setup::add_test_tools()?;
    setup::add_registry_client()?;
    setup::add_author_tools()?;
    components::build_guests()?;
    run_tests(filters)
}

fn run_tests(filters: &[&str]) -> Result<()> {
    process::run(cargo().args(["test", "--locked", "--workspace", "--exclude", "guest-*"]).args(filters))
}
