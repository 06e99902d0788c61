//! Which tests failed, read from what a runner printed: by the names under which the tests are declared.

use std::collections::BTreeSet;

/// More failing tests than this are no flaky one.
const MAX_NAMES: usize = 20;

/// The names of the tests that failed; empty where the output does not tell. cargo, pytest, unittest, Go, Jest, Vitest, Mocha
/// and `node --test` are known.
pub(crate) fn names(output: &str) -> BTreeSet<String> {
    output.lines().filter_map(|line| name(line.trim())).take(MAX_NAMES + 1).collect()
}

fn name(line: &str) -> Option<String> {
    if let Some(test) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
        return last(test.split(" - ").next()?, "::"); // cargo
    }
    if let Some(test) = line.strip_prefix("--- FAIL: ") {
        return Some(test.split([' ', '/']).next()?.to_owned()); // Go
    }
    if let Some(test) = line.strip_prefix("FAILED ").filter(|test| test.contains("::")) {
        return last(test.split([' ', '[']).next()?, "::"); // pytest
    }
    if let Some(test) = line.strip_prefix("FAIL: ").or_else(|| line.strip_prefix("ERROR: ")) {
        return Some(test.split(' ').next()?.to_owned()); // unittest
    }
    if let Some(test) = line.strip_prefix("● ").or_else(|| line.strip_prefix("× ")).or_else(|| line.strip_prefix("✕ "))
    {
        let test = without_time(test);
        return last(test, " › ").and_then(|test| last(&test, " > ")); // Jest, Vitest
    }
    if let Some(test) = line.strip_prefix("✖ ").filter(|test| !test.starts_with("failing tests")) {
        return Some(without_time(test).to_owned()); // node --test
    }
    let (number, test) = line.split_once(") ")?; // Mocha
    number.parse::<u32>().ok().map(|_| test.trim_end_matches(':').to_owned())
}

fn last(path: &str, separator: &str) -> Option<String> {
    path.rsplit(separator).next().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// A name without what a runner puts behind it: `adds (3 ms)`.
fn without_time(test: &str) -> &str {
    test.rsplit_once(" (")
        .filter(|(_, time)| time.ends_with("ms)") || time.ends_with("s)"))
        .map_or(test, |(test, _)| test)
        .trim()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn runners_name_what_failed() {
        for (output, expected) in [
            ("test store::tests::keeps ... FAILED\ntest b ... ok\n", "keeps"),
            ("FAILED tests/test_a.py::TestA::test_b[1-x] - AssertionError\n", "test_b"),
            ("--- FAIL: TestAdds/two (0.00s)\n", "TestAdds"),
            ("FAIL: test_b (test_a.TestA.test_b)\n", "test_b"),
            ("  ● leads › keeps the address\n", "keeps the address"),
            (" × src/a.test.ts > leads > keeps 12ms\n", "keeps 12ms"),
            ("✖ keeps the address (1.2ms)\n", "keeps the address"),
            ("  1) keeps the address:\n", "keeps the address"),
        ] {
            assert_eq!(names(output).into_iter().collect::<Vec<_>>(), [expected], "{output}");
        }
        for output in ["", "Segmentation fault\n", "3 passed, 1 failed in 0.1s\n", "✖ failing tests:\n"] {
            assert!(names(output).is_empty(), "{output}");
        }
        assert_eq!(names(&(0..1_000).map(|n| format!("test t{n} ... FAILED\n")).collect::<String>()).len(), 21);
    }
}
