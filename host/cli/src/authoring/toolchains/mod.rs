//! The tool chains of languages, each found by a file in the skill's folder. They run as the author's own programs, as
//! `make` or `npm` would from a shell: whoever builds a skill trusts its sources, and whoever installs it does not have to.
//!
//! To add a language is to add an entry to [`ALL`]: the files that it is found by, and the commands that leave [`LEFT`].

mod ambient;
mod npm;
mod rust;

use crate::ambient::exists;
use crate::failure::{Exit, Failure};
use crate::interrupt::interrupted;
use crate::terminal::printer::Printer;
use skillhost_component::Debug;
use skillhost_core::kind::Kind;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use tokio::sync::watch;

/// Where a tool chain leaves what it built: a component, or a core module that is made one. Cargo has a place of its own.
pub(crate) const LEFT: &str = "build/component.wasm";
/// Lines of a tool chain's output that an error repeats, where they were not shown.
const REPEATED_LINES: usize = 20;

/// How a shell, or `env`, ends where a program is not there.
const NOT_FOUND: i32 = 127;

/// A language's tool chain.
pub(crate) struct Toolchain {
    /// What people call it.
    pub(crate) name: &'static str,
    /// Any of these files tells that it is the one.
    markers: &'static [&'static str],
    how: How,
    /// How its programs are installed where they are missing: each program, with a command or a place.
    installs: &'static [(&'static str, &'static str)],
}

enum How {
    /// Commands, in this order.
    Steps(&'static [Step]),
    Cargo,
    Npm,
}

/// A command; `{world}` is the world of the skill's kind.
struct Step {
    words: &'static [&'static str],
    /// Whether it is needed, asked with what there is.
    is_needed: fn(Has<'_>) -> bool,
}

type Has<'a> = &'a dyn Fn(&str) -> bool;

const NODE: &str = "apt-get install npm, or https://nodejs.org";
const PYTHON: &str = "apt-get install python3 python3-venv";

/// Those that are known. The first whose file is there is taken, so those that others use come last.
const ALL: [Toolchain; 5] = [
    Toolchain {
        name: "Rust",
        markers: &["Cargo.toml"],
        how: How::Cargo,
        installs: &[("cargo", rust::INSTALL), ("rustc", rust::INSTALL)],
    },
    Toolchain {
        name: "JavaScript",
        markers: &["package.json"],
        how: How::Npm,
        installs: &[("npm", NODE), ("node", NODE)],
    },
    Toolchain {
        name: "Python",
        // The SDK's own build, which sets up what it needs.
        markers: &["sdk/build.py"],
        how: How::Steps(&[Step { words: &["python3", "sdk/build.py"], is_needed: |_| true }]),
        installs: &[("python3", PYTHON)],
    },
    Toolchain {
        name: "Python",
        markers: &["pyproject.toml", "requirements.txt"],
        how: How::Steps(&[
            Step { words: &["python3", "-m", "venv", ".venv"], is_needed: |has| !has(PYTHON_OF_VENV) },
            // Its programs name in their first lines where they were installed, so none of them is started itself: a project
            // may have moved since.
            Step {
                words: &[PYTHON_OF_VENV, "-m", "pip", "install", "--requirement", "requirements.txt"],
                is_needed: |has| has("requirements.txt") && !has(PYTHON_BUILDER),
            },
            Step {
                words: &[PYTHON_OF_VENV, "-m", "pip", "install", "."],
                is_needed: |has| !has("requirements.txt") && !has(PYTHON_BUILDER),
            },
            Step {
                words: &[
                    PYTHON_OF_VENV,
                    "-c",
                    "import sys, componentize_py; sys.exit(componentize_py.script())",
                    "-d",
                    "wit",
                    "-w",
                    "{world}",
                    "componentize",
                    "app",
                    "-o",
                    LEFT,
                ],
                is_needed: |_| true,
            },
        ]),
        installs: &[("python3", PYTHON)],
    },
    Toolchain {
        name: "make",
        markers: &["Makefile"],
        how: How::Steps(&[Step { words: &["make"], is_needed: |_| true }]),
        installs: &[("make", "apt-get install make")],
    },
];

const PYTHON_OF_VENV: &str = ".venv/bin/python";
/// Is there where the builder was installed.
const PYTHON_BUILDER: &str = ".venv/bin/componentize-py";

/// The tool chain of the skill in the current folder.
pub(crate) fn find() -> Result<&'static Toolchain, Failure> {
    let has_marker = |toolchain: &&Toolchain| toolchain.markers.iter().any(|file| exists(Path::new(file)));
    ALL.iter().find(has_marker).ok_or_else(|| {
        let markers = ALL.iter().flat_map(|toolchain| toolchain.markers).copied().collect::<Vec<_>>().join(", ");
        Failure::new(Exit::Configuration, "nothing here tells which tool chain builds this skill")
            .hint(format!("it is told by one of {markers}"))
            .or_hint("for any other, build it yourself, and name what comes of it: skillhost build --component FILE")
    })
}

/// Whether a tool chain is told by this file.
pub(crate) fn is_marker(file: &Path) -> bool {
    ALL.iter().flat_map(|toolchain| toolchain.markers).any(|marker| file == Path::new(marker))
}

