//! `skillhost test` and `skillhost dev`: cases of a skill, played in the real sandbox.

mod dev;
mod format;
mod hostile;
mod kinds;
mod ports;
mod shown;
mod update;

use crate::authors::{greeter, left_of, put};
use crate::support::{Ran, World, root};
use std::fs;

/// A world with a guest, as `skill.wasm`, and its cases.
pub fn world(guest: &str, cases: &str) -> World {
    let world = World::bare();
    let built = fs::read(root().join(format!("target/guests/{guest}.wasm"))).unwrap();
    put(&world, "skill.wasm", &built);
    put(&world, "tests/cases.toml", cases.as_bytes());
    world
}

/// Tests the guest.
pub fn test(world: &World, more: &[&str]) -> Ran {
    world.run(&[&["test", "--component", "skill.wasm"], more].concat())
}

/// What stands in `tests/cases.toml` now.
pub fn cases(world: &World) -> String {
    fs::read_to_string(world.repo().join("tests/cases.toml")).unwrap()
}

/// What was printed, without how long anything took.
pub fn untimed(printed: &str) -> String {
    let mut text = String::new();
    for line in printed.lines() {
        let is_time = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
        match line.split_once(" (").and_then(|(name, rest)| Some((name, rest.split_once(" ms)")?))) {
            Some((name, (time, rest))) if is_time(time) => text += &format!("{name}{rest}\n"),
            _ => text += &format!("{line}\n"),
        }
    }
    text
}

/// A case of the guest `probe`.
pub fn probe(how: &str, more: &str) -> String {
    format!("[[case]]\nname = \"{how}\"\ninput = {{ how = \"{how}\" }}\n{more}\n")
}

/// A skill's folder with a tool chain that takes a moment: `make` copies what a guest's left.
pub fn made(world: &World, cases: &str) {
    put(world, "skill.toml", greeter("").as_bytes());
    put(world, "left.wasm", &left_of("hello"));
    put(world, "Makefile", b"all:\n\t@cp left.wasm build/component.wasm\n");
    put(world, "tests/cases.toml", cases.as_bytes());
}

/// A case of the guest `hello` that passes.
pub const GREETS: &str =
    "[[case]]\nname = \"it greets\"\ninput = { name = \"Ada\" }\nexpect.answer = { greeting = \"Hello, Ada!\" }\n";
