//! Repositories that are larger or odder than any tool likes: the work gets done, within bounds, byte by byte.

use crate::main_job::{entry, text};
use crate::scripts::{Script, project};
use crate::support::{Ran, World, ran};
use serde_json::json;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

const GOAL: &str = "Greet everybody";
/// What the program may have of its own: no file is ever needed whole in more than two places.
const MAX_DATA_KIB: u64 = 1 << 20;

/// Reads a file, lists a folder and searches everything, changes one line, and ends.
fn looks_at(path: &str, folder: &str, needle: &str, told: [&str; 3]) -> Script {
    let [listed, shown, found] = told;
    Script::specified()
        .calls("implement", 1, "list", &json!({"glob": "**", "path": folder}))
        .calls("implement", 1, "read", &json!({"path": path, "from": null, "lines": null}))
        .expecting(&[listed])
        .calls("implement", 1, "search", &json!({"regex": needle, "glob": null, "path": null, "context": null}))
        .expecting(&[shown])
        .writes(1, "src/greeting.txt", "hello\n")
        .expecting(&[found])
        .tests(1)
        .finishes(1)
        .reviews("change-review", 1, &[])
}

/// Runs the goal within a bound of memory.
fn bounded(world: &World, script: &Script) -> Ran {
    let model = world.model(&script.text());
    let direct = world.command(&["run", GOAL, "--format", "json", "--model", &model]);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -d {MAX_DATA_KIB}; exec \"$@\""), "sh"]);
    shell.arg(direct.get_program()).args(direct.get_args()).current_dir(world.repo()).env_clear();
    shell.envs(direct.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    ran(shell.output().unwrap())
}

fn changed(world: &World, ran: &Ran) -> String {
    let range = format!("main..{}", text(&entry(ran)["branch"]));
    world.git(&["diff", "--name-only", &range])
}

#[test]
fn one_file_of_200_mb() {
    let world = World::with(&project());
    let line = "INSERT INTO greetings VALUES ('hello', 'everybody', 42);\n";
    let dump = line.repeat((200 << 20) / line.len());
    fs::write(world.repo().join("dump.sql"), dump).unwrap();
    world.git(&["-c", "core.compression=1", "add", "--all"]);
    world.git(&["commit", "--quiet", "--message", "a dump"]);
    let before = world.footprint();
    let script = looks_at(
        "dump.sql",
        ".",
        "everybody",
        ["dump.sql", "dump.sql is too large: over 8 MiB", "1 over 1 MiB (dump.sql)"],
    );
    let ran = bounded(&world, &script);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(changed(&world, &ran), "specs/greet-everybody.md\nsrc/greeting.txt");
    assert_eq!(world.footprint(), before);
}

#[test]
fn two_hundred_thousand_files() {
    const FOLDERS: usize = 400;
    const FILES: usize = 500;
    let world = World::with(&project());
    let mut files =
        String::from("commit refs/heads/main\ncommitter A <a@b> 1 +0000\ndata 1\nx\nfrom refs/heads/main^0\n");
    for folder in 0..FOLDERS {
        for file in 0..FILES {
            let content = format!("file {file} of folder {folder}\n");
            write!(files, "M 644 inline many/d{folder}/f{file}.txt\ndata {}\n{content}\n", content.len()).unwrap();
        }
    }
    let mut import = Command::new("git");
    import.args(["fast-import", "--quiet"]).current_dir(world.repo()).stdin(Stdio::piped());
    let mut import = import.spawn().unwrap();
    import.stdin.take().unwrap().write_all(files.as_bytes()).unwrap();
    assert!(import.wait().unwrap().success());
    world.git(&["reset", "--quiet", "--hard"]);
    let before = world.footprint();
    let ran = bounded(
        &world,
        &looks_at(
            "many/d7/f7.txt",
            "many/d7",
            "file 499 of folder 399",
            ["of 500 files are shown", "1|file 7 of folder 7", "there are more files than a search visits"],
        ),
    );
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(changed(&world, &ran), "specs/greet-everybody.md\nsrc/greeting.txt");
    assert_eq!(world.footprint(), before);
}

#[test]
fn minified_lines_no_encoding_and_mixed_line_ends() {
    let world = World::with(&project());
    let minified = format!("{{{}\"end\":0}}", (0..400_000).map(|n| format!("\"k{n}\":{n},")).collect::<String>());
    let latin: &[u8] = b"gr\xfc\xdfe=1\nGr\xfc\xdfe=2\n";
    let binary: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let mixed = "if true:\r\n\tgreet()\n    wave()\r\nend\n";
    fs::create_dir(world.repo().join("src")).unwrap();
    fs::write(world.repo().join("src/app.min.json"), &minified).unwrap();
    fs::write(world.repo().join("src/latin.properties"), latin).unwrap();
    fs::write(world.repo().join("src/data.bin"), &binary).unwrap();
    fs::write(world.repo().join("src/mixed.txt"), mixed).unwrap();
    world.git(&["-c", "core.autocrlf=false", "add", "--all"]);
    world.git(&["commit", "--quiet", "--message", "odd files"]);
    let before = world.footprint();
    let read = |script: Script, path: &str| {
        script.calls("implement", 1, "read", &json!({"path": path, "from": null, "lines": null}))
    };
    let edit = |script: Script, path: &str, old: &str, new: &str| {
        script.calls(
            "implement",
            1,
            "edit",
            &json!({"path": path, "old": old, "new": new, "all": null, "near_line": null}),
        )
    };
    let script = ["src/app.min.json", "src/latin.properties", "src/data.bin", "src/mixed.txt"]
        .into_iter()
        .fold(Script::specified(), read);
    let script = edit(script, "src/latin.properties", "grüße=1", "grüße=3");
    let script = edit(script, "src/mixed.txt", "\tgreet()\n", "\tgreet()\n\tbow()\n");
    let script = edit(script, "src/app.min.json", "\"k399999\":399999,", "\"k399999\":0,");
    let script = script.writes(1, "src/greeting.txt", "hello\n").tests(1).finishes(1).reviews("change-review", 1, &[]);
    let ran = bounded(&world, &script);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let branch = text(&entry(&ran)["branch"]).to_owned();
    let of = |path: &str| {
        let mut git = Command::new("git");
        git.current_dir(world.repo()).args(["cat-file", "blob", &format!("{branch}:{path}")]);
        git.output().unwrap().stdout
    };
    assert_eq!(of("src/latin.properties"), b"gr\xfc\xdfe=3\nGr\xfc\xdfe=2\n");
    assert_eq!(of("src/data.bin"), binary);
    assert_eq!(String::from_utf8(of("src/mixed.txt")).unwrap(), mixed.replace("greet()\n", "greet()\n\tbow()\n"));
    assert_eq!(
        String::from_utf8(of("src/app.min.json")).unwrap(),
        minified.replace("\"k399999\":399999,", "\"k399999\":0,")
    );
    assert_eq!(world.footprint(), before);
}
