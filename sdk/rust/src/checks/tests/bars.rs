//! Bars that were lowered, warnings that were silenced, and what decides which tests run.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{hits, hits_of, lines, spec};

fn changed(name: &str, path: &str, before: &str, now: &str) -> usize {
    hits(name, &[(path, Some(before), Some(now))]).len()
}

#[test]
fn thresholds() {
    let of = |path: &str, before: &str, now: &str| changed("threshold-lowered", path, before, now);
    for (path, before, now) in [
        ("jest.config.js", "      branches: 80,\n", "      branches: 60,\n"),
        ("pyproject.toml", "fail_under = 90\n", "fail_under = 50\n"),
        ("setup.cfg", "[coverage:report]\nfail_under = 90\n", "[coverage:report]\n"),
        (".github/workflows/ci.yml", "run: pytest --cov-fail-under=85\n", "run: pytest --cov-fail-under=80\n"),
        ("package.json", "\"lint\": \"eslint --max-warnings 0 .\"\n", "\"lint\": \"eslint --max-warnings 50 .\"\n"),
        (".eslintrc.json", "\"no-unused-vars\": \"error\",\n", "\"no-unused-vars\": \"off\",\n"),
        ("Cargo.toml", "unwrap_used = \"deny\"\n", "unwrap_used = \"allow\"\n"),
        (".golangci.yml", "min-complexity: 10\n", "min-complexity: 30\n"),
    ] {
        assert_eq!(of(path, before, now), 1, "{path}: {before} -> {now}");
        assert_eq!(of(path, now, before), 0, "{path}: the other way");
    }
    assert_eq!(of("src/a.rs", "let threshold = 80;\n", "let threshold = 60;\n"), 0, "code, not configuration");
    assert_eq!(of("package.json", "\"version\": \"2.0.0\"\n", "\"version\": \"1.0.0\"\n"), 0);
    assert_eq!(of("app.yml", "timeout: 30\n", "timeout: 10\n"), 0);
    assert_eq!(of("app.yml", "threshold: 30\n", "threshold: 10\n"), 0, "the program's own");
    assert_eq!(of("app.yml", "log_level: error\n", "log_level: warn\n"), 0, "no lint");
    assert_eq!(of("src/search.rs", "threshold = 30\n", "threshold = 10\n"), 0);
    assert_eq!(of("src/config.ts", "lines: 30,\n", "lines: 10,\n"), 0);
    assert_eq!(of("app.yml", "coverage: 30\n", "coverage: 10\n"), 0, "what is insured");
    assert_eq!(of("ci.yml", "fail_under: 30\n", "fail_under: 10\n"), 1);
}

#[test]
fn suppressions() {
    lines(
        "suppression",
        &[
            ("src/a.rs", "#[allow(dead_code)]\nfn a() {}\n", true),
            ("src/a.ts", "// @ts-ignore\nf(1);\n", true),
            ("src/a.js", "f(1); // eslint-disable-line no-eval\n", true),
            ("src/a.py", "import os  # noqa: F401\n", true),
            ("src/a.py", "x = f()  # type: ignore\n", true),
            ("src/a.go", "f() //nolint:errcheck\n", true),
            ("src/A.java", "@SuppressWarnings(\"unchecked\")\n", true),
            ("src/a.rs", "const MARK: &str = \"# noqa\";\n", false),
            ("src/a.ts", "const rule = 'eslint-disable';\n", false),
            ("src/a.rs", "#[allow(dead_code, reason = \"the host calls it\")]\n", false),
            ("tests/a.py", "import os  # noqa\n", false),
            ("src/a.rs", "fn allow(x: u8) {}\n", false),
            ("docs/lint.md", "Write `# noqa` behind it.\n", false),
        ],
    );
}

