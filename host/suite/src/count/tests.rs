use super::*;
use proptest::prelude::*;

fn counted(output: &str) -> Option<u32> {
    count_tests(output.as_bytes()).map(|counts| counts.ran)
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
        ("pytest, cut", "collected 0 items\n", 0),
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
        ("mocha, none", "Error: No test files found: \"test\"", 0),
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
        ("phpunit, none", "No tests executed!", 0),
        ("phpunit, failed", "Tests: 5, Assertions: 9, Failures: 1.", 5),
        (
            "maven",
            "[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s -- in A\n[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 1",
            4,
        ),
        ("gradle", "5 tests completed, 1 failed, 1 skipped", 4),
        ("scalatest", "Tests: succeeded 5, failed 1, canceled 0, ignored 1, pending 0", 6),
        ("minitest", "5 runs, 9 assertions, 0 failures, 0 errors, 1 skips", 4),
        ("exunit", "2 doctests, 5 tests, 1 failure, 1 skipped", 4),
        ("prove", "All tests successful.\nFiles=2, Tests=5,  0 wallclock secs", 5),
        ("googletest", "[==========] 5 tests from 2 test suites ran. (3 ms total)\n[  PASSED  ] 5 tests.", 5),
        ("ctest", "50% tests passed, 1 tests failed out of 2", 2),
        ("ctest, none", "No tests were found!!!", 0),
        ("dart", "00:02 +5 ~1 -1: Some tests failed.", 6),
        ("dotnet", "Passed!  - Failed:     0, Passed:     5, Skipped:     0, Total:     5", 5),
        ("dotnet, none", "No test is available in /x.dll. Make sure that the adapter is registered.", 0),
        ("colours", "\u{1b}[32m  12 passing\u{1b}[0m\u{1b}[90m (34ms)\u{1b}[0m", 12),
        ("two runners", "  2 passing (3ms)\n===== 3 passed in 0.1s =====", 5),
    ] {
        assert_eq!(counted(output), Some(count), "{runner}");
    }
}

#[test]
fn skipped_tests_are_counted_apart() {
    for (runner, output, skipped) in [
        ("cargo", "test result: ok. 3 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out", 2),
        ("nextest", "     Summary [   0.123s] 14 tests run: 14 passed, 2 skipped", 2),
        ("pytest", "===== 3 passed, 2 skipped, 1 deselected in 0.12s =====", 3),
        ("unittest", "Ran 5 tests in 0.001s\n\nOK (skipped=2)\n", 2),
        ("node", "ℹ tests 5\nℹ pass 3\nℹ fail 0\nℹ skipped 1\nℹ todo 1\n", 2),
        ("tap", "ok 1 - a\nok 2 - b # SKIP no network\n1..2", 1),
        ("mocha", "  12 passing (34ms)\n  2 pending\n", 2),
        ("jest", "Tests:       1 todo, 2 skipped, 5 passed, 8 total", 3),
        ("vitest", "      Tests  3 passed | 1 skipped (4)", 1),
        ("ava", "  5 tests passed\n  1 test skipped\n", 1),
        ("playwright", "  2 skipped\n  5 passed (3.2s)", 2),
        ("go -v", "--- PASS: TestA (0.00s)\n--- SKIP: TestB (0.00s)\nok  \tx\t0.1s", 1),
        ("deno", "ok | 5 passed | 0 failed | 2 ignored (3ms)", 2),
        ("rspec", "5 examples, 1 failure, 2 pending", 2),
        ("phpunit", "Tests: 5, Assertions: 9, Skipped: 1.", 1),
        ("maven", "[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 1", 1),
        ("gradle", "5 tests completed, 1 failed, 1 skipped", 1),
        ("dotnet", "Passed!  - Failed:     0, Passed:     5, Skipped:     2, Total:     7", 2),
        ("googletest", "[==========] 5 tests from 1 test suite ran.\n[  SKIPPED ] 1 test, listed below:", 1),
        ("dart", "00:02 +5 ~1: All tests passed!", 1),
    ] {
        let counts = count_tests(output.as_bytes());
        assert_eq!(counts.map(|counts| counts.skipped), Some(skipped), "{runner}");
        assert!(counts.is_some_and(|counts| counts.ran > 0), "{runner}");
    }
    assert_eq!(counted("2 skipped\n3 pending\n"), None, "other programs say so, too");
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
    assert_eq!(count_tests(b"\xff\xfe\n2 passing"), Some(Counts { ran: 2, skipped: 0 }));
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
