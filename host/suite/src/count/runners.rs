//! How each runner says what it ran. Every function takes one line, without blanks around it unless it says so.

use super::Counts;

/// A runner's summary that stands on one line.
pub(super) fn summary(line: &str) -> Option<Counts> {
    cargo(line)
        .or_else(|| nextest(line))
        .or_else(|| pytest(line))
        .or_else(|| jest_or_vitest(line))
        .or_else(|| passing(line).map(Counts::ran))
        .or_else(|| examples(line))
        .or_else(|| phpunit(line))
        .or_else(|| bun_or_deno(line))
        .or_else(|| jvm_or_dotnet(line))
        .or_else(|| native(line))
        .or_else(|| dart(line))
        .or_else(|| one(line).map(Counts::ran))
}

/// `test result: ok. 3 passed; 1 failed; 0 ignored; …`
fn cargo(line: &str) -> Option<Counts> {
    let rest = line.strip_prefix("test result: ")?;
    let ran = labelled(rest, "passed")?.saturating_add(labelled(rest, "failed")?);
    Some(Counts { ran, skipped: labelled(rest, "ignored").unwrap_or(0) })
}

/// `Summary [   0.123s] 14 tests run: 14 passed, 0 skipped`
fn nextest(line: &str) -> Option<Counts> {
    let rest = line.strip_prefix("Summary [")?.split_once(']')?.1;
    // `12/14 tests run` where it was ended early.
    let rest = rest.trim_start();
    let rest = rest.split_once('/').filter(|(n, _)| n.parse::<u32>().is_ok()).map_or(rest.to_owned(), |(n, behind)| {
        let words = behind.trim_start_matches(|c: char| c.is_ascii_digit());
        format!("{n}{words}")
    });
    let ran = before(&rest, &["test run", "tests run"])?;
    Some(Counts { ran, skipped: labelled(&rest, "skipped").unwrap_or(0) })
}

/// `=== 3 passed, 1 failed, 2 skipped in 0.12s ===`, and the same without the marks.
fn pytest(line: &str) -> Option<Counts> {
    let body = line.trim_matches(['=', ' ']);
    let (counts, time) = body.rsplit_once(" in ")?;
    if !time.starts_with(|c: char| c.is_ascii_digit()) || !time.contains('s') {
        return None;
    }
    if counts == "no tests ran" {
        return Some(Counts::default());
    }
    let mut total: Option<Counts> = None;
    for part in counts.split(", ") {
        let (number, word) = part.split_once(' ')?;
        let number: u32 = number.parse().ok()?;
        match word {
            "passed" | "failed" | "xfailed" | "xpassed" => total.get_or_insert_default().add(Counts::ran(number)),
            "skipped" | "deselected" => total.get_or_insert_default().add(Counts { ran: 0, skipped: number }),
            "error" | "errors" | "warning" | "warnings" | "rerun" => {}
            _ => return None,
        }
    }
    total
}

