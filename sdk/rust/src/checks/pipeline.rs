//! Check 10: what decides whether the tests run, and which, was changed: the command, its program, or the pipeline; or a test
//! ends the runner itself.

use std::collections::BTreeMap;

use super::line::{code, name};
use super::{Hit, Scene, exits, project};
use crate::changed::{ChangedFile, Line};
use crate::intact::{is_read, looks_like_test};
use crate::{ChangeKind, Severity};

/// A change of what was there before; what is new takes nothing away.
pub(super) fn changed(scene: &Scene<'_>) -> Vec<Hit> {
    let programs = project::programs(scene);
    let files = scene.change.files.iter().filter(|file| file.kind != ChangeKind::Added);
    let hit = |file: &ChangedFile| {
        let known = measure(&file.path, &programs).or_else(|| measure(file.from()?, &programs));
        let what = match known {
            Some(what) => what.to_owned(),
            None => settings(scene, file)?,
        };
        Some(Hit {
            severity: Severity::Major,
            message: format!("The change touches {what}, and is measured by it."),
            suggestion: "Take it back, or say in the spec what changes there and why.",
            ..Hit::on(&file.path)
        })
    };
    let changed = files.filter(|file| !scene.announces(&file.path)).filter_map(hit);
    changed.chain(exits::early(scene)).collect()
}

/// What a file is, where it decides by itself whether tests run.
pub(super) fn measure(path: &str, programs: &[String]) -> Option<&'static str> {
    // What becomes of the cases in a file of tests is compared elsewhere.
    let is_program = programs.iter().any(|it| it == path) && !(looks_like_test(path) && is_read(path));
    match is_pipeline(path) {
        true => Some("the pipeline that checks every change"),
        false => is_program.then_some("a program that a gate runs"),
    }
}

fn is_pipeline(path: &str) -> bool {
    const FILES: &[&str] = &[
        ".gitlab-ci.yml",
        ".travis.yml",
        "Jenkinsfile",
        "azure-pipelines.yml",
        "bitbucket-pipelines.yml",
        "appveyor.yml",
        ".drone.yml",
        ".woodpecker.yml",
        "cloudbuild.yaml",
    ];
    const FOLDERS: &[&str] =
        &[".github/workflows/", ".github/actions/", ".circleci/", ".buildkite/", ".ci/", ".forgejo/", ".woodpecker/"];
    FILES.contains(&path) || FOLDERS.iter().any(|folder| path.starts_with(folder))
}

/// What changed in a file that says which tests run, where something of that did.
fn settings(scene: &Scene<'_>, file: &ChangedFile) -> Option<String> {
    let both = || {
        let before = scene.change.original(file.from().unwrap_or(&file.path)).unwrap_or_default();
        (before, scene.change.text(&file.path).unwrap_or_default())
    };
    match name(&file.path) {
        "package.json" => {
            let (before, now) = both();
            let (before, now) = (scripts(&before), scripts(&now));
            let differs = before.iter().find(|(script, command)| now.get(*script) != Some(command));
            differs.map(|(script, _)| format!("the script `{script}`")).or_else(|| selection(file))
        }
        "Makefile" | "makefile" | "GNUmakefile" | "justfile" => {
            let (before, now) = both();
            (!recipe(&before).is_empty() && recipe(&before) != recipe(&now)).then(|| "the target that tests".to_owned())
        }
        "skillhost.toml" => {
            let of = |text: &str| [project::section(text, "commands."), project::section(text, "verify")].concat();
            let (before, now) = both();
            (of(&before) != of(&now)).then(|| "the commands of the gates".to_owned())
        }
        name => configures(name).then(|| selection(file)).flatten(),
    }
}

/// Whether a file tells a runner what to run.
fn configures(name: &str) -> bool {
    const FILES: &[&str] = &[
        "pytest.ini",
        "tox.ini",
        "setup.cfg",
        "pyproject.toml",
        "conftest.py",
        "noxfile.py",
        "Cargo.toml",
        "build.gradle",
        "build.gradle.kts",
        "pom.xml",
        "phpunit.xml",
        "phpunit.xml.dist",
        ".rspec",
    ];
    let of_node =
        ["jest.", "vitest.", "vite.", "playwright.", "karma.", ".mocharc"].iter().any(|begin| name.starts_with(begin));
    FILES.contains(&name) || of_node
}

/// The lines of the target that tests, and of its recipe.
fn recipe(text: &str) -> Vec<&str> {
    let lines = text.lines().skip_while(|line| !is_test_target(line));
    let body = lines.clone().skip(1).take_while(|line| line.starts_with([' ', '\t']) || line.is_empty());
    lines.take(1).chain(body).map(str::trim).filter(|line| !line.is_empty()).collect()
}

fn is_test_target(line: &str) -> bool {
    ["test:", "tests:", "check:", "ci:", "lint:"].iter().any(|target| line.starts_with(target))
}

/// Scripts of a `package.json` that test, check or lint.
fn scripts(text: &str) -> BTreeMap<String, String> {
    let package: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let scripts = package["scripts"].as_object().into_iter().flatten();
    let of_tests = scripts.filter(|(script, _)| {
        ["test", "check", "lint", "typecheck", "ci", "verify"].iter().any(|word| script.split(':').next() == Some(word))
            || matches!(script.as_str(), "pretest" | "posttest")
    });
    of_tests.map(|(script, command)| (script.clone(), command.to_string())).collect()
}

/// A line of a runner's configuration that chooses tests, or leaves some out, where one changed.
fn selection(file: &ChangedFile) -> Option<String> {
    const WORDS: &[&str] = &[
        "testPathIgnorePatterns",
        "testMatch",
        "testRegex",
        "passWithNoTests",
        "collect_ignore",
        "norecursedirs",
        "testpaths",
        "python_files",
        "python_functions",
        "addopts",
        "--ignore",
        "--deselect",
        "test = false",
        "harness = false",
        "excludeTestsMatching",
        "testNamePattern",
    ];
    let of = |lines: Vec<Line<'_>>| -> Vec<String> {
        let lines =
            lines.iter().map(|line| code(line.text)).filter(|line| WORDS.iter().any(|word| line.contains(word)));
        lines.map(str::to_owned).collect()
    };
    let (before, now) = (of(file.removed()), of(file.added()));
    let differs =
        now.iter().find(|line| !before.contains(line)).or_else(|| before.iter().find(|line| !now.contains(line)));
    differs.map(|line| format!("which tests run (`{line}`)"))
}
