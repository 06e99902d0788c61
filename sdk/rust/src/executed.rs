//! How many tests a command ran, read from what it printed. Runners exit with 0 over no test at all, which is why this is
//! looked for. For a gate the host has counted, and better; this is for an author's own runs.

/// What runners say that had nothing to run: pytest, Jest, Vitest, Mocha, cargo, ctest, PHPUnit, dotnet, unittest.
const NOTHING: &[&str] = &[
    "collected 0 items",
    "no tests ran",
    "No tests found",
    "No test files found",
    "Error: No test files found",
    "running 0 tests",
    "No tests were found",
    "No tests executed",
    "No test is available",
    "NO TESTS RAN",
];

/// Tests that a run executed, where its output tells: the summaries of cargo, pytest, unittest, Jest, Vitest, Mocha,
/// `node --test`, ctest, RSpec and Go. Skipped ones don't count.
pub fn executed(output: &str) -> Option<u32> {
    let mut total: Option<u32> = None;
    let (mut packages, mut empty_packages, mut node) = (0, 0, false);
    for line in output.lines() {
        let mut add = |count: u32| total = Some(total.unwrap_or(0).saturating_add(count));
        let line = line.trim_start_matches(|c: char| "=#ℹ✔ \t".contains(c)).trim();
        if let Some(summary) = line.strip_prefix("test result: ") {
            add(before(summary, "passed") + before(summary, "failed")); // cargo
        } else if let Some(summary) = line.strip_prefix("Tests:").or_else(|| line.strip_prefix("Tests  ")) {
            add(before(summary, "passed") + before(summary, "failed")); // Jest, Vitest
        } else if let Some(count) = line.strip_prefix("tests ").and_then(|rest| rest.parse().ok()) {
            (node, total) = (true, Some(total.unwrap_or(0).saturating_add(count))); // node --test
        } else if let Some(count) = line.strip_prefix("skipped ").filter(|_| node).and_then(|rest| rest.parse().ok()) {
            total = total.map(|total| total.saturating_sub(count));
        } else if let Some((_, count)) = line.split_once("tests failed out of ") {
            add(count.trim().parse().unwrap_or(0)); // ctest
        } else if line.contains(" examples, ") || line.starts_with("1 example, ") {
            add((before(line, "examples") + before(line, "example")).saturating_sub(before(line, "pending"))); // RSpec
        } else if line.ends_with("passing") || line.contains(" passing (") {
            add(before(line, "passing")); // Mocha
        } else if let Some(summary) = line.strip_prefix("Ran ").filter(|line| line.contains(" in ")) {
            add(before(summary, "tests") + before(summary, "test")); // unittest
        } else if line.contains(" in ") && ["passed", "failed", "skipped"].iter().any(|word| counted(line, word)) {
            add(before(line, "passed") + before(line, "failed")); // pytest
        } else if NOTHING.iter().any(|notice| line.starts_with(notice)) {
            add(0);
        } else if line.starts_with("ok  \t") || line.starts_with("?   \t") {
            packages += 1; // Go names a count only with -v.
            empty_packages += usize::from(line.contains("[no test files]") || line.contains("[no tests to run]"));
        }
    }
    match total {
        None if packages > 0 && packages == empty_packages => Some(0),
        total => total,
    }
}

/// The number that stands right before a word: 12 in `12 passed`. 0 where there is none.
fn before(line: &str, word: &str) -> u32 {
    let words: Vec<&str> = line.split([' ', '\t', ',', ';']).filter(|word| !word.is_empty()).collect();
    words.windows(2).filter(|pair| pair[1] == word).find_map(|pair| pair[0].parse().ok()).unwrap_or(0)
}

fn counted(line: &str, word: &str) -> bool {
    before(line, word) > 0
}

#[cfg(test)]
mod tests {
    use super::executed;

    #[test]
    fn runners_tell_how_many_tests_they_ran() {
        let cases = [
            ("running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured", Some(0)),
            (
                "test result: ok. 5 passed; 0 failed; 1 ignored;\ntest result: FAILED. 2 passed; 1 failed; 0 ignored",
                Some(8),
            ),
            ("collected 0 items\n\n==== no tests ran in 0.01s ====", Some(0)),
            ("===== 3 passed, 1 skipped in 0.12s =====", Some(3)),
            ("===== 2 skipped in 0.12s =====", Some(0)),
            ("1 failed, 2 passed in 0.12s", Some(3)),
            ("Tests:       1 skipped, 3 passed, 4 total\nSnapshots:   0 total", Some(3)),
            (" Test Files  1 passed (1)\n      Tests  7 passed (7)\n", Some(7)),
            ("No tests found, exiting with code 0", Some(0)),
            ("  12 passing (30ms)\n", Some(12)),
            ("# tests 4\n# pass 4\n", Some(4)),
            ("ℹ tests 2\nℹ pass 0\nℹ fail 0\nℹ skipped 2\n", Some(0)),
            ("skipped 3\n", None),
            ("running 0 tests\n", Some(0)),
            ("No tests were found!!!\n", Some(0)),
            ("100% tests passed, 0 tests failed out of 12\n", Some(12)),
            ("3 examples, 0 failures, 1 pending\n", Some(2)),
            ("0 examples, 0 failures\n", Some(0)),
            ("Error: No test files found: \"test\"\n", Some(0)),
            ("  0 passing (1ms)\n", Some(0)),
            ("?   \texample.com/a\t[no test files]\n", Some(0)),
            ("?   \texample.com/a\t[no test files]\nok  \texample.com/b\t0.01s\n", None),
            ("Ran 0 tests in 0.000s\n\nNO TESTS RAN", Some(0)),
            ("Ran 1 test in 0.001s\n\nOK", Some(1)),
            ("Finished dev profile in 2 s", None),
            ("", None),
        ];
        for (output, tests) in cases {
            assert_eq!(executed(output), tests, "{output}");
        }
    }
}