impl Toolchain {
    /// Builds the skill in the current folder, and gives the file that came of it. Where it is cancelled, so are its programs.
    pub(crate) async fn build(
        &self,
        kind: Kind,
        debug: Debug,
        printer: Printer,
        cancel: &mut watch::Receiver<bool>,
    ) -> Result<PathBuf, Failure> {
        let mut programs = Programs { toolchain: self, kind, debug, printer, cancel };
        match self.how {
            // It says itself where it left the component.
            How::Cargo => return rust::build(&mut programs).await,
            How::Npm => {
                make_room()?;
                npm::build(&mut programs).await?;
            }
            How::Steps(steps) => {
                make_room()?;
                programs.run_steps(steps).await?;
            }
        }
        if exists(Path::new(LEFT)) {
            return Ok(LEFT.into());
        }
        Err(Failure::new(Exit::Configuration, format!("the tool chain of {} left no {LEFT}", self.name))
            .hint("have its last step write the component, or the core module, there"))
    }
}

/// Makes the folder of what is left.
fn make_room() -> Result<(), Failure> {
    let folder = Path::new(LEFT).parent().unwrap_or(Path::new("."));
    crate::ambient::make_folder(folder)
        .map_err(|e| Failure::new(Exit::Configuration, "build/ can't be made").because_of_all(&e))
}

/// What becomes of a line that a program printed.
enum Take {
    /// People see it.
    Show,
    /// It was for this program.
    Keep,
}

/// Starts the programs of a tool chain.
struct Programs<'a> {
    toolchain: &'a Toolchain,
    kind: Kind,
    debug: Debug,
    printer: Printer,
    cancel: &'a mut watch::Receiver<bool>,
}

impl Programs<'_> {
    /// Runs those that are needed.
    async fn run_steps(&mut self, steps: &[Step]) -> Result<(), Failure> {
        let world = format!("{}-skill", self.kind);
        for step in steps {
            if (step.is_needed)(&|file| exists(Path::new(file))) {
                let words: Vec<String> = step.words.iter().map(|word| word.replace("{world}", &world)).collect();
                self.run(&words, |_| Take::Show).await?;
            }
        }
        Ok(())
    }

    /// Runs a program to its end; each line that it prints is shown, escaped, unless `take` keeps it.
    async fn run(&mut self, words: &[String], mut take: impl FnMut(&str) -> Take) -> Result<(), Failure> {
        let (shown, printer) = (words.join(" "), self.printer);
        printer.note(format!("running {shown}"));
        let mut last = VecDeque::new();
        let tell = |line: &str| {
            if let Take::Show = take(line) {
                printer.note(format!("  {line}"));
                last.push_back(line.to_owned());
                if last.len() > REPEATED_LINES {
                    last.pop_front();
                }
            }
        };
        let status = self.ended(words, tell).await?;
        if status.success() {
            return Ok(());
        }
        let failure = Failure::new(Exit::Negative, format!("`{shown}` failed ({status})"));
        let missing = last.iter().find_map(|line| self.interpreter(line)).filter(|_| status.code() == Some(NOT_FOUND));
        let failure = failure.maybe_hint(missing.map(|how| format!("to install it: {how}")));
        let is_hidden = printer.is_quiet || printer.is_json();
        let lines = if is_hidden { last.into() } else { Vec::new() };
        Err(lines.iter().fold(failure, |failure, line: &String| failure.because(line)))
    }

    /// Asks a program something that people need not hear of; gives the last line that it printed.
    async fn ask(&mut self, words: &[&str]) -> Result<String, Failure> {
        let mut answer = String::new();
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        self.ended(&words, |line| line.clone_into(&mut answer)).await?;
        Ok(answer)
    }

    /// How a program ended, with what it needs to know of the skill in its environment.
    async fn ended(&mut self, words: &[String], tell: impl FnMut(&str)) -> Result<ExitStatus, Failure> {
        let variables = [
            ("SKILLHOST_KIND", Some(self.kind.as_str())),
            ("SKILLHOST_DEBUG", (self.debug == Debug::Keep).then_some("keep")),
        ];
        let ended = ambient::run(words, &variables, self.cancel, tell).await;
        ended.map_err(|e| self.not_started(&words[0], &e))?.ok_or_else(interrupted)
    }

    /// What installs the program that `env`, which starts scripts as npm is one, says it has not found.
    fn interpreter(&self, line: &str) -> Option<&'static str> {
        let (_, said) = line.split_once("env: ")?;
        let mut words = said.split(|c: char| !c.is_ascii_alphanumeric());
        let program = words.find_map(|word| self.toolchain.installs.iter().find(|(name, _)| *name == word));
        program.map(|(_, how)| *how)
    }

    fn not_started(&self, program: &str, error: &io::Error) -> Failure {
        let failure = Failure::new(Exit::Configuration, format!("`{program}` could not be started")).because(error);
        let found = self.toolchain.installs.iter().find(|(name, _)| *name == program);
        match found.filter(|_| error.kind() == io::ErrorKind::NotFound) {
            Some((_, how)) => failure.hint(format!("to install it: {how}")),
            None => failure,
        }
    }
}
