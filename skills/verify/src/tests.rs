//! The skill over the mock host.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use skillhost_sdk::{Brief, Check, CheckOutcome, Criterion, Document, Gate, Verify as _, mock};

use crate::Verifier;

fn gate(name: &str, exit_code: Option<i32>, tests: Option<u32>, output: &str) -> Gate {
    Gate { evidence: format!("ev-{name}"), name: name.into(), exit_code, tests, output: output.into() }
}

fn brief(gates: Vec<Gate>, criteria: &[(&str, Option<&str>)]) -> Brief {
    let criterion = |(id, command): &(&str, Option<&str>)| Criterion {
        id: (*id).into(),
        statement: "it holds".into(),
        command: command.map(str::to_owned),
    };
    Brief { gates, criteria: criteria.iter().map(criterion).collect(), ..mock::brief("goal") }
}

fn verify(host: &mock::Host, brief: Brief) -> Vec<Check> {
    Verifier::verify(host, brief).unwrap()
}

fn check(checks: &[Check], id: &str) -> Check {
    checks.iter().find(|check| check.id == id).unwrap_or_else(|| panic!("no check {id} in {checks:?}")).clone()
}

/// The check over a change of files from base to now; no text means that the file is not there.
fn intact(files: &[(&str, Option<&str>, Option<&str>)], spec: &str) -> Check {
    over("tests-intact", files, spec)
}

/// Any check over such a change.
fn over(id: &str, files: &[(&str, Option<&str>, Option<&str>)], spec: &str) -> Check {
    let mut host = mock::Host::new();
    for (path, base, _) in files {
        if let Some(text) = base {
            host = host.file(path, text);
        }
    }
    for (path, _, now) in files {
        match now {
            Some(text) => host.files.borrow_mut().insert((*path).into(), (*text).into()),
            None => host.files.borrow_mut().remove(*path),
        };
    }
    let spec = Some(Document { path: "specs/x.md".into(), text: spec.into() });
    let brief = Brief { spec, ..brief(vec![gate("test", Some(0), Some(3), "")], &[]) };
    check(&verify(&host, brief), id)
}

#[test]
fn a_criterion_passes_through_its_own_gate_alone() {
    let gates = vec![
        gate("build", Some(0), None, "Finished"),
        gate("test", Some(0), Some(14), ""),
        gate("e2e", Some(1), Some(3), ""),
        gate("slow", None, None, ""),
        gate("empty", Some(0), Some(0), ""),
    ];
    let criteria = [
        ("C1", Some("test")),
        ("C2", Some("e2e")),
        ("C3", Some("slow")),
        ("C4", Some("empty")),
        ("C5", None),
        ("C6", Some("missing")),
    ];
    let checks = verify(&mock::Host::new(), brief(gates, &criteria));
    let outcome = |id| check(&checks, id).outcome;
    assert_eq!(outcome("C1"), CheckOutcome::Passed);
    assert_eq!(outcome("C2"), CheckOutcome::Failed);
    assert_eq!(outcome("C3"), CheckOutcome::Failed);
    assert_eq!(outcome("C4"), CheckOutcome::NotRun);
    assert_eq!(outcome("C5"), CheckOutcome::NotRun);
    assert_eq!(outcome("C6"), CheckOutcome::NotRun);
    assert_eq!(check(&checks, "C1").evidence, ["ev-test"]);
    assert_eq!(check(&checks, "C1").detail, "test: exit 0, 14 tests");
    assert!(check(&checks, "C6").evidence.is_empty());
    assert_eq!(outcome("gate:build"), CheckOutcome::Passed);
    assert_eq!(outcome("gate:e2e"), CheckOutcome::Failed);
}

#[test]
fn a_second_run_does_not_outvote_the_first() {
    let mut again = gate("test", Some(0), Some(3), "");
    again.evidence = "ev-again".into();
    let gates = vec![gate("test", Some(101), Some(3), ""), again];
    let checks = verify(&mock::Host::new(), brief(gates, &[("C1", Some("test"))]));
    assert_eq!(check(&checks, "C1").outcome, CheckOutcome::Failed);
    assert_eq!(check(&checks, "C1").evidence, ["ev-test", "ev-again"]);
    assert_eq!(checks.iter().filter(|check| check.id == "gate:test").count(), 1);
}

