//! Python projects: whether their tests need pytest or only the standard library, and where they lie.

use super::Files;
use super::ecosystem::{Implied, found, with_hosts};
use skillhost_core::path::SkillPath;

/// Test files that are read to find out what they need.
const MAX_FILES_READ: usize = 40;

/// How tests are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Pytest,
    Unittest,
}

pub(super) fn detect(files: &Files<'_>) -> Option<Implied> {
    let manifests = ["pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "requirements.txt", "pytest.ini"];
    if !manifests.iter().any(|manifest| files.has(manifest)) {
        return None;
    }
    let tests: Vec<&SkillPath> = files.paths.iter().filter(|path| is_test(path)).take(2000).collect();
    let configured = configures_pytest(files);
    if tests.is_empty() && !configured {
        return Some(Implied::default());
    }
    let style = if configured || tests.iter().take(MAX_FILES_READ).any(|path| needs_pytest(files, path)) {
        Style::Pytest
    } else {
        Style::Unittest
    };
    let mut implied = Implied::default();
    let mut run = runner(files, &mut implied);
    // Code under `src` is found where it is not installed too.
    let sources =
        files.paths.iter().any(|path| path.as_str().starts_with("src/") && path.name() == Some("__init__.py"));
    if sources && implied.setup.is_none() {
        run.splice(0..0, ["env", "PYTHONPATH=src"]);
    }
    match style {
        Style::Pytest => run.extend(["-m", "pytest"]),
        Style::Unittest => run.extend(["-m", "unittest", "discover"]),
    }
    let dir = test_dir(&tests);
    if let (Style::Unittest, Some(dir)) = (style, dir) {
        run.extend(["-s", dir]);
        if files.has(&format!("{dir}/__init__.py")) {
            run.extend(["-t", "."]);
        }
    }
    let suffixed = |path: &&&SkillPath| path.name().is_some_and(|name| name.ends_with("_test.py"));
    if style == Style::Unittest && tests.iter().filter(suffixed).count() == tests.len() {
        run.extend(["-p", "*_test.py"]);
    }
    let origin = match (style, configured) {
        (Style::Pytest, true) => "pytest is configured",
        (Style::Pytest, false) => "the tests need pytest",
        (Style::Unittest, _) => "the tests need the standard library only",
    };
    implied.gates.extend(found("test", &run, origin));
    if implied.setup.is_none() && declares_dependencies(files) {
        implied.notes.push(
            "the project has dependencies: where the machine does not have them, declare [commands.setup] and the hosts that it reaches"
                .to_owned(),
        );
    }
    Some(implied)
}

/// The interpreter, and the set-up that a lock file makes possible.
fn runner(files: &Files<'_>, implied: &mut Implied) -> Vec<&'static str> {
    if files.has("uv.lock") {
        implied.setup = with_hosts(found("setup", &["uv", "sync", "--frozen"], "uv.lock"), files.text("uv.lock"));
        return vec!["uv", "run", "--no-sync", "python"];
    }
    if files.has("poetry.lock") {
        implied.setup = found("setup", &["poetry", "install", "--no-interaction"], "poetry.lock");
        implied.notes.push(
            "poetry.lock does not say which hosts packages come from: name them in [commands.setup] network".to_owned(),
        );
        return vec!["poetry", "run", "python"];
    }
    vec!["python3"]
}

fn is_test(path: &SkillPath) -> bool {
    let vendored =
        path.components().any(|dir| matches!(dir, "node_modules" | "site-packages" | ".venv" | "venv" | "vendor"));
    !vendored
        && path.name().and_then(|name| name.strip_suffix(".py")).is_some_and(|stem| {
            stem.starts_with("test_")
                || stem.ends_with("_test")
                || stem == "test"
                || (stem == "tests" && path.components().count() < 3)
        })
}

fn configures_pytest(files: &Files<'_>) -> bool {
    let says = |path: &str, needles: &[&str]| {
        files.text(path).is_some_and(|text| needles.iter().any(|needle| text.contains(needle)))
    };
    files.has("pytest.ini")
        || files.has("conftest.py")
        || files.has("tests/conftest.py")
        || files.has("test/conftest.py")
        || says("pyproject.toml", &["[tool.pytest", "pytest"])
        || says("setup.cfg", &["[tool:pytest]", "pytest"])
        || says("tox.ini", &["[pytest]", "pytest"])
        || ["requirements-dev.txt", "requirements-test.txt", "dev-requirements.txt", "requirements.txt", "setup.py"]
            .iter()
            .any(|path| says(path, &["pytest"]))
}

/// Imports it, or has test functions outside a class, which only pytest finds.
fn needs_pytest(files: &Files<'_>, path: &SkillPath) -> bool {
    let Some(text) = files.text(path.as_str()) else {
        return false;
    };
    let mut functions = false;
    let mut unittest = false;
    for line in text.lines() {
        if line.trim_start().starts_with("import pytest") || line.trim_start().starts_with("from pytest") {
            return true;
        }
        functions |= line.starts_with("def test") || line.starts_with("async def test");
        unittest |= line.contains("unittest") || line.contains("TestCase");
    }
    functions && !unittest
}

/// The folder that all tests lie in, where there is one that can be named without quoting.
fn test_dir<'a>(tests: &[&'a SkillPath]) -> Option<&'a str> {
    let first = tests.first()?.components().next()?;
    let plain = first.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)) && !first.starts_with('-');
    let all = tests.iter().all(|path| path.components().count() > 1 && path.components().next() == Some(first));
    (plain && all && first != "src").then_some(first)
}

fn declares_dependencies(files: &Files<'_>) -> bool {
    let has = |path: &str, needle: &str| files.text(path).is_some_and(|text| text.contains(needle));
    files.has("requirements.txt")
        || has("setup.py", "install_requires")
        || has("setup.cfg", "install_requires")
        || files.text("pyproject.toml").and_then(|text| text.parse::<toml_edit::DocumentMut>().ok()).is_some_and(
            |document| {
                let list = document.get("project").and_then(|project| project.get("dependencies"));
                list.and_then(|list| list.as_array()).is_some_and(|list| !list.is_empty())
            },
        )
}
