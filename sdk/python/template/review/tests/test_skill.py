import unittest

from skill import review
from skillhost_sdk import Brief, Document, Location, Severity
from skillhost_sdk.mock import MockHost, calls

FOUND = {"severity": "major", "category": "edge-cases", "path": "a.py", "line": 1, "quote": "1 / 0", "message": "It fails."}


class Review(unittest.TestCase):
    def test_a_finding_needs_a_quote_that_is_there(self) -> None:
        with MockHost() as host:
            host.write("a.py", "x = 1 / 0\n")
            made_up = {**FOUND, "quote": "2 / 0"}
            host.replies += [
                calls(("read", {"path": "a.py"})),
                calls(("report", {"findings": [FOUND, made_up], "verdicts": []})),
            ]
            (finding,) = review(host, Brief("Divide"), None).findings
            self.assertEqual((finding.severity, finding.at), (Severity.MAJOR, Location("a.py", 1)))
            self.assertIn("+x = 1 / 0", str(host.requests[0].messages))

    def test_a_spec_is_quoted_as_well(self) -> None:
        with MockHost() as host:
            host.replies.append(calls(("report", {"findings": [{**FOUND, "path": "spec.md"}], "verdicts": []})))
            report = review(host, Brief("Divide"), Document("spec.md", "It computes 1 / 0.\n"))
            self.assertEqual([finding.quote for finding in report.findings], ["1 / 0"])


if __name__ == "__main__":
    unittest.main()
