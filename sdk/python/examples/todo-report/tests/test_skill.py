"""The skill over a mock host, and as the host calls it: with JSON."""

import json
import unittest

from skill import Todo, report
from skillhost_sdk import Denied, Invalid
from skillhost_sdk.mock import MockHost
from skillhost_sdk.skills import exported


class Report(unittest.TestCase):
    def test_todos_are_listed_by_path_and_line(self) -> None:
        files = {
            "src/b.py": "# TODO(ann): rename\nx = 1\n# TODO later\n",
            "src/a.rs": "fn a() {}\n// TODO: fix this\r\n",
            "docs/ü.md": "TODO\n",
            "TODOS.txt": "TODOS are no TODO_s\n",
        }
        with MockHost(files) as host:
            todos = report(host).todos
            self.assertEqual(
                todos,
                [
                    Todo("docs/ü.md", 1, ""),
                    Todo("src/a.rs", 2, "fix this"),
                    Todo("src/b.py", 1, "rename"),
                    Todo("src/b.py", 3, "later"),
                ],
            )
            written = host.text("TODO.md")
            self.assertIsNotNone(written)
            self.assertIn("# TODO report\n\n4 in 3 files.\n\n- `docs/ü.md:1` \n- `src/a.rs:2` fix this\n", written or "")

    def test_a_report_is_the_same_twice(self) -> None:
        with MockHost({"a": "TODO: x\n"}) as host:
            first = report(host), host.text("TODO.md")
            self.assertEqual((report(host), host.text("TODO.md")), first)

    def test_what_is_no_text_is_skipped(self) -> None:
        with MockHost({"a.bin": b"TODO \xff", "b": "TODO \0", "c/.git/x": "TODO: no"}) as host:
            self.assertEqual(report(host).todos, [])
            self.assertEqual(host.text("TODO.md"), "# TODO report\n\n0 in 0 files.\n\nNone.\n")

    def test_a_pattern_chooses_the_files(self) -> None:
        with MockHost({"src/a.py": "TODO a", "b.py": "TODO b"}) as host:
            self.assertEqual([todo.file for todo in report(host, pattern="src/**").todos], ["src/a.py"])

    def test_a_place_that_was_not_granted_is_denied(self) -> None:
        with MockHost({"a": "TODO x"}, read_only=["src/**"]) as host, self.assertRaises(Denied):
            report(host, path="src/TODO.md")

    def test_the_host_calls_it_with_json(self) -> None:
        with MockHost({"a": "TODO x"}) as host:
            answer = json.loads(exported.call(host, "report", '{"path": "out.md"}'))
            self.assertEqual(answer, {"todos": [{"file": "a", "line": 1, "text": "x"}]})
            self.assertTrue((host.text("out.md") or "").startswith("# TODO report"))
            with self.assertRaises(Invalid):
                exported.call(host, "report", '{"path": 7}')
