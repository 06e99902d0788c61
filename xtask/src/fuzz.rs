//! The long fuzzing run, guided by coverage: builds every target into one program, and runs them one after the other.
//!
//! libFuzzer is linked in as a library, so a stable toolchain and a C++ compiler are enough. The program has a target
//! directory of its own, since nearly everything in it is compiled with counters.

use crate::process::{self, cargo, root};
use crate::{components, setup};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How long each target runs where nobody says.
const DEFAULT_TIME: &str = "10m";
/// Longest input. What takes long to say is seldom what breaks something, and short ones run often.
const MAX_INPUT_BYTES: usize = 8 << 10;
/// For components, which are made from whole guests.
const MAX_COMPONENT_BYTES: usize = 1 << 20;
/// A single input may take so long, with other programs on the machine.
const MAX_INPUT_SECONDS: u32 = 60;
/// Memory of the process: a compiler may take a gigabyte.
const MAX_MEMORY_MB: u32 = 6144;

const USAGE: &str = "usage: cargo xtask fuzz [TARGET…] [--time 10m] [--replay FILE]";

#[derive(Debug, PartialEq, Eq)]
struct Options {
    targets: Vec<String>,
    seconds: u64,
    replay: Option<PathBuf>,
}

pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let options = parse(arguments, &targets()?)?;
    eprintln!("Setting up   what building needs, the bundled skills, and the guests");
    setup::run()?;
    setup::add_fuzz_tools()?;
    components::build_guests()?;
    let program = build()?;
    if let Some(file) = &options.replay {
        return replay(&program, &options.targets[0], file);
    }
    let mut found = Vec::new();
    for (at, target) in options.targets.iter().enumerate() {
        eprintln!("Fuzzing      {target}, {} s ({} of {})", options.seconds, at + 1, options.targets.len());
        found.extend(fuzz(&program, target, options.seconds)?);
    }
    if found.is_empty() {
        eprintln!("Found        nothing");
        return Ok(());
    }
    for (target, file) in &found {
        let file = file.strip_prefix(root()).unwrap_or(file).display();
        eprintln!("Found        {file}\n             to see it again: cargo xtask fuzz {target} --replay {file}");
    }
    bail!("{} inputs break something; each is a regression now, which `cargo test` runs", found.len())
}

fn parse(arguments: &[&str], known: &BTreeSet<String>) -> Result<Options> {
    let mut options = Options { targets: Vec::new(), seconds: seconds(DEFAULT_TIME)?, replay: None };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match *argument {
            "--time" => options.seconds = seconds(rest.next().context(USAGE)?)?,
            "--replay" => options.replay = Some(std::path::absolute(rest.next().context(USAGE)?)?),
            name if known.contains(name) => options.targets.push(name.to_owned()),
            name if name.starts_with('-') => bail!(USAGE),
            name => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                bail!("{name} is no target; there are {}", known.join(", "));
            }
        }
    }
    ensure!(options.replay.is_none() || options.targets.len() == 1, "--replay takes one target; {USAGE}");
    if options.targets.is_empty() {
        options.targets = known.iter().cloned().collect();
    }
    Ok(options)
}

fn seconds(text: &str) -> Result<u64> {
    let span: skillhost_core::duration::Span = text.parse().with_context(|| format!("--time {text}"))?;
    Ok(span.get().as_secs().max(1))
}

/// Each target is a file.
fn targets() -> Result<BTreeSet<String>> {
    let mut targets = BTreeSet::new();
    for entry in fs::read_dir(folder().join("src/targets")).context("tests/fuzz/src/targets")? {
        let file = entry?.path();
        let name = file.file_stem().map(|name| name.to_string_lossy().into_owned());
        targets.extend(name.filter(|name| name != "mod"));
    }
    Ok(targets)
}

fn folder() -> PathBuf {
    root().join("tests/fuzz")
}