/// `Tests:       1 failed, 2 skipped, 5 passed, 8 total`, and `Tests  3 passed | 1 skipped (4)`.
fn jest_or_vitest(line: &str) -> Option<Counts> {
    let rest = line.strip_prefix("Tests")?;
    let vitest = rest.starts_with("  ");
    let rest = rest.strip_prefix(':').or(vitest.then_some(rest))?.trim();
    let whole = rest.ends_with("total") || (vitest && rest.ends_with(')'));
    if !whole {
        return None;
    }
    let number = |label| labelled(rest, label).unwrap_or(0);
    Some(Counts {
        ran: number("passed").saturating_add(number("failed")),
        skipped: number("skipped").saturating_add(number("todo")),
    })
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

/// Skipped tests on a line of their own: `2 pending` of mocha, `2 tests skipped` of ava, `2 skipped` of playwright, `2 skip`
/// of bun, `--- SKIP: TestA` of go, `[  SKIPPED ] 2 tests, listed below:` of GoogleTest.
pub(super) fn skipped(line: &str) -> Option<u32> {
    if line.starts_with("--- SKIP: ") {
        return Some(1);
    }
    if let Some(rest) = line.strip_prefix("[  SKIPPED ] ") {
        return before(rest, &["test, listed", "tests, listed"]);
    }
    let (number, rest) = line.split_once(' ')?;
    ["pending", "skipped", "skip", "todo", "test skipped", "tests skipped", "test todo", "tests todo"]
        .contains(&rest)
        .then(|| number.parse().ok())?
}

/// `5 examples, 0 failures, 1 pending` of rspec, `5 specs, 0 failures, 1 pending spec` of jasmine, `5 tests, 0 failures, 1
/// skipped` of ExUnit, `5 runs, 9 assertions, 0 failures, 0 errors, 1 skips` of minitest.
fn examples(line: &str) -> Option<Counts> {
    // Doctests of ExUnit come first.
    let line = line.split_once(" doctests, ").or_else(|| line.split_once(" doctest, ")).map_or(line, |(_, rest)| rest);
    let all = before(line, &["example,", "examples,", "spec,", "specs,", "test,", "tests,", "runs,", "run,"])?;
    if !line.contains(" failure") {
        return None;
    }
    let number = |label| labelled(line, label).unwrap_or(0);
    let skipped = ["pending", "skipped", "skips", "excluded"].into_iter().map(number).fold(0, u32::saturating_add);
    Some(Counts { ran: all.saturating_sub(skipped), skipped })
}

/// `OK (5 tests, 9 assertions)`, and `Tests: 5, Assertions: 9, Failures: 1, Skipped: 1.`
fn phpunit(line: &str) -> Option<Counts> {
    if let Some(rest) = line.strip_prefix("OK (").filter(|rest| rest.contains("assertion")) {
        return before(rest, &["test,", "tests,"]).map(Counts::ran);
    }
    let rest = line.strip_prefix("Tests: ").filter(|rest| rest.contains(", Assertions: "))?;
    let (all, skipped): (u32, u32) = (rest.split(',').next()?.parse().ok()?, value(rest, "Skipped:").unwrap_or(0));
    Some(Counts { ran: all.saturating_sub(skipped), skipped })
}

/// `Ran 5 tests across 2 files. [8.00ms]` of bun; `ok | 5 passed | 1 failed | 2 ignored (3ms)` of deno.
fn bun_or_deno(line: &str) -> Option<Counts> {
    if line.contains(" across ") {
        return before(line.strip_prefix("Ran ")?, &["test across", "tests across"]).map(Counts::ran);
    }
    let rest = line.strip_prefix("ok | ").or_else(|| line.strip_prefix("FAILED | "))?;
    let number = |label| labelled(rest, label).unwrap_or(0);
    Some(Counts { ran: labelled(rest, "passed")?.saturating_add(number("failed")), skipped: number("ignored") })
}

/// `[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 1` of maven (the one without a class behind it), `5 tests
/// completed, 1 failed, 1 skipped` of gradle, `Tests: succeeded 5, failed 0, canceled 0, ignored 1, pending 0` of ScalaTest,
/// `Passed!  - Failed: 0, Passed: 5, Skipped: 0, Total: 5` of dotnet.
fn jvm_or_dotnet(line: &str) -> Option<Counts> {
    if line.contains("Tests run:") && !line.contains("Time elapsed") {
        let skipped = value(line, "Skipped:").unwrap_or(0);
        return Some(Counts { ran: value(line, "Tests run:")?.saturating_sub(skipped), skipped });
    }
    if let Some(all) = before(line, &["test completed", "tests completed"]) {
        let skipped = labelled(line, "skipped").unwrap_or(0);
        return Some(Counts { ran: all.saturating_sub(skipped), skipped });
    }
    if let Some(rest) = line.strip_prefix("Tests: succeeded ") {
        let ran = value(rest, "")?.saturating_add(value(rest, "failed ")?);
        let skipped = value(rest, "ignored ").unwrap_or(0).saturating_add(value(rest, "pending ").unwrap_or(0));
        return Some(Counts { ran, skipped });
    }
    if line.starts_with("Passed!") || line.starts_with("Failed!") {
        let ran = value(line, "Passed:")?.saturating_add(value(line, "Failed:")?);
        return Some(Counts { ran, skipped: value(line, "Skipped:").unwrap_or(0) });
    }
    None
}

/// `[==========] 5 tests from 2 test suites ran. (3 ms total)` of GoogleTest, `100% tests passed, 0 tests failed out of 5`
/// of CTest, `Files=2, Tests=5,  0 wallclock secs` of prove.
fn native(line: &str) -> Option<Counts> {
    if let Some(rest) = line.strip_prefix("[==========] ").filter(|rest| rest.contains(" ran.")) {
        return before(rest, &["test from", "tests from"]).map(Counts::ran);
    }
    if line.contains("% tests passed, ") {
        return value(line, "failed out of ").map(Counts::ran);
    }
    line.starts_with("Files=").then(|| value(line, "Tests="))?.map(Counts::ran)
}

/// `00:02 +5 ~1 -1: Some tests failed.`, and `All tests passed!`.
fn dart(line: &str) -> Option<Counts> {
    let (head, end) = line.split_once(": ")?;
    if !matches!(end, "All tests passed!" | "Some tests failed." | "All tests skipped.") {
        return None;
    }
    let number = |mark: char| {
        let word = head.split(' ').find_map(|word| word.strip_prefix(mark));
        word.and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(0)
    };
    Some(Counts { ran: number('+').saturating_add(number('-')), skipped: number('~') })
}

/// What runners say where there was nothing to run, and go's line for each test.
fn one(line: &str) -> Option<u32> {
    let go = line.ends_with("[no test files]") || line.ends_with("[no tests to run]");
    // Of Jest, Vitest, Mocha, ctest, PHPUnit and dotnet.
    const NONE: &[&str] = &[
        "No tests found",
        "No test files found",
        "Error: No test files found",
        "No tests were found",
        "No tests executed",
        "No test is available",
    ];
    let others = NONE.iter().any(|it| line.starts_with(it))
        || matches!(line, "NO TESTS RAN" | "running 0 tests" | "collected 0 items");
    let verbose_go = line.starts_with("--- PASS: ") || line.starts_with("--- FAIL: ");
    match (go || others, verbose_go) {
        (true, _) => Some(0),
        (_, true) => Some(1),
        _ => None,
    }
}

/// `# pass 5` of TAP producers, `ℹ pass 5` of node.
pub(super) fn footer(line: &str) -> Option<(&str, u32)> {
    let rest = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ "))?;
    let (word, number) = rest.split_once(' ')?;
    Some((word, number.trim().parse().ok()?))
}

/// Whether a whole line is a test point of TAP at the top level, and whether that test ran.
pub(super) fn point(line: &str) -> Option<bool> {
    let rest = line.strip_prefix("ok").or_else(|| line.strip_prefix("not ok"))?;
    let number = rest.strip_prefix(' ')?.split([' ', '#']).next()?;
    number.parse::<u32>().ok()?;
    let directive = rest.rsplit_once("# ").map_or("", |(_, directive)| directive);
    Some(!directive.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("skip")))
}

/// `OK (skipped=2)`, `FAILED (failures=1, skipped=2)`, `OK`.
pub(super) fn skipped_by_unittest(line: &str) -> Option<u32> {
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

/// The number that stands behind `key`: `3` of `Skipped: 3`.
fn value(text: &str, key: &str) -> Option<u32> {
    let rest = text.split_once(key)?.1.trim_start();
    rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())].parse().ok()
}

/// The number that `text` begins with, where one of `words` follows it.
pub(super) fn before(text: &str, words: &[&str]) -> Option<u32> {
    let (number, rest) = text.split_once(' ')?;
    words.iter().any(|word| rest.starts_with(word)).then(|| number.parse().ok())?
}
