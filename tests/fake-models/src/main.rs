//! `fake-models SCRIPT`: serves a script (JSON, a list of answers), prints the URL, and ends with its standard input.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a program for tests, by hand")]

use std::io::{self, Read};
use std::process::ExitCode;

use skillhost_fake_models::{Answer, FakeModels};

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(io::Write::write_all(&mut io::stderr(), format!("error: {error}\n").as_bytes()));
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let path = std::env::args().nth(1).ok_or_else(|| io::Error::other("usage: fake-models SCRIPT"))?;
    let script: Vec<Answer> = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let server = FakeModels::start(script)?;
    println!("{}", server.url());
    // Whoever started this ends it by closing the pipe, also by dying.
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
