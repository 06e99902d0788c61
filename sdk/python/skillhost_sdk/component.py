"""The component's entry: what `componentize-py` makes a component of. Nothing imports it elsewhere.

It imports the skill, so that it is loaded before the component is written and no call has to; and it turns the bindings'
values into those of the SDK and back.
"""

import importlib
import traceback
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import componentize_py_types as wit

from . import errors, types
from .host import Host
from .skills import exported
from .text import shown
from .types import Brief, Budget, Change, Command, Level, Outcome, Reply, Request, Tier


def _bindings(name: str) -> Any:
    return importlib.import_module(f"wit_world.{name}")


_LOG, _MODEL, _EXEC, _CHANGES, _ASK, _TYPES = (
    _bindings(f"imports.{name}") for name in ("log", "model", "exec", "changes", "ask", "types")
)
importlib.import_module("skill")

_SAME: dict[Any, Sequence[type]] = {
    _TYPES: (
        types.Document,
        types.Severity,
        types.Location,
        types.Finding,
        types.Answer,
        types.Gate,
        types.Step,
        types.Criterion,
        types.Brief,
    ),
    _LOG: (types.Level,),
    _MODEL: (
        types.Tier,
        types.Speaker,
        types.ToolDefinition,
        types.ToolCall,
        types.ToolResult,
        types.Message,
        types.ToolChoice,
        types.Request,
        types.Stop,
        types.Usage,
        types.Reply,
        types.Budget,
    ),
    _EXEC: (types.Command, types.Outcome),
}
"""Types that are called the same on both sides."""
if exported.kind in ("spec", "review", "implement", "verify"):
    _SAME[_bindings(f"exports.{exported.kind}")] = {
        "spec": (types.Specification,),
        "review": (types.Verdict, types.Report),
        "implement": (types.Summary,),
        "verify": (types.Check,),
    }[exported.kind]

_PAIRS: list[tuple[type, type]] = [(kind, getattr(module, kind.__name__)) for module, kinds in _SAME.items() for kind in kinds]
_PAIRS += [(types.Change, _CHANGES.Entry), (types.ChangeKind, _CHANGES.Kind)]
if exported.kind == "verify":
    _PAIRS.append((types.CheckOutcome, _bindings("exports.verify").Outcome))
_OURS = {theirs: ours for ours, theirs in _PAIRS}
_THEIRS = dict(_PAIRS)

_PARTS: list[tuple[type, type]] = [
    (types.Text, _MODEL.Part_Text),
    (types.Reasoning, _MODEL.Part_Reasoning),
    (types.ToolCall, _MODEL.Part_ToolCall),
    (types.ToolResult, _MODEL.Part_ToolResult),
]
"""Cases of the variant `part`. The first two hold a text of their own, the others a record."""
_CASES = {theirs: ours for ours, theirs in _PARTS}


def _lift(value: Any) -> Any:
    """A value of the bindings as one of the SDK."""
    kind = type(value)
    if kind is list:
        return [_lift(item) for item in value]
    if kind in _CASES:
        ours = _CASES[kind]
        return ours(value.value) if ours in (types.Text, types.Reasoning) else _lift(value.value)
    if (same := _OURS.get(kind)) is None:
        return value
    if issubclass(same, Enum):
        return same[value.name]
    return same(**{name: _lift(getattr(value, name)) for name in kind.__dataclass_fields__})


def _lower(value: Any) -> Any:
    """A value of the SDK as one of the bindings."""
    kind = type(value)
    if kind is str:
        return _whole(value)
    if isinstance(value, (list, tuple)):
        return [_lower(item) for item in value]
    if (theirs := _THEIRS.get(kind)) is None:
        return value
    if issubclass(kind, Enum):
        return theirs[value.name]  # type: ignore[index]  # The bindings' side of an enum is one as well.
    if kind is types.Message:
        return theirs(_lower(value.speaker), [_lower_part(part) for part in value.parts])
    return theirs(**{name: _lower(getattr(value, name)) for name in kind.__dataclass_fields__})


def _lower_part(part: types.Part) -> Any:
    case = dict(_PARTS)[type(part)]
    return case(_lower(part.text if isinstance(part, (types.Text, types.Reasoning)) else part))


