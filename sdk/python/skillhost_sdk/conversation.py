"""The loop that every agent runs: ask the model, run the tools it calls, tell it what they returned, until it is done.

    tools = Toolbox()

    @tools.add
    def read(path: str) -> str:
        \"\"\"Reads a file.\"\"\"
        return host.read_text(path)

    @tools.finish
    def done(summary: str) -> str:
        \"\"\"Ends the work.\"\"\"
        return summary

    summary = Conversation(host, system="You edit files.").run(tools, "Greet everybody.", turns=30)

What a tool raises as `Invalid`, `Denied`, `TooLarge`, `Failed` or `OSError` is told to the model, which may do better; the end
of the budget and of the run are raised. Messages are appended, so that a provider's cache holds what was sent before; where
they would outgrow the model's window, the oldest results of tools are dropped.
"""

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .errors import Denied, Exhausted, Failed, Invalid, SkillError, TooLarge
from .host import Host
from .schema import Field, decode_fields, decode_text, encode, load_json, object_schema, parameters_of, schema_of
from .text import clip
from .types import (
    Message,
    Part,
    Reply,
    Request,
    Speaker,
    Stop,
    Text,
    Tier,
    ToolCall,
    ToolChoice,
    ToolDefinition,
    ToolResult,
)

T = TypeVar("T")

_MAX_IN_A_ROW = 3
"""Replies without a call, or with nothing but unreadable calls, that end the loop when they come in a row."""
_MAX_REPEATS = 3
"""How often the same call is answered. From then on it is refused, until another one was made."""
_MAX_RESULT_CHARACTERS = 24_000
"""What the model is told of one result."""
_KEPT_RESULTS = 4
"""The newest results, which are never dropped."""
_WINDOW_SHARE = 0.7
"""How much of a window a request may fill."""
_CHARACTERS_PER_TOKEN = 3


class Unfinished(Exhausted):
    """The loop reached its limit of turns."""


@dataclass(frozen=True)
class _Tool:
    definition: ToolDefinition
    fields: tuple[Field, ...]
    function: Callable[..., object]
    is_finish: bool


F = TypeVar("F", bound=Callable[..., object])


class Toolbox(Generic[T]):
    """Functions that the model may call. Their names, documentation and types are all that it is told of them."""

    def __init__(self) -> None:
        self._tools: dict[str, _Tool] = {}

    def add(self, function: F) -> F:
        """A tool. What it returns is told to the model: text as it is, all else as JSON."""
        self._put(function, is_finish=False)
        return function

    def finish(self, function: Callable[..., T]) -> Callable[..., T]:
        """A tool that ends the loop with what it returns. What it raises as `Invalid` sends the model back to work."""
        self._put(function, is_finish=True)
        return function

    def _put(self, function: Callable[..., object], is_finish: bool) -> None:
        name = function.__name__
        if name in self._tools:
            raise TypeError(f"there are two tools called `{name}`")
        description = " ".join((function.__doc__ or "").split())
        fields = parameters_of(function)
        schema = json.dumps(object_schema(fields, strict=True))
        self._tools[name] = _Tool(ToolDefinition(name, description, schema), fields, function, is_finish)

    @property
    def definitions(self) -> list[ToolDefinition]:
        """What the model is told of them."""
        return [tool.definition for tool in self._tools.values()]

    def get(self, name: str) -> _Tool:
        """The tool that a call names."""
        if name not in self._tools:
            raise Invalid(f"there is no tool `{name}`; the tools are {', '.join(self._tools)}")
        return self._tools[name]


@dataclass
class _Done:
    value: Any


