//! Test cases as they stand in a source file, read line by line: enough to see that one is gone, switched off, or asserts
//! less than it did.
//!
//! It is no parser. Code that is laid out as its formatter lays it out is read right; elsewhere a body may be taken for
//! longer or shorter than it is, in the base and in the change alike.

use super::assertion::Assertion;
use super::exits;

/// One test case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case {
    /// As it is declared.
    pub(super) name: String,
    /// Where, 1-based.
    pub(super) line: u32,
    /// That line, without the space around it.
    pub(super) declaration: String,
    /// Switched off where it stands.
    pub(super) skipped: bool,
    /// Assertions in its body.
    pub(super) assertions: usize,
    /// Those among them that compare with a value.
    pub(super) comparisons: usize,
    /// Assertions that the test may leave before.
    pub(super) left: usize,
    /// Where it may first be left, and the line's text.
    pub(super) exit: Option<(u32, String)>,
    /// What its assertions compare, and the rows that they go over.
    pub(super) compared: Vec<Assertion>,
}

impl Case {
    /// The assertions that compare something with itself, or hold whatever the code does.
    pub(super) fn idle(&self) -> impl Iterator<Item = &Assertion> {
        self.compared.iter().filter(|it| it.is_constant() || it.repeats())
    }

    /// How many of its assertions can show something.
    pub(super) fn shown(&self) -> usize {
        self.assertions.saturating_sub(self.idle().count())
    }

    /// Whether it asserts, and nothing that could fail.
    pub(super) fn is_idle(&self) -> bool {
        self.assertions > 0 && self.compared.iter().filter(|it| it.is_constant()).count() >= self.assertions
    }
}

/// The test cases of a file, and what switches off more than one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Suite {
    pub(super) cases: Vec<Case>,
    /// Suites that are skipped, and focus on a few cases, which leaves the others out.
    pub(super) switches: usize,
}

/// More assertions of one file are counted only.
const MAX_COMPARED: usize = 10_000;

/// How a language writes tests.
struct Language {
    extensions: &'static [&'static str],
    comment: &'static [&'static str],
    /// The name of the case that a line declares; the second argument is the attributes or decorators above it.
    declares: fn(&str, &[String]) -> Option<String>,
    /// Begins a line that belongs to the declaration below it.
    attribute: &'static str,
    /// Bodies end with a brace, or where the indentation ends.
    braces: bool,
    /// In the declaration, its attributes or its body: this case is off.
    skips: &'static [&'static str],
    /// Anywhere: more than one case is off.
    switches: &'static [&'static str],
    assertions: &'static [&'static str],
    comparisons: &'static [&'static str],
}

const LANGUAGES: &[Language] = &[
    Language {
        extensions: &["rs"],
        comment: &["//"],
        declares: declares_rust,
        attribute: "#[",
        braces: true,
        skips: &["#[ignore", "cfg(any())"],
        switches: &["#![cfg(any())]"],
        assertions: &["assert", "panic!(", "unreachable!("],
        comparisons: &["assert_eq!", "assert_ne!", "assert_matches!", "assert_snapshot!", " == ", "matches!("],
    },
    Language {
        extensions: &["js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts"],
        comment: &["//", "*"],
        declares: declares_javascript,
        attribute: "@@",
        braces: true,
        skips: &[".skip(", ".skip.", ".todo(", "xit(", "xtest(", ".failing(", "this.skip()"],
        switches: &["describe.skip", "suite.skip", "xdescribe(", ".only(", ".only.", "fit(", "fdescribe("],
        assertions: &["expect(", "assert(", "assert.", ".should"],
        comparisons: &[
            "toBe(",
            "Equal(",
            "toMatch",
            "toContain",
            "toHave",
            "toThrow",
            ".equal",
            "toBeCloseTo",
            " === ",
        ],
    },
    Language {
        extensions: &["py"],
        comment: &["#"],
        declares: declares_python,
        attribute: "@",
        braces: false,
        skips: &["mark.skip", "mark.xfail", "unittest.skip", "unittest.expectedFailure", "pytest.skip(", ".skipTest("],
        switches: &["pytestmark = pytest.mark.skip", "__test__ = False", "collect_ignore", "allow_module_level=True"],
        assertions: &["assert ", "assert(", ".assert", "raises("],
        comparisons: &[" == ", " != ", " is ", " in ", "Equal(", "raises(", " < ", " > ", "approx("],
    },
    Language {
        extensions: &["go"],
        comment: &["//"],
        declares: declares_go,
        attribute: "@@",
        braces: true,
        skips: &[".Skip(", ".SkipNow(", ".Skipf("],
        switches: &[],
        assertions: &["t.Error", "t.Fatal", "t.Fail", "require.", "assert."],
        comparisons: &[" == ", " != ", "Equal(", "DeepEqual", "cmp.Diff", "errors.Is("],
    },
];

