"""{{name}}: functions that people and models call. The build writes their entries in `skill.toml` from their types."""

from dataclasses import dataclass
from typing import Annotated

from skillhost_sdk import Host, export_tool


@dataclass(frozen=True)
class Counted:
    """How long a file is."""

    lines: int


@export_tool(read_only=True)
def count_lines(host: Host, path: Annotated[str, "relative to the worktree's root"]) -> Counted:
    """Says how many lines a file has."""
    return Counted(len(host.read_text(path).splitlines()))
