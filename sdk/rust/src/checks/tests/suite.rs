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
