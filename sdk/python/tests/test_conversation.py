"""The tool loop, over scripted replies."""

import json
import unittest
from dataclasses import dataclass
from typing import Any

from skillhost_sdk import (
    Cancelled,
    Conversation,
    Denied,
    Exhausted,
    Failed,
    Invalid,
    Message,
    Reply,
    Speaker,
    Stop,
    Text,
    ToolCall,
    Toolbox,
    ToolChoice,
    ToolResult,
    Unfinished,
)
from skillhost_sdk.mock import MockHost, calls, reply, text


def box(host: MockHost) -> Toolbox[str]:
    tools: Toolbox[str] = Toolbox()

    @tools.add
    def read(path: str, lines: int | None = None) -> str:
        """Reads a file."""
        return host.read_text(path)

    @tools.add
    def count() -> dict[str, int]:
        """Counts."""
        return {"files": len(list(host.walk()))}

    @tools.add
    def refuse(how: str) -> str:
        """Fails."""
        raise {"denied": Denied("exec=test"), "cancelled": Cancelled(), "bug": KeyError("x")}[how]

    @tools.finish
    def done(words: str) -> str:
        """Ends it."""
        if not words:
            raise Invalid("say something")
        return words

    return tools


DONE = calls(("done", {"words": "ok"}))


class Loop(unittest.TestCase):
    def setUp(self) -> None:
        self.host = MockHost({"a": "alpha"})
        self.addCleanup(self.host.close)

    def run_with(self, *replies: Reply | Exception, turns: int = 20) -> str:
        self.host.replies.extend(replies)
        return Conversation(self.host, system="s").run(box(self.host), "go", turns=turns)

    def results(self) -> list[ToolResult]:
        """What the last request told of calls."""
        parts = [part for message in self.host.requests[-1].messages for part in message.parts]
        return [part for part in parts if isinstance(part, ToolResult)]

    def test_tools_are_described_by_their_types(self) -> None:
        self.run_with(DONE)
        read = self.host.requests[0].tools[0]
        self.assertEqual((read.name, read.description), ("read", "Reads a file."))
        schema = json.loads(read.parameters)
        self.assertEqual(schema["required"], ["path", "lines"])
        self.assertEqual(self.host.requests[0].tool_choice, ToolChoice.AUTO)

    def test_results_are_told_and_the_last_tool_ends_it(self) -> None:
        said = self.run_with(calls(("read", {"path": "a", "lines": None}), ("count", {})), DONE)
        self.assertEqual(said, "ok")
        self.assertEqual([result.content for result in self.results()], ["alpha", '{"files": 1}'])
        speakers = [message.speaker for message in self.host.requests[-1].messages]
        self.assertEqual(speakers, [Speaker.USER, Speaker.ASSISTANT, Speaker.USER])

    def test_errors_of_tools_are_told(self) -> None:
        unknown: tuple[str, dict[str, object]] = ("none", {})
        self.run_with(
            calls(("read", {"path": "b"}), ("refuse", {"how": "denied"}), ("read", {"file": "a"}), unknown),
            calls(("done", {"words": ""})),
            DONE,
        )
        told = [result.content for result in self.results()]
        self.assertTrue(all(result.failed for result in self.results()))
        for words, content in zip(("No such file", "exec=test", "no field 'file'", "no tool `none`", "say something"), told, strict=True):
            self.assertIn(words, content)

    def test_the_end_of_a_run_and_mistakes_are_raised(self) -> None:
        for how, kind in (("cancelled", Cancelled), ("bug", KeyError)):
            with self.subTest(how=how), self.assertRaises(kind):
                self.run_with(calls(("refuse", {"how": how})))
        with self.assertRaises(Exhausted):
            self.run_with(Exhausted("tokens"))

    def test_it_ends_where_nothing_comes_of_it(self) -> None:
        with self.assertRaisesRegex(Failed, "3 times without calling"):
            self.run_with(text("a"), text("b"), text("c"))
        broken = reply(ToolCall("1", "read", '{"path": "a'))
        with self.assertRaisesRegex(Failed, "could not be read 3 times"):
            self.run_with(broken, broken, broken)
        with self.assertRaisesRegex(Unfinished, "2 turns"):
            self.run_with(calls(("count", {})), calls(("count", {})), turns=2)
        self.assertIn("last turn", str(self.host.requests[-1].messages[-1]))
        with self.assertRaisesRegex(Failed, "refused"):
            self.run_with(Reply([Text("no")], Stop.REFUSED))

    def test_the_same_call_is_not_made_for_ever(self) -> None:
        same = calls(("read", {"path": "a", "lines": None}))
        self.run_with(same, same, same, same, calls(("count", {})), same, DONE)
        self.assertEqual([result.failed for result in self.results()], [False, False, False, True, False, False])

    def test_old_results_are_dropped_where_the_window_ends(self) -> None:
        for number in range(12):
            self.host.write(f"f{number}", f"{number}" + "x" * 20_000)
        self.host.tokens = 60_000
        self.run_with(*(calls(("read", {"path": f"f{number}", "lines": None})) for number in range(12)), DONE)
        dropped = [result.content.startswith("[dropped") for result in self.results()]
        self.assertTrue(dropped[0] and not any(dropped[-4:]), dropped)
        for request in self.host.requests:
            self.assertLess(sum(len(str(message)) for message in request.messages), 60_000 * 3)
        self.host.tokens = 100
        with self.assertRaisesRegex(Exhausted, "window"):
            self.run_with(calls(("read", {"path": "f1", "lines": None})), DONE)


@dataclass
class Plan:
    steps: list[str]


class Asking(unittest.TestCase):
    def test_a_text(self) -> None:
        with MockHost() as host:
            host.replies.append(text("hello"))
            conversation = Conversation(host)
            self.assertEqual(conversation.ask("Greet."), "hello")
            self.assertEqual(conversation.messages[-1], Message(Speaker.ASSISTANT, [Text("hello")]))
            host.replies.append(Reply([Text("hel")], Stop.LENGTH))
            with self.assertRaisesRegex(Failed, "cut off"):
                conversation.ask("Again.")

    def test_a_value_is_asked_for_again_once(self) -> None:
        with MockHost() as host:
            host.replies += [text("Here: {}"), text('{"steps": ["a"]}')]
            self.assertEqual(Conversation(host).ask_for(Plan, "Plan."), Plan(["a"]))
            schema: Any = json.loads(host.requests[0].schema or "")
            self.assertEqual(schema["required"], ["steps"])
            self.assertIn("not JSON", str(host.requests[1].messages[-1]))
            host.replies += [text("[]"), text("[]")]
            with self.assertRaisesRegex(Failed, "must be an object"):
                Conversation(host).ask_for(Plan, "Plan.")


if __name__ == "__main__":
    unittest.main()
