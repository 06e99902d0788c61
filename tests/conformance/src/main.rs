//! A guarded file system must still behave as a file system. This runs the same cases through the file guard, as the
//! product calls skills, and on stock `wasmtime-wasi`, and compares what each step of a case answered. Where the two
//! differ, `differences.toml` says so and why; what differs otherwise fails, and so does a difference that is gone.
//!
//! `cargo xtask conformance` builds what is needed and starts this program.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test program: it works on the machine, and what it prints is its result"
)]

mod components;
mod differences;
mod folder;
mod guarded;
mod judge;
mod page;
mod step;
mod stock;

use anyhow::{Context, Result, bail, ensure};
use differences::Differences;
use folder::Folder;
use guarded::Guarded;
use judge::{Verdict, judge};
use page::Page;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use stock::Stock;

const USAGE: &str = "skillhost-conformance [--write] [CASE…]: runs all cases, or those whose names contain CASE; \
                     --write writes the page anew";

fn main() -> ExitCode {
    // The engine starts this program again to compile components.
    if let Some(code) = skillhost_engine::job_if_requested() {
        return ExitCode::from(code);
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (options, wanted): (Vec<_>, Vec<_>) = words.iter().partition(|word| word.starts_with('-'));
    let writes = match options.as_slice() {
        [] => false,
        [option] if *option == "--write" => true,
        _ => bail!("usage: {USAGE}"),
    };
    let differences = Differences::read()?;
    let runtime = skillhost_engine::runtime()?;
    let mut page = Page::default();
    for (title, component) in components::all()? {
        let guarded = Guarded::new(&runtime, &component).context(title)?;
        let stock = Stock::new(&component).context(title)?;
        for case in runtime.block_on(stock.cases()).context(title)? {
            let is_wanted = wanted.is_empty() || wanted.iter().any(|part| case.contains(part.as_str()));
            if !is_wanted {
                continue;
            }
            let folder = Folder::new()?;
            let by_stock = runtime.block_on(stock.run(&case, folder.root()));
            folder.check()?;
            let folder = Folder::new()?;
            let by_guard = runtime.block_on(guarded.run(&case, folder.root()));
            folder.check()?;
            let verdict = judge(by_stock, by_guard, differences.of(&case));
            match &verdict {
                Verdict::Passed => println!("passed   {case}"),
                Verdict::Differs { reason, .. } => println!("differs  {case}: {reason}"),
                Verdict::Failed(why) => println!("failed   {case}\n         {}", why.join("\n         ")),
            }
            page.add(title, &case, verdict);
        }
    }
    if wanted.is_empty() {
        differences.check_cases(|case| page.has(case))?;
    }
    let totals = page.totals();
    println!("{totals}");
    ensure!(totals.failed == 0, "{} cases failed", totals.failed);
    if wanted.is_empty() { keep_page(&page.text(&differences), writes) } else { Ok(()) }
}

/// Writes the page, or checks that it says what was found.
fn keep_page(text: &str, writes: bool) -> Result<()> {
    let file = root().join("docs/conformance.md");
    if writes {
        return std::fs::write(&file, text).with_context(|| file.display().to_string());
    }
    let says = std::fs::read_to_string(&file).unwrap_or_default();
    ensure!(says == text, "docs/conformance.md is out of date; `cargo xtask conformance` writes it anew");
    Ok(())
}

/// The workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
