//! Which files hold the tests that failed, where a command's output tells.
//!
//! Only whoever knows all of them may say that they are as they were, so one failure that can't be placed makes the
//! answer unknown. A printed path can mean several files; then it stands for all of them.

use skillhost_core::path::SkillPath;
use skillhost_suite::for_each_line;
use std::collections::BTreeSet;

/// Failures beyond this many are no flake.
const MAX_PLACES: usize = 100;
/// Languages of tests that JavaScript's runners name.
const SCRIPTS: &[&str] = &[".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"];

/// The files whose tests failed, out of `tree`. None where the output doesn't place every failure.
///
/// Knows cargo test, pytest, unittest, jest, vitest, node's test runner, playwright, deno, go test and rspec.
pub(crate) fn failed_files(output: &[u8], tree: &BTreeSet<SkillPath>) -> Option<BTreeSet<SkillPath>> {
    let mut seen = Seen::default();
    for_each_line(output, |line| seen.read(line));
    if seen.unplaced || seen.go_waits || seen.places.is_empty() || seen.places.len() > MAX_PLACES {
        return None;
    }
    let mut files = BTreeSet::new();
    for place in &seen.places {
        let found = place.resolve(tree);
        if found.is_empty() {
            return None;
        }
        files.extend(found);
    }
    Some(files)
}

/// Where a failed test is, as a runner says it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// A file.
    File(String),
    /// A path of modules, beneath the file that a test program begins with.
    Rust { root: String, test: String },
    /// A path of modules and classes.
    Python(String),
}

#[derive(Default)]
struct Seen {
    places: BTreeSet<Place>,
    /// A test failed, and nothing tells where it is.
    unplaced: bool,
    /// What cargo runs now.
    root: Option<String>,
    /// A test of go failed, and its file comes on a later line.
    go_waits: bool,
}

impl Seen {
    fn read(&mut self, line: &str) {
        if self.places.len() > MAX_PLACES {
            return;
        }
        let line = line.trim();
        let place = pytest(line)
            .or_else(|| unittest(line))
            .or_else(|| script(line))
            .or_else(|| line.strip_prefix("rspec ./").map(|rest| file(until(rest, &[':', '[', ' ']))))
            .or_else(|| self.rust(line))
            .or_else(|| self.go(line));
        self.unplaced |= place.is_none() && is_unplaced(line);
        self.places.extend(place);
    }

    /// `Running tests/a.rs (…)`, `Running unittests src/lib.rs (…)`, then `test a::b ... FAILED`.
    fn rust(&mut self, line: &str) -> Option<Place> {
        if let Some(rest) = line.strip_prefix("Running ") {
            let rest = rest.strip_prefix("unittests ").unwrap_or(rest);
            self.root = rest.split_once(" (").map(|(root, _)| root.to_owned()).filter(|root| root.ends_with(".rs"));
        } else if line.starts_with("Doc-tests ") {
            self.root = None;
        }
        let test = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
        if let Some((path, _)) = test.split_once(".rs - ") {
            return Some(file(&format!("{path}.rs")));
        }
        let (root, test) = (self.root.clone(), until(test, &[' ']).to_owned());
        self.unplaced |= root.is_none();
        Some(Place::Rust { root: root?, test })
    }

    /// `--- FAIL: TestA (0.00s)`, then `a_test.go:12: …`.
    fn go(&mut self, line: &str) -> Option<Place> {
        if line.starts_with("--- FAIL: ") {
            // A subtest stands beneath its test.
            let is_subtest = line.split(' ').nth(2).is_some_and(|name| name.contains('/'));
            self.unplaced |= self.go_waits && !is_subtest;
            self.go_waits = true;
            return None;
        }
        let (path, _) = line.split_once("_test.go:").filter(|_| self.go_waits)?;
        self.go_waits = false;
        let name = path.rsplit(['/', ' ', '\t']).next().unwrap_or(path);
        Some(file(&format!("{name}_test.go")))
    }
}

/// `FAILED tests/test_a.py::test_b - assert …`, `ERROR tests/test_a.py`.
fn pytest(line: &str) -> Option<Place> {
    let rest = line.strip_prefix("FAILED ").or_else(|| line.strip_prefix("ERROR "))?;
    let path = until(rest.split("::").next()?, &[' ']);
    path.ends_with(".py").then(|| file(path))
}

