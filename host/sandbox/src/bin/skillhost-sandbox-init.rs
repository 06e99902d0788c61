//! The smallest program that can be a sandbox's init, and the smallest host: the tests use it as both.
//!
//! `skillhost-sandbox-init TREE PROGRAM [ARGUMENT…]` runs a program over a directory, fully sandboxed or not at all,
//! and ends with its exit code.

#![allow(clippy::disallowed_methods, reason = "a program's own arguments")]

use std::process::ExitCode;

use skillhost_sandbox::{Command, Demand, Exit, Sandbox, Toolchains, init_if_requested, probe};

fn main() -> ExitCode {
    init_if_requested();
    run().unwrap_or(ExitCode::FAILURE)
}

fn run() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let mut command = Command::new(Vec::<String>::new(), arguments.next()?);
    command.argv = arguments.collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().ok()?;
    runtime.block_on(async {
        let sandbox = Sandbox::new(probe().await.ok()?, Toolchains::of_user(&[]), Demand::Full);
        let outcome = sandbox.run(&command, std::future::pending(), |_| {}).await.ok()?;
        match outcome.exit {
            Exit::Code(code) => u8::try_from(code).ok().map(ExitCode::from),
            _ => None,
        }
    })
}
