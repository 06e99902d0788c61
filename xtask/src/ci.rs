//! What a change must pass.

use crate::process::{cargo, run as start};
use crate::{attacks, components, demo, setup, test};
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
    setup::add_components()?;
    start(cargo().args(["fmt", "--all", "--check"]))?;
    setup::run()?;
    components::build_guests()?;
    start(cargo().args([
        "clippy",
        "--locked",
        "--workspace",
        "--exclude",
        "guest-*",
        "--lib",
        "--bins",
        "--",
        "-Dwarnings",
    ]))?;
    start(
        cargo()
            .args(["clippy", "--locked", "--workspace", "--exclude", "guest-*", "--tests", "--", "-Dwarnings"])
            .args(LENIENT),
    )?;
    test::run(&[])?;
    attacks::check()?;
    demo::run_with(demo::Profile::Dev)
}

#[cfg(test)]
mod tests {
    use crate::machine::tests::Empty;
    use crate::process::root;
    use std::process::Command;

    /// What `.ci/run` says on a machine that has nothing else.
    fn run_on(machine: &Empty) -> String {
        let mut ci = Command::new("/bin/bash");
        ci.arg(root().join(".ci/run")).env_clear().env("PATH", machine.programs());
        let output = ci.output().expect("bash");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    #[test]
    fn what_it_takes_to_begin_is_named_with_its_command() {
        let machine = Empty::new().with_program("dirname", "printf %s \"${1%/*}\"");
        let said = run_on(&machine);
        assert!(said.ends_with("to install it, as root: apt-get install gcc libc6-dev\n"), "{said}");
        let machine = machine.with_program("cc", "").with_program("apt-get", "").with_program("sudo", "");
        let said = run_on(&machine.with_program("env", ""));
        assert!(said.ends_with("error: cargo is missing; https://rustup.rs installs it\n"), "{said}");
    }
}
