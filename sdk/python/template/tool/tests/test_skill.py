import unittest

from skill import count_lines
from skillhost_sdk import Invalid
from skillhost_sdk.mock import MockHost


class CountLines(unittest.TestCase):
    def test_lines_are_counted(self) -> None:
        with MockHost({"a.txt": "one\ntwo\n"}) as host:
            self.assertEqual(count_lines(host, "a.txt").lines, 2)

    def test_what_is_no_text_is_refused(self) -> None:
        with MockHost({"a.bin": b"\xff"}) as host, self.assertRaises(Invalid):
            count_lines(host, "a.bin")


if __name__ == "__main__":
    unittest.main()
