//! Tests that end the process which runs them, so that no test behind them runs, and nobody but them says how it went.
//!
//! An exit code other than 0 fails the run by itself, and so shows nothing that isn't so.

use skillhost_suite::looks_like_test;

use super::line::{code, extension, has, is_code, is_javascript, name};
use super::{Hit, Scene};
use crate::Severity;

/// Calls that end a process, by language.
const PYTHON: &[&str] = &["os._exit(", "sys.exit(", "os.abort(", "raise SystemExit", "os.kill(os.getpid()"];
const JAVASCRIPT: &[&str] =
    &["process.exit(", "process.reallyExit(", "process.abort(", "process.kill(process.pid", "Deno.exit("];
const RUST: &[&str] = &["process::exit(", "process::abort(", "libc::_exit(", "libc::exit("];
const JVM: &[&str] = &["System.exit(", "exitProcess(", "Runtime.getRuntime().halt(", "Runtime.getRuntime().exit("];
const RUBY: &[&str] = &["exit!", "Kernel.exit", "Process.exit"];
const DOTNET: &[&str] = &["Environment.Exit("];

/// A line of a test, or of what its runner loads first, that ends the process as if all were well.
pub(super) fn early(scene: &Scene<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (file, lines) in
        scene.files().filter(|(file, _)| is_loaded_by_runner(&file.path) && !scene.announces(&file.path))
    {
        let text = scene.change.text(&file.path).unwrap_or_default();
        let is_script = |line: u32| runs_as_script(&file.path, &text, line);
        let ends = lines.iter().filter(|line| ends_well(&file.path, line.text) && !is_script(line.line));
        hits.extend(ends.map(|line| Hit {
            severity: Severity::Major,
            message:
                "The process that runs the tests is ended here: what it would have run behind this never runs.".into(),
            suggestion: "Let the runner end by itself.",
            ..Hit::at(&file.path, *line)
        }));
    }
    hits
}

/// Tests, and files that runners load before them, by their names.
fn is_loaded_by_runner(path: &str) -> bool {
    const FILES: &[&str] =
        &["conftest.py", "sitecustomize.py", "usercustomize.py", "spec_helper.rb", "rails_helper.rb"];
    const SETUPS: &[&str] = &["jest.", "vitest.", "setupTests.", "setup-tests.", "playwright.", "karma."];
    let name = name(path);
    looks_like_test(path)
        || FILES.contains(&name)
        || (is_code(path) && SETUPS.iter().any(|begin| name.starts_with(begin)))
}

fn ends_well(path: &str, line: &str) -> bool {
    let calls = match extension(path) {
        "py" => PYTHON,
        "rs" => RUST,
        "java" | "kt" | "kts" | "scala" | "groovy" => JVM,
        "rb" => RUBY,
        "cs" | "fs" | "vb" => DOTNET,
        // Its runner's own way ends in `os.Exit(m.Run())`.
        "go" => return has(line, &["os.Exit(0)", "syscall.Exit(0)"]),
        _ if is_javascript(path) => JAVASCRIPT,
        _ => return false,
    };
    calls.iter().filter(|call| has(line, &[call]) && !is_said(path, line, call)).any(|call| !fails(line, call))
}

/// Whether the call stands in a text, where a test has a program for another process.
fn is_said(path: &str, line: &str, call: &str) -> bool {
    let quotes: &[char] = if extension(path) == "py" || is_javascript(path) { &['\'', '`'] } else { &['`'] };
    let before = line.split_once(call).map_or("", |(before, _)| before);
    quotes.iter().any(|quote| before.matches(*quote).count() % 2 == 1)
}

/// Whether the call is made with a number other than 0.
fn fails(line: &str, call: &str) -> bool {
    let behind = code(line).split_once(call).map_or("", |(_, behind)| behind);
    let number: String = behind.trim_start_matches(['(', ' ']).chars().take_while(char::is_ascii_digit).collect();
    number.parse::<u32>().is_ok_and(|number| number != 0)
}

/// Whether a line of Python runs only where its file is started by itself, which no runner does.
fn runs_as_script(path: &str, text: &str, line: u32) -> bool {
    let before: Vec<&str> = text.lines().take(line as usize).collect();
    let guard = before.iter().rposition(|line| line.starts_with("if __name__ =="));
    let indented = |line: &&str| line.is_empty() || line.starts_with([' ', '\t']);
    extension(path) == "py" && guard.is_some_and(|at| before[at + 1..].iter().all(indented))
}
