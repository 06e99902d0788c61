"""The records of the contract, as `wit/` has them. What may be left out has a default."""

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias


@dataclass(frozen=True)
class Document:
    """A text file, by its path relative to the worktree's root."""

    path: str
    text: str


class Severity(Enum):
    """How bad a finding is.

    Blockers and majors go back to the author; after the last round an open blocker ends the run, and open majors keep the
    pull request a draft.
    """

    NIT = "nit"
    MINOR = "minor"
    MAJOR = "major"
    BLOCKER = "blocker"


@dataclass(frozen=True)
class Location:
    """A place in the worktree."""

    path: str
    line: int | None = None
    """1-based."""


@dataclass(frozen=True)
class Finding:
    """What a review found."""

    severity: Severity
    category: str
    """What it is about: "routing", "caching", "failure-modes", "consent", …"""
    message: str
    at: Location | None = None
    quote: str | None = None
    """Verbatim text at that place, by which the host checks the finding."""
    suggestion: str | None = None
    id: str = ""
    """Given by the host; empty in what a review returns."""


@dataclass(frozen=True)
class Answer:
    """What the author of the reviewed work says to a finding."""

    finding: str
    text: str


@dataclass(frozen=True)
class Gate:
    """What a command showed about the proposed commit.

    Made by the host, in a fresh checkout; nothing that a skill says can stand in for it.
    """

    evidence: str
    name: str
    """The declared command."""
    exit_code: int | None
    """None where a signal or a limit ended it."""
    tests: int | None = None
    """Tests that it ran, where its output tells."""
    output: str = ""
    """The end of its output, at most 64 KiB."""


@dataclass(frozen=True)
class Step:
    """One step of the plan."""

    id: str
    """Unique within the plan: "1.2"."""
    title: str
    instructions: str
    files: list[str] = field(default_factory=list)
    """Globs of the files that it will touch."""
    after: list[str] = field(default_factory=list)
    """Ids of the steps that must be done first."""
    criteria: list[str] = field(default_factory=list)
    """Ids of the criteria that it serves."""


@dataclass(frozen=True)
class Criterion:
    """A statement that must hold before the change is accepted."""

    id: str
    statement: str
    command: str | None = None
    """The declared command that shows it, if a command can."""


@dataclass(frozen=True)
class Brief:
    """What an agent is told: all of it, and nothing else."""

    goal: str
    run: str = "r1"
    agent: str = "main"
    base: str = "0" * 40
    """Commit that the worktree was made from, in hex."""
    conventions: list[Document] = field(default_factory=list)
    """AGENTS.md and the guides that its task router names for this goal."""
    spec: Document | None = None
    steps: list[Step] = field(default_factory=list)
    """Empty unless this agent was given a part of the plan."""
    criteria: list[Criterion] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    """Findings of earlier reviews that are still open."""
    answers: list[Answer] = field(default_factory=list)
    """The author's answers to them; a reviewer decides."""
    gates: list[Gate] = field(default_factory=list)
    """Where the change was verified already."""


@dataclass(frozen=True)
class Specification:
    """What a spec skill writes."""

    document: Document
    steps: list[Step]
    criteria: list[Criterion]
    assumptions: list[str] = field(default_factory=list)
    """Questions that only a person can answer, each with the default taken."""
    answers: list[Answer] = field(default_factory=list)


Subject: TypeAlias = Document | None
"""What is reviewed: a spec, or None for the change, which is read through the host."""


@dataclass(frozen=True)
class Verdict:
    """Decides over an earlier finding. Only a reviewer can close one."""

    finding: str
    closed: bool
    reason: str


@dataclass(frozen=True)
class Report:
    """What a review skill returns."""

    findings: list[Finding] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)


@dataclass(frozen=True)
class Summary:
    """What an implement skill did."""

    title: str
    """Imperative, at most 72 characters: the commit's subject line."""
    what: str
    why: str
    rollback: str
    """How to go back."""
    breaking: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    """What was left undone, and why."""
    answers: list[Answer] = field(default_factory=list)


class CheckOutcome(Enum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not-run"


@dataclass(frozen=True)
class Check:
    """What a verify skill says of one criterion, or of something of its own."""

    id: str
    outcome: CheckOutcome
    evidence: list[str] = field(default_factory=list)
    """Ids of the gates that show it. The host counts a check without any as not run, whatever it claims."""
    detail: str = ""


class Level(Enum):
    """How loud a line of the log is."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class Tier(Enum):
    """How capable a model should be. The project maps tiers to models."""

    CHEAP = "cheap"
    STANDARD = "standard"
    CAPABLE = "capable"


class Speaker(Enum):
    """Who says a message."""

    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True)
class ToolDefinition:
    """A tool that the model may call. `parameters` is a JSON Schema, as text."""

    name: str
    description: str
    parameters: str


@dataclass(frozen=True)
class Text:
    """A part of a message: text."""

    text: str


@dataclass(frozen=True)
class ToolCall:
    """A part of a message: the model calls a tool. `arguments` is JSON, if the model made no mistake."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class ToolResult:
    """A part of a message: what the call `id` came to."""

    id: str
    content: str
    failed: bool = False


@dataclass(frozen=True)
class Reasoning:
    """A part of a message: a provider's reasoning, to be sent back unchanged."""

    text: str


Part: TypeAlias = Text | ToolCall | ToolResult | Reasoning


@dataclass(frozen=True)
class Message:
    """What one side says."""

    speaker: Speaker
    parts: list[Part]


class ToolChoice(Enum):
    """Whether the model calls a tool."""

    AUTO = "auto"
    REQUIRED = "required"
    NONE = "none"


@dataclass(frozen=True)
class Request:
    """One model call."""

    messages: list[Message]
    tier: Tier = Tier.STANDARD
    system: str | None = None
    tools: list[ToolDefinition] = field(default_factory=list)
    tool_choice: ToolChoice = ToolChoice.AUTO
    schema: str | None = None
    """JSON Schema that the reply's text must satisfy."""
    max_output_tokens: int | None = None


class Stop(Enum):
    """Why a reply ended."""

    END = "end"
    TOOL_CALLS = "tool-calls"
    LENGTH = "length"
    REFUSED = "refused"


@dataclass(frozen=True)
class Usage:
    """What a call took."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    cost: int | None = None
    """Millionths of a US dollar; None where the price is unknown."""


@dataclass(frozen=True)
class Reply:
    """What the model said."""

    parts: list[Part]
    stop: Stop = Stop.END
    usage: Usage = Usage()
    model: str = ""


@dataclass(frozen=True)
class Budget:
    """What is left; None where there is no limit."""

    tokens: int | None = None
    cost: int | None = None
    """Millionths of a US dollar."""


@dataclass(frozen=True)
class Command:
    """A command that the project declares."""

    name: str
    description: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    id: str
    """Names this run in logs and reports."""
    exit_code: int | None
    """None where a signal or a limit ended it."""
    output: str
    """The end of what it printed, both streams, at most 64 KiB."""
    output_size: int
    """Bytes that it printed in all."""
    duration_ms: int


class ChangeKind(Enum):
    """What was done to a file."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    RENAMED = "renamed"


@dataclass(frozen=True)
class Change:
    """A file that differs from the base commit."""

    path: str
    kind: ChangeKind