#[test]
fn a_gate_without_evidence_shows_nothing() {
    let mut claimed = gate("test", Some(0), Some(9), "");
    claimed.evidence.clear();
    let checks = verify(&mock::Host::new(), brief(vec![claimed], &[("C1", Some("test"))]));
    assert_eq!(check(&checks, "C1").outcome, CheckOutcome::NotRun);
    assert!(check(&checks, "tests-intact").evidence.is_empty());
}

const RUST: &str = "fn f() {}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn one() {\n        assert_eq!(1, sum());\n        \
                    assert!(h());\n    }\n\n    #[tokio::test]\n    async fn two() {\n        assert!(f() == ());\n    }\n}\n";

#[test]
fn more_tests_are_fine() {
    let more = RUST.replace("fn f() {}", "fn f() {}\n#[test]\nfn three() { assert_eq!(2, sum()); }");
    let check = intact(&[("src/a.rs", Some(RUST), Some(&more)), ("README.md", Some("a"), Some("b"))], "");
    assert_eq!((check.outcome, check.detail.as_str()), (CheckOutcome::Passed, "changed files hold 3 tests, 2 before"));
    assert_eq!(check.evidence, ["ev-test"]);
}

#[test]
fn a_vanished_test_fails_unless_the_spec_says_so() {
    let files = [("tests/a.rs", Some(RUST), None)];
    let check = intact(&files, "Modules: tests/a.rs holds the tests.");
    assert_eq!(check.outcome, CheckOutcome::Failed);
    assert_eq!(check.detail, "tests/a.rs: one is gone; tests/a.rs: two is gone");
    assert_eq!(intact(&files, "- tests/a.rs is removed, since a.rs is").outcome, CheckOutcome::Passed);
}

#[test]
fn a_test_may_move_or_change_its_name() {
    let moved = [("tests/a.rs", Some(RUST), None), ("tests/b.rs", None, Some(RUST))];
    assert_eq!(intact(&moved, "").outcome, CheckOutcome::Passed);
    let renamed = RUST.replace("fn one", "fn first");
    assert_eq!(intact(&[("a.rs", Some(RUST), Some(&renamed))], "").outcome, CheckOutcome::Passed);
    let gutted = RUST.replace("assert_eq!(1, sum());", "");
    let moved = [("tests/a.rs", Some(RUST), None), ("tests/b.rs", None, Some(gutted.as_str()))];
    assert_eq!(intact(&moved, "").outcome, CheckOutcome::Failed);
}

#[test]
fn a_new_test_elsewhere_does_not_make_up_for_a_lost_one() {
    let new = "#[test]\nfn other() { assert_eq!(1, sum()); assert!(h()); }\n#[test]\nfn another() { assert!(h()); }\n";
    let lost = RUST.replace("#[test]\n    fn one", "fn one");
    let check = intact(&[("src/a.rs", Some(RUST), Some(&lost)), ("tests/b.rs", None, Some(new))], "");
    assert_eq!((check.outcome, check.detail.as_str()), (CheckOutcome::Failed, "src/a.rs: one is gone"));
}

#[test]
fn a_test_that_changed_its_name_asserts_no_less() {
    let emptied = RUST.replace("fn one", "fn first").replace("assert_eq!(1, sum());", "");
    let check = intact(&[("a.rs", Some(RUST), Some(&emptied))], "");
    assert_eq!((check.outcome, check.detail.as_str()), (CheckOutcome::Failed, "a.rs: one is gone"));
    // One new test is heir to one old one.
    let merged = "#[test]\nfn both() {\n    assert_eq!(1, sum());\n    assert!(h());\n}\n";
    let check = intact(&[("a.rs", Some(RUST), Some(merged))], "");
    assert_eq!(check.detail, "a.rs: two is gone");
    let switched = RUST.replace("#[test]\n    fn one", "#[test]\n    #[ignore]\n    fn first");
    let check = intact(&[("a.rs", Some(RUST), Some(&switched))], "");
    assert_eq!(check.detail, "a.rs: one is gone; a.rs: first is new, and skipped");
}

#[test]
fn the_spec_names_a_test_by_its_whole_name() {
    let lost = RUST.replace("#[test]\n    fn one", "fn one");
    let lost = |spec| intact(&[("src/a.rs", Some(RUST), Some(&lost))], spec).outcome;
    for spec in [
        "None of the old routes is removed.",
        "src/a.rs.bak and data/src/a.rs are deleted.",
        "- one-off jobs are dropped",
    ] {
        assert_eq!(lost(spec), CheckOutcome::Failed, "{spec}");
    }
    for spec in ["The test `one` is removed.", "Removed: src/a.rs.", "(src/a.rs, one) is obsolete"] {
        assert_eq!(lost(spec), CheckOutcome::Passed, "{spec}");
    }
}

