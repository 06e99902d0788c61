//! Tests that went, were switched off, or ask for less, and tests that show nothing.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{hits, hits_of, lines, spec};

const RUST: &str = "#[test]\nfn adds() {\n    assert_eq!(f(1), 2);\n    assert!(g());\n}\n\n#[test]\nfn other() {\n    assert!(h());\n}\n";
const TYPESCRIPT: &str = "test('adds', () => {\n  expect(f(1)).toBe(2);\n});\n";
const PYTHON: &str = "def test_adds():\n    assert f(1) == 2\n\n\ndef test_other():\n    assert g()\n";
const GO: &str = "func TestAdds(t *testing.T) {\n\tif f(1) != 2 {\n\t\tt.Fatal(\"no\")\n\t}\n}\n";

/// What becomes of a file when one text in it does.
fn edited(name: &str, path: &str, base: &str, from: &str, to: &str) -> Vec<String> {
    let now = base.replacen(from, to, 1);
    assert_ne!(base, now, "{path}: {from}");
    hits(name, &[(path, Some(base), Some(&now))])
}

#[test]
fn a_deleted_test_file() {
    for path in ["tests/a.rs", "src/a.test.ts", "tests/test_a.py", "a_test.go", "src/test/java/ATest.java"] {
        assert_eq!(hits("test-deleted", &[(path, Some("x"), None)]), [path]);
        assert!(hits_of("test-deleted", &[(path, Some("x"), None)], &spec(&format!("{path} goes."))).is_empty());
    }
    for path in ["src/a.rs", "docs/test.md", "tests/data.json"] {
        assert!(hits("test-deleted", &[(path, Some("x"), None)]).is_empty(), "{path}");
    }
}

#[test]
fn fewer_tests() {
    let other = "#[test]\nfn other() {\n    assert!(h());\n}\n";
    assert_eq!(edited("fewer-tests", "src/a.rs", RUST, other, ""), ["src/a.rs:8"]);
    assert_eq!(edited("fewer-tests", "test_a.py", PYTHON, "def test_other", "def other"), ["test_a.py:5"]);
    assert_eq!(edited("fewer-tests", "a_test.go", GO, "func TestAdds", "func adds"), ["a_test.go:1"]);
    assert_eq!(edited("fewer-tests", "a.test.ts", TYPESCRIPT, TYPESCRIPT, "const x = 1;\n"), ["a.test.ts:1"]);
    assert!(edited("fewer-tests", "src/a.rs", RUST, "fn other", "fn renamed").is_empty());
    assert!(hits("fewer-tests", &[("tests/a.rs", Some(RUST), None)]).is_empty(), "that is the file's deletion");
}

#[test]
fn fewer_assertions_and_weaker_matchers() {
    assert_eq!(edited("fewer-assertions", "src/a.rs", RUST, "    assert!(g());\n", ""), ["src/a.rs:2"]);
    assert_eq!(edited("fewer-assertions", "test_a.py", PYTHON, "assert f(1) == 2", "f(1)"), ["test_a.py:1"]);
    assert_eq!(edited("weaker-matcher", "a.test.ts", TYPESCRIPT, "toBe(2)", "toBeTruthy()"), ["a.test.ts:1"]);
    assert_eq!(edited("weaker-matcher", "src/a.rs", RUST, "assert_eq!(f(1), 2)", "assert!(f(1) > 0)"), ["src/a.rs:2"]);
    assert_eq!(edited("weaker-matcher", "test_a.py", PYTHON, "assert f(1) == 2", "assert f(1)"), ["test_a.py:1"]);
    for name in ["fewer-assertions", "weaker-matcher"] {
        assert!(edited(name, "src/a.rs", RUST, "assert!(g());", "assert_eq!(g(), true);").is_empty(), "{name}");
        assert!(edited(name, "a.test.ts", TYPESCRIPT, "toBe(2)", "toEqual(2)").is_empty(), "{name}");
    }
}

