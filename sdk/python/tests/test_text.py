"""Edits, diffs and globs."""

import random
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from skillhost_sdk import Globs, Invalid, clip, diff, replace


class Replace(unittest.TestCase):
    def test_a_text_that_is_there_once_is_replaced(self) -> None:
        self.assertEqual(replace("a b c", "b", "x"), "a x c")
        self.assertEqual(replace("a a", "a", "x", all=True), "x x")

    def test_line_endings_stay(self) -> None:
        self.assertEqual(replace("a\r\nb\r\nc\r\n", "a\nb", "x\ny\nz"), "x\r\ny\r\nz\r\nc\r\n")
        self.assertEqual(replace("a\r\nb\nc", "b\nc", "x"), "a\r\nx")

    def test_all_else_is_refused(self) -> None:
        for old, words in (("", "empty"), ("x", "not there"), ("a", "2 times, on lines 1, 3")):
            with self.subTest(old=old), self.assertRaisesRegex(Invalid, words):
                replace("a\n  b\na\n", old, "y")
        with self.assertRaisesRegex(Invalid, "line 2 is like its first line: '  b'"):
            replace("a\n  b\na\n", "b\nb", "y")


class Diff(unittest.TestCase):
    def test_it_reads_like_gits(self) -> None:
        old = "".join(f"{number}\n" for number in range(1, 21))
        new = old.replace("5\n", "five\n", 1).replace("20\n", "20")
        self.assertEqual(
            diff(old, new, "n"),
            "--- a/n\n+++ b/n\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
            "@@ -17,4 +17,4 @@\n 17\n 18\n 19\n-20\n+20\n\\ No newline at end of file\n",
        )
        self.assertEqual(diff(old, old, "n"), "")
        self.assertEqual(diff("", "a\n", "n"), "--- a/n\n+++ b/n\n@@ -0,0 +1 @@\n+a\n")
        self.assertEqual(diff("a\n", ""), "@@ -1 +0,0 @@\n-a\n")

    @unittest.skipUnless(shutil.which("git"), "git applies what was written")
    def test_git_applies_it(self) -> None:
        chance = random.Random(7)
        for _ in range(20):
            old = [f"{chance.randrange(9)}\n" for _ in range(chance.randrange(30))]
            new = [line for line in old if chance.random() > 0.2]
            for _ in range(chance.randrange(4)):
                new.insert(chance.randrange(len(new) + 1), chance.choice(["new\n", "\r\n", "ü\u2028\n"]))
            before, after = "".join(old), "".join(new).removesuffix("\n" if chance.random() > 0.5 else "x")
            if before == after or not before or not after:
                continue
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder, "n")
                file.write_bytes(before.encode())
                patch = diff(before, after, "n").encode()
                subprocess.run(["git", "apply", "-"], cwd=folder, input=patch, check=True, capture_output=True)
                self.assertEqual(file.read_bytes().decode(), after)

    def test_long_texts_take_no_time(self) -> None:
        old, new = ("".join(f"{word}{number}\n" for number in range(200_000)) for word in "ab")
        self.assertEqual(diff(old, new).count("\n"), 400_001)

    def test_clip(self) -> None:
        self.assertEqual((clip("abc", 3), clip("abcd", 3)), ("abc", "abc\n… 1 more characters"))


class Patterns(unittest.TestCase):
    def test_they_are_the_hosts(self) -> None:
        for pattern, yes, no in [
            ("**", ["a", "a/b"], []),
            ("*", ["a", ".a"], ["a/b"]),
            ("src/**", ["src/a", "src/a/b"], ["src2/a", "a/src/b"]),
            ("**/*.py", ["a.py", "a/b.py"], ["a.pyc"]),
            ("a/**/b", ["a/b", "a/x/y/b"], ["a/x"]),
            ("{a,b}/?.{c,d}", ["a/x.c", "b/x.d"], ["c/x.c", "a/xy.c"]),
            ("./a[b]", ["a[b]"], ["ab"]),
        ]:
            globs = Globs([pattern])
            for path in yes:
                self.assertTrue(globs.match(path), (pattern, path))
            for path in no:
                self.assertFalse(globs.match(path), (pattern, path))

    def test_what_is_no_pattern_is_refused(self) -> None:
        for pattern in ("", "/a", "../a", "a/../b", "{a", "a}", "{a,b}" * 9):
            with self.subTest(pattern=pattern), self.assertRaises(Invalid):
                Globs([pattern])

    def test_no_pattern_takes_long(self) -> None:
        self.assertFalse(Globs(["*a" * 100 + "b"]).match("a" * 250))
        self.assertFalse(Globs(["**/a/" * 30 + "b"]).match("/".join("a" * 200)))


if __name__ == "__main__":
    unittest.main()
