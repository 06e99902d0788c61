"""Lists TODO comments with file and line, and writes them as a Markdown report."""

import re
from dataclasses import dataclass
from typing import Annotated

from skillhost_sdk import Host, Invalid, TooLarge, export_tool

_TODO = re.compile(r"\bTODO\b(?:\([^)]*\))?:?(.*)")


@dataclass(frozen=True)
class Todo:
    """A comment that says what is left to do."""

    file: str
    line: int
    text: str


@dataclass(frozen=True)
class Todos:
    """All of them, by path and line."""

    todos: list[Todo]


@export_tool
def report(
    host: Host,
    path: Annotated[str, "where the report goes"] = "TODO.md",
    pattern: Annotated[str, "a glob of the files to look in"] = "**",
) -> Todos:
    """Lists TODO comments with file and line, and writes them as a Markdown report."""
    # An earlier report holds the same lines again.
    files = [file for file in host.walk(pattern) if file != path]
    todos = [todo for file in files for todo in _todos(host, file)]
    host.write(path, _render(todos))
    return Todos(todos)


def _todos(host: Host, file: str) -> list[Todo]:
    """Those of one file. What is no text, or too large for one, has none."""
    try:
        text = host.read_text(file)
    except (Invalid, TooLarge):
        return []
    if "\0" in text:
        return []
    found = ((number, _TODO.search(line)) for number, line in enumerate(text.split("\n"), 1))
    return [Todo(file, number, match[1].strip()) for number, match in found if match]


def _render(todos: list[Todo]) -> str:
    files = {todo.file for todo in todos}
    lines = [f"- `{todo.file}:{todo.line}` {todo.text}" for todo in todos] or ["None."]
    return "\n".join(["# TODO report", "", f"{len(todos)} in {len(files)} files.", "", *lines, ""])