/// The suite in a file's text; none where the language is not known.
pub(super) fn suite(path: &str, text: &str) -> Option<Suite> {
    let extension = path.rsplit('/').next()?.rsplit_once('.')?.1;
    let language = LANGUAGES.iter().find(|language| language.extensions.contains(&extension))?;
    let lines: Vec<&str> = uncommented(text, language);
    let mut suite = Suite::default();
    let mut attributes: Vec<String> = Vec::new();
    let mut room = MAX_COMPARED;
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim();
        suite.switches += count(code, language.switches);
        if code.starts_with(language.attribute) {
            attributes.push(code.into());
            continue;
        }
        if let Some(name) = (language.declares)(code, &attributes) {
            let body = body(&lines[at..], language);
            let holds = |line: &str, patterns| count(line, patterns) > 0;
            let sum = |patterns| body.iter().filter(|line| holds(line, patterns)).count();
            let skipped = attributes.iter().any(|attribute| holds(attribute, language.skips));
            let behind = exits::behind(body, language.braces);
            let numbered = |index: usize| u32::try_from(at + index + 1).unwrap_or(u32::MAX);
            let compared = compared(body, &attributes, numbered(0), language, room);
            room -= compared.len().min(room);
            suite.cases.push(Case {
                name,
                line: u32::try_from(at + 1).unwrap_or(u32::MAX),
                declaration: code.into(),
                skipped: skipped || sum(language.skips) > 0,
                assertions: sum(language.assertions),
                comparisons: sum(language.comparisons),
                left: body
                    .iter()
                    .zip(&behind.lines)
                    .filter(|(line, left)| **left && holds(line, language.assertions))
                    .count(),
                exit: behind.exit.map(|index| (numbered(index), body[index].trim().to_owned())),
                compared,
            });
        }
        if !code.is_empty() {
            attributes.clear();
        }
    }
    Some(suite)
}

/// What the assertions of a body compare, and, where one of them goes over a table, its rows.
fn compared(body: &[&str], attributes: &[String], first: u32, language: &Language, room: usize) -> Vec<Assertion> {
    let number = |index: usize| first.saturating_add(u32::try_from(index).unwrap_or(u32::MAX));
    let begins = |line: &str| {
        // Go asserts by an `if`, and `x.should` of what stands before.
        let is_condition = language.comparisons.contains(&"DeepEqual") && line.trim_start().starts_with("if ");
        if is_condition {
            return (count(line, language.comparisons) > 0).then_some(0);
        }
        let at = language.assertions.iter().filter_map(|pattern| places(line, pattern).next()).min()?;
        Some(if line[at..].starts_with(".should") { 0 } else { at })
    };
    let own = body.iter().enumerate().filter_map(|(at, line)| Some((at, begins(line)?))).take(room);
    let mut found: Vec<Assertion> =
        own.filter_map(|(at, from)| Assertion::read(&body[at..], from, number(at), language.comment[0])).collect();
    if found.iter().any(Assertion::is_general) {
        found.extend(body.iter().enumerate().filter_map(|(at, line)| Assertion::row(line, number(at))));
        found.extend(attributes.iter().filter_map(|line| Assertion::row(line, first)));
    }
    found
}

