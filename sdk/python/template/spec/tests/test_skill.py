import json
import unittest

from skill import draft
from skillhost_sdk import Brief, Document, Invalid
from skillhost_sdk.mock import MockHost, text

PLAN = {
    "steps": [
        {"id": "1", "title": "Greet", "instructions": "Write it.", "files": ["src/**"], "after": [], "criteria": ["C1"]},
    ],
    "criteria": [{"id": "C1", "statement": "It greets", "command": "test"}],
    "assumptions": [],
    "answers": [],
}


class Draft(unittest.TestCase):
    def test_the_model_fills_the_document_and_plans(self) -> None:
        with MockHost() as host:
            host.declared["test"] = [(0, "")]
            host.replies += [text("# Greeting\n\n## Problem\n\nNobody is greeted.\n"), text(json.dumps(PLAN))]
            written = draft(host, Brief("Greet everybody", spec=Document("specs/a.md", "# Greeting\n\n## Problem\n")))
            self.assertIn("Nobody is greeted.", written.document.text)
            self.assertEqual((written.document.path, written.criteria[0].command), ("specs/a.md", "test"))
            self.assertIn("declared are: test", str(host.requests[1].messages[-1]))

    def test_without_a_document_there_is_nothing_to_fill(self) -> None:
        with MockHost() as host, self.assertRaises(Invalid):
            draft(host, Brief("Greet everybody"))


if __name__ == "__main__":
    unittest.main()