/// `FAIL: test_a (tests.test_b.Case.test_a)`, and the same as an error.
fn unittest(line: &str) -> Option<Place> {
    let rest = line.strip_prefix("FAIL: ").or_else(|| line.strip_prefix("ERROR: "))?;
    let (_, inside) = rest.split_once(" (")?;
    let path = inside.strip_suffix(')')?;
    let plain = !path.is_empty() && path.chars().all(|c| c.is_alphanumeric() || "._".contains(c));
    plain.then(|| Place::Python(path.to_owned()))
}

/// `FAIL src/a.test.js` of jest, `FAIL  src/a.test.ts > group > name` of vitest, `test at test/a.test.js:3:1` of node,
/// `name => ./a_test.ts:3:6` of deno, `1) [chromium] › a.spec.ts:3:1 › name` of playwright.
fn script(line: &str) -> Option<Place> {
    let is_script = |path: &&str| SCRIPTS.iter().any(|ending| path.ends_with(ending));
    if let Some(rest) = line.strip_prefix("FAIL ") {
        return rest.split_whitespace().take(3).find(is_script).map(file);
    }
    let at = if let Some(rest) = line.strip_prefix("test at ") {
        rest
    } else if let Some((_, rest)) = line.rsplit_once(" => ./") {
        rest
    } else if line.split_once(") ").is_some_and(|(number, _)| number.parse::<u32>().is_ok()) {
        line.split(" › ").find(|part| part.contains(':'))?
    } else {
        return None;
    };
    let path = at.split(':').next()?.trim();
    Some(path).filter(is_script).map(file)
}

/// Failures of runners that name no file.
fn is_unplaced(line: &str) -> bool {
    let counted = |words: &[&str]| {
        let parts = line.split_once(' ').filter(|(number, _)| number.parse::<u32>().is_ok_and(|number| number > 0));
        parts.is_some_and(|(_, rest)| words.contains(&rest))
    };
    let maven = line.contains("Tests run:") && ["Failures: 0", "Errors: 0"].iter().any(|none| !line.contains(none));
    counted(&["failing", "test failed", "tests failed", "fail"])
        || ["not ok ", "[  FAILED  ]", "Failed!", "FAIL [", "FAILED | "].iter().any(|mark| line.starts_with(mark))
        || line.ends_with("Some tests failed.")
        || maven
}

fn file(path: &str) -> Place {
    Place::File(path.strip_prefix("./").unwrap_or(path).to_owned())
}

fn until<'a>(text: &'a str, ends: &[char]) -> &'a str {
    text.split(ends).next().unwrap_or(text)
}

impl Place {
    fn resolve(&self, tree: &BTreeSet<SkillPath>) -> Vec<SkillPath> {
        match self {
            Place::File(path) => resolve(path, tree),
            Place::Rust { root, test } => {
                resolve(root, tree).into_iter().map(|root| module(root, test, tree)).collect()
            }
            Place::Python(path) => {
                let parts: Vec<&str> = path.split('.').collect();
                let longest = (1..=parts.len().min(16)).rev();
                longest
                    .map(|length| resolve(&format!("{}.py", parts[..length].join("/")), tree))
                    .find(|it| !it.is_empty())
            }
            .unwrap_or_default(),
        }
    }
}

/// The files that a printed path can mean: the one of that name, else all that end so, since a package's runner prints paths
/// from its own folder, else the one that an absolute path ends with.
fn resolve(path: &str, tree: &BTreeSet<SkillPath>) -> Vec<SkillPath> {
    if let Ok(exact) = SkillPath::parse(path)
        && tree.contains(&exact)
    {
        return vec![exact];
    }
    let ends_with = |long: &str, short: &str| {
        long.strip_suffix(short).is_some_and(|before| before.ends_with('/')) && !short.is_empty()
    };
    let deeper: Vec<_> = tree.iter().filter(|file| ends_with(file.as_str(), path)).cloned().collect();
    if !deeper.is_empty() {
        return deeper;
    }
    let outer = tree.iter().filter(|file| ends_with(path, file.as_str()));
    outer.max_by_key(|file| file.as_str().len()).cloned().into_iter().collect()
}