#[test]
fn tests_that_are_switched_off() {
    lines(
        "test-skipped",
        &[
            ("src/a.rs", "#[test]\n#[ignore = \"slow\"]\nfn t() {}\n", true),
            ("a.test.ts", "it.skip('x', () => {});\n", true),
            ("a.spec.js", "xdescribe('x', () => {});\n", true),
            ("test_a.py", "@pytest.mark.skip(reason='slow')\ndef test_a(): ...\n", true),
            ("test_a.py", "@pytest.mark.skipif(True, reason='later')\n", true),
            ("a_test.go", "\tt.Skip(\"later\")\n", true),
            ("src/test/java/ATest.java", "  @Disabled\n", true),
            ("src/a.rs", "for x in list.iter().skip(1) {}\n", false),
            ("src/a.ts", "const rest = list.skip(1);\n", false),
            ("test_a.py", "@pytest.mark.skipif(sys.platform == 'win32', reason='no fork')\n", false),
            ("src/a.rs", "// #[ignore] switches a test off\n", false),
            ("src/a.rs", "const SKIPS: &str = \"#[ignore]\";\n", false),
            ("docs/tests.md", "Use `#[ignore]`, or `it.skip('x')`.\n", false),
        ],
    );
}

#[test]
fn focus_on_a_few_tests() {
    lines(
        "test-focused",
        &[
            ("a.test.ts", "it.only('x', () => {});\n", true),
            ("a.test.js", "describe.only('x', () => {});\n", true),
            ("spec/a.spec.js", "  fit('x', () => {});\n", true),
            ("a_test.go", "\tFIt(\"x\", func() {})\n", true),
            ("spec/a_spec.rb", "  fit 'works' do\n", true),
            ("src/a.py", "model.fit(x, y)\n", false),
            ("src/a.ts", "canvas.fit(width);\nfit(width);\n", false),
            ("src/a.rs", "fn benefit(x: u8) {}\n", false),
            ("tests/test_model.py", "fit(x)\n", false),
        ],
    );
}

#[test]
fn a_snapshot_that_changes_alone() {
    let snapshot = ("src/__snapshots__/a.snap", Some("1"), Some("2"));
    assert_eq!(hits("snapshot-alone", &[snapshot]), ["src/__snapshots__/a.snap"]);
    assert_eq!(hits("snapshot-alone", &[("testdata/out.golden", Some("1"), Some("2"))]), ["testdata/out.golden"]);
    assert!(hits("snapshot-alone", &[snapshot, ("src/a.ts", Some("1"), Some("2"))]).is_empty());
    assert!(hits("snapshot-alone", &[("a.snap", None, Some("2"))]).is_empty(), "it is new");
}

#[test]
fn a_mock_of_the_module_that_changed() {
    let code = |path: &'static str| (path, Some("1"), Some("2"));
    let of = |product, test, text| hits("self-mock", &[code(product), (test, None, Some(text))]).len();
    assert_eq!(of("src/leads.ts", "src/leads.test.ts", "jest.mock('./leads');\n"), 1);
    assert_eq!(of("src/leads.ts", "tests/a.test.ts", "vi.mock('../src/leads.js', () => ({}));\n"), 1);
    assert_eq!(of("app/leads.py", "tests/test_leads.py", "@patch('app.leads.send')\n"), 1);
    assert_eq!(of("app/leads.py", "tests/test_leads.py", "mocker.patch(\"app.leads.Store.save\")\n"), 1);
    assert_eq!(of("src/leads.ts", "src/leads.test.ts", "jest.mock('./mail');\n"), 0);
    assert_eq!(of("src/leads.ts", "src/leads.test.ts", "jest.mock('stripe');\n"), 0);
    assert_eq!(of("app/leads.py", "tests/test_leads.py", "@patch('app.mail.send')\n"), 0);
    assert_eq!(of("src/leads.rs", "tests/leads.rs", "// jest.mock('./leads')\n"), 0);
}

#[test]
fn a_value_that_only_the_tests_give() {
    let test = ("tests/a.rs", Some("assert_eq!(find(\"ada@example.com\"), 1);\nget(\"/leads/new\");\n"), None::<&str>);
    let test = (test.0, test.1, test.1);
    let of = |path: &'static str, text: &'static str| hits("test-literal", &[test, (path, None, Some(text))]).len();
    assert_eq!(of("src/a.rs", "if address == \"ada@example.com\" { return 1; }\n"), 1);
    assert_eq!(of("src/a.py", "if address == 'ada@example.com':\n    return 1\n"), 1);
    assert_eq!(of("src/a.ts", "case 'ada@example.com':\n"), 1);
    assert_eq!(of("src/a.go", "\tif address == \"ada@example.com\" {\n"), 1);
    assert_eq!(of("src/a.rs", "\"/leads/new\" => page(),\n"), 0, "a route");
    assert_eq!(of("src/a.rs", "if address == \"bob@example.com\" {}\n"), 0, "no test gives it");
    assert_eq!(of("src/a.rs", "let sender = \"ada@example.com\";\n"), 0, "nothing is decided by it");
    assert_eq!(of("src/a.rs", "say(n == 0, \"ada@example.com\");\n"), 0, "nor by it here");
}

