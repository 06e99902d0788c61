//! What an assertion compares: its operands, read from the text of one statement.
//!
//! No parser: brackets and quotes are told apart, calls and operators by their names, which is how test libraries differ.

use super::text::{MAX_BYTES, call, has_literal, is_literal, skeleton, split, squeezed, statement, tokens};

/// An assertion, or a row of a table that one goes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assertion {
    /// Where it begins, 1-based.
    pub(super) line: u32,
    /// Its first line, without the space around it.
    pub(super) quote: String,
    /// The call, the matcher or the operator that compares.
    pub(super) how: String,
    /// What is compared: two of them.
    pub(super) operands: [String; 2],
}

/// How an operand is compared where nothing else says it: with true or false.
const TRUTH: &str = "is";

/// What compares the sides of a row: the assertion that goes over it.
const ROW: &str = "row";

impl Assertion {
    /// The assertion that begins at a byte of the first of these lines; none where it compares nothing.
    pub(super) fn read(lines: &[&str], from: usize, line: u32, comment: &str) -> Option<Assertion> {
        let (how, operands) = compared(statement(lines, from, comment)?.trim())?;
        let quote = lines.first()?.trim().to_owned();
        Some(Assertion { line, quote, how, operands })
    }

    /// A row of a table, or an expected value with a name: what stands last is what the code has to give.
    pub(super) fn row(text: &str, line: u32) -> Option<Assertion> {
        let quote = Some(text.trim()).filter(|text| text.len() <= MAX_BYTES)?;
        let named = [" := ", " = "].iter().find_map(|mark| quote.split_once(mark)).filter(|(name, value)| {
            let name = name.to_lowercase();
            ["expected", "want"].iter().any(|word| name.contains(word)) && is_literal(value.trim_end_matches(';'))
        });
        let inside = || {
            let row = quote.strip_prefix("#[").and_then(|row| row.strip_suffix(']')).unwrap_or(quote);
            let row = row.strip_suffix(',').or(Some(row).filter(|it| it.ends_with(')')))?;
            let row = row.strip_prefix(['(', '[', '{']).or_else(|| row.split_once("case(").map(|(_, row)| row))?;
            let row = row.strip_suffix([')', ']', '}'])?;
            let last = *split(row, ",").last()?;
            let before = row[..row.len() - last.len()].trim_end_matches([',', ' ']);
            let value = last.split_once(": ").map_or(last, |(_, value)| value).trim();
            (!before.is_empty() && is_literal(value)).then_some((before, last))
        };
        let (before, value) = named.or_else(inside)?;
        let operands = [squeezed(before), squeezed(value)];
        Some(Assertion { line, quote: quote.to_owned(), how: ROW.into(), operands })
    }

    /// Whether it holds whatever the code does: a constant, or a name that is compared with itself.
    pub(super) fn is_constant(&self) -> bool {
        let [left, right] = &self.operands;
        let literals = is_literal(left) && is_literal(right) && (self.how != TRUTH || left.to_lowercase() == *right);
        (literals && self.how != ROW) || (self.repeats() && !left.contains('('))
    }

    /// Whether both sides are the same text. With a call in it, that may be meant: for a cache, or an order that has to hold.
    pub(super) fn repeats(&self) -> bool {
        let is_negated = self.how.contains('!') && !self.how.ends_with('!') || self.how.to_lowercase().contains("not");
        let is_negated = is_negated || self.how.contains("_ne");
        !is_negated && self.operands[0] == self.operands[1] && self.how != ROW
    }

    /// Whether its operands hold names alone, as where it goes over a table.
    pub(super) fn is_general(&self) -> bool {
        !self.operands.iter().any(|operand| has_literal(operand))
    }

    /// The operand that the other one gives in place of this one's, where it asks the same for another result.
    pub(super) fn differs<'a>(&'a self, now: &'a Assertion) -> Option<(&'a str, &'a str)> {
        if self.how != now.how || is_order(&self.how) || self.is_constant() || self.repeats() {
            return None;
        }
        let ([a, b], [x, y]) = (&self.operands, &now.operands);
        let is_row = self.how == ROW;
        let asked = |text: &str| is_row || !is_literal(text);
        let other = match (a == x, b == y) {
            (true, false) if asked(a) && has_literal(b) => (b, y),
            (false, true) if asked(b) && has_literal(a) => (a, x),
            (false, _) if !is_row && skeleton(a) == skeleton(x) && skeleton(b) == skeleton(y) => {
                if b == y {
                    (a, x)
                } else {
                    (b, y)
                }
            }
            _ => return None,
        };
        let is_other = without_bounds(other.0) != without_bounds(other.1);
        is_other.then_some((other.0.as_str(), other.1.as_str()))
    }
}

