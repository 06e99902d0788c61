//! How many tests a command ran, read from what it printed.
//!
//! A count is a hint: whoever writes the tests also writes the output, so a number here can lower trust in a gate
//! (zero tests ran) and never raise it. Skipped tests did not run. Unknown output has no count.

/// Output is looked at from its end: summaries stand there.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// No summary is longer.
const MAX_LINE_BYTES: usize = 400;

/// The number of tests that ran, passed or failed, where the output of a known runner tells it.
///
/// Knows cargo test and nextest, pytest, unittest, node's test runner, TAP, mocha, jest, vitest, ava, playwright, go
/// test, bun, deno, jasmine, rspec, phpunit, maven and dotnet. The counts of several runners, or of several runs, add
/// up.
pub fn count_tests(output: &[u8]) -> Option<u32> {
    let output = String::from_utf8_lossy(&output[output.len().saturating_sub(MAX_BYTES)..]);
    let mut count = Count::default();
    for line in output.lines() {
        let line =
            strip_colours(line.get(..MAX_LINE_BYTES).unwrap_or(if line.len() > MAX_LINE_BYTES { "" } else { line }));
        count.read(&line);
    }
    count.total()
}

/// What the lines so far told.
#[derive(Default)]
struct Count {
    summed: Option<u32>,
    /// `# pass 3`, `# fail 1`, `# tests 4`: node and tape print them on lines of their own.
    footer: Footer,
    /// Points of plain TAP, which count only where there is no footer.
    points: Option<u32>,
    /// The tests of unittest, whose skipped ones come on a later line.
    ran: Option<u32>,
    /// Tests ran that nobody counted: go names a package's result only.
    uncounted: bool,
}

#[derive(Default)]
struct Footer {
    tests: Option<u32>,
    ran: Option<u32>,
}

impl Count {
    fn read(&mut self, line: &str) {
        let trimmed = line.trim();
        self.uncounted |= line.starts_with("ok  \t") && !trimmed.ends_with("[no tests to run]");
        if let Some(number) = summary(trimmed) {
            self.add(number);
        } else if let Some(number) =
            trimmed.strip_prefix("Ran ").and_then(|rest| before(rest, &["test in", "tests in"]))
        {
            self.flush_ran();
            self.ran = Some(number);
        } else if let (Some(ran), Some(skipped)) = (self.ran, skipped_by_unittest(trimmed)) {
            self.ran = None;
            self.add(ran.saturating_sub(skipped));
        } else if let Some((word, number)) = footer(trimmed) {
            match word {
                // A second footer begins.
                "tests" => {
                    self.flush_footer();
                    self.footer.tests = Some(number);
                }
                "pass" | "fail" | "cancelled" => sum(&mut self.footer.ran, number),
                _ => {}
            }
        } else if let Some(ran) = point(line) {
            sum(&mut self.points, u32::from(ran));
        } else if line == "1..0" || line.starts_with("1..0 #") {
            sum(&mut self.points, 0);
        }
    }

    fn add(&mut self, number: u32) {
        sum(&mut self.summed, number);
    }

    fn flush_footer(&mut self) {
        let footer = std::mem::take(&mut self.footer);
        if let Some(number) = footer.ran.or(footer.tests) {
            self.add(number);
            self.points = None;
        }
    }

    fn flush_ran(&mut self) {
        if let Some(number) = self.ran.take() {
            self.add(number);
        }
    }

    fn total(mut self) -> Option<u32> {
        self.flush_footer();
        self.flush_ran();
        self.summed.or(self.points).filter(|count| *count > 0 || !self.uncounted)
    }
}

fn sum(total: &mut Option<u32>, number: u32) {
    *total = Some(total.unwrap_or(0).saturating_add(number));
}

/// A runner's summary that stands on one line.
fn summary(line: &str) -> Option<u32> {
    cargo(line)
        .or_else(|| nextest(line))
        .or_else(|| pytest(line))
        .or_else(|| jest_or_vitest(line))
        .or_else(|| passing(line))
        .or_else(|| examples(line))
        .or_else(|| bun_or_deno(line))
        .or_else(|| maven_or_dotnet(line))
        .or_else(|| nothing(line))
}

/// `test result: ok. 3 passed; 1 failed; 0 ignored; …`
fn cargo(line: &str) -> Option<u32> {
    let rest = line.strip_prefix("test result: ")?;
    Some(labelled(rest, "passed")?.saturating_add(labelled(rest, "failed")?))
}

