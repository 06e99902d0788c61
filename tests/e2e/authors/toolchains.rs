//! `skillhost build` in a skill's folder: the tool chain is found, set up, run, and told about.

use super::{SLEEPS, greeter, left_of, put, sleeper, sleeps};
use crate::support::{Ran, World, ran, signal, wait_until};
use crate::terminal::Terminal;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

/// A world with a skill's manifest, and with what a tool chain will leave as `left.wasm`.
fn world() -> World {
    let world = World::bare();
    put(&world, "skill.toml", greeter("").as_bytes());
    put(&world, "left.wasm", &left_of("hello"));
    world
}

/// Runs `build` with nothing on the way to programs but these scripts, and the system's own beneath `cp`.
fn build_with(world: &World, programs: &[(&str, &str)], more: &[&str]) -> Ran {
    let folder = world.home().join("bin");
    fs::create_dir_all(&folder).unwrap();
    for (name, script) in programs {
        let script = format!("#!/bin/sh\nPATH=/usr/bin:/bin\necho \"{name} $*\" >>calls\n{script}\n");
        fs::write(folder.join(name), script).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    ran(world.command(&[&["build"], more].concat()).env("PATH", folder).output().unwrap())
}

fn calls(world: &World) -> Vec<String> {
    let calls = fs::read_to_string(world.repo().join("calls")).unwrap_or_default();
    fs::remove_file(world.repo().join("calls")).ok();
    calls.lines().map(str::to_owned).collect()
}

#[test]
fn npm_sets_up_where_that_is_missing_and_builds() {
    let world = world();
    put(&world, "package.json", b"{}");
    let npm = "case $1 in install) echo {} >package-lock.json;; esac\n\
        case $1 in ci|install) mkdir -p node_modules; echo {} >node_modules/.package-lock.json;; run) cp left.wasm build/component.wasm;; esac";
    let built = build_with(&world, &[("npm", npm)], &["--format", "json"]);
    assert_eq!((built.code, &built.json()["tool_chain"]), (Some(0), &json!("JavaScript")), "{built:#?}");
    assert_eq!(calls(&world), ["npm install", "npm run build"]);
    build_with(&world, &[], &[]).failed(0, &["running npm run build"]);
    assert_eq!(calls(&world), ["npm run build"]);
    // A set-up that was interrupted, with a lock file.
    fs::remove_file(world.repo().join("node_modules/.package-lock.json")).unwrap();
    build_with(&world, &[], &[]).failed(0, &[]);
    assert_eq!(calls(&world), ["npm ci", "npm run build"]);
    // A dependency that was added, and a lock that somebody else has changed.
    for file in ["package.json", "package-lock.json"] {
        put(&world, file, b"{\"dependencies\":{\"ms\":\"2.1.3\"}}");
        build_with(&world, &[], &[]).failed(0, &[]);
        assert_eq!(calls(&world), ["npm install", "npm run build"], "{file}");
        build_with(&world, &[], &[]).failed(0, &[]);
        assert_eq!(calls(&world), ["npm run build"], "{file}");
    }
}

#[test]
fn python_gets_an_environment_of_its_own() {
    let world = world();
    put(&world, "requirements.txt", b"componentize-py\n");
    let program = |name: &str, script: &str| {
        put(&world, name, format!("#!/bin/sh\nPATH=/usr/bin:/bin\necho \"$0 $*\" >>calls\n{script}").as_bytes())
    };
    program(
        "python",
        "case $1 in -m) touch .venv/bin/componentize-py;; -c) cp left.wasm build/component.wasm;; esac\n",
    );
    let python = "mkdir -p .venv/bin\ncp python .venv/bin/python\nchmod +x .venv/bin/python";
    let built = build_with(&world, &[("python3", python)], &[]);
    built.failed(0, &["running python3 -m venv .venv"]);
    assert_eq!(
        calls(&world),
        [
            "python3 -m venv .venv",
            ".venv/bin/python -m pip install --requirement requirements.txt",
            ".venv/bin/python -c import sys, componentize_py; sys.exit(componentize_py.script()) -d wit -w tool-skill componentize app -o build/component.wasm"
        ]
    );
    build_with(&world, &[], &[]).failed(0, &[]);
    assert_eq!(calls(&world).len(), 1, "what is set up stays");
}

#[test]
fn the_sdk_for_python_builds_by_itself() {
    let world = world();
    put(&world, "sdk/build.py", b"");
    put(&world, "requirements.txt", b"componentize-py\n");
    build_with(&world, &[("python3", "cp left.wasm build/component.wasm")], &[])
        .failed(0, &["running python3 sdk/build.py"]);
    assert_eq!(calls(&world), ["python3 sdk/build.py"]);
}

/// As it does from the types of functions in Python and JavaScript.
#[test]
fn a_tool_chain_may_write_into_the_manifest() {
    let world = world();
    let make = "all:\n\t@cp left.wasm build/component.wasm; sed -i s/1.0.0/1.0.1/ skill.toml\n";
    put(&world, "Makefile", make.as_bytes());
    let built = world.run(&["build"]);
    assert!(built.code == Some(0) && built.stdout.starts_with("hello 1.0.1 · tool · "), "{built:#?}");
    put(&world, "Makefile", b"all:\n\t@cp left.wasm build/component.wasm; echo x >>skill.toml\n");
    world.run(&["build"]).failed(3, &["skill.toml"]);
}

/// The compilers of C and Go come with Python where they are not there.
#[test]
fn rules_for_make_name_what_installs_a_compiler() {
    let world = World::bare();
    let others = ["sh", "sed", "find", "echo", "mkdir"].map(|name| (name, format!("exec /bin/{name} \"$@\"")));
    let make = format!("PATH={} exec /usr/bin/make SHELL=/bin/sh", world.home().join("bin").display());
    let mut programs: Vec<_> = others.iter().map(|(name, script)| (*name, script.as_str())).collect();
    programs.push(("make", &make));
    for (language, hint) in [("c", "python3 with venv is missing"), ("go", "there is no go (https://go.dev/dl)")] {
        world.run(&["new", language, "--lang", language]).failed(0, &[]);
        let refused = build_with(&world, &programs, &["-C", language]);
        refused.failed(1, &[hint, "apt-get install python3 python3-venv"]);
    }
}

#[test]
fn make_builds_whatever_its_file_says_from_another_folder_too() {
    let world = world();
    put(&world, "Makefile", b"build/component.wasm: left.wasm\n\tcp left.wasm build/component.wasm\n");
    let built = world.run(&["build"]);
    built.failed(0, &["running make", "  cp left.wasm build/component.wasm"]);
    assert!(built.stdout.starts_with("hello 1.0.0 · tool · "), "{built:#?}");
    let quiet = ran(world.command(&["-q", "build", "-C"]).arg(world.repo()).current_dir("/").output().unwrap());
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(0), ""), "{quiet:#?}");
}

