//! Checks 7, 8 and 13: tests that only repeat what the code does, and code that only repeats what the tests ask.

use std::collections::BTreeSet;

use super::line::{code, has, is_javascript, is_product, literals, name};
use super::{Hit, Scene, special};
use crate::changed::ChangedFile;
use crate::intact::looks_like_test;
use crate::{ChangeKind, Severity};

/// Test code that is searched for a literal, in bytes.
const MAX_SEARCHED_BYTES: usize = 4 << 20;
/// A shorter literal is shared by chance.
const MIN_LITERAL_CHARS: usize = 6;

/// Recorded results that changed although nothing changed that makes them.
pub(super) fn snapshot_alone(scene: &Scene<'_>) -> Vec<Hit> {
    let is_snapshot = |path: &str| {
        let in_folder = path.split('/').any(|part| matches!(part, "__snapshots__" | "snapshots"));
        let by_name = [".snap", ".ambr", ".golden", ".approved.txt"].iter().any(|end| path.ends_with(end));
        (in_folder && !is_product(path)) || by_name
    };
    if scene.change.files.iter().any(|file| is_product(&file.path)) {
        return vec![];
    }
    let changed = scene.change.files.iter().filter(|file| file.kind == ChangeKind::Modified);
    changed
        .filter(|file| is_snapshot(&file.path))
        .map(|file| Hit {
            message: "A recorded result was changed, and no code that makes it: the test now expects something else."
                .into(),
            suggestion: "Say what made the result change, or take the old one back.",
            ..Hit::on(&file.path)
        })
        .collect()
}

/// A test that replaces the very module that the change is about.
pub(super) fn self_mock(scene: &Scene<'_>) -> Vec<Hit> {
    let product: Vec<&str> =
        scene.change.files.iter().map(|file| file.path.as_str()).filter(|it| is_product(it)).collect();
    let mut hits = Vec::new();
    for (file, lines) in scene.files().filter(|(file, _)| looks_like_test(&file.path)) {
        for line in lines {
            let mocked = match is_javascript(&file.path) {
                true if has(line.text, &["jest.mock(", "vi.mock(", "jest.doMock(", "vi.doMock("]) => {
                    imported(&file.path, literals(line.text).first().copied().unwrap_or_default())
                }
                false if has(line.text, &["patch(", "mock.patch(", "mocker.patch(", "monkeypatch.setattr("]) => {
                    literals(line.text).first().map(|it| it.replace('.', "/")).unwrap_or_default()
                }
                _ => continue,
            };
            if let Some(path) = product.iter().find(|path| is_module(path, &mocked)) {
                hits.push(Hit {
                    message: format!(
                        "This test replaces {path}, which the change is about, so it shows nothing of it."
                    ),
                    suggestion: "Test the module itself, and replace what it calls.",
                    ..Hit::at(&file.path, *line)
                });
            }
        }
    }
    hits
}

/// The path that an import relative to `from` leads to, without the file's extension; others name packages.
fn imported(from: &str, import: &str) -> String {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    match import.starts_with('.') {
        true => crate::path::clean(&format!("{folder}/{import}")).unwrap_or_default(),
        false => import.trim_start_matches(['@', '~']).trim_start_matches('/').to_owned(),
    }
}

/// Whether `module` names the file: as its path, or as an end of it, or as something inside it.
fn is_module(path: &str, module: &str) -> bool {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let stem = stem.strip_suffix("/index").or_else(|| stem.strip_suffix("/__init__")).unwrap_or(stem);
    let module = module.rsplit_once('.').filter(|(_, end)| end.len() <= 3).map_or(module, |(module, _)| module);
    // `app.leads.send` stands for `send` in `src/app/leads.py`: its beginning is an end of the path.
    let ends: Vec<&str> =
        std::iter::successors(Some(module), |it| it.rsplit_once('/').map(|(outer, _)| outer)).collect();
    ends.iter().take(3).any(|end| {
        let is_whole = stem == *end || stem.ends_with(&format!("/{end}"));
        is_whole && (end.contains('/') || *end == module)
    })
}

/// A value that only a test gives, asked for by the code: it was written to pass that test.
pub(super) fn test_literal(scene: &Scene<'_>) -> Vec<Hit> {
    let mut candidates = Vec::new();
    for (file, lines) in scene.files().filter(|(file, _)| is_product(&file.path)) {
        for line in lines {
            let code = code(line.text);
            let shared = literals(code).into_iter().find(|text| is_data(text) && is_asked_for(code, text));
            candidates.extend(shared.map(|text| (file, line, text)));
        }
    }
    let cases = special::cases(scene);
    if candidates.is_empty() {
        return cases;
    }
    let wanted: BTreeSet<&str> = candidates.iter().map(|(_, _, text)| *text).collect();
    let mut given: BTreeSet<&str> = BTreeSet::new();
    let mut left = MAX_SEARCHED_BYTES;
    for path in scene.tree().files.iter().filter(|path| looks_like_test(path)) {
        let Some(text) = scene.change.text(path).filter(|text| text.len() <= left) else { continue };
        left -= text.len();
        given.extend(wanted.iter().copied().filter(|literal| text.contains(literal)));
    }
    let answers =
        |file: &ChangedFile, line: u32| cases.iter().any(|hit| hit.path == file.path && hit.line == Some(line));
    candidates.retain(|(file, line, text)| given.contains(text) && !answers(file, line.line));
    let asked = candidates.into_iter().map(|(file, line, text)| Hit {
        severity: Severity::Minor,
        message: format!("The code asks for `{text}`, a value that the tests give."),
        suggestion: "Solve it for every value, not for the tested one.",
        ..Hit::at(&file.path, *line)
    });
    let asked: Vec<Hit> = asked.collect();
    cases.into_iter().chain(asked).collect()
}

/// Whether a line decides by this literal: it is compared with, or a case of its own.
fn is_asked_for(code: &str, literal: &str) -> bool {
    let Some((before, behind)) = code.split_once(literal) else { return false };
    let quote = ['"', '\'', '`', 'b', '&'];
    let (before, behind) = (before.trim_end_matches(quote).trim_end(), behind.trim_start_matches(quote).trim_start());
    let compared = ["==", ".equals(", "strcmp("].iter().any(|mark| before.ends_with(mark)) || behind.starts_with("==");
    compared || before == "case" || before.ends_with(" case") || behind.starts_with("=>")
}

/// A value, rather than a name of the program's own: with a digit, an `@` or a space among letters. Routes, headers and
/// versions are names.
pub(super) fn is_data(text: &str) -> bool {
    let is_name = text.starts_with(['/', '-', '.', '{', '<']) || text.contains("://") || text.contains("; ");
    let has_letter = text.chars().any(char::is_alphabetic);
    let rare = text.chars().any(|c| c.is_ascii_digit() || matches!(c, '@' | ' '));
    !is_name && rare && has_letter && text.chars().count() >= MIN_LITERAL_CHARS && name(text) == text
}
