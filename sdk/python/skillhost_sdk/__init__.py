"""The SDK for skills written in Python: the records of `wit/`, a decorator for each kind of skill, and a mock host.

    from skillhost_sdk import Brief, Check, CheckOutcome, Host, export_verify

    @export_verify
    def verify(host: Host, brief: Brief) -> list[Check]:
        \"\"\"Passes a criterion where every gate ended with exit code 0.\"\"\"
        shown = [gate.evidence for gate in brief.gates]
        passed = bool(shown) and all(gate.exit_code == 0 for gate in brief.gates)
        outcome = CheckOutcome.PASSED if passed else CheckOutcome.NOT_RUN
        return [Check(criterion.id, outcome, shown) for criterion in brief.criteria]

A skill gets everything that it may reach as its `host`. That is what makes it testable: the same function runs over the
component's imports and over `skillhost_sdk.mock.MockHost`.
"""

from .conversation import Conversation, Toolbox, Unfinished
from .errors import Cancelled, Denied, Exhausted, Failed, Invalid, SkillError, TooLarge
from .globs import Globs
from .host import Host
from .schema import decode, decode_text, encode, schema_of
from .skills import export_implement, export_review, export_spec, export_tool, export_verify
from .text import clip, diff, replace
from .types import (
    Answer,
    Brief,
    Budget,
    Change,
    ChangeKind,
    Check,
    CheckOutcome,
    Command,
    Criterion,
    Document,
    Finding,
    Gate,
    Level,
    Location,
    Message,
    Outcome,
    Part,
    Reasoning,
    Reply,
    Report,
    Request,
    Severity,
    Speaker,
    Specification,
    Step,
    Stop,
    Subject,
    Summary,
    Text,
    Tier,
    ToolCall,
    ToolChoice,
    ToolDefinition,
    ToolResult,
    Usage,
    Verdict,
)

__all__ = [
    "Answer",
    "Brief",
    "Budget",
    "Cancelled",
    "Change",
    "ChangeKind",
    "Check",
    "CheckOutcome",
    "Command",
    "Conversation",
    "Criterion",
    "Denied",
    "Document",
    "Exhausted",
    "Failed",
    "Finding",
    "Gate",
    "Globs",
    "Host",
    "Invalid",
    "Level",
    "Location",
    "Message",
    "Outcome",
    "Part",
    "Reasoning",
    "Reply",
    "Report",
    "Request",
    "Severity",
    "SkillError",
    "Speaker",
    "Specification",
    "Step",
    "Stop",
    "Subject",
    "Summary",
    "Text",
    "Tier",
    "TooLarge",
    "ToolCall",
    "ToolChoice",
    "ToolDefinition",
    "ToolResult",
    "Toolbox",
    "Unfinished",
    "Usage",
    "Verdict",
    "clip",
    "decode",
    "decode_text",
    "diff",
    "encode",
    "export_implement",
    "export_review",
    "export_spec",
    "export_tool",
    "export_verify",
    "replace",
    "schema_of",
]