/// `Summary [   0.123s] 14 tests run: 14 passed, 0 skipped`
fn nextest(line: &str) -> Option<u32> {
    let rest = line.strip_prefix("Summary [")?.split_once(']')?.1;
    // `12/14 tests run` where it was ended early.
    let rest = rest.trim_start();
    let rest = rest.split_once('/').filter(|(n, _)| n.parse::<u32>().is_ok()).map_or(rest.to_owned(), |(n, behind)| {
        let words = behind.trim_start_matches(|c: char| c.is_ascii_digit());
        format!("{n}{words}")
    });
    before(&rest, &["test run", "tests run"])
}

/// `=== 3 passed, 1 failed, 2 skipped in 0.12s ===`, and the same without the marks.
fn pytest(line: &str) -> Option<u32> {
    let body = line.trim_matches(['=', ' ']);
    let (counts, time) = body.rsplit_once(" in ")?;
    if !time.starts_with(|c: char| c.is_ascii_digit()) || !time.contains('s') {
        return None;
    }
    if counts == "no tests ran" {
        return Some(0);
    }
    let mut ran = None;
    for part in counts.split(", ") {
        let (number, word) = part.split_once(' ')?;
        let number: u32 = number.parse().ok()?;
        match word {
            "passed" | "failed" | "xfailed" | "xpassed" => sum(&mut ran, number),
            "skipped" | "deselected" => sum(&mut ran, 0),
            "error" | "errors" | "warning" | "warnings" | "rerun" => {}
            _ => return None,
        }
    }
    ran
}

/// `Tests:       1 failed, 2 skipped, 5 passed, 8 total`, and `Tests  3 passed | 1 skipped (4)`.
fn jest_or_vitest(line: &str) -> Option<u32> {
    let rest = line.strip_prefix("Tests")?;
    let vitest = rest.starts_with("  ");
    let rest = rest.strip_prefix(':').or(vitest.then_some(rest))?.trim();
    let whole = rest.ends_with("total") || (vitest && rest.ends_with(')'));
    if !whole {
        return None;
    }
    let (passed, failed) = (labelled(rest, "passed"), labelled(rest, "failed"));
    Some(passed.unwrap_or(0).saturating_add(failed.unwrap_or(0)))
}

/// `5 passing (12ms)` and `1 failing` of mocha, `5 tests passed` and `1 test failed` of ava, `5 passed (3.2s)` of
/// playwright.
fn passing(line: &str) -> Option<u32> {
    let (number, rest) = line.split_once(' ')?;
    let number: u32 = number.parse().ok()?;
    let timed = |word: &str| rest.strip_prefix(word).is_some_and(|time| time.starts_with(" (") && time.ends_with(')'));
    let exact = ["passing", "failing", "tests passed", "test passed", "tests failed", "test failed", "failed"];
    (exact.contains(&rest) || timed("passing") || timed("passed")).then_some(number)
}

/// `5 examples, 0 failures, 1 pending` of rspec, `5 specs, 0 failures` of jasmine, `OK (5 tests, 9 assertions)` and
/// `Tests: 5, Assertions: 9, Failures: 1.` of phpunit.
fn examples(line: &str) -> Option<u32> {
    if let Some(rest) = line.strip_prefix("OK (").filter(|rest| rest.contains("assertion")) {
        return before(rest, &["test,", "tests,"]);
    }
    if let Some(rest) = line.strip_prefix("Tests: ").filter(|rest| rest.contains(", Assertions: ")) {
        return rest.split(',').next()?.parse().ok();
    }
    let number = before(line, &["example,", "examples,", "spec,", "specs,"])?;
    if !line.contains(" failure") {
        return None;
    }
    Some(number.saturating_sub(labelled(line, "pending").unwrap_or(0)))
}

/// `Ran 5 tests across 2 files. [8.00ms]` of bun; `ok | 5 passed | 1 failed (3ms)` of deno.
fn bun_or_deno(line: &str) -> Option<u32> {
    if line.contains(" across ") {
        return before(line.strip_prefix("Ran ")?, &["test across", "tests across"]);
    }
    let rest = line.strip_prefix("ok | ").or_else(|| line.strip_prefix("FAILED | "))?;
    Some(labelled(rest, "passed")?.saturating_add(labelled(rest, "failed").unwrap_or(0)))
}

/// `[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 1` (the one without a class behind it), and
/// `Passed!  - Failed: 0, Passed: 5, Skipped: 0, Total: 5`.
fn maven_or_dotnet(line: &str) -> Option<u32> {
    let value = |key: &str| {
        let rest = line.split_once(key)?.1.trim_start();
        rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())].parse::<u32>().ok()
    };
    if line.contains("Tests run:") && !line.contains("Time elapsed") {
        return Some(value("Tests run:")?.saturating_sub(value("Skipped:").unwrap_or(0)));
    }
    if line.starts_with("Passed!") || line.starts_with("Failed!") {
        return Some(value("Passed:")?.saturating_add(value("Failed:")?));
    }
    None
}

