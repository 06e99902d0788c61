"""The five kinds of skill: a function with one of these decorators is what the component exports.

The function stays what it is, so that a test calls it with a mock host. A skill has one kind; a tool skill may have several
tools. The module that holds it is `skill`, or is imported by that one.
"""

import json
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar, overload

from .errors import Failed
from .host import Host
from .schema import Field, decode_fields, encode, load_json, object_schema, parameters_of, schema_of
from .types import Brief, Check, Report, Specification, Subject, Summary

P = ParamSpec("P")
R = TypeVar("R")

Draft: TypeAlias = Callable[[Host, Brief], Specification]
Review: TypeAlias = Callable[[Host, Brief, Subject], Report]
Implement: TypeAlias = Callable[[Host, Brief], Summary]
Verify: TypeAlias = Callable[[Host, Brief], list[Check]]


@dataclass(frozen=True)
class Tool:
    """One operation of a tool skill."""

    name: str
    description: str
    read_only: bool
    function: Callable[..., object]
    fields: tuple[Field, ...]
    returns: dict[str, Any] | None

    @property
    def parameters(self) -> dict[str, Any]:
        """JSON Schema of its arguments."""
        return object_schema(self.fields)

    def call(self, host: Host, arguments: str) -> str:
        """Calls it as the host does: with JSON, for JSON."""
        result = self.function(host, **decode_fields(self.fields, load_json(arguments)))
        return json.dumps(encode(result), ensure_ascii=False, allow_nan=False)


class Exported:
    """What the skill exports: filled by the decorators when its module is imported."""

    def __init__(self) -> None:
        self.kind: str | None = None
        self.function: Callable[..., Any] | None = None
        self.tools: dict[str, Tool] = {}

    def _claim(self, kind: str, name: str) -> None:
        if self.kind is not None and (self.kind != kind or kind != "tool"):
            raise TypeError(f"`{name}` would be the skill's second export: it is of kind {self.kind} already")
        self.kind = kind

    def set(self, kind: str, function: Callable[..., Any]) -> None:
        """The one function of a kind other than tool."""
        self._claim(kind, function.__name__)
        self.function = function

    def add(self, tool: Tool) -> None:
        """One more tool."""
        if tool.name in self.tools:
            raise TypeError(f"there are two tools called `{tool.name}`")
        self._claim("tool", tool.name)
        self.tools[tool.name] = tool

    def call(self, host: Host, name: str, arguments: str) -> str:
        """Calls a tool by its name."""
        if name not in self.tools:
            raise Failed(f"there is no tool `{name}`: skill.toml and the component differ; build it again")
        return self.tools[name].call(host, arguments)


exported = Exported()
"""The skill of this program. There is one."""


def export_spec(function: Draft) -> Draft:
    """Writes the specification, or answers the findings on the last one. `brief.spec` is the document to fill."""
    exported.set("spec", function)
    return function


def export_review(function: Review) -> Review:
    """Reads a spec or the change with adversarial intent. The host gives it no write access."""
    exported.set("review", function)
    return function


def export_implement(function: Implement) -> Implement:
    """Makes the change in the worktree."""
    exported.set("implement", function)
    return function


def export_verify(function: Verify) -> Verify:
    """Judges what the gates showed. The host has run them already, and counts them itself."""
    exported.set("verify", function)
    return function


ToolFunction: TypeAlias = Callable[Concatenate[Host, P], R]


@overload
def export_tool(function: ToolFunction[P, R], /) -> ToolFunction[P, R]: ...
@overload
def export_tool(
    *, name: str | None = None, description: str | None = None, read_only: bool = False
) -> Callable[[ToolFunction[P, R]], ToolFunction[P, R]]: ...
def export_tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    read_only: bool = False,
) -> Callable[..., Any]:
    """Offers a function as a tool: its first parameter is the host, the others are the arguments.

    Name, description and schemas come from the function: `add_headers` is `add-headers`, the description is the first
    paragraph of its documentation, and what has a default may be left out by the caller.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        exported.add(_tool(function, name, description, read_only))
        return function

    return decorate if function is None else decorate(function)


def _tool(function: Callable[..., Any], name: str | None, description: str | None, read_only: bool) -> Tool:
    hints = dict(function.__annotations__)
    fields = parameters_of(function)
    if not fields or fields[0].kind is not Host:
        raise TypeError(f"{function.__name__}: the first parameter of a tool is `host: Host`")
    if "return" not in hints:
        raise TypeError(f"{function.__name__}: a tool says what it returns, be it `-> None`")
    returned = returns_of(function)
    documented = (function.__doc__ or "").strip().split("\n\n")[0]
    return Tool(
        name=name or function.__name__.replace("_", "-"),
        description=description or " ".join(documented.split()),
        read_only=read_only,
        function=function,
        fields=fields[1:],
        returns=schema_of(returned) or None,
    )


def returns_of(function: Callable[..., object]) -> object:
    """The type that a function says it returns."""
    return typing.get_type_hints(function, include_extras=True)["return"]