#[test]
fn tests_of_a_language_that_is_not_read_are_not_taken_for_intact() {
    let java = "class LeadsTest { @Test void adds() {} }\n";
    let went = |path: &str, spec: &str| intact(&[(path, Some(java), None)], spec);
    for path in ["src/test/java/LeadsTest.java", "spec/leads_spec.rb", "test/run.sh", "LeadsTests.cs", "t/leads.t"] {
        let check = went(path, "");
        assert_eq!((check.outcome, check.detail), (CheckOutcome::Failed, format!("{path}: is deleted")));
        assert_eq!(went(path, &format!("{path} is removed.")).outcome, CheckOutcome::Passed);
        let check = intact(&[(path, Some(java), Some("class LeadsTest {}\n"))], "");
        assert_eq!(
            (check.outcome, check.detail),
            (CheckOutcome::NotRun, format!("tests in a language that is not read: {path}"))
        );
        assert_eq!(intact(&[(path, None, Some(java))], "").outcome, CheckOutcome::Passed);
    }
    for path in ["src/main/java/Leads.java", "tests/data.json", "docs/test.md", "src/latest.rb", "src/Contest.java"] {
        assert_eq!(went(path, "").outcome, CheckOutcome::Passed, "{path}");
    }
    assert_eq!(
        went("test/plain.js", "").detail,
        "test/plain.js: is deleted",
        "a program, without a test that could be told"
    );
}

#[test]
fn skips_focus_and_weaker_assertions_fail() {
    let cases: &[(&str, &str, &str, &str, &str)] = &[
        ("a.rs", RUST, "    #[test]\n", "    #[test]\n    #[ignore = \"flaky\"]\n", "a.rs: one is skipped now"),
        ("a.rs", RUST, "        assert!(h());\n", "        // assert!(h());\n", "a.rs: one keeps 1 of 2 assertions"),
        ("a.rs", RUST, "assert_eq!(1, sum())", "assert!(sum() > 0)", "a.rs: one keeps 0 of 1 comparisons"),
        (
            "a.test.ts",
            "test('adds', () => {\n  expect(f(1)).toBe(2);\n});\n",
            "test(",
            "test.skip(",
            "a.test.ts: adds is skipped now",
        ),
        (
            "a.test.ts",
            "test('adds', () => {\n  expect(f(1)).toBe(2);\n});\n",
            "toBe(2)",
            "toBeTruthy()",
            "a.test.ts: adds keeps 0 of 1 comparisons",
        ),
        (
            "a.test.ts",
            "it('adds', () => {\n  expect(f(1)).toBe(2);\n});\nit('subtracts', () => {\n  expect(g(1)).toBe(0);\n});\n",
            "it('adds'",
            "it.only('adds'",
            "a.test.ts: switches off, or focuses on, more than one test",
        ),
        (
            "test_a.py",
            "def test_a():\n    assert f() == 1\n\n\ndef test_b():\n    assert sum()\n",
            "def test_b",
            "@pytest.mark.skip(reason='slow')\ndef test_b",
            "test_a.py: test_b is skipped now",
        ),
        (
            "test_a.py",
            "class TestA:\n    def test_a(self):\n        self.assertEqual(f(), 1)\n",
            "self.assertEqual(f(), 1)",
            "pass",
            "test_a.py: test_a keeps 0 of 1 assertions",
        ),
        (
            "a_test.go",
            "func TestA(t *testing.T) {\n\tif f() != 1 {\n\t\tt.Fatal(\"no\")\n\t}\n}\n",
            "\tif f() != 1 {",
            "\tt.Skip(\"later\")\n\tif f() != 1 {",
            "a_test.go: TestA is skipped now",
        ),
    ];
    for (path, base, from, to, detail) in cases {
        let now = base.replacen(from, to, 1);
        assert_ne!(*base, now, "{path}: {from}");
        let check = intact(&[(path, Some(base), Some(&now))], "");
        assert_eq!((check.outcome, check.detail.as_str()), (CheckOutcome::Failed, *detail));
    }
}

