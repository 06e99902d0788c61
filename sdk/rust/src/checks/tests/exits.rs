//! Tests that end the process which runs them.

use super::{hits, hits_of, lines, spec};

#[test]
fn a_test_does_not_end_its_runner() {
    lines(
        "test-command-changed",
        &[
            ("tests/__init__.py", "import os\n\nos.write(1, b'Ran 9 tests in 0.1s\\n\\nOK\\n')\nos._exit(0)\n", true),
            ("tests/test_a.py", "import sys\nsys.exit()\n", true),
            ("tests/test_a.py", "raise SystemExit\n", true),
            ("conftest.py", "def pytest_sessionfinish():\n    os._exit(0)\n", true),
            ("src/a.test.js", "process.exit(0);\n", true),
            ("test/a.js", "after(() => process.exit(failed ? 1 : 0));\n", true),
            ("vitest.setup.ts", "process.exit();\n", true),
            ("tests/a.rs", "    std::process::exit(0);\n", true),
            ("a_test.go", "\tm.Run()\n\tos.Exit(0)\n", true),
            ("src/test/java/ATest.java", "System.exit(0);\n", true),
            ("spec/a_spec.rb", "exit!\n", true),
            // A failure shows itself.
            ("src/a.test.js", "process.exit(1);\n", false),
            ("tests/test_a.py", "    os._exit(2)\n", false),
            // What is run by itself, or by another process, or stands in for the call.
            ("tests/test_a.py", "if __name__ == '__main__':\n    sys.exit(unittest.main())\n", false),
            ("tests/test_a.py", "if __name__ == '__main__':\n    main()\n\nsys.exit()\n", true),
            ("a_test.go", "\tos.Exit(m.Run())\n", false),
            ("test/a.js", "spawnSync('node', ['-e', 'process.exit(0)']);\n", false),
            ("test/a.js", "jest.spyOn(process, 'exit');\n", false),
            ("tests/test_a.py", "with pytest.raises(SystemExit):\n    main()\n", false),
            ("tests/test_a.py", "# sys.exit() would end it\n", false),
            // A program may end itself.
            ("src/cli.js", "process.exit(0);\n", false),
            ("src/main.rs", "std::process::exit(0);\n", false),
        ],
    );
}

#[test]
fn what_was_there_or_is_announced_stays() {
    let before = "const failed = run();\nprocess.exit(failed);\n";
    let now = before.replace("run()", "run(all)");
    assert!(hits("test-command-changed", &[("test/run.js", Some(before), Some(&now))]).is_empty());
    let file = [("test/run.js", None, Some(before))];
    assert_eq!(hits("test-command-changed", &file), ["test/run.js:2"]);
    assert!(hits_of("test-command-changed", &file, &spec("test/run.js is added: it runs all tests.")).is_empty());
}