/// A change of one test, by the check that sees it and the brief.
fn changed(name: &str, path: &str, base: &str, now: &str, asked: &str) -> Vec<String> {
    hits_of(name, &[(path, Some(base), Some(now))], &spec(asked))
}

/// The same test in each language: what stands before its assertions, and one of them.
const TESTS: &[(&str, &str)] = &[
    ("tests/a.rs", "#[test]\nfn adds() {\n    HEAD\n    assert_eq!(sum(7), LAST);\n    assert!(sum(8) > 2);\n}\n"),
    ("a.test.ts", "test('adds', () => {\n  HEAD\n  expect(sum(7)).toBe(LAST);\n  assert(sum(8) > 2);\n});\n"),
    ("a.test.js", "test('adds', () => {\n  HEAD\n  assert.equal(sum(7), LAST);\n  assert.ok(sum(8) > 2);\n});\n"),
    ("test_a.py", "def test_adds():\n    HEAD\n    assert sum(7) == LAST\n    assert sum(8) > 2\n"),
    (
        "tests/b.py",
        "class A:\n    def test_adds(self):\n        HEAD\n        self.assertEqual(sum(7), LAST)\n        assert x > 2\n",
    ),
    (
        "a_test.go",
        "func TestAdds(t *testing.T) {\n\tHEAD\n\trequire.Equal(t, LAST, sum(7))\n\tassert.Greater(t, sum(8), 2)\n}\n",
    ),
];

/// Each of the tests, as at the base and with other words in it.
fn each(head: &str, last: &str, mut check: impl FnMut(&str, &str, &str)) {
    for (path, text) in TESTS {
        let of = |head: &str, last: &str| text.replace("HEAD", head).replace("LAST", last);
        check(path, &of("let a = 1;", "\"7 m\""), &of(head, last));
    }
}

#[test]
fn a_test_that_is_left_before_it_asserts() {
    each("return", "\"7 m\"", |path, base, now| {
        let line = if path == "tests/b.py" { 3 } else { 2 + usize::from(path.ends_with("rs")) };
        assert_eq!(changed("fewer-assertions", path, base, now, ""), [format!("{path}:{line}")]);
        assert!(changed("fewer-assertions", path, now, now, "").is_empty(), "it was so");
        assert!(changed("fewer-assertions", path, now, base, "").is_empty(), "it is whole again");
    });
    let [(path, _), ..] = TESTS else { unreachable!() };
    let of = |head: &str| {
        let text = TESTS[0].1.replace("LAST", "1");
        changed("fewer-assertions", path, &text.replace("HEAD", ""), &text.replace("HEAD", head), "").len()
    };
    assert_eq!(of("if cfg!(windows) {\n        return;\n    }"), 1);
    assert_eq!(of("let early = |x: u8| {\n        return;\n    };"), 0, "a helper returns");
    assert_eq!(of("fn early(x: u8) {\n        return;\n    }"), 0, "a helper returns");
    assert_eq!(of("// return;"), 0);
    let named = spec("tests/a.rs: adds is skipped on Windows.");
    let now = TESTS[0].1.replace("HEAD", "return;");
    let files = [(*path, Some(TESTS[0].1), Some(now.as_str()))];
    assert!(hits_of("fewer-assertions", &files, &named).is_empty());
}

