"""Calls everything that the contract has, and writes down what came of it."""

import json
from collections.abc import Callable, Sequence

from skillhost_sdk import (
    Answer,
    Brief,
    Cancelled,
    Denied,
    Exhausted,
    Failed,
    Host,
    Invalid,
    Level,
    Message,
    Part,
    Reasoning,
    Reply,
    Request,
    SkillError,
    Speaker,
    Summary,
    Text,
    Tier,
    ToolCall,
    ToolChoice,
    ToolDefinition,
    ToolResult,
    TooLarge,
    encode,
    export_implement,
)


_WANTED: dict[str, Callable[[], SkillError]] = {
    "denied": lambda: Denied("because ü"),
    "invalid": lambda: Invalid("because ü"),
    "exhausted": lambda: Exhausted("because ü"),
    "cancelled": Cancelled,
    "too-large": lambda: TooLarge(2**32),
    "failed": lambda: Failed("because ü"),
}
"""The errors that a goal may ask for."""

_LARGE = "0123456789\n" * 40_000
"""More than a diff or the budget has room for."""


@export_implement
def implement(host: Host, brief: Brief) -> Summary:
    """Writes `src/seen.json`, and `src/again.json` where something was found."""
    if brief.goal in _WANTED:
        raise _WANTED[brief.goal]()
    again = bool(brief.findings)
    seen = {"brief": encode(brief)} if again else _see(host, brief)
    host.write("src/again.json" if again else "src/seen.json", json.dumps(seen, ensure_ascii=False))
    answers = [Answer(finding.id, "answered") for finding in brief.findings]
    return Summary("See all of it", "what ü", "why", "rollback", ["breaks"], ["unfinished"], answers)


def _see(host: Host, brief: Brief) -> dict[str, object]:
    seen: dict[str, object] = {"brief": encode(brief)}

    def tell(name: str, call: Callable[[], object]) -> None:
        try:
            seen[name] = encode(call())
        except SkillError as error:
            seen[name] = _told(error)

    for level in Level:
        host.log("a line ü", level)
    host.progress("half", 0.5)
    host.progress("some")

    asked = Message(Speaker.USER, [Text("ünï 🦀")])
    said: list[Part] = [Text("ü"), Reasoning("because"), ToolCall("1", "look", "{}")]
    messages = [asked, Message(Speaker.ASSISTANT, said), Message(Speaker.USER, [ToolResult("1", "seen", failed=True)])]
    look = ToolDefinition("look", "Looks.", '{"type":"object","properties":{}}')
    request = Request(messages, system="a system", tools=[look], tool_choice=ToolChoice.REQUIRED, max_output_tokens=99)
    tell("complete", lambda: _reply(host.complete(request)))
    small, dear = Request([asked]), Request([asked], Tier.CAPABLE)
    tell("complete-all", lambda: [_one(one) for one in host.complete_all([small, small])])
    tell("complete-all denied", lambda: [_one(one) for one in host.complete_all([dear])])
    tell("complete denied", lambda: _reply(host.complete(dear)))
    tell("complete exhausted", lambda: _reply(host.complete(Request([Message(Speaker.USER, [Text(_LARGE)])]))))
    tell("complete failed", lambda: _reply(host.complete(small)))
    tell("window", host.window)
    tell("window denied", lambda: host.window(Tier.CAPABLE))
    tell("remaining", host.remaining)

    tell("commands", host.commands)
    tell("granted", host.granted)
    outcome = host.run("test")
    tell("run", lambda: outcome)
    tell("run denied", lambda: host.run("deploy"))
    tell("run with arguments", lambda: host.run("test", ["x"]))
    tell("output", lambda: host.output(outcome.id, 2))
    tell("output invalid", lambda: host.output("none"))

    host.write("src/ü/new.txt", "one\n")
    host.write("src/greeting.txt", "hello\n")
    host.write("length", "1\n")
    tell("entries", host.changes)
    tell("diff", lambda: host.diff(["length"]))
    host.write("src/large.txt", _LARGE)
    tell("diff too large", host.diff)
    host.remove("src/large.txt")
    tell("original", lambda: host.original("length", 1).decode())
    tell("original invalid", lambda: len(host.original("none")))
    tell("checkpoint", lambda: len(host.checkpoint("Half of it")))
    tell("ask", lambda: host.ask("Now?", ["yes", "no"], "no"))
    return seen


def _told(error: Exception) -> str:
    if isinstance(error, Cancelled):
        return "cancelled"
    if isinstance(error, TooLarge):
        return f"too-large: {error.size}"
    return f"{type(error).__name__.lower()}: {error}"


def _one(one: Reply | Exception) -> object:
    return _parts(one.parts) if isinstance(one, Reply) else _told(one)


def _reply(reply: Reply) -> dict[str, object]:
    return {**encode(reply), "parts": _parts(reply.parts)}  # type: ignore[dict-item]


def _parts(parts: Sequence[Part]) -> list[object]:
    return [_part(part) for part in parts]


def _part(part: Part) -> dict[str, object]:
    match part:
        case Text(text):
            return {"text": text}
        case Reasoning(text):
            return {"reasoning": text}
        case ToolCall():
            return {"tool_call": encode(part)}
        case ToolResult():
            return {"tool_result": encode(part)}