def _whole(text: str) -> str:
    """The text without halves of characters. JSON can spell them, the component's texts can't, and it would end at one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


_ERRORS: dict[str, type[errors.SkillError]] = {
    "Denied": errors.Denied,
    "Invalid": errors.Invalid,
    "Exhausted": errors.Exhausted,
    "Failed": errors.Failed,
}


def _lift_error(error: Any) -> errors.SkillError:
    name = type(error).__name__.removeprefix("Error_")
    if name == "Cancelled":
        return errors.Cancelled()
    if name == "TooLarge":
        return errors.TooLarge(error.value)
    return _ERRORS[name](error.value)


def _lower_error(error: BaseException) -> Any:
    if isinstance(error, errors.Cancelled):
        return _TYPES.Error_Cancelled()
    if isinstance(error, errors.TooLarge):
        return _TYPES.Error_TooLarge(error.size)
    for name, kind in _ERRORS.items():
        if isinstance(error, kind):
            return getattr(_TYPES, f"Error_{name}")(_whole(str(error)))
    if isinstance(error, OSError):
        for name in ("filename", "filename2"):
            if isinstance(path := getattr(error, name), str):
                setattr(error, name, shown(path))
    text = "".join(traceback.format_exception_only(error)).strip()
    _LOG.log(_LOG.Level.ERROR, _whole("".join(traceback.format_exception(error))))
    return _TYPES.Error_Failed(_whole(f"{_place(error)}{text}"))


def _place(error: BaseException) -> str:
    """The line of the skill that an exception comes from."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if "/skillhost_sdk/" not in frame.filename and not frame.filename.startswith("/python/"):
            return f"{Path(frame.filename).name}:{frame.lineno}: "
    return ""


def _called(function: Any, *arguments: Any) -> Any:
    """Calls an import. What it raises is an error of the SDK."""
    try:
        return _lift(function(*map(_lower, arguments)))
    except wit.Err as error:
        raise _lift_error(error.value) from None


class Imports(Host):
    """The host that runs the component."""

    root = Path("/repo")

    def log(self, message: str, level: Level = Level.INFO) -> None:
        _called(_LOG.log, level, message)

    def progress(self, message: str, fraction: float | None = None) -> None:
        _called(_LOG.progress, message, fraction)

    def complete(self, request: Request) -> Reply:
        return _called(_MODEL.complete, request)  # type: ignore[no-any-return]

    def complete_all(self, requests: Sequence[Request]) -> list[Reply | Exception]:
        results = _MODEL.complete_all(_lower(list(requests)))
        return [_lift(result.value) if isinstance(result, wit.Ok) else _lift_error(result.value) for result in results]

    def window(self, tier: Tier = Tier.STANDARD) -> int:
        return int(_called(_MODEL.window, tier))

    def remaining(self) -> Budget:
        return _called(_MODEL.remaining)  # type: ignore[no-any-return]

    def commands(self) -> list[Command]:
        return _called(_EXEC.commands)  # type: ignore[no-any-return]

    def granted(self) -> list[str]:
        return list(_called(_EXEC.granted))

    def run(self, name: str, arguments: Sequence[str] = ()) -> Outcome:
        return _called(_EXEC.run, name, list(arguments))  # type: ignore[no-any-return]

    def output(self, id: str, offset: int = 0) -> str:
        return str(_called(_EXEC.output, id, offset))

    def changes(self) -> list[Change]:
        return _called(_CHANGES.entries)  # type: ignore[no-any-return]

    def diff(self, paths: Sequence[str] = ()) -> str:
        return str(_called(_CHANGES.diff, list(paths)))

    def original(self, path: str, offset: int = 0) -> bytes:
        return bytes(_called(_CHANGES.original, path, offset))

    def checkpoint(self, message: str, also: Sequence[str] = ()) -> str:
        return str(_called(_CHANGES.checkpoint, message, list(also)))

    def ask(self, question: str, options: Sequence[str] = (), default: str = "") -> str:
        return str(_called(_ASK.ask, question, list(options), default))


def _answered(call: Any, *arguments: Any) -> Any:
    """Answers a call of the host. Whatever the skill raises is an answer, too."""
    try:
        return _lower(call(Imports(), *map(_lift, arguments)))
    except BaseException as error:  # `sys.exit()` as well: it would take the component along.
        raise wit.Err(_lower_error(error)) from None


# `componentize-py` looks for a class with the name of the exported interface; those of other kinds are not looked at.


class Tool:
    """Kind tool."""

    def call(self, name: str, arguments: str) -> str:
        return str(_answered(exported.call, name, arguments))


class Spec:
    """Kind spec."""

    def draft(self, brief: Any) -> Any:
        return _answered(exported.function, brief)


class Review:
    """Kind review."""

    def review(self, brief: Any, subject: Any) -> Any:
        document = getattr(subject, "value", None)
        return _answered(exported.function, brief, document)


class Implement:
    """Kind implement."""

    def implement(self, brief: Any) -> Any:
        return _answered(exported.function, brief)


class Verify:
    """Kind verify."""

    def verify(self, brief: Any) -> Any:
        return _answered(exported.function, brief)