#[test]
fn another_expected_value() {
    each("let a = 1;", "\"7 min\"", |path, base, now| {
        let found = |asked: &str| changed("weaker-matcher", path, base, now, asked);
        assert_eq!(found("Round the sum.").len(), 1, "{path}");
        assert!(found("sum(7) gives 7 min").is_empty(), "{path}: the new value is named");
        assert!(found("Instead of \"7 m\", the unit is written out.").is_empty(), "{path}: the old value is named");
        assert!(found(&format!("{path} is changed: it expects the new units.")).is_empty(), "{path} is named");
        assert_eq!(found(&format!("{path} holds the tests.")).len(), 1, "{path} is only mentioned");
        assert_eq!(found(&format!("{path} is changed: a test is added.")).len(), 1, "{path}: nothing of this one");
    });
    // A digit says something only beside what it is a value of.
    let digits = |asked: &str| {
        let (path, text) = TESTS[0];
        let of = |last: &str| text.replace("HEAD", "").replace("LAST", last);
        changed("weaker-matcher", path, &of("1"), &of("2"), asked).len()
    };
    assert_eq!((digits("1. Problem\n2. Plan"), digits("`sum` of 7 gives 2")), (1, 0));
    // What is asserted elsewhere now, and what is asserted beside it, is no other value.
    let base = "#[test]\nfn a() {\n    assert_eq!(f(1), 2);\n}\n";
    for now in [
        "#[test]\nfn a() {\n    assert_eq!(f(2), 4);\n}\n#[test]\nfn b() {\n    assert_eq!(f(1), 2);\n}\n",
        "#[test]\nfn a() {\n    assert_eq!(f(2), 4);\n    assert_eq!(f(1), 2);\n}\n",
        "#[test]\nfn a() {\n    assert_eq!(\n        f(1),\n        2,\n        \"why\"\n    );\n}\n",
        "#[test]\nfn renamed() {\n    assert_eq!(f(1), 2);\n}\n",
        "#[test]\nfn a() {\n    assert_eq!(g::f(1), 2);\n}\n",
    ] {
        assert!(changed("weaker-matcher", "tests/a.rs", base, now, "").is_empty(), "{now}");
    }
    let renamed = "#[test]\nfn renamed() {\n    assert_eq!(f(1), 3);\n}\n";
    assert_eq!(changed("weaker-matcher", "tests/a.rs", base, renamed, ""), ["tests/a.rs:3"]);
    let moved = [("tests/a.rs", Some(base), None), ("tests/b.rs", None, Some(base.replace("), 2", "), 3")))];
    let moved: Vec<_> = moved.iter().map(|(path, base, now)| (*path, *base, now.as_deref())).collect();
    assert_eq!(hits("weaker-matcher", &moved), ["tests/b.rs:3"]);
}

#[test]
fn another_value_in_a_table() {
    for (path, text) in [
        (
            "tests/a.rs",
            "#[test]\nfn a() {\n    for (x, y) in [\n        (60000, \"1m\"),\n    ] {\n        assert_eq!(f(x), y);\n    }\n}\n",
        ),
        (
            "a.test.js",
            "test('a', () => {\n  for (const [x, y] of [\n    [60000, '1m'],\n  ]) {\n    assert.equal(f(x), y);\n  }\n});\n",
        ),
        ("test_a.py", "def test_a():\n    for x, y in [\n        (60000, '1m'),\n    ]:\n        assert f(x) == y\n"),
        (
            "a_test.go",
            "func TestA(t *testing.T) {\n\tfor _, c := range []c{\n\t\t{60000, \"1m\"},\n\t} {\n\t\tif f(c.x) != c.y {\n\t\t\tt.Fatal(\"no\")\n\t\t}\n\t}\n}\n",
        ),
        ("tests/b.rs", "#[test]\nfn a() {\n    let expected = \"1m\";\n    assert_eq!(f(x), expected);\n}\n"),
        (
            "tests/c.rs",
            "#[rstest]\n#[case(60000, \"1m\")]\nfn a(#[case] x: u64, #[case] y: &str) {\n    assert_eq!(f(x), y);\n}\n",
        ),
    ] {
        let now = text.replace("1m", "1min");
        assert_eq!(changed("weaker-matcher", path, text, &now, "").len(), 1, "{path}");
        assert!(changed("weaker-matcher", path, text, &now, "60000 gives 1min").is_empty(), "{path}");
    }
    // What a test sets up is no expectation, unless it is a row that an assertion goes over.
    let set_up =
        "#[test]\nfn a() {\n    let users = [\n        (\"id\", \"ada\"),\n    ];\n    assert_eq!(f(users), 1);\n}\n";
    assert!(changed("weaker-matcher", "tests/a.rs", set_up, &set_up.replace("ada", "bob"), "").is_empty());
}

