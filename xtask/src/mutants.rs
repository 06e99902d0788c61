//! Takes the walls away, one at a time, and shows which attacks notice.
//!
//! `tests/mutants.toml` says for each wall which text of the source is replaced by what, and which test programs hold the
//! attacks on it. That happens in a copy of the tree, in `target/mutants`. A wall whose absence no test notices is an
//! error: nothing would hold it.

use crate::attacks;
use crate::process::{self, cargo, root};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A test that a missing wall lets run so many times as long as with it has noticed it.
const PATIENCE: u32 = 4;
/// At least as long as a slow machine needs to be slow in.
const LEAST_PATIENCE: Duration = Duration::from_secs(60);
/// Longer than any test takes where every wall stands.
const MOST_PATIENCE: Duration = Duration::from_secs(600);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutants {
    wall: Vec<Wall>,
}

/// One wall, and how to take it away.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wall {
    /// What it stops, in a few words.
    name: String,
    /// The number of the promise in docs/promises.md that it keeps.
    promise: u32,
    /// What goes: more than one where each of them alone holds it.
    edits: Vec<Edit>,
    /// What cargo has to build and run: `--test NAME`, `--lib`, `--bins`.
    programs: Vec<String>,
    /// Parts of names; a test is run where its name holds one.
    tests: Vec<String>,
}

/// A text of the source, and what stands there without the wall.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    file: String,
    /// Stands there exactly once.
    find: String,
    replace: String,
}

/// How the tests took it.
enum Seen {
    By(BTreeSet<String>),
    CrashedIn(PathBuf),
    HungIn(PathBuf),
    ByNone,
}

pub(crate) fn run(words: &[&str]) -> Result<()> {
    let walls = walls()?;
    let is_wanted = |wall: &Wall| words.is_empty() || words.iter().any(|word| wall.name.contains(word));
    let wanted: Vec<&Wall> = walls.iter().filter(|wall| is_wanted(wall)).collect();
    if wanted.is_empty() {
        bail!("no wall of tests/mutants.toml is called that; they are:\n  {}", names(&walls).join("\n  "));
    }
    attacks::prepare()?;
    let copy = Copy::make()?;
    eprintln!("Testing      with every wall standing");
    let patience = wanted.iter().map(|wall| copy.with(wall).with_context(|| wall.name.clone()));
    let patience = patience.collect::<Result<Vec<_>>>()?;
    let mut unnoticed = Vec::new();
    for (at, (wall, patience)) in wanted.iter().zip(patience).enumerate() {
        eprintln!("Without      {} ({} of {})", wall.name, at + 1, wanted.len());
        let started = Instant::now();
        let seen = copy.without(wall, patience).with_context(|| wall.name.clone())?;
        let by = match &seen {
            Seen::By(tests) => tests.iter().cloned().collect::<Vec<_>>().join(", "),
            Seen::CrashedIn(program) => format!("a test of {} ended all of them", program.display()),
            Seen::HungIn(program) => format!("a test of {} did not end", program.display()),
            Seen::ByNone => "NO TEST".to_owned(),
        };
        println!("promise {:>2}  {}  noticed by {by}  ({} s)", wall.promise, wall.name, started.elapsed().as_secs());
        if matches!(seen, Seen::ByNone) {
            unnoticed.push(wall.name.as_str());
        }
    }
    println!("{} walls, {} unnoticed", wanted.len(), unnoticed.len());
    if !unnoticed.is_empty() {
        bail!("no test notices the absence of: {}", unnoticed.join("; "));
    }
    Ok(())
}

fn walls() -> Result<Vec<Wall>> {
    let file = root().join("tests/mutants.toml");
    let text = fs::read_to_string(&file).context("tests/mutants.toml")?;
    Ok(toml::from_str::<Mutants>(&text).context("tests/mutants.toml")?.wall)
}

fn names(walls: &[Wall]) -> Vec<&str> {
    walls.iter().map(|wall| wall.name.as_str()).collect()
}

impl Edit {
    /// The file's text without what it takes away.
    fn taken_from(&self, text: &str) -> Result<String> {
        match text.matches(&self.find).count() {
            1 => Ok(text.replacen(&self.find, &self.replace, 1)),
            found => bail!("{}: stands there {found} times, and has to once: {}", self.file, self.find),
        }
    }
}

/// A copy of the tree that may be broken.
struct Copy(PathBuf);

impl Copy {
    fn make() -> Result<Self> {
        let copy = Self(root().join("target/mutants"));
        fs::create_dir_all(&copy.0)?;
        let list = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
        let files = process::output(Command::new("git").args(list).current_dir(root()))?;
        let files: BTreeSet<&str> = files.split('\0').filter(|file| root().join(file).is_file()).collect();
        let before = process::output(
            Command::new("find")
                .args([".", "-path", "./target", "-prune", "-o", "-type", "f", "-print0"])
                .current_dir(&copy.0),
        )?;
        for gone in before.split('\0').filter_map(|file| file.strip_prefix("./")).filter(|file| !files.contains(file)) {
            fs::remove_file(copy.0.join(gone))?;
        }
        for file in files {
            copy_if_changed(&root().join(file), &copy.0.join(file))?;
        }
        // Components, which no wall is a part of.
        for folder in ["target/skills", "target/guests", "target/wasm32-wasip2/skill"] {
            for entry in fs::read_dir(root().join(folder)).context(folder)? {
                let file = entry?.path();
                if let Some(name) = file.file_name().filter(|_| file.extension().is_some_and(|kind| kind == "wasm")) {
                    copy_if_changed(&file, &copy.0.join(folder).join(name))?;
                }
            }
        }
        Ok(copy)
    }

