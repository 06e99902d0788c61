import unittest

from skill import implement
from skillhost_sdk import Brief
from skillhost_sdk.mock import MockHost, calls

FINISH = ("finish", {"title": "Greet", "what": "It greets.", "why": "Nobody did.", "rollback": "Revert.", "answers": []})


class Implement(unittest.TestCase):
    def test_the_model_edits_and_finishes(self) -> None:
        with MockHost({"a.txt": "hallo\n"}) as host:
            host.replies += [
                calls(("read", {"path": "a.txt"}), ("edit", {"path": "a.txt", "old": "hallo", "new": "hello"})),
                calls(FINISH),
            ]
            self.assertEqual(implement(host, Brief("Greet")).title, "Greet")
            self.assertEqual(host.text("a.txt"), "hello\n")
            self.assertIn("+hello", str(host.requests[1].messages[-1]))

    def test_it_is_not_done_while_the_tests_fail(self) -> None:
        with MockHost() as host:
            host.declared["test"] = [(1, "1 failed"), (0, "1 passed")]
            host.replies += [calls(FINISH), calls(("write", {"path": "a.txt", "text": "hello\n"})), calls(FINISH)]
            implement(host, Brief("Greet"))
            self.assertIn("1 failed", str(host.requests[1].messages[-1]))
            self.assertEqual([name for name, _ in host.runs], ["test", "test"])


if __name__ == "__main__":
    unittest.main()
