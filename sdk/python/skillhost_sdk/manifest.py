"""The `[[tool]]` entries of `skill.toml`, made from the functions that are exported: `python -m skillhost_sdk.manifest FILE`.

What stands below the marker is written anew, and nothing else may stand there. Without a marker and without entries both are
added at the end; entries without a marker are their author's, and only have to name the tools that there are.
"""

import importlib
import json
import os
import re
import sys
import tomllib
import traceback
from pathlib import Path
from typing import Any

from .skills import Exported, Tool, exported

MARKER = "# Written by the build from src/skill.py: change them there."

_MARKED = re.compile(f"^{re.escape(MARKER)}", re.MULTILINE)

# Lines such as the build writes: no comment is among them, and no string of several lines.
_WRITTEN = re.compile(
    r"""\s*|\[\[tool\]\]\s*|(name|description|parameters|returns|read_only)\s*=("([^"\\]|\\.)*"|'[^']*'|[^"'#])*"""
)

_KINDS = ("spec", "review", "implement", "verify", "tool")


class Mismatch(Exception):
    """What `skill.toml` and the skill's module don't agree on."""


def updated(manifest: str, skill: Exported) -> str:
    """The manifest with the entries of the skill. `Mismatch` says what is wrong with either."""
    try:
        parsed = tomllib.loads(manifest)
    except tomllib.TOMLDecodeError as error:
        raise Mismatch(f"skill.toml: {error}") from None
    identity = parsed.get("skill")
    kind = identity.get("kind") if isinstance(identity, dict) else None
    if kind not in _KINDS:
        raise Mismatch(f"skill.toml: `kind` in [skill] is one of {', '.join(_KINDS)}")
    if skill.kind is None:
        raise Mismatch(f"src/skill.py exports nothing: put @export_{kind} before the function that is the skill")
    if skill.kind != kind:
        raise Mismatch(f"skill.toml says kind {kind}, and src/skill.py exports a skill of kind {skill.kind}")
    marked = _MARKED.search(manifest)
    if not marked and "tool" in parsed:
        declared = {entry.get("name") for entry in parsed["tool"]}
        if declared != set(skill.tools):
            raise Mismatch(
                f"skill.toml declares the tools {_listed(declared)}, and src/skill.py has {_listed(skill.tools)}; "
                "remove its [[tool]] entries to have them written by the build"
            )
        return manifest
    if not skill.tools:
        return manifest
    before = manifest
    if marked:
        before, below = manifest[: marked.start()], manifest[marked.end() :]
        for number, line in enumerate(below.split("\n"), before.count("\n") + 1):
            if not _WRITTEN.fullmatch(line):
                raise Mismatch(f"skill.toml:{number}: what stands below the line that the build wrote goes above it")
    if before.strip() and not before.endswith("\n\n"):
        before = before.rstrip("\n") + "\n\n"
    return before + MARKER + "\n" + "\n".join(entry(tool) for tool in skill.tools.values())


def entry(tool: Tool) -> str:
    """The entry of one tool."""
    fields: dict[str, Any] = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    if tool.returns is not None:
        fields["returns"] = tool.returns
    fields["read_only"] = tool.read_only
    return "[[tool]]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in fields.items())


def unreadable(error: SyntaxError) -> str:
    """What is no Python: its place, the line, and the column below it. How it was come to be read tells its author nothing."""
    file = error.filename or _with_null_bytes()
    file = os.path.relpath(file) if os.path.isabs(file) else file
    # Of a file that can't even be decoded there is no line to show, and none is named but at times the 0th.
    place = f"{file}:{error.lineno}" if error.lineno else file
    shown = traceback.format_exception_only(error)[1:-1]
    return "\n".join([f"{place}: {error.msg}", *(line.rstrip("\n") for line in shown)])


def _with_null_bytes() -> str:
    """The file that Python doesn't name."""
    return next((str(file) for file in sorted(Path("src").rglob("*.py")) if b"\0" in file.read_bytes()), "src/skill.py")


def _toml(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case int() | float():
            return repr(value)
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case dict() if value:
            return "{ " + ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items()) + " }"
        case dict():
            return "{}"
        case _:
            raise Mismatch(f"{value!r} can't be written into skill.toml")


def _string(text: str) -> str:
    """JSON's escapes are TOML's, but for one character that only TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _string(key)


def _listed(names: Any) -> str:
    return ", ".join(sorted(str(name) for name in names)) or "none"


def main(file: Path) -> None:
    """Writes the entries into the file, where they differ."""
    try:
        importlib.import_module("skill")  # Its decorators fill `exported`.
    except ModuleNotFoundError as error:
        if error.name == "skill":
            raise Mismatch("there is no src/skill.py: it is the module that the component is made of") from None
        raise
    except SyntaxError as error:
        raise Mismatch(unreadable(error)) from None
    before = file.read_text(encoding="utf-8")
    after = updated(before, exported)
    if after != before:
        file.write_text(after, encoding="utf-8", newline="\n")
        print(f"{file}: the [[tool]] entries were written anew")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except Mismatch as mismatch:
        sys.exit(f"error: {mismatch}")