/// What runners say where there was nothing to run.
fn nothing(line: &str) -> Option<u32> {
    let go = line.ends_with("[no test files]") || line.ends_with("[no tests to run]");
    let others = ["No tests found", "No test files found"].iter().any(|words| line.starts_with(words))
        || matches!(line, "NO TESTS RAN" | "running 0 tests");
    let verbose_go = line.starts_with("--- PASS: ") || line.starts_with("--- FAIL: ");
    match (go || others, verbose_go) {
        (true, _) => Some(0),
        (_, true) => Some(1),
        _ => None,
    }
}

/// `# pass 5` of TAP producers, `ℹ pass 5` of node.
fn footer(line: &str) -> Option<(&str, u32)> {
    let rest = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ "))?;
    let (word, number) = rest.split_once(' ')?;
    Some((word, number.trim().parse().ok()?))
}

/// Whether a line is a test point of TAP at the top level, and whether that test ran.
fn point(line: &str) -> Option<bool> {
    let rest = line.strip_prefix("ok").or_else(|| line.strip_prefix("not ok"))?;
    let number = rest.strip_prefix(' ')?.split([' ', '#']).next()?;
    number.parse::<u32>().ok()?;
    let directive = rest.rsplit_once("# ").map_or("", |(_, directive)| directive);
    Some(!directive.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("skip")))
}

/// `OK (skipped=2)`, `FAILED (failures=1, skipped=2)`, `OK`.
fn skipped_by_unittest(line: &str) -> Option<u32> {
    if line == "OK" {
        return Some(0);
    }
    let inside = line.strip_prefix("OK (").or_else(|| line.strip_prefix("FAILED ("))?.strip_suffix(')')?;
    Some(inside.split(", ").find_map(|part| part.strip_prefix("skipped=")?.parse().ok()).unwrap_or(0))
}

/// The number that stands before `label`: `3` of `3 passed`.
fn labelled(text: &str, label: &str) -> Option<u32> {
    let words: Vec<&str> = text.split([' ', ',', ';', '|', '(', ')', '.']).filter(|word| !word.is_empty()).collect();
    words.windows(2).find(|pair| pair[1] == label).and_then(|pair| pair[0].parse().ok())
}

/// The number that `text` begins with, where one of `words` follows it.
fn before(text: &str, words: &[&str]) -> Option<u32> {
    let (number, rest) = text.split_once(' ')?;
    words.iter().any(|word| rest.starts_with(word)).then(|| number.parse().ok())?
}