fn build() -> Result<PathBuf> {
    eprintln!("Building     the targets with counters (10 minutes or more the first time: Wasmtime is large)");
    let triple = process::output(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let into = root().join("target/fuzz");
    // Build scripts and macros are told by the target that they are not given.
    let mut build = cargo();
    build
        .args(["build", "--locked", "--package", "skillhost-fuzz", "--example", "fuzz", "--features", "libfuzzer"])
        .args(["--profile", "fuzz", "--target", triple.trim(), "--target-dir"])
        .arg(&into)
        .env("RUSTC_WRAPPER", folder().join("instrument.sh"));
    process::run(&mut build)?;
    Ok(into.join(triple.trim()).join("fuzz/examples/fuzz"))
}

/// Runs one target for a time; gives the regressions that it found.
fn fuzz(program: &Path, target: &str, seconds: u64) -> Result<Vec<(String, PathBuf)>> {
    let work = root().join("target/fuzz/work").join(target);
    let (corpus, crashes) = (work.join("corpus"), work.join("crashes"));
    let _ = fs::remove_dir_all(&crashes);
    for folder in [&corpus, &crashes] {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let mut fuzz = start(program, target);
    fuzz.env("SKILLHOST_FUZZ_SEEDS", &corpus)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .arg(format!("-dict={}", corpus.with_extension("words").display()))
        .args(["-print_final_stats=1", "-reload=0"])
        .arg(&corpus);
    // What is kept is where it begins, too.
    fuzz.args(
        ["seeds", "regressions"].map(|kept| folder().join(kept).join(target)).iter().filter(|kept| kept.is_dir()),
    );
    let status = fuzz.status().with_context(|| program.display().to_string())?;
    let found = keep(&crashes, &folder().join("regressions").join(target))?;
    ensure!(status.success() || !found.is_empty(), "{target} ended with {status}, and left no input");
    Ok(found.into_iter().map(|file| (target.to_owned(), file)).collect())
}

/// Crashes become regressions. A run that merely was slow, or that used much memory, is one too.
fn keep(crashes: &Path, regressions: &Path) -> Result<Vec<PathBuf>> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(crashes)? {
        let crash = entry?.path();
        let name = crash.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // `crash-`, `timeout-` or `oom-`, and a digest; `slow-unit-` is only a remark.
        if name.starts_with("slow-unit-") {
            continue;
        }
        fs::create_dir_all(regressions)?;
        let file = regressions.join(name.get(..18).unwrap_or(&name));
        fs::copy(&crash, &file).with_context(|| file.display().to_string())?;
        kept.push(file);
    }
    kept.sort();
    Ok(kept)
}

fn replay(program: &Path, target: &str, file: &Path) -> Result<()> {
    process::run(start(program, target).arg(file))
}

fn start(program: &Path, target: &str) -> Command {
    let longest = if target == "component" { MAX_COMPONENT_BYTES } else { MAX_INPUT_BYTES };
    let mut command = Command::new(program);
    command
        .current_dir(root())
        .env("SKILLHOST_FUZZ_TARGET", target)
        .env("RUST_BACKTRACE", "1")
        .arg(format!("-max_len={longest}"))
        .arg(format!("-timeout={MAX_INPUT_SECONDS}"))
        .arg(format!("-rss_limit_mb={MAX_MEMORY_MB}"));
    // Targets that work on files make thousands of them; memory is where they belong.
    if Path::new("/dev/shm").is_dir() {
        command.env("TMPDIR", "/dev/shm");
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_named_or_all_of_them() {
        let known = BTreeSet::from(["glob".to_owned(), "path".to_owned()]);
        let all = parse(&[], &known).expect("nothing is needed");
        assert_eq!((all.targets.len(), all.seconds), (2, 600));
        let one = parse(&["path", "--time", "90s"], &known).expect("a target");
        assert_eq!((one.targets, one.seconds), (vec!["path".to_owned()], 90));
        for (bad, word) in [
            (vec!["nothing"], "there are glob, path"),
            (vec!["--fast"], "usage"),
            (vec!["--time"], "usage"),
            (vec!["--time", "1"], "--time 1"),
            (vec!["--replay", "x"], "one target"),
        ] {
            let error = parse(&bad, &known).expect_err("it is wrong");
            assert!(format!("{error:#}").contains(word), "{error:#}");
        }
    }

    #[test]
    fn the_targets_are_found_and_documented() {
        let targets = targets().expect("the folder");
        assert!(targets.contains("component") && !targets.contains("mod"));
        let guide = fs::read_to_string(root().join("docs/fuzzing.md")).expect("the guide");
        for target in targets {
            assert!(guide.contains(&format!("| `{target}` |")), "docs/fuzzing.md doesn't tell of {target}");
        }
    }

    #[test]
    fn what_crashed_becomes_a_regression() {
        let folder = std::env::temp_dir().join(format!("skillhost-fuzz-{}", std::process::id()));
        let crashes = folder.join("crashes");
        fs::create_dir_all(&crashes).expect("a folder");
        fs::write(crashes.join("crash-0123456789abcdef0123"), "x").expect("a file");
        fs::write(crashes.join("slow-unit-0123456789"), "y").expect("a file");
        let kept = keep(&crashes, &folder.join("regressions")).expect("they can be kept");
        assert_eq!(kept, [folder.join("regressions/crash-0123456789ab")]);
        fs::remove_dir_all(&folder).expect("it was made here");
    }
}
