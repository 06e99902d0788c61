//! The attack corpus: runs the tests that carry a row of `docs/attacks.md` in their names, row by row.

use crate::process::{cargo, data, root};
use crate::rows::{rows_in, rows_of};
use crate::{components, setup};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a run of the corpus showed.
pub(crate) struct Ran {
    /// Rows to the tests that hold them.
    rows: BTreeMap<String, Vec<Test>>,
    pub(crate) tests: usize,
    pub(crate) time: Duration,
}

#[derive(Clone)]
struct Test {
    name: String,
    passed: bool,
}

impl Ran {
    /// How many there are.
    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    fn is_stood(&self) -> bool {
        self.rows.values().flatten().all(|test| test.passed)
    }
}

/// The whole corpus, quietly.
pub(crate) fn run_all() -> Result<Ran> {
    prepare()?;
    let ran = run_corpus(&[])?;
    if !ran.is_stood() {
        bail!("not every attack was stood; `cargo xtask attacks` shows which");
    }
    Ok(ran)
}

pub(crate) fn run(wanted: &[&str]) -> Result<()> {
    prepare()?;
    let ran = run_corpus(wanted)?;
    for (row, tests) in &ran.rows {
        let broken: Vec<&str> = tests.iter().filter(|test| !test.passed).map(|test| test.name.as_str()).collect();
        let verdict = if broken.is_empty() { "held".to_owned() } else { format!("BROKEN: {}", broken.join(", ")) };
        println!("{row}  {:>2} {:<5}  {verdict}", tests.len(), if tests.len() == 1 { "test" } else { "tests" });
    }
    println!("{} rows, {} tests, {:.0} s", ran.rows.len(), ran.tests, ran.time.as_secs_f64());
    if !ran.is_stood() {
        bail!("not every attack was stood; `cargo xtask test NAME` shows how a test failed");
    }
    Ok(())
}

/// Builds and installs what the tests need.
pub(crate) fn prepare() -> Result<()> {
    setup::run()?;
    setup::add_test_tools()?;
    components::build_guests()
}

/// Every row has a test that would run, and every test that is named after a row has one.
pub(crate) fn check() -> Result<()> {
    let known: BTreeSet<String> = known_rows()?.into_iter().collect();
    let mut held = BTreeSet::new();
    for program in programs()? {
        for test in program.tests()? {
            for row in rows_in(&test) {
                if !known.contains(&row) {
                    bail!("{test}: docs/attacks.md has no row {row}");
                }
                held.insert(row);
            }
        }
    }
    match known.difference(&held).next() {
        None => Ok(()),
        Some(row) => bail!("{row} of docs/attacks.md has no test"),
    }
}

fn known_rows() -> Result<Vec<String>> {
    Ok(rows_of(&std::fs::read_to_string(root().join("docs/attacks.md")).context("docs/attacks.md")?))
}

/// Runs the tests of these rows and groups, of all where there are none.
fn run_corpus(wanted: &[&str]) -> Result<Ran> {
    let known = known_rows()?;
    let is_wanted = |row: &str| wanted.is_empty() || wanted.iter().any(|word| row.starts_with(&word.to_uppercase()));
    if let Some(word) = wanted.iter().find(|word| !known.iter().any(|row| row.starts_with(&word.to_uppercase()))) {
        bail!("`{word}` is no row and no group of docs/attacks.md");
    }
    let mut rows: BTreeMap<String, Vec<Test>> =
        known.iter().filter(|row| is_wanted(row)).map(|row| (row.clone(), Vec::new())).collect();
    let (mut tests, mut time) = (0, Duration::ZERO);
    for program in programs()? {
        let names: Vec<String> =
            program.tests()?.into_iter().filter(|name| rows_in(name).iter().any(|row| is_wanted(row))).collect();
        if names.is_empty() {
            continue;
        }
        let started = Instant::now();
        let passed = program.run(&names)?;
        time += started.elapsed();
        tests += names.len();
        for name in names {
            for row in rows_in(&name).into_iter().filter(|row| is_wanted(row)) {
                let test = Test { name: name.clone(), passed: passed.contains(&name) };
                rows.entry(row).or_default().push(test);
            }
        }
    }
    if let Some((row, _)) = rows.iter().find(|(_, tests)| tests.is_empty()) {
        bail!("{row} has no test");
    }
    Ok(Ran { rows, tests, time })
}

/// A program with tests.
pub(crate) struct Program {
    file: PathBuf,
    /// The package's folder: tests start there.
    folder: PathBuf,
}

fn programs() -> Result<Vec<Program>> {
    programs_of(cargo().args(["test", "--locked", "--workspace", "--exclude", "guest-*", "--no-run"]))
}

/// What `cargo test --no-run` builds.
pub(crate) fn programs_of(build: &mut Command) -> Result<Vec<Program>> {
    let messages = data(build.arg("--message-format=json-render-diagnostics"))?;
    let mut programs = Vec::new();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line).context("what cargo says of a build")?;
        let is_test = message["profile"]["test"] == true;
        if let (true, Some(file), Some(manifest)) =
            (is_test, message["executable"].as_str(), message["manifest_path"].as_str())
        {
            let folder = PathBuf::from(manifest).parent().map(PathBuf::from).unwrap_or_default();
            programs.push(Program { file: file.into(), folder });
        }
    }
    Ok(programs)
}

impl Program {
    /// Starts where cargo would start it.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.file);
        command.current_dir(&self.folder);
        command
    }

    pub(crate) fn tests(&self) -> Result<Vec<String>> {
        // Those that are ignored would not run.
        let list = data(self.command().args(["--list", "--format", "terse"]))?;
        let ignored = data(self.command().args(["--list", "--format", "terse", "--ignored"]))?;
        if let Some(test) = ignored.lines().find(|line| line.ends_with(": test")) {
            bail!("{}: no test is ignored here", test.trim_end_matches(": test"));
        }
        Ok(list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    }

    pub(crate) fn name(&self) -> PathBuf {
        self.file.file_name().map(PathBuf::from).unwrap_or_default()
    }

    /// Gives the names of those that passed.
    fn run(&self, names: &[String]) -> Result<BTreeSet<String>> {
        let mut command = self.command();
        command.arg("--exact").args(names).stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = command.output().with_context(|| self.file.display().to_string())?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            eprintln!("{said}");
        }
        let passed = said.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... ok"));
        Ok(passed.map(str::to_owned).collect())
    }
}