#[test]
fn a_test_that_is_bent_fails() {
    let of = |from: &str, to: &str, spec: &str| {
        let now = RUST.replacen(from, to, 1);
        assert_ne!(RUST, now, "{from}");
        let check = intact(&[("src/a.rs", Some(RUST), Some(&now))], spec);
        (check.outcome, check.detail)
    };
    let two = "src/a.rs: one expects `2` instead of `1`, and the spec names neither";
    assert_eq!(of("assert_eq!(1, sum())", "assert_eq!(2, sum())", ""), (CheckOutcome::Failed, two.into()));
    assert_eq!(of("assert_eq!(1, sum())", "assert_eq!(2, sum())", "- `sum` gives 2").0, CheckOutcome::Passed);
    let left = "src/a.rs: one may be left before 2 of its 2 assertions";
    assert_eq!(of("assert_eq!(1", "return;\n        assert_eq!(1", ""), (CheckOutcome::Failed, left.into()));
    let idle = "src/a.rs: one compares what can't differ";
    assert_eq!(of("assert_eq!(1, sum())", "assert_eq!(sum(), sum())", ""), (CheckOutcome::Failed, idle.into()));
    let idle = intact(&[("b.rs", None, Some("#[test]\nfn new() {\n    assert_eq!(1, 1);\n}\n"))], "");
    assert_eq!(idle.detail, "b.rs: new is new, and asserts nothing that could fail");
}

#[test]
fn a_new_test_that_never_runs_fails() {
    let check = intact(&[("a.rs", None, Some("#[test]\n#[ignore]\nfn later() { assert!(false); }\n"))], "");
    assert_eq!((check.outcome, check.detail.as_str()), (CheckOutcome::Failed, "a.rs: later is new, and skipped"));
}

#[test]
fn what_cannot_be_read_is_not_run() {
    let host = mock::Host::new();
    host.files.borrow_mut().insert("tests/big.rs".into(), vec![b'\n'; 5 * 1024 * 1024]);
    let check = check(&verify(&host, brief(vec![gate("test", Some(0), Some(1), "")], &[])), "tests-intact");
    assert_eq!(check.outcome, CheckOutcome::NotRun);
    assert_eq!(check.detail, "tests/big.rs can't be read: it is too large");
}

#[test]
fn what_measures_the_change_is_left_alone() {
    let of = |files: &[(&str, Option<&str>, Option<&str>)], spec: &str| {
        let check = over("tampering", files, spec);
        (check.outcome, check.detail)
    };
    let pipeline = [(".github/workflows/ci.yml", Some("run: make test\n"), Some("run: true\n"))];
    assert_eq!(of(&pipeline, ""), (CheckOutcome::Failed, "test-command-changed at .github/workflows/ci.yml".into()));
    assert_eq!(of(&pipeline, "- ci.yml is changed to cache builds.").0, CheckOutcome::Passed);
    let threshold = [("setup.cfg", Some("fail_under = 90\n"), Some("fail_under = 10\n"))];
    assert_eq!(of(&threshold, ""), (CheckOutcome::Failed, "threshold-lowered at setup.cfg:1".into()));
    let java = [("src/test/java/ATest.java", Some("@Test void a() {}\n"), Some("@Disabled\n@Test void a() {}\n"))];
    assert_eq!(of(&java, ""), (CheckOutcome::Failed, "test-skipped at src/test/java/ATest.java:1".into()));
    let silenced = [("src/a.py", Some("import os\n"), Some("import os  # noqa\n"))];
    assert_eq!(
        of(&silenced, ""),
        (CheckOutcome::Passed, "nothing that fails; for a reader: suppression at src/a.py:1".into())
    );
    assert_eq!(of(&[("src/a.rs", None, Some("fn a() {}\n"))], "").0, CheckOutcome::Passed);
    // Where the cases are compared, that comparison says it, with the spec's word on it.
    let rust = [("src/a.rs", Some(RUST), Some(RUST.replace("#[test]", "#[test]\n#[ignore]")))];
    let rust: Vec<_> = rust.iter().map(|(path, base, now)| (*path, *base, now.as_deref())).collect();
    assert_eq!(
        (of(&rust, "").0, over("tests-intact", &rust, "").outcome),
        (CheckOutcome::Passed, CheckOutcome::Failed)
    );
    let near = [("tests/a.rs", Some("assert!(off < 0.01);\n"), Some("assert!(off < 0.5);\n"))];
    assert_eq!(of(&near, ""), (CheckOutcome::Failed, "threshold-lowered at tests/a.rs:1".into()));
    assert_eq!(of(&near, "tests/a.rs: the tolerance is half a point.").0, CheckOutcome::Passed);
    let slow = [("a.test.ts", Some("jest.setTimeout(500);\n"), Some("jest.setTimeout(5000);\n"))];
    let told = "nothing that fails; for a reader: threshold-lowered at a.test.ts:1";
    assert_eq!(of(&slow, ""), (CheckOutcome::Passed, told.into()));
    let literal = [
        ("tests/a.rs", None, Some("#[test]\nfn a() {\n    assert_eq!(name(1234567), \"a b c d\");\n}\n")),
        ("src/a.rs", Some("\n"), Some("if n == 1234567 {\n    return \"a b c d\";\n}\n")),
    ];
    let told = "nothing that fails; for a reader: test-literal at src/a.rs:1";
    assert_eq!(of(&literal, ""), (CheckOutcome::Passed, told.into()));
    let large = "x = 1\n".repeat(60_000);
    assert_eq!(of(&[("src/a.py", None, Some(&large))], "").0, CheckOutcome::NotRun);
}

