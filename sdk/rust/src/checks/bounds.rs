//! The part of check 9 that is in the tests themselves: how near is near enough, and how long is soon enough.
//!
//! A line that is what it was but for its numbers is held against what it was. What a number bounds is told by the operator,
//! the name or the call before it.

use std::collections::{HashMap, HashSet, VecDeque};

use super::line::{code, name, tests_begin, words};
use super::{Hit, Scene};
use crate::changed::{ChangedFile, Line};
use crate::intact;
use crate::{ChangeKind, Severity};

/// A greatest value: more of it asks for less.
const MOST: &[&str] = &[
    "epsilon",
    "eps",
    "delta",
    "tolerance",
    "tol",
    "abs",
    "rel",
    "atol",
    "rtol",
    "slack",
    "margin",
    "within",
    "ulps",
    "closeto",
    "approx",
    "approximately",
    "indelta",
    "near",
    "close",
];
/// A least value: less of it asks for less.
const LEAST: &[&str] = &["places", "digits", "decimal", "decimals", "precision", "tobecloseto", "almostequal"];
/// Time and tries. A slow test may well need more of them: a reader decides.
const PATIENCE: &[&str] = &["timeout", "timeouts", "retries", "retry", "reruns", "flaky"];

/// Whether a line names the file and speaks of what is bounded there: that tests are added to it says nothing.
pub(super) fn is_announced(asked: &[&str], path: &str) -> bool {
    const WORDS: &[&str] = &["threshold", "toleran", "epsilon", "delta", "timeout", "accura", "precision", "loosen"];
    asked.iter().any(|text| intact::announces(text, &[path, name(path)], WORDS))
}

/// Tests that accept more than at the base commit.
pub(super) fn loosened(scene: &Scene<'_>) -> Vec<Hit> {
    let changed =
        scene.change.files.iter().filter(|file| matches!(file.kind, ChangeKind::Modified | ChangeKind::Renamed));
    let is_named = |file: &&ChangedFile| is_announced(&scene.asked(), &file.path);
    changed.filter(|file| !is_named(file)).flat_map(|file| of_file(scene, file)).collect()
}

fn of_file(scene: &Scene<'_>, file: &ChangedFile) -> Vec<Hit> {
    let (mut removed, mut added) = (file.removed(), file.added());
    for lines in [&mut removed, &mut added] {
        lines.retain(|line| has_number(code(line.text)));
    }
    let texts = |lines: &[Line<'_>]| lines.iter().map(|line| line.text.trim().to_owned()).collect::<HashSet<_>>();
    let (was, now) = (texts(&removed), texts(&added));
    // What only moved is what it was.
    removed.retain(|line| !now.contains(line.text.trim()));
    added.retain(|line| !was.contains(line.text.trim()));
    let mut before: HashMap<String, VecDeque<Line<'_>>> = HashMap::new();
    for line in removed {
        before.entry(shape(code(line.text))).or_default().push_back(line);
    }
    if before.is_empty() {
        return vec![];
    }
    let text = scene.change.text(&file.path).unwrap_or_default();
    let begin = tests_begin(&file.path, &text);
    let asked = intact::asked(scene.brief);
    let of_line = |line: Line<'_>| {
        let was = before.get_mut(&shape(code(line.text)))?.pop_front()?;
        let is_test = begin.is_some_and(|begin| line.line >= begin);
        let next = text.lines().nth(line.line as usize).unwrap_or_default();
        let (severity, old, new) = loosening(code(was.text), code(line.text), next)?;
        let is_named = asked.lines().any(|line| intact::has_word(line, new) && new.len() > 1);
        (is_test && !is_named).then(|| Hit {
            severity,
            message: match severity {
                Severity::Minor => format!("The tests wait longer, or try more often: `{new}`, where it was `{old}`."),
                _ => format!("A test accepts more than at the base commit: `{new}`, where it was `{old}`."),
            },
            suggestion: "Take it back, or name this file and the new bound in the spec, and say why less is enough.",
            ..Hit::at(&file.path, line)
        })
    };
    added.into_iter().filter_map(of_line).collect()
}

/// The number that asks for less than it did, and how bad that is; `next` is the line behind.
fn loosening<'l>(was: &'l str, now: &'l str, next: &str) -> Option<(Severity, &'l str, &'l str)> {
    let pairs = numbers(was).into_iter().zip(numbers(now));
    let mut changed = pairs.filter_map(|((_, old), (at, new))| Some((old, new, at, value(old)?, value(new)?)));
    changed.find_map(|(old, new, at, before, after)| {
        let (severity, most) = bound(&now[..at], &now[at + new.len()..], next)?;
        let is_looser = if most { after > before } else { after < before };
        is_looser.then_some((severity, old, new))
    })
}

