"""A host for tests: files in a folder of its own, scripted replies and commands, and a record of what the skill did.

    with MockHost({"src/a.py": "x = 1\\n"}) as host:
        host.replies.append(text("hello"))
        report = review(host, Brief("a goal"), None)
        assert host.text("src/a.py") == "x = 1\\n"
"""

import json
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from .errors import Denied, Failed, Invalid, TooLarge
from .globs import Globs
from .host import Host
from .text import diff, shown
from .types import (
    Budget,
    Change,
    ChangeKind,
    Command,
    Level,
    Outcome,
    Part,
    Reply,
    Request,
    Stop,
    Text,
    Tier,
    ToolCall,
    Usage,
)

_PART_BYTES = 64 * 1024
_ORIGINAL_BYTES = 1024 * 1024
_MAX_DIFF_BYTES = 256 * 1024
"""The host's own limits: what it hands over at once of an output and of an original, and its largest diff."""


def text(words: str) -> Reply:
    """A reply of text."""
    return reply(Text(words))


def calls(*calls: tuple[str, Mapping[str, object]]) -> Reply:
    """A reply that calls tools: the name and the arguments of each."""
    return reply(*(ToolCall(str(number), name, json.dumps(arguments)) for number, (name, arguments) in enumerate(calls, 1)))


def reply(*parts: Part) -> Reply:
    """A reply of these parts; it used 900 tokens of input and 100 of output."""
    stop = Stop.TOOL_CALLS if any(isinstance(part, ToolCall) for part in parts) else Stop.END
    return Reply(list(parts), stop, Usage(input_tokens=900, output_tokens=100), "scripted")