#[test]
fn commands_and_pipelines() {
    let of = |path: &str, before: &str, now: &str| changed("test-command-changed", path, before, now);
    for (path, before, now) in [
        (".github/workflows/ci.yml", "run: cargo test\n", "run: true\n"),
        (".gitlab-ci.yml", "script: make test\n", "script: make\n"),
        (
            "package.json",
            r#"{"scripts": {"test": "jest", "start": "node ."}}"#,
            r#"{"scripts": {"test": "exit 0", "start": "node ."}}"#,
        ),
        ("Makefile", "test:\n\tgo test ./...\n", "test:\n\ttrue\n"),
        ("jest.config.js", "testMatch: ['**/*.test.ts'],\n", "testMatch: ['**/a.test.ts'],\n"),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\n",
            "[tool.pytest.ini_options]\naddopts = \"--ignore=tests/slow\"\n",
        ),
        ("skillhost.toml", "[commands.test]\nrun = [\"make\", \"test\"]\n", "[commands.test]\nrun = [\"true\"]\n"),
    ] {
        assert_eq!(of(path, before, now), 1, "{path}: {now}");
    }
    for (path, before, now) in [
        (
            "package.json",
            r#"{"scripts": {"test": "jest"}}"#,
            r#"{"scripts": {"test": "jest", "dev": "vite"}, "private": true}"#,
        ),
        ("Makefile", "test:\n\tgo test ./...\nrun:\n\tgo run .\n", "test:\n\tgo test ./...\nrun:\n\tgo run ./cmd\n"),
        (
            "skillhost.toml",
            "rounds = 1\n[verify]\ncommands = [\"test\"]\n",
            "rounds = 2\n[verify]\ncommands = [\"test\"]\n",
        ),
        ("src/a.rs", "fn a() {}\n", "fn b() { run(\"--ignore\"); }\n"),
    ] {
        assert_eq!(of(path, before, now), 0, "{path}: {now}");
    }
    assert!(hits("test-command-changed", &[(".github/workflows/new.yml", None, Some("on: push\n"))]).is_empty());
    let config = (
        "skillhost.toml",
        Some("[commands.test]\nrun = [\"sh\", \"test.sh\"]\n"),
        Some("[commands.test]\nrun = [\"sh\", \"test.sh\"]\n"),
    );
    let pytest = "[commands.test]\nrun = [\"pytest\", \"tests/test_a.py\"]\n";
    let files = [("skillhost.toml", Some(pytest), Some(pytest)), ("tests/test_a.py", Some("a\n"), Some("b\n"))];
    assert!(hits("test-command-changed", &files).is_empty());
    let files = [config, ("test.sh", Some("cargo test\n"), Some("true\n"))];
    assert_eq!(hits("test-command-changed", &files), ["test.sh"]);
    assert!(hits_of("test-command-changed", &files, &spec("- test.sh is changed to run in CI.")).is_empty());
    assert_eq!(hits_of("test-command-changed", &files, &spec("test.sh tests.")), ["test.sh"], "named, not announced");
}

#[test]
fn protected_paths() {
    let files = [("AGENTS.md", Some("a"), Some("b")), ("src/a.rs", Some("a"), Some("b"))];
    assert_eq!(hits("protected-path", &files), ["AGENTS.md"]);
    let own = "[protect]\npaths = [\n  \"src/**\", # the core\n]\n[verify]\ncommands = [\"docs/**\"]\n";
    let files = [
        ("skillhost.toml", Some(own), Some(own)),
        ("AGENTS.md", Some("a"), Some("b")),
        ("src/a.rs", Some("a"), Some("b")),
    ];
    assert_eq!(hits("protected-path", &files), ["src/a.rs"]);
}

