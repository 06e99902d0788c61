import unittest

from skill import verify
from skillhost_sdk import Brief, CheckOutcome, Criterion, Gate
from skillhost_sdk.mock import MockHost


class Verify(unittest.TestCase):
    def outcome(self, criterion: Criterion, *gates: Gate) -> CheckOutcome:
        with MockHost() as host:
            (check,) = verify(host, Brief("Greet everybody", criteria=[criterion], gates=list(gates)))
            self.assertEqual((check.id, check.evidence), (criterion.id, [gate.evidence for gate in gates]))
            return check.outcome

    def test_a_criterion_holds_where_its_command_passed(self) -> None:
        criterion = Criterion("C1", "It greets", "test")
        self.assertEqual(self.outcome(criterion, Gate("ev-1", "test", 0)), CheckOutcome.PASSED)
        self.assertEqual(self.outcome(criterion, Gate("ev-1", "test", 1)), CheckOutcome.FAILED)
        self.assertEqual(self.outcome(criterion, Gate("ev-1", "test", None)), CheckOutcome.FAILED)

    def test_nothing_is_shown_without_a_command(self) -> None:
        self.assertEqual(self.outcome(Criterion("C1", "It greets")), CheckOutcome.NOT_RUN)


if __name__ == "__main__":
    unittest.main()