/// What the number between two texts bounds: how bad a looser one is, and whether it is a greatest value.
fn bound(before: &str, behind: &str, next: &str) -> Option<(Severity, bool)> {
    // `elapsed < Duration::from_millis(100)`: the operator stands before the call.
    let in_call = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '(' | '-' | '+');
    let left = before.trim_end().trim_end_matches(in_call).trim_end();
    let asserts = ["assert", "expect", "should", "require"].iter().any(|word| before.contains(word));
    // `if difference > 1e-6 {` and a failure behind it.
    let fails = before.starts_with("if ")
        && ["panic", "fail", "t.Err", "t.Fatal", "throw", "raise", "assert"].iter().any(|word| next.contains(word));
    let call = opened(before).map(|(name, inside)| (name.to_lowercase(), inside));
    let own = call.as_ref().map(|(name, _)| name.as_str()).unwrap_or_default();
    let operator = |marks: &[&str]| {
        marks.iter().any(|mark| left.ends_with(mark)) && !left.ends_with("=>") && !left.ends_with("->")
    };
    // `toBeLessThan(100)`, `assertLess(x, 100)`: the last argument is the bound.
    let last = behind.trim_start().starts_with(')');
    if asserts || fails {
        let is_first = own.starts_with("tobe") || own.starts_with("be");
        let is_bound = last && (is_first || call.as_ref().is_some_and(|(_, inside)| inside.contains(',')));
        let most = operator(&["<", "<="]) || (is_bound && own.contains("less"));
        let least = operator(&[">", ">="]) || (is_bound && own.contains("greater"));
        if most != least {
            return Some((Severity::Major, if asserts { most } else { least }));
        }
    }
    // `epsilon = 1e-6`, `EPSILON: f64 = 1e-6`; else what the call that it is the last argument of is named.
    let inside = call.as_ref().map_or(before, |(_, inside)| inside);
    let segment = inside.rsplit([',', ';', '{']).next().unwrap_or_default().to_lowercase();
    let is_value =
        ["close", "approx", "almost", "near", "delta"].iter().any(|word| own.contains(word)) && !inside.contains(',');
    let named = match segment.trim_end().ends_with(['=', ':']) {
        true => segment.as_str(),
        false if last && !is_value => own,
        false => "",
    };
    let is = |list: &[&str]| {
        let whole = words(named).flat_map(|word| word.split('_')).any(|word| list.contains(&word));
        whole || list.iter().any(|word| word.len() > 5 && named.contains(word))
    };
    if is(LEAST) {
        Some((Severity::Major, false))
    } else if is(PATIENCE) {
        Some((Severity::Minor, true))
    } else {
        is(MOST).then_some((Severity::Major, true))
    }
}

/// The call whose arguments a text ends in: its name, and the arguments so far.
fn opened(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    let at = text.char_indices().rev().find(|(_, c)| {
        depth += match c {
            ')' => 1,
            '(' => -1,
            _ => 0,
        };
        depth < 0
    })?;
    let name = text[..at.0].trim_end_matches('!').rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next()?;
    Some((name, &text[at.0 + 1..]))
}

fn has_number(code: &str) -> bool {
    code.contains(|c: char| c.is_ascii_digit())
}

/// The line without its numbers.
fn shape(code: &str) -> String {
    let mut shape = String::new();
    let mut from = 0;
    for (at, number) in numbers(code) {
        shape.push_str(&code[from..at]);
        shape.push('#');
        from = at + number.len();
    }
    shape + &code[from..]
}

/// The numbers of a line, with their places: `1e-5`, `1_000`, `0.5f64`.
fn numbers(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = code[at..].find(|c: char| c.is_ascii_digit()).map(|it| at + it) {
        let rest = &code[start..];
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let mut end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
        if rest[..end].ends_with(['e', 'E']) && rest[end..].starts_with(['-', '+']) {
            let exponent = &rest[end + 1..];
            end += 1 + exponent.find(|c| !plain(c)).unwrap_or(exponent.len());
        }
        let number = rest[..end].trim_end_matches('.');
        if !code[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            found.push((start, number));
        }
        at = start + end;
    }
    found
}

fn value(number: &str) -> Option<f64> {
    let number = number.replace('_', "");
    let end = number
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+')))
        .unwrap_or(number.len());
    number[..end].parse().ok()
}