#[test]
fn a_tool_chain_that_is_missing_is_named_with_what_installs_it() {
    for (marker, program, hint) in [
        ("Cargo.toml", "rustc", "rustup"),
        ("package.json", "npm", "apt-get install npm"),
        ("pyproject.toml", "python3", "apt-get install python3 python3-venv"),
        ("sdk/build.py", "python3", "apt-get install python3 python3-venv"),
        ("Makefile", "make", "apt-get install make"),
    ] {
        let world = world();
        put(&world, marker, b"");
        let refused = build_with(&world, &[], &[]);
        refused.failed(3, &[&format!("`{program}` could not be started"), &format!("hint: to install it: {hint}")]);
    }
    // A script whose interpreter is missing; its own `127` may mean another thing.
    let world = world();
    put(&world, "package.json", b"{}");
    let npm = "echo \"/usr/bin/env: 'node': No such file or directory\" >&2; exit 127";
    build_with(&world, &[("npm", npm)], &[])
        .failed(1, &["`npm install` failed", "hint: to install it: apt-get install npm, or https://nodejs.org"]);
    let other = build_with(&world, &[("npm", "echo 'sh: 1: jco: not found' >&2; exit 127")], &[]);
    assert!(!other.failed(1, &["`npm install` failed"]).stderr.contains("to install it"), "{other:#?}");
    let world = self::world();
    world.run(&["build"]).failed(
        3,
        &[
            "nothing here tells which tool chain builds this skill",
            "Cargo.toml, package.json, sdk/build.py, pyproject.toml",
            "--component FILE",
        ],
    );
    // Rust without what it needs for WebAssembly.
    put(&world, "Cargo.toml", b"");
    build_with(&world, &[("rustc", "echo /nowhere/wasm32-wasip2/lib")], &[])
        .failed(3, &["its standard library is missing", "hint: rustup target add wasm32-wasip2"]);
}