#[test]
fn no_test_is_no_evidence_whatever_the_runner_says() {
    for (code, tests, output) in [
        (5, None, "collected 0 items\n\n==== no tests ran in 0.01s ====\n"),
        (0, None, "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored\n"),
        (0, None, "No tests found, exiting with code 0\n"),
        (0, None, "?   \texample.com/a\t[no test files]\n"),
        (0, None, "ℹ tests 1\nℹ pass 0\nℹ skipped 1\n"),
        (0, None, "No test files found, exiting with code 0\n"),
        (0, None, "Ran 0 tests in 0.000s\n\nOK\n"),
        (0, None, "No tests were found!!!\n"),
        (5, Some(0), ""),
    ] {
        let gates = vec![gate("test", Some(code), tests, output)];
        let checks = verify(&mock::Host::new(), brief(gates, &[("C1", Some("test"))]));
        assert_eq!(check(&checks, "C1").outcome, CheckOutcome::NotRun, "{output}");
    }
    for (code, output) in [(5, ""), (101, "running 0 tests\n"), (1, "error: could not compile\n")] {
        let checks = verify(&mock::Host::new(), brief(vec![gate("test", Some(code), None, output)], &[]));
        assert_eq!(check(&checks, "gate:test").outcome, CheckOutcome::Failed, "{output}");
    }
}

#[test]
fn a_test_that_fails_by_chance_is_one_that_the_change_does_not_touch() {
    let judged = |first: &str, second: Option<i32>, files: &[(&str, &str)]| {
        let host = mock::Host::new().file("tests/old.rs", "#[test]\nfn flaky() { assert!(true); }\n");
        for (path, text) in files {
            host.files.borrow_mut().insert((*path).into(), (*text).into());
        }
        let mut again = gate("test", second, Some(3), "");
        again.evidence = "ev-again".into();
        let gates = vec![gate("test", Some(101), Some(3), first), again];
        let check = check(&verify(&host, brief(gates, &[])), "gate:test");
        assert_eq!(check.evidence, ["ev-test", "ev-again"], "both runs are listed");
        check
    };
    let failed = "test tests::flaky ... FAILED\n";
    let code = ("src/a.rs", "fn a() {}\n");
    let passed = judged(failed, Some(0), &[code]);
    assert_eq!(passed.outcome, CheckOutcome::Passed);
    assert!(passed.detail.contains("flaky failed in the first"), "{}", passed.detail);
    let test = ("tests/old.rs", "#[test]\nfn flaky() { assert!(true); assert!(true); }\n");
    assert_eq!(judged(failed, Some(0), &[code, test]).outcome, CheckOutcome::Failed, "the change touches it");
    let new = ("tests/new.rs", "#[test]\nfn flaky() { assert!(true); }\n");
    assert_eq!(judged(failed, Some(0), &[new]).outcome, CheckOutcome::Failed, "it is new");
    assert_eq!(
        judged("Segmentation fault\n", Some(0), &[code]).outcome,
        CheckOutcome::Failed,
        "which one, nobody knows"
    );
    assert_eq!(judged(failed, Some(101), &[code]).outcome, CheckOutcome::Failed, "it failed again");
}