/// A line without the sequences that colour it.
fn strip_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            plain.push(c);
        } else if chars.next() == Some('[') {
            // Up to the letter that ends the sequence.
            for c in chars.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&c) {
                    break;
                }
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counted(output: &str) -> Option<u32> {
        count_tests(output.as_bytes())
    }

    #[test]
    fn summaries_of_common_runners_are_read() {
        for (runner, output, count) in [
            (
                "cargo",
                "running 4 tests\ntest a ... ok\n\ntest result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
                6,
            ),
            ("cargo, cut", "running 0 tests\n", 0),
            (
                "cargo, none",
                "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
                0,
            ),
            ("nextest", "     Summary [   0.123s] 14 tests run: 14 passed, 2 skipped", 14),
            ("nextest, ended", "     Summary [   0.123s] 3/14 tests run: 2 passed, 1 failed, 2 skipped", 3),
            ("pytest", "===== 3 passed, 1 failed, 2 skipped, 4 warnings in 0.12s =====", 4),
            ("pytest -q", "....\n4 passed in 1.02s\n", 4),
            ("pytest, long", "= 400 passed in 65.21s (0:01:05) =", 400),
            ("pytest, none", "============================ no tests ran in 0.01s ============================", 0),
            ("pytest, all skipped", "2 skipped in 0.01s", 0),
            ("unittest", "..s\n----\nRan 5 tests in 0.001s\n\nOK (skipped=2)\n", 3),
            ("unittest, failed", "Ran 5 tests in 0.001s\n\nFAILED (failures=1)\n", 5),
            ("unittest, cut", "Ran 1 test in 0.001s\n", 1),
            ("unittest, none", "Ran 0 tests in 0.000s\n\nNO TESTS RAN\n", 0),
            (
                "node spec",
                "✔ a (1ms)\nℹ tests 5\nℹ suites 1\nℹ pass 3\nℹ fail 1\nℹ cancelled 0\nℹ skipped 1\nℹ todo 0\nℹ duration_ms 56.2",
                4,
            ),
            (
                "node tap",
                "TAP version 13\n# Subtest: a\nok 1 - a\n1..1\n# tests 1\n# suites 0\n# pass 1\n# fail 0\n# cancelled 0\n# skipped 0",
                1,
            ),
            ("tape", "TAP version 13\n# add\nok 1 should be equal\nok 2 b\n\n1..2\n# tests 2\n# pass  2\n\n# ok\n", 2),
            ("tape, two files", "# tests 2\n# pass  1\n# fail  1\n# tests 3\n# pass  3\n# ok\n", 5),
            ("tap", "ok 1 - a\nnot ok 2 - b\n  ok 1 - nested\nok 3 - c # SKIP no network\n1..3", 2),
            ("tap, none", "TAP version 13\n1..0 # no tests", 0),
            ("mocha", "  12 passing (34ms)\n  2 pending\n  1 failing\n", 13),
            (
                "jest",
                "Test Suites: 1 passed, 1 total\nTests:       1 failed, 2 skipped, 5 passed, 8 total\nSnapshots:   0 total",
                6,
            ),
            ("jest, none", "No tests found, exiting with code 0", 0),
            ("vitest", " Test Files  2 passed (2)\n      Tests  3 passed | 1 skipped (4)\n", 3),
            ("ava", "  ✔ a\n  ─\n\n  5 tests passed\n  1 test failed\n", 6),
            ("playwright", "Running 6 tests using 1 worker\n  1 failed\n    a.spec.ts:3:1 › x\n  5 passed (3.2s)", 6),
            (
                "go -v",
                "=== RUN   TestA\n--- PASS: TestA (0.00s)\n    --- PASS: TestA/sub (0.00s)\n--- FAIL: TestB (0.00s)\nok  x 0.1s",
                3,
            ),
            ("go, none", "?   \texample.com/x\t[no test files]", 0),
            ("bun", " 5 pass\n 0 fail\nRan 5 tests across 2 files. [8.00ms]", 5),
            ("deno", "ok | 5 passed | 1 failed (3ms)", 6),
            ("rspec", "5 examples, 1 failure, 2 pending", 3),
            ("jasmine", "4 specs, 0 failures", 4),
            ("phpunit", "OK (5 tests, 9 assertions)", 5),
            ("phpunit, failed", "Tests: 5, Assertions: 9, Failures: 1.", 5),
            (
                "maven",
                "[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s -- in A\n[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 1",
                4,
            ),
            ("dotnet", "Passed!  - Failed:     0, Passed:     5, Skipped:     0, Total:     5", 5),
            ("colours", "\u{1b}[32m  12 passing\u{1b}[0m\u{1b}[90m (34ms)\u{1b}[0m", 12),
            ("two runners", "  2 passing (3ms)\n===== 3 passed in 0.1s =====", 5),
        ] {
            assert_eq!(counted(output), Some(count), "{runner}");
        }
    }

    #[test]
    fn other_output_has_no_count() {
        for output in [
            "",
            "all good",
            "ok\n",
            "ok  \texample.com/x\t0.004s",
            "# Heading 2",
            "Compiled 5 files in 3s",
            "built in 2.1s",
            "5 files changed in 3s",
            "OK",
            "ok  \ta\t0.1s\n?   \tb\t[no test files]",
            "ok, 5 things",
            "Tests are fun",
            "not ok",
            "3 passed the exam",
        ] {
            assert_eq!(counted(output), None, "{output}");
        }
    }

    #[test]
    fn m_07_forged_numbers_neither_overflow_nor_panic() {
        assert_eq!(counted("99999999999999999999 passing (1ms)"), None);
        assert_eq!(counted("4294967295 passing (1ms)\n4294967295 passing (1ms)"), Some(u32::MAX));
        assert_eq!(counted("-1 passing"), None);
        assert_eq!(counted("Ran 1 tests in 0s\nOK (skipped=9)"), Some(0));
        assert_eq!(count_tests(&[0xff, 0xfe, b'\n', b'2', b' ', b'p', b'a', b's', b's', b'i', b'n', b'g']), Some(2));
        assert_eq!(counted(&format!("{}3 passing", "é".repeat(10_000))), None);
        assert_eq!(counted(&"\u{1b}[".repeat(100_000)), None);
    }

    proptest! {
        #[test]
        fn no_output_panics(output in prop::collection::vec(any::<u8>(), 0..400), line in "(ok|not ok|# tests|Ran|Tests:|1\\.\\.|=|test result:)?[ 0-9a-z=(),;#.\\[\\]/|é]{0,40}") {
            let _ = count_tests(&output);
            let _ = counted(&line);
        }
    }
}
