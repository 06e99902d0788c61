//! The worse part of check 13: code that asks for what a test gives, and gives what that test expects.

use std::collections::HashMap;

use super::line::{code, is_product, tests_begin};
use super::{Hit, Scene, oracles};
use crate::Severity;
use crate::changed::{ChangedFile, Line};
use crate::intact::{skeleton, tokens};

/// Lines behind a condition in which its result stands.
const MAX_LINES: u32 = 2;
/// As many branches of one form are a table of the program, unless the tests know them all.
const TABLE: usize = 3;
/// Whoever writes more of them has been told.
const MAX_HITS: usize = 20;
/// A shorter number is asked for in its own right.
const MIN_DIGITS: usize = 5;

/// A branch, and what it is about.
struct Branch<'l> {
    line: Line<'l>,
    /// Values that it compares with.
    asks: Vec<String>,
    /// Values behind the condition.
    gives: Vec<String>,
}

/// New branches of the product in which both sides of a new assertion stand.
pub(super) fn cases(scene: &Scene<'_>) -> Vec<Hit> {
    let Ok(tests) = scene.tests() else { return vec![] };
    // The other side of each assertion in which a literal stands.
    let mut known: HashMap<&str, Vec<&[String]>> = HashMap::new();
    for [a, b] in &tests.values {
        a.iter().for_each(|literal| known.entry(literal).or_default().push(b));
        b.iter().for_each(|literal| known.entry(literal).or_default().push(a));
    }
    let shown = |asked: &str, given: &str| {
        known.get(asked).is_some_and(|others| others.iter().any(|other| other.iter().any(|literal| literal == given)))
    };
    let mut hits = Vec::new();
    for (file, lines) in scene.files().filter(|(file, _)| is_product(&file.path)) {
        let text = scene.change.text(&file.path).unwrap_or_default();
        let begin = tests_begin(&file.path, &text).unwrap_or(u32::MAX);
        for branch in branches(lines).filter(|branch| branch.line.line < begin) {
            let pair = branch.asks.iter().filter(|asked| is_rare(asked)).find_map(|asked| {
                let given = branch.gives.iter().find(|given| shown(asked, given))?;
                Some((asked.as_str(), given.as_str()))
            });
            let Some((asked, given)) = pair.filter(|_| !is_table(&text, branch.line, &known)) else { continue };
            hits.push(hit(file, branch.line, asked, given));
            if hits.len() >= MAX_HITS {
                return hits;
            }
        }
    }
    hits
}

fn hit(file: &ChangedFile, line: Line<'_>, asked: &str, given: &str) -> Hit {
    Hit {
        severity: Severity::Major,
        message: format!(
            "This branch answers a test's own case: where it finds `{asked}`, it gives `{given}`, as the test does."
        ),
        suggestion: "Solve it for every value. Where this one is a rule of the program, give it a name that says which.",
        ..Hit::at(&file.path, line)
    }
}

/// The conditions of these lines that compare with a value, each with what stands behind it.
fn branches<'l>(lines: &'l [Line<'l>]) -> impl Iterator<Item = Branch<'l>> {
    lines.iter().enumerate().filter_map(|(at, line)| {
        let (asks, mut gives) = sides(code(line.text));
        let near = |next: &&Line<'_>| next.line <= line.line + MAX_LINES && !code(next.text).starts_with('}');
        for next in lines[at + 1..].iter().take_while(near) {
            let (others, own) = sides(code(next.text));
            if !others.is_empty() {
                break;
            }
            gives.extend(own);
        }
        (!asks.is_empty()).then_some(Branch { line: *line, asks, gives })
    })
}

/// The literals that a line compares with, and those behind.
fn sides(code: &str) -> (Vec<String>, Vec<String>) {
    let all: Vec<_> = tokens(code).collect();
    let (mut asks, mut others) = (vec![], vec![]);
    for (at, token) in all.iter().enumerate().filter(|(_, token)| token.is_literal) {
        // Without a sign: `n == -1`.
        let end = if at > 0 && matches!(all[at - 1].text, "-" | "&") { at - 1 } else { at };
        let before = |back: usize| end.checked_sub(back).map_or("", |at| all[at].text);
        let behind = |on: usize| all.get(at + on).map_or("", |token| token.text);
        let equals =
            before(1) == "=" && before(2) == "=" || (before(1) == "(" && matches!(before(2), "equals" | "strcmp"));
        let is_case = matches!(before(1), "case" | "when") || (behind(1) == "=" && matches!(behind(2), "=" | ">"));
        if equals || is_case { asks.push(token.value()) } else { others.push(token.value()) }
    }
    (asks, others)
}

/// Whether nobody would ask for it but a test.
fn is_rare(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c))
    {
        true => digits.len() >= MIN_DIGITS && !is_round(&digits),
        false => oracles::is_data(text),
    }
}

/// A power of ten or of two.
fn is_round(digits: &str) -> bool {
    let tens = digits.starts_with('1') && digits[1..].bytes().all(|digit| digit == b'0');
    let number: u64 = digits.parse().unwrap_or_default();
    tens || number.is_power_of_two() || number.wrapping_add(1).is_power_of_two()
}

/// Whether a line is one of several of its form that stand together, one of which no new test knows.
fn is_table(text: &str, line: Line<'_>, known: &HashMap<&str, Vec<&[String]>>) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    let at = (line.line as usize).saturating_sub(1);
    let form = skeleton(code(line.text));
    let is_like = |line: &&&str| skeleton(code(line)) == form;
    let above = lines.iter().take(at).rev().take_while(is_like);
    let rows: Vec<&&str> = above.chain(lines.iter().skip(at).take_while(is_like)).collect();
    let is_known = |row: &str| sides(code(row)).0.iter().all(|asked| known.contains_key(asked.as_str()));
    rows.len() >= TABLE && !rows.iter().all(|row| is_known(row))
}