#[test]
fn dependencies_that_nobody_asked_for() {
    let before = "[dependencies]\nserde = \"1\"\n";
    let now = "[dependencies]\nserde = \"1\"\nleft-pad = \"1\"\n";
    let files = [("Cargo.toml", Some(before), Some(now))];
    assert_eq!(hits_of("dependency", &files, &spec("# Pad")), ["Cargo.toml:3"]);
    assert!(hits_of("dependency", &files, &spec("It pads with left-pad.")).is_empty());
    assert!(hits("dependency", &files).is_empty(), "there is no spec");
    let package = [("package.json", Some("{}"), Some("{\n  \"dependencies\": {\"left-pad\": \"1\"}\n}\n"))];
    assert_eq!(hits_of("dependency", &package, &spec("# Pad")), ["package.json:2"]);
    let python = [("requirements.txt", Some("rich\n"), Some("rich\nleftpad==1\n"))];
    assert_eq!(hits_of("dependency", &python, &spec("# Pad")), ["requirements.txt:2"]);
    let go = [("go.mod", Some("module x\n"), Some("module x\nrequire example.com/pad v1.0.0\n"))];
    assert_eq!(hits_of("dependency", &go, &spec("# Pad")), ["go.mod:2"]);
}

#[test]
fn locks_go_with_their_manifests() {
    let lock = ("Cargo.lock", Some("1"), Some("2"));
    assert_eq!(hits("lockfile", &[lock]), ["Cargo.lock"]);
    let manifest = ("Cargo.toml", Some("[dependencies]\na = \"1\"\n"), Some("[dependencies]\na = \"2\"\n"));
    assert!(hits("lockfile", &[lock, manifest]).is_empty());
    let old = ("Cargo.lock", Some("1"), Some("1"));
    assert_eq!(hits("lockfile", &[old, manifest]), ["Cargo.toml"]);
    assert!(hits("lockfile", &[manifest]).is_empty(), "nothing is locked");
    let version = ("Cargo.toml", Some("[package]\nversion = \"1\"\n"), Some("[package]\nversion = \"2\"\n"));
    assert!(hits("lockfile", &[old, version]).is_empty());
    assert_eq!(hits("lockfile", &[("web/yarn.lock", Some("1"), Some("2"))]), ["web/yarn.lock"]);
    assert_eq!(hits("lockfile", &[("go.sum", Some("1"), Some("2"))]), ["go.sum"]);
}