fn count(line: &str, patterns: &[&str]) -> usize {
    patterns.iter().map(|pattern| places(line, pattern).count()).sum()
}

/// Where a pattern stands that is no part of a longer word: `fit(` in `benefit(` is none.
fn places<'l>(line: &'l str, pattern: &'l str) -> impl Iterator<Item = usize> + 'l {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let free = move |at: usize| !pattern.starts_with(word) || !line[..at].ends_with(word);
    // `assertEqual(` and `assert_eq!` are words that end in a pattern's own; only beginnings have to be free.
    let places = line.match_indices(pattern).map(|(at, _)| at);
    places.filter(move |at| free(*at) || pattern.starts_with(char::is_uppercase))
}

/// The lines with comments emptied, so that an assertion that was commented out is gone.
fn uncommented<'text>(text: &'text str, language: &Language) -> Vec<&'text str> {
    let mut inside = false;
    let empty = |line: &'text str| -> &'text str {
        let code = line.trim_start();
        if inside {
            inside = !code.contains("*/");
            return "";
        }
        if language.braces && code.starts_with("/*") {
            inside = !code.contains("*/");
            return "";
        }
        if language.comment.iter().any(|mark| code.starts_with(mark)) { "" } else { line }
    };
    text.lines().map(empty).collect()
}

/// The lines of a declaration and its body; the declaration is the first of the lines given.
fn body<'lines, 'text>(lines: &'lines [&'text str], language: &Language) -> &'lines [&'text str] {
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let Some(first) = lines.first() else { return lines };
    let depth = indentation(first);
    let opens = first.matches(['{', '(']).count();
    if language.braces && opens > 0 && opens == first.matches(['}', ')']).count() && first.contains('{') {
        return &lines[..1];
    }
    let ends = |line: &&str| match language.braces {
        true => indentation(line) <= depth && line.trim_start().starts_with('}'),
        false => indentation(line) <= depth && !line.trim().is_empty() && !line.trim_start().starts_with(')'),
    };
    let end = lines.iter().skip(1).position(ends).map_or(lines.len(), |at| at + 1);
    &lines[..end]
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn declares_rust(code: &str, attributes: &[String]) -> Option<String> {
    let test = |attribute: &String| {
        let name = attribute.trim_start_matches("#[").split([']', '(', ' ']).next().unwrap_or_default();
        name.rsplit("::")
            .next()
            .is_some_and(|last| matches!(last, "test" | "rstest" | "test_case" | "wasm_bindgen_test"))
    };
    let after = code.split_once("fn ").filter(|(before, _)| before.is_empty() || before.ends_with(' '))?.1;
    attributes.iter().any(test).then(|| identifier(after))
}

fn declares_javascript(code: &str, _: &[String]) -> Option<String> {
    let rest = ["it", "test", "xit", "xtest", "fit"]
        .iter()
        .find_map(|word| code.strip_prefix(word).filter(|rest| rest.starts_with(['(', '.'])))?;
    let quote = rest.find(['\'', '"', '`']);
    let name = quote.and_then(|at| {
        let mark = rest[at..].chars().next()?;
        rest[at + 1..].split(mark).next()
    });
    // `test.beforeEach(` and the like declare nothing.
    let modifier = identifier(rest.trim_start_matches('.'));
    let declares = rest.starts_with('(')
        || matches!(modifier.as_str(), "skip" | "only" | "each" | "todo" | "failing" | "concurrent" | "fails");
    declares.then(|| name.unwrap_or(rest).to_owned())
}

fn declares_python(code: &str, _: &[String]) -> Option<String> {
    let name = code.strip_prefix("async ").unwrap_or(code).strip_prefix("def ")?;
    name.starts_with("test").then(|| identifier(name))
}

fn declares_go(code: &str, _: &[String]) -> Option<String> {
    let name = code.strip_prefix("func ")?;
    let tests = ["Test", "Fuzz", "Example"].iter().any(|prefix| name.starts_with(prefix));
    tests.then(|| identifier(name))
}