class Conversation:
    """Messages with a model."""

    def __init__(self, host: Host, *, system: str | None = None, tier: Tier = Tier.STANDARD) -> None:
        self.host = host
        self.tier = tier
        self.system = system
        self.messages: list[Message] = []
        """What was said so far."""
        self._tools: list[ToolDefinition] = []

    def tell(self, words: str) -> None:
        """Adds what the user says."""
        self._push(Speaker.USER, [Text(words)])

    def ask(self, words: str) -> str:
        """Asks for a text. No tool is called."""
        self.tell(words)
        return self._said(self._complete(ToolChoice.NONE, None))

    def ask_for(self, kind: type[T], words: str) -> T:
        """Asks for a value of a type. Where the reply is none, the model is told why, once."""
        schema = json.dumps(schema_of(kind, strict=True))
        self.tell(words)
        try:
            return decode_text(kind, self._said(self._complete(ToolChoice.NONE, schema)))
        except Invalid as error:
            self.tell(f"That can't be used: {error}. Reply with the JSON value alone.")
        try:
            return decode_text(kind, self._said(self._complete(ToolChoice.NONE, schema)))
        except Invalid as error:
            raise Failed(f"the model's reply can't be used: {error}") from None

    def run(self, tools: Toolbox[T], words: str, *, turns: int) -> T:
        """Tells the model `words`, and runs `tools` until one finishes. `Unfinished` after so many turns."""
        self.tell(words)
        self._tools = tools.definitions
        repeats: Counter[str] = Counter()
        silent = unreadable = 0
        for turn in range(1, turns + 1):
            if turn == turns and turns > 1:
                self.tell("This is the last turn: finish now.")
            reply = self._complete(ToolChoice.AUTO, None)
            called = [part for part in reply.parts if isinstance(part, ToolCall)]
            self._push(Speaker.ASSISTANT, reply.parts)
            results: list[Part] = []
            bad = 0
            for call in called:
                result = self._call(tools, call, repeats)
                if isinstance(result, _Done):
                    return result.value  # type: ignore[no-any-return]  # `finish` took a function that returns T.
                results.append(result[0])
                bad += result[1]
            silent = 0 if called else silent + 1
            unreadable = unreadable + 1 if called and bad == len(called) else 0
            if silent == _MAX_IN_A_ROW:
                raise Failed(f"the model replied {silent} times without calling a tool")
            if unreadable == _MAX_IN_A_ROW:
                raise Failed(f"the model's tool calls could not be read {unreadable} times in a row")
            if called:
                self._push(Speaker.USER, results)
            else:
                self.tell("Nothing was called. Go on with a tool, or finish.")
        raise Unfinished(f"{turns} turns")

    def _call(self, tools: Toolbox[T], call: ToolCall, repeats: Counter[str]) -> tuple[ToolResult, bool] | _Done:
        """What a call came to, and whether it could not even be read."""
        try:
            tool = tools.get(call.name)
            given = load_json(call.arguments or "{}")
            arguments = decode_fields(tool.fields, given)
        except Invalid as error:
            return ToolResult(call.id, f"nothing was done: {error}", failed=True), True
        key = f"{call.name} {json.dumps(given, sort_keys=True)}"
        count = repeats[key]
        if count == 0:
            repeats.clear()
        repeats[key] = count + 1
        if count >= _MAX_REPEATS:
            return ToolResult(call.id, f"nothing was done: the same call was made {count} times in a row", failed=True), False
        try:
            value = tool.function(**arguments)
        except (Invalid, Denied, TooLarge, Failed, OSError) as error:
            return ToolResult(call.id, clip(str(error), _MAX_RESULT_CHARACTERS), failed=True), False
        if tool.is_finish:
            return _Done(value)
        told = value if isinstance(value, str) else json.dumps(encode(value), ensure_ascii=False)
        return ToolResult(call.id, clip(told, _MAX_RESULT_CHARACTERS)), False

    def _complete(self, choice: ToolChoice, schema: str | None) -> Reply:
        self._make_room()
        request = Request(
            list(self.messages), self.tier, self.system, self._tools, choice if self._tools else ToolChoice.AUTO, schema
        )
        reply = self.host.complete(request)
        if reply.stop is Stop.REFUSED:
            raise Failed(f"{reply.model} refused: {clip(_text(reply.parts), 500)}")
        return reply

    def _said(self, reply: Reply) -> str:
        """The text of a reply, whose calls are left out: nothing answers them."""
        self._push(Speaker.ASSISTANT, [part for part in reply.parts if not isinstance(part, ToolCall)])
        if reply.stop is Stop.LENGTH:
            raise Failed("the model's reply was cut off for its length")
        return _text(reply.parts)

    def _push(self, speaker: Speaker, parts: list[Part]) -> None:
        """Speakers take turns: what the same one says next joins what it said."""
        if self.messages and self.messages[-1].speaker is speaker:
            self.messages[-1] = Message(speaker, [*self.messages[-1].parts, *parts])
        elif parts:
            self.messages.append(Message(speaker, parts))

    def _make_room(self) -> None:
        """Drops the oldest results where a request would fill its share of the window, down to half of that."""
        share = int(self._window() * _WINDOW_SHARE) * _CHARACTERS_PER_TOKEN
        size = sum(_length(part) for message in self.messages for part in message.parts)
        if size <= share:
            return
        results = [
            (at, number)
            for at, message in enumerate(self.messages)
            for number, part in enumerate(message.parts)
            if isinstance(part, ToolResult) and len(part.content) > len(_DROPPED)
        ]
        for at, number in results[:-_KEPT_RESULTS]:
            if size <= share // 2:
                return
            parts = list(self.messages[at].parts)
            part = parts[number]
            assert isinstance(part, ToolResult)
            size -= len(part.content) - len(_DROPPED)
            parts[number] = dataclasses.replace(part, content=_DROPPED)
            self.messages[at] = Message(self.messages[at].speaker, parts)
        if size > share:
            raise Exhausted("the model's window")

    def _window(self) -> int:
        try:
            return self.host.window(self.tier)
        except Failed:
            return 100_000


_DROPPED = "[dropped, since the conversation is long; call the tool again if you need it]"


def _length(part: Part) -> int:
    match part:
        case ToolCall():
            return len(part.name) + len(part.arguments)
        case ToolResult():
            return len(part.content)
        case _:
            return len(part.text)


def _text(parts: Iterable[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Text))
