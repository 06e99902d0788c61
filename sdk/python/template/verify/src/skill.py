"""{{name}}: judges what the gates showed. The host ran them already; a check counts only with the evidence of one."""

from skillhost_sdk import Brief, Check, CheckOutcome, Criterion, Gate, Host, export_verify


@export_verify
def verify(host: Host, brief: Brief) -> list[Check]:
    """A check for each criterion."""
    return [_check(criterion, brief.gates) for criterion in brief.criteria]


def _check(criterion: Criterion, gates: list[Gate]) -> Check:
    """It holds where its own command ran, each time with exit code 0."""
    shown = [gate for gate in gates if gate.name == criterion.command]
    if not shown:
        outcome = CheckOutcome.NOT_RUN
    elif all(gate.exit_code == 0 for gate in shown):
        outcome = CheckOutcome.PASSED
    else:
        outcome = CheckOutcome.FAILED
    return Check(criterion.id, outcome, [gate.evidence for gate in shown], f"its command ran {len(shown)} times")