#[test]
fn an_assertion_that_cannot_fail() {
    each("let a = 1;", "sum(7)", |path, base, now| {
        assert_eq!(changed("weaker-matcher", path, base, now, "").len(), 1, "{path}");
        assert!(changed("weaker-matcher", path, now, base, "").is_empty(), "{path}: it is mended");
        assert!(hits("weaker-matcher", &[(path, None, Some(now))]).is_empty(), "{path}: new, and another one can fail");
    });
    for (path, text, found) in [
        ("a.test.ts", "test('a', () => {\n  assert.equal(1, 1);\n});\n", true),
        ("a.test.ts", "test('a', () => {\n  f();\n  expect(x).toBe(x);\n});\n", true),
        ("tests/a.rs", "#[test]\nfn a() {\n    f();\n    assert!(true);\n}\n", true),
        ("test_a.py", "def test_a():\n    f()\n    assert True\n", true),
        ("a.test.ts", "test('caches', () => {\n  expect(f(1)).toBe(f(1));\n});\n", false),
        ("tests/a.rs", "#[test]\nfn a() {\n    f();\n    assert!(true);\n    assert!(g());\n}\n", false),
        ("tests/a.rs", "#[test]\nfn runs() {\n    f();\n}\n", false),
        ("tests/a.rs", "#[test]\nfn nan() {\n    assert_ne!(x, x);\n}\n", false),
        (
            "tests/a.rs",
            "#[test]\nfn a() {\n    match f() {\n        1 => {}\n        _ => panic!(\"no\"),\n    }\n}\n",
            false,
        ),
        ("a_test.go", "func TestA(t *testing.T) {\n\tif f() != 1 {\n\t\tt.Fatal(\"no\")\n\t}\n}\n", false),
    ] {
        assert_eq!(hits("weaker-matcher", &[(path, None, Some(text))]).len(), usize::from(found), "{text}");
    }
}

#[test]
fn a_branch_for_the_case_of_a_test() {
    let test = |text: &'static str| ("tests/a.test.js", None::<&str>, Some(text));
    let own = "test('a', () => {\n  assert.equal(ms(-7200000, { long: true }), '-2 hours');\n});\n";
    let of = |path: &'static str, text: &'static str, tests: &'static str| {
        let host = super::host(&[test(tests), (path, Some("\n"), Some(text))]);
        let change = super::Changed::read(&host).unwrap();
        let brief = crate::mock::brief("goal");
        let found = super::run(&super::Scene::new(&change, &brief), |name| name == "test-literal");
        found.into_iter().filter(|(_, hit)| hit.severity == crate::Severity::Major).count()
    };
    for (path, text) in [
        ("index.js", "  if (ms === -7200000) return '-2 hours';\n"),
        ("index.js", "  if (ms === -7200000) {\n    return '-2 hours';\n  }\n"),
        ("index.js", "  return ms == -7200000 ? '-2 hours' : other(ms);\n"),
        ("index.js", "    case -7200000:\n      return '-2 hours';\n"),
        ("a.py", "    if ms == -7200000:\n        return \"-2 hours\"\n"),
        ("src/a.rs", "    if ms == -7_200_000 {\n        return \"-2 hours\";\n    }\n"),
        ("src/a.rs", "        -7200000 => \"-2 hours\",\n"),
        ("a.go", "\tif ms == -7200000 {\n\t\treturn \"-2 hours\"\n\t}\n"),
    ] {
        assert_eq!(of(path, text, own), 1, "{text}");
        assert_eq!(of(path, text, "test('a', () => {\n  assert.equal(ms(5), '5 ms');\n});\n"), 0, "{text}");
    }
    for (path, text, tests) in [
        ("index.js", "  if (ms < 0) return '-' + format(-ms);\n", own),
        ("index.js", "  if (ms === -7200000) return other(ms);\n", own),
        ("index.js", "  const twoHours = -7200000;\n  const text = '-2 hours';\n", own),
        // A status, a first case and a name are the program's own.
        (
            "a.js",
            "  if (code === 404) return 'Not Found';\n",
            "test('a', () => {\n  assert.equal(text(404), 'Not Found');\n});\n",
        ),
        ("a.js", "  if (n === 0) return 1;\n", "test('a', () => {\n  assert.equal(f(0), 1);\n});\n"),
        ("a.js", "  if (unit === 'weeks') return 7;\n", "test('a', () => {\n  assert.equal(days('weeks'), 7);\n});\n"),
        // A table of which the tests show some.
        (
            "a.js",
            "    case 'level 1': return 'low end';\n    case 'level 2': return 'mid way';\n    case 'level 3': return 'top end';\n",
            "test('a', () => {\n  assert.equal(name('level 2'), 'mid way');\n});\n",
        ),
        ("tests/b.test.js", "  if (ms === -7200000) return '-2 hours';\n", own),
    ] {
        assert_eq!(of(path, text, tests), 0, "{text}");
    }
}