    /// Runs the tests of a wall where it stands, which have to pass; gives how long it is worth waiting for them.
    fn with(&self, wall: &Wall) -> Result<Duration> {
        let started = Instant::now();
        match self.test(wall, MOST_PATIENCE)? {
            Seen::ByNone => Ok((started.elapsed() * PATIENCE).clamp(LEAST_PATIENCE, MOST_PATIENCE)),
            Seen::CrashedIn(program) | Seen::HungIn(program) => {
                bail!("with every wall standing, a test of {} did not end well", program.display())
            }
            Seen::By(tests) => bail!("with every wall standing, these fail: {}", Vec::from_iter(tests).join(", ")),
        }
    }

    /// Runs the tests of a wall without it, and puts it back.
    fn without(&self, wall: &Wall, patience: Duration) -> Result<Seen> {
        let mut whole = Vec::new();
        for edit in &wall.edits {
            let file = self.0.join(&edit.file);
            let text = fs::read_to_string(&file).with_context(|| edit.file.clone())?;
            fs::write(&file, edit.taken_from(&text)?)?;
            whole.push((file, text));
        }
        let seen = self.test(wall, patience);
        // The last edit of a file goes back first.
        for (file, text) in whole.into_iter().rev() {
            fs::write(file, text)?;
        }
        seen
    }

    fn test(&self, wall: &Wall, patience: Duration) -> Result<Seen> {
        let mut build = cargo();
        build.current_dir(&self.0).args(["test", "--locked", "--quiet", "--workspace", "--exclude", "guest-*"]);
        build.args(&wall.programs).arg("--no-run");
        let programs = attacks::programs_of(&mut build)?;
        let mut noticed = BTreeSet::new();
        let mut ran = 0;
        for program in programs {
            let names: Vec<String> = program.tests()?;
            let names: Vec<&String> =
                names.iter().filter(|name| wall.tests.iter().any(|part| name.contains(part.as_str()))).collect();
            if names.is_empty() {
                continue;
            }
            ran += names.len();
            let mut command = program.command();
            command.arg("--exact").args(names).stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
            let Some((said, is_well)) = within(command.spawn()?, patience)? else {
                return Ok(Seen::HungIn(program.name()));
            };
            let failed = said.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
            let failed: Vec<String> = failed.map(str::to_owned).collect();
            if !is_well && failed.is_empty() {
                return Ok(Seen::CrashedIn(program.name()));
            }
            noticed.extend(failed);
        }
        if ran == 0 {
            bail!("no test is called {}", wall.tests.join(" or "));
        }
        Ok(if noticed.is_empty() { Seen::ByNone } else { Seen::By(noticed) })
    }
}

/// What a program printed, and whether it ended well; none where it had to be ended.
fn within(mut child: Child, patience: Duration) -> Result<Option<(String, bool)>> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut stdout = child.stdout.take().context("it has an output")?;
    std::thread::spawn(move || {
        let mut said = Vec::new();
        let read = std::io::Read::read_to_end(&mut stdout, &mut said);
        // Nobody waits any more where it took too long.
        drop(sender.send(read.map(|_| String::from_utf8_lossy(&said).into_owned())));
    });
    let said = receiver.recv_timeout(patience);
    if said.is_err() {
        child.kill()?;
    }
    let is_well = child.wait()?.success();
    Ok(said.ok().transpose()?.map(|said| (said, is_well)))
}

/// An unchanged file keeps its time, so that nothing of it is built again.
fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| from.display().to_string())?;
    if fs::read(to).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    fs::write(to, &bytes)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wall_stands_in_the_source_and_keeps_a_promise() {
        let promises = fs::read_to_string(root().join("docs/promises.md")).expect("docs/promises.md");
        let walls = walls().expect("tests/mutants.toml");
        assert!(walls.len() > 20, "{}", walls.len());
        for wall in &walls {
            for edit in &wall.edits {
                let text = fs::read_to_string(root().join(&edit.file)).expect(&edit.file);
                edit.taken_from(&text).unwrap_or_else(|e| panic!("{}: {e}", wall.name));
            }
            assert!(promises.contains(&format!("\n| {} | ", wall.promise)), "{}: promise {}", wall.name, wall.promise);
        }
        let numbers =
            promises.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse::<u32>().ok());
        let unwalled: Vec<u32> = numbers.filter(|number| !walls.iter().any(|wall| wall.promise == *number)).collect();
        assert!(unwalled.is_empty(), "promises without a wall: {unwalled:?}");
        let unique: BTreeSet<&str> = names(&walls).into_iter().collect();
        assert_eq!(unique.len(), walls.len(), "two walls have one name");
    }
}