/// The literals of two operands, as they stand without quotes and signs.
pub(super) fn literals(operands: &[String; 2]) -> [Vec<String>; 2] {
    operands
        .each_ref()
        .map(|operand| tokens(operand).filter(|token| token.is_literal).map(|token| token.value()).collect())
}

/// Whether an order is asserted rather than a value.
fn is_order(how: &str) -> bool {
    let how = how.to_lowercase();
    matches!(how.as_str(), "<" | "<=" | ">" | ">=") || ["less", "greater", "snapshot"].iter().any(|it| how.contains(it))
}

/// Parts of the names of calls that compare their first two arguments.
const TWO: &[&str] = &[
    "eq",
    "_ne",
    "same",
    "close",
    "delta",
    "near",
    "match",
    "almost",
    "contain",
    "include",
    "throw",
    "raise",
    "rejects",
    "less",
    "greater",
    "assertis",
    "assertin",
    "assertnotin",
    "snapshot",
];

/// How a statement compares, and what.
fn compared(text: &str) -> Option<(String, [String; 2])> {
    let text = text.trim_end_matches([';', ',']);
    if let Some(rest) = text.strip_prefix("assert ") {
        return condition(split(rest, ",").first()?);
    }
    if let Some(rest) = text.strip_prefix("if ").and_then(|rest| rest.strip_suffix('{')) {
        return condition(split(rest, ";").last()?); // Go
    }
    if let Some((value, rest)) = text.split_once(".should") {
        let open = rest.find('(')?;
        return Some((rest[..open].to_owned(), [squeezed(value), squeezed(call(&rest[open..])?.0.first()?)]));
    }
    let open = text.find('(')?;
    let name = text[..open].rsplit(' ').next()?;
    let (arguments, rest) = call(&text[open..])?;
    if name.ends_with("expect") {
        let open = rest.find('(').unwrap_or(rest.len());
        let matcher = &rest[..open];
        let value = call(&rest[open..]).and_then(|(arguments, _)| arguments.first().copied());
        return match value {
            Some(value) => Some((matcher.to_owned(), [squeezed(arguments.first()?), squeezed(value)])),
            None if matcher.contains("Truthy") || matcher.contains("Falsy") => {
                Some(truth(arguments.first()?, matcher.contains("Falsy") == matcher.contains("not")))
            }
            None => Some((matcher.to_owned(), [squeezed(arguments.first()?), true.to_string()])),
        };
    }
    let skipped = usize::from(arguments.first() == Some(&"t")); // Go's testify
    let mut arguments = arguments.into_iter().skip(skipped);
    let own = name.rsplit(['.', ':']).next()?.to_lowercase();
    let first = arguments.next()?;
    if TWO.iter().any(|word| own.contains(word)) && !own.ends_with("none") {
        return Some((name.to_owned(), [squeezed(first), squeezed(arguments.next()?)]));
    }
    let is_truth = own.starts_with("assert") || matches!(own.as_str(), "ok" | "true" | "false" | "istrue" | "isfalse");
    if !is_truth {
        return None;
    }
    if own.contains("false") { Some(truth(first, false)) } else { condition(first) }
}

/// An expression that has to be true.
fn condition(text: &str) -> Option<(String, [String; 2])> {
    const OPERATORS: &[&str] =
        &[" === ", " !== ", " == ", " != ", " <= ", " >= ", " < ", " > ", " is not ", " is ", " not in ", " in "];
    let text = text.trim();
    for joint in [" && ", " || ", " and ", " or "] {
        if split(text, joint).len() > 1 {
            return Some(truth(text, true));
        }
    }
    for operator in OPERATORS {
        if let [left, right] = split(text, operator)[..] {
            return Some((operator.trim().to_owned(), [squeezed(left), squeezed(right)]));
        }
    }
    Some(truth(text, true))
}

