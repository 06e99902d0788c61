"""Everything that a skill can reach, as one class with two implementations: the component's imports, and the mock.

Files are under `root`, where any of Python's own functions reach them: `(host.root / "src/a.py").open()`. The methods here
take paths relative to it, and say `Denied` where no grant covers one.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from .errors import Denied, Invalid, TooLarge
from .globs import Globs
from .text import shown
from .types import (
    Budget,
    Change,
    Command,
    Level,
    Outcome,
    Reply,
    Request,
    Tier,
)

MAX_TEXT_BYTES = 8 * 1024 * 1024
"""The largest file that `read_text` and `write` take. A skill has 256 MiB for everything, Python's own memory included."""


class Host(ABC):
    """The host as a skill sees it."""

    root: Path
    """The worktree."""

    @abstractmethod
    def log(self, message: str, level: Level = Level.INFO) -> None:
        """A line for people."""

    @abstractmethod
    def progress(self, message: str, fraction: float | None = None) -> None:
        """What the skill is doing; `fraction` between 0 and 1 where the end is known."""

    @abstractmethod
    def complete(self, request: Request) -> Reply:
        """One model call."""

    @abstractmethod
    def complete_all(self, requests: Sequence[Request]) -> "list[Reply | Exception]":
        """Several model calls side by side; in the order of the requests, replies or the errors of those that failed."""

    @abstractmethod
    def window(self, tier: Tier = Tier.STANDARD) -> int:
        """Tokens that a request and its reply may have together."""

    @abstractmethod
    def remaining(self) -> Budget:
        """What is left of the budget."""

    @abstractmethod
    def commands(self) -> list[Command]:
        """The declared commands, whether this skill may run them or not."""

    @abstractmethod
    def granted(self) -> list[str]:
        """Names of the declared commands that this skill may run."""

    @abstractmethod
    def run(self, name: str, arguments: Sequence[str] = ()) -> Outcome:
        """Runs a declared command; arguments need a grant of their own."""

    @abstractmethod
    def output(self, id: str, offset: int = 0) -> str:
        """A part of what a run or a gate printed: 64 KiB from the byte `offset` on, less only at its end."""

    @abstractmethod
    def changes(self) -> list[Change]:
        """The files that differ from the base commit."""

    @abstractmethod
    def diff(self, paths: Sequence[str] = ()) -> str:
        """A unified diff against the base commit; no `paths` means all. At most 256 KiB, else `TooLarge`."""

    @abstractmethod
    def original(self, path: str, offset: int = 0) -> bytes:
        """The file as it was at the base commit, at most 1 MiB from `offset`."""

    @abstractmethod
    def checkpoint(self, message: str, also: Sequence[str] = ()) -> str:
        """Commits to the agent's own branch."""

    @abstractmethod
    def ask(self, question: str, options: Sequence[str] = (), default: str = "") -> str:
        """Asks a person; an unattended run records the default instead."""

    def read(self, path: str) -> bytes:
        """A whole file."""
        with _denials("read", shown(path)):
            return self._at(path).read_bytes()

    def read_text(self, path: str) -> str:
        """A whole text file, with its line endings as they are. `Invalid` where it isn't UTF-8."""
        with _denials("read", shown(path)):
            file = self._at(path)
            if (size := file.stat().st_size) > MAX_TEXT_BYTES:
                raise TooLarge(size)
            content = file.read_bytes()
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Invalid(f"{shown(path)} is not UTF-8: {error.reason} at byte {error.start}") from None

    def write(self, path: str, content: str | bytes) -> None:
        """Writes a whole file byte for byte, and creates its parent directories."""
        data = _utf8(content, f"the text for {shown(path)!r}") if isinstance(content, str) else content
        with _denials("write", shown(path)):
            file = self._at(path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)

    def rename(self, old: str, new: str) -> None:
        """Renames a file, and creates the target's parent directories."""
        with _denials("write", f"{shown(old)} or {shown(new)}"):
            target = self._at(new)
            target.parent.mkdir(parents=True, exist_ok=True)
            self._at(old).rename(target)

    def remove(self, path: str) -> None:
        """Removes a file."""
        with _denials("write", shown(path)):
            self._at(path).unlink()

    def walk(self, *patterns: str) -> Iterator[str]:
        """Paths of the files that match a glob (all without one), sorted. Links are not followed, and `.git` is left out."""
        globs = Globs(patterns or ("**",))
        yield from sorted(path for path in _files(self.root) if globs.match(path))

    def _at(self, path: str) -> Path:
        _utf8(path, "a path")
        parts = PurePosixPath(path)
        if "\0" in path or parts.is_absolute() or ".." in parts.parts or not parts.parts:
            raise Invalid(f"{shown(path)!r} is no path relative to the worktree's root")
        return self.root / parts


def _files(root: Path) -> Iterator[str]:
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            entries = list(os.scandir(root / folder))
        except PermissionError:
            continue
        for entry in entries:
            if entry.name == ".git":
                continue
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                folders.append(path)
            elif entry.is_file(follow_symlinks=False):
                yield path


def _utf8(text: str, what: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise Invalid(f"{what} holds half of a character") from None


@contextmanager
def _denials(capability: str, path: str) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise Denied(f"no grant of `{capability}` covers {path}") from None
