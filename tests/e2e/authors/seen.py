"""Reaches for everything that the contract has, and writes down what came of it."""

import json
from collections.abc import Callable

from skillhost_sdk import (
    Brief,
    Host,
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
    encode,
    export_implement,
)


@export_implement
def implement(host: Host, brief: Brief) -> Summary:
    """Writes `src/seen.json`."""
    seen: dict[str, object] = {"brief": encode(brief)}

    def tell(name: str, call: Callable[[], object]) -> None:
        try:
            seen[name] = encode(call())
        except (SkillError, OSError) as error:
            seen[name] = f"{type(error).__name__}: {error}"

    for level in Level:
        host.log(f"a line of {level.value}", level)
    host.progress("half of it", 0.5)

    tool = ToolDefinition("look", "Looks.", '{"type": "object", "properties": {}}')
    parts: list[Part] = [Text("ü"), Reasoning("because"), ToolCall("1", "look", "{}")]
    messages = [
        Message(Speaker.USER, [Text("half \ud800 of a character")]),
        Message(Speaker.ASSISTANT, parts),
        Message(Speaker.USER, [ToolResult("1", "seen", failed=True)]),
    ]
    request = Request(messages, Tier.STANDARD, "s", [tool], ToolChoice.REQUIRED, max_output_tokens=99)
    tell("complete", lambda: host.complete(request))
    both = [Request(messages[:1]), Request(messages[:1])]
    tell("complete_all", lambda: [one.parts for one in host.complete_all(both) if isinstance(one, Reply)])
    dear = Request(messages[:1], Tier.CAPABLE)
    tell("complete_all denied", lambda: [type(one).__name__ for one in host.complete_all([dear])])
    tell("window", host.window)
    tell("other window", lambda: host.window(Tier.CAPABLE))
    tell("remaining", host.remaining)

    tell("commands", host.commands)
    tell("granted", host.granted)
    tell("run", lambda: host.run("test"))
    tell("run denied", lambda: host.run("deploy"))
    tell("output", lambda: host.output(host.run("test").id, 2))
    tell("no output", lambda: host.output("none"))

    host.write("src/ü/new.txt", "one\n")
    host.write("AGENTS.md.bak", "x")
    host.rename("AGENTS.md.bak", "src/moved.md")
    host.write("gone.txt", "x")
    host.remove("gone.txt")
    host.write("length", "1\n")
    tell("changes", host.changes)
    tell("diff", lambda: host.diff(["length"]))
    host.write("src/large.txt", "0123456789\n" * 40_000)
    tell("large diff", host.diff)
    host.remove("src/large.txt")
    tell("original", lambda: host.original("length").decode())
    tell("no original", lambda: host.original("none"))
    tell("checkpoint", lambda: len(host.checkpoint("Half of it", [])))
    tell("ask", lambda: host.ask("Now?", ["yes", "no"], "no"))
    tell("write denied", lambda: host.write(".github/x", ""))
    tell("read nothing", lambda: host.read_text("none"))
    tell("walk", lambda: list(host.walk()))
    tell("open", lambda: (host.root / "src/ü/new.txt").read_text(encoding="utf-8"))

    host.write("src/seen.json", json.dumps(seen, ensure_ascii=False))
    return Summary("See all of it", "what", "why", "rollback", ["breaks"], ["something"], [])