class MockHost(Host):
    """The mock. Set it up by its attributes, run the skill, then look at the same attributes. Close it, or use `with`."""

    def __init__(self, files: Mapping[str, str | bytes] = {}, *, read_only: Sequence[str] = ()) -> None:
        """A worktree with these files, all of the base commit. What a `read_only` glob matches can't be written."""
        self._folder = tempfile.TemporaryDirectory(prefix="skillhost-mock-")
        self.root = Path(self._folder.name)
        self.base: dict[str, bytes] = {}
        """The files of the base commit."""
        self.replies: deque[Reply | Exception] = deque()
        """What the model will say, or how its calls will fail, in order."""
        self.model: Callable[[Request], Reply] | None = None
        """A model for when no scripted reply is left."""
        self.requests: list[Request] = []
        """What was asked of the model."""
        self.declared: dict[str, list[tuple[int | None, str]]] = {}
        """The commands that may be run, each with the exit codes and outputs of its runs; the last one repeats."""
        self.denied: list[str] = []
        """Commands that the project declares and no grant covers."""
        self.runs: list[tuple[str, list[str]]] = []
        """Commands that ran, with their arguments."""
        self.outputs: dict[str, str] = {}
        """What runs and gates printed, by the id of each."""
        self.budget = Budget()
        """What is left; each reply takes what it used."""
        self.tokens = 200_000
        """The model's window."""
        self.logs: list[tuple[Level, str]] = []
        """What was logged."""
        self.checkpoints: list[str] = []
        """Messages of the checkpoints."""
        self.questions: list[str] = []
        """What was asked of a person."""
        self.answers: dict[str, str] = {}
        """What a person says to a question; the default, where nothing is here."""
        for path, content in files.items():
            self.write(path, content)
            self.base[path] = (self.root / path).read_bytes()
        self._read_only = Globs(read_only)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Removes the folder."""
        self._folder.cleanup()

    def text(self, path: str) -> str | None:
        """A file's text as it is now; None where there is none."""
        file = self.root / path
        return file.read_bytes().decode("utf-8", "replace") if file.is_file() else None

    def write(self, path: str, content: str | bytes) -> None:
        self._may_write(path)
        super().write(path, content)

    def rename(self, old: str, new: str) -> None:
        self._may_write(old)
        self._may_write(new)
        super().rename(old, new)

    def remove(self, path: str) -> None:
        self._may_write(path)
        super().remove(path)

    def _may_write(self, path: str) -> None:
        if hasattr(self, "_read_only") and self._read_only.match(path):
            raise Denied(f"no grant of `write` covers {shown(path)}")

    def log(self, message: str, level: Level = Level.INFO) -> None:
        self.logs.append((level, message))

    def progress(self, message: str, fraction: float | None = None) -> None:
        if fraction is not None and not 0 <= fraction <= 1:
            raise Invalid(f"a fraction of {fraction} is not between 0 and 1")

    def complete(self, request: Request) -> Reply:
        self.requests.append(request)
        if self.replies:
            reply = self.replies.popleft()
        elif self.model is not None:
            reply = self.model(request)
        else:
            raise Failed("the mock has no more replies")
        if isinstance(reply, Exception):
            raise reply
        used = reply.usage.input_tokens + reply.usage.output_tokens
        self.budget = Budget(_less(self.budget.tokens, used), _less(self.budget.cost, reply.usage.cost or 0))
        return reply

    def complete_all(self, requests: Sequence[Request]) -> list[Reply | Exception]:
        return [self._result(request) for request in requests]

    def _result(self, request: Request) -> Reply | Exception:
        try:
            return self.complete(request)
        except Exception as error:
            return error

    def window(self, tier: Tier = Tier.STANDARD) -> int:
        return self.tokens

    def remaining(self) -> Budget:
        return self.budget

    def commands(self) -> list[Command]:
        return [Command(name) for name in [*self.declared, *self.denied]]

    def granted(self) -> list[str]:
        return list(self.declared)

    def run(self, name: str, arguments: Sequence[str] = ()) -> Outcome:
        if name not in self.declared:
            raise Denied(f"exec={name}")
        endings = self.declared[name]
        earlier = sum(1 for ran, _ in self.runs if ran == name)
        exit_code, output = endings[min(earlier, len(endings) - 1)]
        self.runs.append((name, list(arguments)))
        id = f"run:{len(self.runs)}"
        self.outputs[id] = output
        printed = output.encode()
        return Outcome(id, exit_code, printed[-_PART_BYTES:].decode(errors="replace"), len(printed), duration_ms=5)

    def output(self, id: str, offset: int = 0) -> str:
        if id not in self.outputs:
            raise Invalid(f"there is no output {id}")
        return self.outputs[id].encode()[offset : offset + _PART_BYTES].decode(errors="replace")

    def changes(self) -> list[Change]:
        now = {path: (self.root / path).read_bytes() for path in self.walk()}
        changes = []
        for path in sorted({*self.base, *now}):
            if path not in now:
                changes.append(Change(path, ChangeKind.DELETED))
            elif path not in self.base:
                changes.append(Change(path, ChangeKind.ADDED))
            elif now[path] != self.base[path]:
                changes.append(Change(path, ChangeKind.MODIFIED))
        return changes

    def diff(self, paths: Sequence[str] = ()) -> str:
        whole = "".join(
            diff(self.base.get(change.path, b"").decode(errors="replace"), self.text(change.path) or "", change.path)
            for change in self.changes()
            if not paths or change.path in paths
        )
        if (size := len(whole.encode())) > _MAX_DIFF_BYTES:
            raise TooLarge(size)
        return whole

    def original(self, path: str, offset: int = 0) -> bytes:
        if path not in self.base:
            raise Invalid(f"{shown(path)} is not in the base commit")
        return self.base[path][offset : offset + _ORIGINAL_BYTES]

    def checkpoint(self, message: str, also: Sequence[str] = ()) -> str:
        self.checkpoints.append(message)
        return f"{len(self.checkpoints):040x}"

    def ask(self, question: str, options: Sequence[str] = (), default: str = "") -> str:
        self.questions.append(question)
        return self.answers.get(question, default)


def _less(left: int | None, used: int) -> int | None:
    return None if left is None else max(0, left - used)