/// The file of a test's module: the deepest one on its path, else the program's own, where modules may stand inline.
fn module(root: SkillPath, test: &str, tree: &BTreeSet<SkillPath>) -> SkillPath {
    let modules: Vec<&str> = test.split("::").collect();
    let Some(dir) = root.parent() else { return root };
    let inner = modules.len().saturating_sub(1).min(16);
    let candidates = (1..=inner).rev().flat_map(|length| {
        let path = modules[..length].join("/");
        [format!("{path}.rs"), format!("{path}/mod.rs")]
    });
    candidates.filter_map(|path| dir.join(&path).ok()).find(|path| tree.contains(path)).unwrap_or(root)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    const TREE: &[&str] = &[
        "a/x_test.go",
        "crates/one/src/lib.rs",
        "crates/two/src/lib.rs",
        "crates/two/src/deep/inner.rs",
        "spec/a_spec.rb",
        "src/a.test.js",
        "src/a.test.ts",
        "tests/e2e/gates.rs",
        "tests/e2e/main.rs",
        "tests/test_a.py",
    ];

    fn failed(output: &str) -> Option<Vec<String>> {
        let tree = TREE.iter().map(|path| SkillPath::parse(path).unwrap()).collect();
        Some(failed_files(output.as_bytes(), &tree)?.into_iter().map(|path| path.to_string()).collect())
    }

    #[test]
    fn runners_say_where_a_failed_test_is() {
        for (runner, output, files) in [
            (
                "cargo",
                "     Running tests/e2e/main.rs (target/debug/deps/e2e-1)\ntest gates::a ... ok\ntest gates::b ... FAILED\n",
                &["tests/e2e/gates.rs"][..],
            ),
            (
                "cargo, a unit test of some package",
                "     Running unittests src/lib.rs (target/debug/deps/two-1)\ntest deep::inner::tests::b ... FAILED\n",
                &["crates/one/src/lib.rs", "crates/two/src/deep/inner.rs"],
            ),
            (
                "pytest",
                "FAILED tests/test_a.py::test_b - assert 1 == 2\n1 failed, 3 passed in 0.1s",
                &["tests/test_a.py"],
            ),
            ("unittest", "FAIL: test_b (tests.test_a.Case.test_b)\nFAILED (failures=1)", &["tests/test_a.py"]),
            ("jest", "FAIL src/a.test.js (5.2 s)\nTests: 1 failed, 1 total", &["src/a.test.js"]),
            ("vitest", "\u{1b}[31m FAIL \u{1b}[0m src/a.test.ts > group > name\n", &["src/a.test.ts"]),
            ("node", "✖ failing tests:\n\ntest at src/a.test.js:3:1\n✖ name (1ms)", &["src/a.test.js"]),
            ("an absolute path", "test at /work/tree/src/a.test.js:3:1", &["src/a.test.js"]),
            ("deno", "name => ./src/a.test.ts:3:6\n", &["src/a.test.ts"]),
            ("playwright", "  1) [chromium] › src/a.test.ts:3:1 › name ───\n  1 failed\n", &["src/a.test.ts"]),
            (
                "go",
                "--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/b (0.00s)\n        x_test.go:12: no\nFAIL",
                &["a/x_test.go"],
            ),
            ("rspec", "rspec ./spec/a_spec.rb:3 # it works", &["spec/a_spec.rb"]),
        ] {
            assert_eq!(
                failed(output).as_deref(),
                Some(&files.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()[..]),
                "{runner}"
            );
        }
    }

    #[test]
    fn one_failure_that_can_not_be_placed_makes_all_unknown() {
        let placed = "FAILED tests/test_a.py::test_b\n";
        assert!(failed(placed).is_some());
        for unplaced in [
            "  1 failing\n",
            "not ok 1 - a\n",
            "  2 tests failed\n",
            "test a::b ... FAILED\n",
            "--- FAIL: TestA (0.00s)\n",
            "FAILED tests/test_other.py::test_b\n",
            "[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0\n",
            "[  FAILED  ] Suite.name\n",
        ] {
            assert_eq!(failed(&format!("{placed}{unplaced}")), None, "{unplaced}");
        }
        assert_eq!(failed("error: it went wrong\n"), None);
        let many: String = (0..200).map(|n| format!("FAILED {n}/tests/test_a.py::test_b\n")).collect();
        assert_eq!(failed(&many), None);
    }

    proptest! {
        #[test]
        fn no_output_panics(lines in prop::collection::vec(
            "(FAILED |FAIL: |FAIL |test |Running |test at |--- FAIL: |1\\) |rspec ./)?[ a-z/.:()›>_é=-]{0,30}( ... FAILED)?", 0..8)) {
            let _ = failed(&lines.join("\n"));
        }
    }
}
