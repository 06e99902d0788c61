"""Files through the host, and the mock itself."""

import os
import unittest

from skillhost_sdk import Brief, Change, ChangeKind, Denied, Failed, Gate, Invalid, Request, TooLarge
from skillhost_sdk.host import MAX_TEXT_BYTES
from skillhost_sdk.mock import MockHost, text


class Files(unittest.TestCase):
    def setUp(self) -> None:
        self.host = MockHost({"a.txt": "one\r\n", "src/b.py": "b\n", "bin": b"\xff"}, read_only=["src/**"])
        self.addCleanup(self.host.close)

    def test_files_are_read_and_written_byte_for_byte(self) -> None:
        self.host.write("new/ü.txt", "two\r\n")
        self.assertEqual((self.host.read_text("a.txt"), self.host.read("new/ü.txt")), ("one\r\n", b"two\r\n"))
        self.host.rename("new/ü.txt", "other/x")
        self.host.remove("a.txt")
        self.assertEqual(list(self.host.walk()), ["bin", "other/x", "src/b.py"])

    def test_what_is_no_path_below_the_root_is_refused(self) -> None:
        for path in ("/etc/passwd", "../x", "a/../../x", "", ".", "a\0", "\ud800"):
            with self.subTest(path=path), self.assertRaises(Invalid):
                self.host.read(path)

    def test_what_is_no_text_is_refused(self) -> None:
        with self.assertRaisesRegex(Invalid, "half of a character"):
            self.host.write("a.txt", "\ud83d")
        with self.assertRaisesRegex(Invalid, "bin is not UTF-8"):
            self.host.read_text("bin")
        (self.host.root / "large").touch()
        os.truncate(self.host.root / "large", MAX_TEXT_BYTES + 1)
        with self.assertRaises(TooLarge) as raised:
            self.host.read_text("large")
        self.assertEqual(raised.exception.size, MAX_TEXT_BYTES + 1)

    def test_what_was_not_granted_is_denied(self) -> None:
        with self.assertRaises(Denied):
            self.host.write("src/b.py", "")
        with self.assertRaises(Denied):
            self.host.rename("src/b.py", "c")
        with self.assertRaises(Denied):
            self.host.rename("a.txt", "src/c")
        with self.assertRaises(Denied):
            self.host.remove("src/b.py")

    def test_a_long_path_is_cut_where_an_error_names_it(self) -> None:
        long = "a" * 1_000_000
        for act in (
            lambda: self.host.read(f"/{long}"),
            lambda: self.host.write(f"src/{long}", ""),
            lambda: self.host.rename("a.txt", f"src/{long}"),
            lambda: self.host.original(long),
            lambda: self.host.write(long, "\ud83d"),
        ):
            with self.assertRaises((Denied, Invalid)) as raised:
                act()
            self.assertIn("aaa…", str(raised.exception))
            self.assertLess(len(str(raised.exception)), 300)

    def test_links_and_git_are_left_out(self) -> None:
        (self.host.root / "link").symlink_to("/etc")
        (self.host.root / ".git").mkdir()
        (self.host.root / ".git/config").touch()
        self.assertEqual(list(self.host.walk()), ["a.txt", "bin", "src/b.py"])
        self.assertEqual(list(self.host.walk("*.txt", "**/*.py")), ["a.txt", "src/b.py"])


class Mock(unittest.TestCase):
    def test_changes_are_against_the_base(self) -> None:
        with MockHost({"a": "a\n", "b": "b\n", "c": "c\n"}) as host:
            host.write("a", "x\n")
            host.remove("b")
            host.write("d", "d\n")
            self.assertEqual(
                host.changes(),
                [Change("a", ChangeKind.MODIFIED), Change("b", ChangeKind.DELETED), Change("d", ChangeKind.ADDED)],
            )
            self.assertEqual(host.diff(["a"]), "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-a\n+x\n")
            self.assertEqual(host.original("a"), b"a\n")
            with self.assertRaises(Invalid):
                host.original("d")
            host.write("d", "d\n" * 200_000)
            with self.assertRaises(TooLarge):
                host.diff()

    def test_commands_end_as_they_were_told(self) -> None:
        with MockHost() as host:
            host.declared["test"] = [(1, "no\n"), (0, "x" * 70_000)]
            host.denied.append("deploy")
            self.assertEqual([host.run("test").exit_code for _ in range(3)], [1, 0, 0])
            outcome = host.run("test", ["-q"])
            self.assertEqual((len(outcome.output), outcome.output_size), (65536, 70_000))
            self.assertEqual(len(host.output(outcome.id, 65536)), 70_000 - 65536)
            with self.assertRaisesRegex(Denied, "exec=deploy"):
                host.run("deploy")
            self.assertEqual(([command.name for command in host.commands()], host.granted()), (["test", "deploy"], ["test"]))
            self.assertEqual(host.runs[-1], ("test", ["-q"]))

    def test_replies_come_in_order_and_take_from_the_budget(self) -> None:
        with MockHost() as host:
            host.budget = type(host.budget)(tokens=1_500)
            host.replies += [text("a"), Denied("model=cheap")]
            self.assertEqual(host.complete_all([Request([]), Request([])])[0], text("a"))
            self.assertEqual(host.remaining().tokens, 500)
            with self.assertRaises(Failed):
                host.complete(Request([]))
            host.model = lambda request: text(str(len(request.messages)))
            self.assertEqual(host.complete(Request([])), text("0"))

    def test_a_person_says_what_was_scripted(self) -> None:
        with MockHost() as host:
            host.answers["Now?"] = "yes"
            self.assertEqual((host.ask("Now?", ["yes", "no"], "no"), host.ask("Later?", [], "no")), ("yes", "no"))

    def test_a_brief_needs_a_goal_only(self) -> None:
        self.assertEqual(Brief("x", gates=[Gate("ev-1", "test", 0)]).gates[0].tests, None)


if __name__ == "__main__":
    unittest.main()
