//! Checks 1 to 6: what was done to the tests themselves. A program can't tell why; the spec can, and decides.

use super::line::{extension, has, is_code, is_javascript};
use super::{Hit, Scene};
use crate::changed::Line;
use crate::intact::{Damage, Problem, looks_like_test};
use crate::{ChangeKind, Severity};

/// A file with tests that went. A spec that names it has decided about it; whether it says so is for the reader.
pub(super) fn deleted(scene: &Scene<'_>) -> Vec<Hit> {
    let named = |path: &str| scene.asked()[0].contains(path);
    let deleted = scene.change.files.iter().filter(|file| file.kind == ChangeKind::Deleted);
    let tests = deleted.filter(|file| looks_like_test(&file.path) && !named(&file.path));
    tests
        .map(|file| Hit {
            severity: Severity::Major,
            message: "A file with tests was deleted, and the spec does not name it.".into(),
            suggestion: "Restore it, or say in the spec why it goes.",
            ..Hit::on(&file.path)
        })
        .collect()
}

/// Test cases that are gone from files that are still there.
pub(super) fn fewer(scene: &Scene<'_>) -> Vec<Hit> {
    let is_there = |problem: &Problem| scene.file(problem.path()).is_none_or(|it| it.kind != ChangeKind::Deleted);
    of_kind(scene, |problem| problem.damage() == Damage::Gone && is_there(problem))
}

/// Assertions that are gone from tests that are still there, or that such a test does not come to any more.
pub(super) fn fewer_assertions(scene: &Scene<'_>) -> Vec<Hit> {
    of_kind(scene, |problem| matches!(problem.damage(), Damage::Assertions | Damage::Left))
}

/// Comparisons that became truth values, or that can't fail, or that ask for another result.
pub(super) fn weaker(scene: &Scene<'_>) -> Vec<Hit> {
    of_kind(scene, |problem| matches!(problem.damage(), Damage::Comparisons | Damage::Idle | Damage::Expected))
}

fn of_kind(scene: &Scene<'_>, wanted: impl Fn(&Problem) -> bool) -> Vec<Hit> {
    let hit = |problem: &Problem| {
        let place = problem.place().map(|(line, text)| Line { line, text });
        Hit {
            severity: Severity::Major,
            message: match problem.damage() {
                Damage::Expected | Damage::Idle => format!("A test does not show what it is for: {problem}."),
                _ => format!("A test shows less than at the base commit: {problem}."),
            },
            suggestion: problem.advice(),
            ..place.map_or_else(|| Hit::on(problem.path()), |line| Hit::at(problem.path(), line))
        }
    };
    scene.tests().iter().flat_map(|tests| &tests.problems).filter(|problem| wanted(problem)).map(hit).collect()
}

/// Tests that are switched off.
pub(super) fn skipped(scene: &Scene<'_>) -> Vec<Hit> {
    let off = |path: &str, line: &str| match extension(path) {
        "rs" => has(line, &["#[ignore"]),
        "py" => {
            let always = !line.contains("skipif(") || has(line, &["skipif(True"]);
            always && has(line, &["pytest.mark.skip", "mark.xfail", "unittest.skip", "pytest.skip(", "self.skipTest("])
        }
        "go" => has(line, &["t.Skip(", "t.SkipNow(", "t.Skipf("]),
        "java" | "kt" => has(line, &["@Disabled", "@Ignore"]),
        "cs" => has(line, &["[Ignore", "Skip ="]),
        "rb" => has(line, &["xit ", "xdescribe ", "skip "]) && looks_like_test(path),
        "php" => has(line, &["markTestSkipped("]),
        _ if is_javascript(path) => {
            has(
                line,
                &[
                    "it.skip(",
                    "test.skip(",
                    "describe.skip(",
                    "context.skip(",
                    "suite.skip(",
                    "this.skip()",
                    "xit(",
                    "xtest(",
                ],
            ) || has(line, &["xdescribe(", "it.todo(", "test.todo("])
        }
        _ => false,
    };
    lines(
        scene,
        off,
        "A test is switched off: it shows nothing from now on.",
        "Make it pass, or finish as blocked where it contradicts the spec.",
    )
}

/// Focus on a few tests, which leaves out all others.
pub(super) fn focused(scene: &Scene<'_>) -> Vec<Hit> {
    let focus = |path: &str, line: &str| match extension(path) {
        "go" => has(line, &["FIt(", "FDescribe(", "FContext("]),
        "rb" => has(line, &["fit ", "fdescribe ", "focus: true"]) && looks_like_test(path),
        _ if is_javascript(path) => {
            // `model.fit(` is no focus.
            let bare = |word: &str| line.trim_start().starts_with(word);
            has(line, &["it.only(", "test.only(", "describe.only(", "context.only(", "suite.only("])
                || (looks_like_test(path) && (bare("fit(") || bare("fdescribe(")))
        }
        _ => false,
    };
    lines(scene, focus, "A focus on some tests leaves all others out.", "Take the focus out.")
}

fn lines(scene: &Scene<'_>, matches: impl Fn(&str, &str) -> bool, message: &str, suggestion: &'static str) -> Vec<Hit> {
    let files = scene.files().filter(|(file, _)| is_code(&file.path));
    let lines = files.flat_map(|(file, lines)| lines.iter().map(move |line| (file, line)));
    lines
        .filter(|(file, line)| matches(&file.path, line.text))
        .map(|(file, line)| Hit {
            severity: Severity::Major,
            message: message.into(),
            suggestion,
            ..Hit::at(&file.path, *line)
        })
        .collect()
}
