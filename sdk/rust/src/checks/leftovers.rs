//! Checks 15, 16 and 17: what somebody meant to take out, or to write, and did not.

use super::line::{code, extension, has, is_code, is_javascript, is_product};
use super::{Hit, Scene};
use crate::{Severity, intact};

pub(super) fn conflict_markers(scene: &Scene<'_>) -> Vec<Hit> {
    let marker = |line: &str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ");
    scene.each_line(
        |_| true,
        marker,
        |hit, _| Hit {
            severity: Severity::Blocker,
            message: "A conflict marker was left in the file.".into(),
            suggestion: "Decide between the two sides, and take the markers out.",
            ..hit
        },
    )
}

pub(super) fn debugging(scene: &Scene<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (file, lines) in scene.files().filter(|(file, _)| is_code(&file.path)) {
        // A program that talks to its user this way did so before.
        let logs = is_javascript(&file.path) && lines.iter().any(|line| prints(line.text));
        let talks =
            logs && (is_tool(&file.path) || scene.change.original(&file.path).is_some_and(|text| prints(&text)));
        let left = lines.iter().filter(|line| is_debugging(&file.path, line.text, talks));
        hits.extend(left.map(|line| Hit {
            message: "This was for finding a fault, and stayed.".into(),
            suggestion: "Take it out.",
            ..Hit::at(&file.path, *line)
        }));
    }
    hits
}

fn is_debugging(path: &str, line: &str, talks: bool) -> bool {
    let marked = || {
        let line = line.to_lowercase();
        ["(\"debug", "('debug", "(f\"debug", "(\"here", "('here", "(\"xxx", "('xxx", "(\">>>", "('>>>"]
            .iter()
            .any(|it| line.contains(it))
    };
    match extension(path) {
        "rs" => has(line, &["dbg!("]) || (has(line, &["println!(", "eprintln!("]) && marked()),
        "py" => {
            has(line, &["breakpoint()", "pdb.set_trace()", "import pdb", "ipdb."])
                || (has(line, &["print("]) && marked())
        }
        "go" => {
            has(line, &["spew.Dump(", "runtime.Breakpoint("]) || (has(line, &["fmt.Print", "println("]) && marked())
        }
        "rb" => has(line, &["binding.pry", "byebug", "binding.irb"]),
        "php" => has(line, &["var_dump(", "dd("]),
        _ if is_javascript(path) => {
            let logs = has(line, &["console.log(", "console.debug(", "console.trace("]);
            matches!(code(line).trim_end_matches(';'), "debugger") || (logs && !talks && !intact::looks_like_test(path))
        }
        _ => false,
    }
}

fn prints(text: &str) -> bool {
    text.contains("console.log(") || text.contains("console.debug(")
}

/// Scripts and command lines print.
fn is_tool(path: &str) -> bool {
    path.split(['/', '.', '-', '_'])
        .any(|part| matches!(part, "bin" | "cli" | "scripts" | "script" | "tools" | "config" | "logger"))
}

/// Code that stands for what was not written.
pub(super) fn stubs(scene: &Scene<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (file, lines) in scene.files().filter(|(file, _)| is_product(&file.path)) {
        for (at, line) in lines.iter().enumerate() {
            // What is declared abstract is written elsewhere.
            let above = &lines[at.saturating_sub(6)..at];
            let is_abstract =
                above.iter().any(|line| line.text.contains("abstractmethod") || line.text.contains("(ABC"));
            if is_stub(line.text) && !is_abstract {
                hits.push(Hit {
                    severity: Severity::Major,
                    message: "What this line stands for was not written.".into(),
                    suggestion: "Write it, or name it as unfinished.",
                    ..Hit::at(&file.path, *line)
                });
            }
        }
    }
    hits
}

fn is_stub(line: &str) -> bool {
    let fails = has(line, &["throw ", "panic(", "raise ", "fatalError(", "Error(", "errors.New("]);
    let lower = code(line).to_lowercase();
    let says = ["not implemented", "not yet implemented", "unimplemented", "(\"todo", "('todo"]
        .iter()
        .any(|it| lower.contains(it));
    has(line, &["todo!(", "unimplemented!(", "raise NotImplementedError", "TODO()"]) || (fails && says)
}