fn truth(text: &str, expected: bool) -> (String, [String; 2]) {
    let bare = text.trim().strip_prefix('!').or_else(|| text.trim().strip_prefix("not "));
    let expected = expected == bare.is_none();
    (TRUTH.to_owned(), [squeezed(bare.unwrap_or(text)), expected.to_string()])
}

/// The text without how near is near enough: `approx(1.5, rel=1e-3)`.
fn without_bounds(text: &str) -> &str {
    let bounds = ["rel=", "abs=", "epsilon", "max_relative", "delta="];
    let end = bounds.iter().filter_map(|word| text.find(word)).min().unwrap_or(text.len());
    text[..end].trim_end_matches([' ', ','])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Assertion, squeezed};

    fn read(text: &str) -> Assertion {
        Assertion::read(&text.lines().collect::<Vec<_>>(), 0, 1, "//").unwrap_or_else(|| panic!("{text}"))
    }

    fn operands(text: &str) -> [String; 2] {
        read(text).operands
    }

    #[test]
    fn two_sides_are_compared() {
        for text in [
            "assert_eq!(f(1, 2), \"a, b\");",
            "assert_eq!(\n    f(1, 2),\n    \"a, b\",\n    \"message {}\", 1\n);",
            "pretty_assertions::assert_eq!(f(1, 2), \"a, b\");",
            "assert!(f(1, 2) == \"a, b\", \"message\");",
            "assert.equal(f(1, 2), \"a, b\", 'message');",
            "assert.deepStrictEqual(f(1, 2), \"a, b\");",
            "expect(f(1, 2)).toBe(\"a, b\");",
            "await expect(f(1, 2)).resolves.toEqual(\"a, b\");",
            "expect(f(1, 2)).to.equal(\"a, b\");",
            "f(1, 2).should.equal(\"a, b\");",
            "assert f(1, 2) == \"a, b\", \"message\"",
            "assert f(1, 2) == (\n    \"a, b\"\n)",
            "self.assertEqual(f(1, 2), \"a, b\")",
            "if f(1, 2) != \"a, b\" {",
            "if got := f(x); f(1, 2) != \"a, b\" {",
            "require.Equal(t, f(1, 2), \"a, b\")",
        ] {
            let [left, right] = operands(text);
            assert_eq!((left.as_str(), right.trim_matches(['(', ')'])), ("f(1, 2)", "\"a, b\""));
        }
    }

    #[test]
    fn one_side_is_held_to_be_true() {
        for (text, side, value) in [
            ("assert!(f(1));", "f(1)", "true"),
            ("assert!(!f(1), \"m\");", "f(1)", "false"),
            ("assert.ok(f(1));", "f(1)", "true"),
            ("assert not f(1)", "f(1)", "false"),
            ("self.assertFalse(f(1))", "f(1)", "false"),
            ("expect(f(1)).toBeTruthy();", "f(1)", "true"),
            ("expect(f(1)).toBeFalsy();", "f(1)", "false"),
            ("assert!(a == 1 || b == 2);", "a == 1 || b == 2", "true"),
        ] {
            assert_eq!(operands(text), [side, value].map(squeezed), "{text}");
        }
        for text in ["panic!(\"never\");", "assert.fail('never');", "t.Fatal(\"no\")", "expect.assertions(2);", "f(1);"]
        {
            let read = Assertion::read(&[text], 0, 1, "//");
            assert!(read.is_none_or(|it| !it.is_constant()), "{text}");
        }
    }

    #[test]
    fn what_cannot_fail() {
        for text in [
            "assert!(true);",
            "assert_eq!(1, 1);",
            "assert_eq!(x.len, x.len);",
            "assert.equal(1, 1);",
            "assert.ok(true);",
            "expect(x).toBe(x);",
            "expect(true).toBe(true);",
            "assert True",
            "assert x == x",
            "self.assertTrue(True)",
            "self.assertEqual('a', 'a')",
            "assert.True(t, true)",
        ] {
            assert!(read(text).is_constant(), "{text}");
        }
        for text in [
            "assert!(x);",
            "assert!(false);",
            "assert_ne!(x, x);",
            "assert_eq!(f(1), f(1));",
            "expect(x).not.toBe(x);",
            "assert x != x",
            "assert.notEqual(x, x);",
            "assert_eq!(x, 1);",
            "expect(x).toBe('x');",
        ] {
            assert!(!read(text).is_constant(), "{text}");
        }
        assert!(read("assert_eq!(f(1), f(1));").repeats() && !read("assert_ne!(f(1), f(1));").repeats());
    }

    #[test]
    fn another_result_for_the_same_question() {
        for (before, now) in [
            ("assert_eq!(f(1), 2);", "assert_eq!(f(1), 3);"),
            ("assert_eq!(2, f(1));", "assert_eq!(\n    3,\n    f(1),\n);"),
            ("assert_eq!(f(1), -1);", "assert_eq!(f(1), 1);"),
            ("assert.equal(f(1), '1m');", "assert.equal(f(1), '1' + 'min');"),
            ("assert.deepEqual(f(1), { a: 1 });", "assert.deepEqual(f(1), { a: 2 });"),
            ("expect(f(1)).toBe(true);", "expect(f(1)).toBe(false);"),
            ("assert f(\"a\") == 1", "assert f(\"b\") == 2"),
            ("assert!(f(1));", "assert!(!f(1));"),
            ("self.assertTrue(f(1))", "self.assertFalse(f(1))"),
            ("if f(1) != 2 {", "if f(1) != 3 {"),
            ("with self.assertRaises(f(1), 'a'):", "with self.assertRaises(f(1), 'b'):"),
        ] {
            assert!(read(before).differs(&read(now)).is_some(), "{before} -> {now}");
        }
        for (before, now) in [
            ("assert_eq!(f(1), 2);", "assert_eq!( f(1),  2, \"why\" );"),
            ("assert_eq!(f(1), 2);", "assert_eq!(f(1), 2); // why"),
            ("assert_eq!(f(1000), 2);", "assert_eq!(f(1_000), 2u8);"),
            ("assert.equal(f(1), 'a');", "assert.equal(f(1), \"a\");"),
            ("assert.deepEqual(f(1), [1, 'a']);", "assert.deepEqual(f(1), [\n  1,\n  'a',\n]);"),
            ("assert.deepEqual(f(1), { a: 1 });", "assert.deepEqual(f(1), {a:1});"),
            ("assert_eq!(f(1), 2);", "assert_eq!(g(1), 3);"),
            ("assert_eq!(f(1), expected);", "assert_eq!(f(1), wanted);"),
            ("assert!(f(1) < 2);", "assert!(f(1) < 3);"),
            ("assert f(1) == approx(1.5, rel=1e-6)", "assert f(1) == approx(1.5, rel=1e-9)"),
            ("assert_snapshot!(f(1), @\"a\");", "assert_snapshot!(f(1), @\"b\");"),
        ] {
            assert!(read(before).differs(&read(now)).is_none(), "{before} -> {now}");
        }
    }

    #[test]
    fn rows_of_a_table() {
        let row = |text| Assertion::row(text, 1);
        for (before, now) in [
            ("(60000, \"1m\"),", "(60000, \"1min\"),"),
            ("['60000', '1m'],", "['60000', '1min'],"),
            ("{60000, \"1m\"},", "{60000, \"1min\"},"),
            ("{in: 60000, want: \"1m\"},", "{in: 60000, want: \"1min\"},"),
            ("#[case(60000, \"1m\")]", "#[case(60000, \"1min\")]"),
            ("let expected = \"1m\";", "let expected = \"1min\";"),
            ("want := \"1m\"", "want := \"1min\""),
        ] {
            if let (Some(before), Some(now)) = (row(before), row(now)) {
                assert!(before.differs(&now).is_some(), "{before:?}");
            } else {
                assert!(before.starts_with('#'), "{before}");
            }
        }
        for text in ["let name = \"a\";", "f(1, \"a\");", "}),", "(\"a\"),", "(1, b),"] {
            assert!(row(text).is_none(), "{text}");
        }
    }

    #[test]
    fn hostile_text_comes_to_an_end() {
        let lines = |text: &str, times: usize| text.repeat(times);
        for text in [lines("assert!((((", 400), lines("'\"`\\", 900), "assert_eq!(".into(), "assert é".into()] {
            let _ = Assertion::read(&text.lines().collect::<Vec<_>>(), 0, 1, "//");
            let _ = Assertion::row(&text, 1);
        }
    }
}