#[test]
fn a_build_that_fails_shows_its_output_and_replaces_nothing() {
    let world = world();
    put(&world, "build/hello.wasm", b"what was there");
    put(&world, "Makefile", b"all:\n\t@printf 'src/a.c:1: \\033[2J it is wrong\\n::error::forged\\n'; exit 3\n");
    let failed = world.run(&["build"]);
    failed.failed(1, &["error: `make` failed", "src/a.c:1: \\u{1b}[2J it is wrong"]);
    assert!(!failed.stderr.contains('\u{1b}') && !failed.stderr.contains("\n::error"), "{failed:#?}");
    // Where nothing was shown, the error repeats its end.
    world.run(&["-q", "build"]).failed(1, &["caused by: src/a.c:1: \\u{1b}[2J it is wrong"]);
    let told = world.run(&["build", "--format", "json"]).json();
    assert!(told["caused_by"][0].as_str().unwrap().contains("it is wrong"), "{told}");
    // One that ends well and leaves nothing, and one that leaves something else.
    put(&world, "Makefile", b"all:\n\t@true\n");
    world.run(&["build"]).failed(3, &["the tool chain of make left no build/component.wasm"]);
    put(&world, "Makefile", b"all:\n\t@mkdir build/component.wasm\n");
    world.run(&["build"]).failed(2, &["build/component.wasm can't be read", "not a regular file"]);
    fs::remove_dir(world.repo().join("build/component.wasm")).unwrap();
    put(&world, "Makefile", b"all:\n\t@head -c 100 left.wasm >build/component.wasm\n");
    world.run(&["build"]).failed(3, &["no skill can be made of build/component.wasm"]);
    assert_eq!(fs::read(world.repo().join("build/hello.wasm")).unwrap(), b"what was there");
    // What it says need not be text, nor end.
    put(
        &world,
        "Makefile",
        b"all:\n\t@head -c 3000000 /dev/zero; printf '\\377\\n'; cp left.wasm build/component.wasm\n",
    );
    assert_eq!(world.run(&["build", "--format", "json"]).code, Some(0));
}

#[test]
fn cargo_that_builds_no_library_for_a_skill_is_told() {
    let world = world();
    put(&world, "Cargo.toml", b"[package]\nname = \"x\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n");
    put(&world, "src/lib.rs", b"");
    world.run(&["build"]).failed(3, &["cargo built nothing here that can be a skill", "crate-type = [\"cdylib\"]"]);
    put(&world, "src/lib.rs", "fn größe() -> { }\n".as_bytes());
    world
        .run(&["build"])
        .failed(1, &["error: expected", "src/lib.rs:1", "`cargo build --release --target wasm32-wasip2"]);
}

/// The program, started by another one.
fn by(world: &World, starter: &[&str], arguments: &[&str]) -> Command {
    let program = world.command(arguments);
    let mut command = Command::new(starter[0]);
    command.args(&starter[1..]).arg(program.get_program()).args(program.get_args());
    command.current_dir(world.repo()).envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

#[test]
fn a_signal_ends_the_tool_chain_with_what_it_started() {
    // What a script starts in the background ignores the first of these: it is ended all the same.
    for (command, name) in [("build", "INT"), ("test", "TERM"), ("build", "HUP"), ("test", "QUIT")] {
        let world = world();
        put(&world, "build/hello.wasm", b"what was there");
        put(&world, "tests/cases.toml", b"[[case]]\nname = \"one\"\n");
        put(&world, "Makefile", SLEEPS);
        // Whoever runs the tests may ignore them.
        let mut command = by(&world, &["env", "--default-signal=HUP,QUIT"], &[command]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let process = sleeper(&world);
        signal(&child, name);
        ran(child.wait_with_output().unwrap()).failed(130, &["error: interrupted"]);
        wait_until("what the tool chain started is gone", || !sleeps(&process));
        assert_eq!(fs::read(world.repo().join("build/hello.wasm")).unwrap(), b"what was there");
    }
}

#[test]
fn a_hangup_that_is_ignored_stays_so() {
    let world = world();
    put(
        &world,
        "Makefile",
        b"all:\n\t@touch begun; until [ -e go ]; do sleep 0.01; done; cp left.wasm build/component.wasm\n",
    );
    let mut command = by(&world, &["env", "--ignore-signal=HUP"], &["build"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the tool chain is at work", || world.repo().join("begun").exists());
    signal(&child, "HUP");
    put(&world, "go", b"");
    ran(child.wait_with_output().unwrap()).failed(0, &["running make"]);
}

#[test]
fn a_tool_chain_that_asks_on_the_terminal_is_ended_and_told() {
    let world = world();
    for asks in ["read line </dev/tty", "stty -echo </dev/tty"] {
        put(&world, "Makefile", format!("all:\n\t@{asks}\n").as_bytes());
        let terminal = Terminal::go(&world, &["build"], &[]);
        terminal.wait_for("it asked on the terminal, which a build can't");
        assert!(terminal.end().failed(1, &[]).stdout.contains("`make` failed"));
    }
}

#[test]
fn a_tool_chain_is_told_the_kind_and_whether_lines_are_kept() {
    let world = world();
    let make = "all:\n\t@echo \"of $$SKILLHOST_KIND, debug '$$SKILLHOST_DEBUG'\"; cp left.wasm build/component.wasm\n";
    put(&world, "Makefile", make.as_bytes());
    world.run(&["build", "--keep-debug"]).failed(0, &["of tool, debug 'keep'"]);
    // What is stripped in the end is not made by a variable that happens to be there.
    let built = ran(world.command(&["build"]).env("SKILLHOST_DEBUG", "keep").output().unwrap());
    built.failed(0, &["of tool, debug ''"]);
}