#[test]
fn bounds_in_the_tests_themselves() {
    let of = |path: &str, before: &str, now: &str, asked: &str| {
        hits_of("threshold-lowered", &[(path, Some(before), Some(now))], &spec(asked)).len()
    };
    for (path, before, now) in [
        (
            "src/lib.rs",
            "#[cfg(test)]\nmod tests {\n  assert_delta!($x, $y, 1e-5);\n",
            "#[cfg(test)]\nmod tests {\n  assert_delta!($x, $y, 1e5);\n",
        ),
        ("tests/a.rs", "assert!((a - b).abs() < 1e-6);\n", "assert!((a - b).abs() < 1e-2);\n"),
        ("tests/a.rs", "assert_relative_eq!(a, b, epsilon = 0.001);\n", "assert_relative_eq!(a, b, epsilon = 0.1);\n"),
        ("tests/a.rs", "const EPSILON: f64 = 1e-9;\n", "const EPSILON: f64 = 1e-3;\n"),
        (
            "tests/a.rs",
            "assert!(elapsed < Duration::from_millis(100));\n",
            "assert!(elapsed < Duration::from_millis(900));\n",
        ),
        (
            "tests/a.rs",
            "    if (x - y).abs() > 1e-6 {\n        panic!(\"no\");\n    }\n",
            "    if (x - y).abs() > 1e-1 {\n        panic!(\"no\");\n    }\n",
        ),
        ("a.test.ts", "  expect(x).toBeCloseTo(2.5, 5);\n", "  expect(x).toBeCloseTo(2.5, 1);\n"),
        ("a.test.ts", "  expect(x).toBeLessThan(100);\n", "  expect(x).toBeLessThan(1000);\n"),
        ("a.test.ts", "  expect(x).toBeGreaterThan(90);\n", "  expect(x).toBeGreaterThan(10);\n"),
        ("a.test.ts", "  expect(x).to.be.closeTo(2.5, 0.1);\n", "  expect(x).to.be.closeTo(2.5, 2);\n"),
        ("a.test.ts", "  jest.setTimeout(5000);\n", "  jest.setTimeout(60000);\n"),
        (
            "test_a.py",
            "    assert x == pytest.approx(1.5, rel=1e-6)\n",
            "    assert x == pytest.approx(1.5, rel=0.5)\n",
        ),
        (
            "test_a.py",
            "    self.assertAlmostEqual(x, 1.5, places=7)\n",
            "    self.assertAlmostEqual(x, 1.5, places=1)\n",
        ),
        (
            "test_a.py",
            "    self.assertAlmostEqual(x, 1.5, delta=0.1)\n",
            "    self.assertAlmostEqual(x, 1.5, delta=9)\n",
        ),
        ("test_a.py", "    assert score > 0.9\n", "    assert score > 0.1\n"),
        ("conftest.py", "TOLERANCE = 0.01\n", "TOLERANCE = 0.5\n"),
        ("a_test.go", "\tassert.InDelta(t, want, got, 0.01)\n", "\tassert.InDelta(t, want, got, 1.0)\n"),
        ("a_test.go", "\tif math.Abs(x-y) > 1e-9 {\n\t\tt.Fatal(x)\n", "\tif math.Abs(x-y) > 1e-3 {\n\t\tt.Fatal(x)\n"),
        (
            "src/test/java/ATest.java",
            "    assertThat(x).isCloseTo(2.5, within(0.1));\n",
            "    assertThat(x).isCloseTo(2.5, within(5.0));\n",
        ),
    ] {
        assert_eq!(of(path, before, now, ""), 1, "{path}: {before} -> {now}");
        assert_eq!(of(path, now, before, ""), 0, "{path}: the other way, {now} -> {before}");
        assert_eq!(of(path, before, now, &format!("{path} is changed: a lower precision is enough.")), 0, "{path}");
        assert_eq!(
            of(path, before, now, &format!("{path} is changed: a test is added.")),
            1,
            "{path}: not of its bounds"
        );
    }
    for (path, before, now) in [
        ("src/solve.rs", "const EPSILON: f64 = 1e-9;\n", "const EPSILON: f64 = 1e-6;\n"),
        (
            "src/parse.rs",
            "assert!(depth < 64);\n#[cfg(test)]\nmod tests {}\n",
            "assert!(depth < 128);\n#[cfg(test)]\nmod tests {}\n",
        ),
        ("tests/a.rs", "assert_eq!(f(1), 2);\n", "assert_eq!(f(1), 3);\n"),
        ("tests/a.rs", "for i in 0..10 {\n", "for i in 0..20 {\n"),
        ("tests/a.rs", "let x = f(1);\n", "let x = f(2);\n"),
        ("tests/a.rs", "if x > 1 {\n    skip();\n}\n", "if x > 2 {\n    skip();\n}\n"),
        ("a.test.ts", "  expect(x).toBeCloseTo(2.5, 1);\n", "  expect(x).toBeCloseTo(2.4, 1);\n"),
        ("a.test.ts", "  expect(x).toBeCloseTo(2.5);\n", "  expect(x).toBeCloseTo(2.4);\n"),
        ("test_a.py", "    client = Client(port=80)\n", "    client = Client(port=8080)\n"),
        ("test_a.py", "    # tolerance = 1\n", "    # tolerance = 2\n"),
    ] {
        assert_eq!(of(path, before, now, ""), 0, "{path}: {before} -> {now}");
    }
    let (small, large) = ("assert!(x < 5);\n", "assert!(x < 50);\n");
    assert_eq!(of("tests/a.rs", &format!("{small}{large}"), &format!("{large}f();\n{small}"), ""), 0, "they moved");
    let new = "assert!((a - b).abs() < 1e-2);\n";
    assert_eq!(hits("threshold-lowered", &[("tests/a.rs", None, Some(new))]).len(), 0, "it is new");
    let asked = "The mean may be off by less than 0.25.";
    assert_eq!(of("tests/a.rs", "assert!(off < 0.125);\n", "assert!(off < 0.25);\n", asked), 0, "the bound is named");
}
