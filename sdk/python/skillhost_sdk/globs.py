"""Globs as the host understands them: `*` and `?` stay within a component, `**` crosses components, `{a,b}` chooses.

For what a skill shows and proposes; what it may do is decided by the host's own matcher.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from .errors import Invalid

T = TypeVar("T")

_MAX_ALTERNATIVES = 256
"""Patterns that one glob may stand for. More would be a way to make a skill spin."""


class Globs:
    """A set of patterns."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """`Invalid` says which pattern is not one, and why."""
        self._alternatives: list[list[str]] = []
        for pattern in patterns:
            relative = pattern.strip().removeprefix("./")
            if not relative or relative.startswith("/") or ".." in relative.split("/"):
                raise Invalid(f"{pattern!r} is no glob relative to the worktree's root")
            self._alternatives.extend(alternative.split("/") for alternative in _expand(relative))

    def match(self, path: str) -> bool:
        """Whether some pattern matches the whole path."""
        parts = path.split("/")
        return any(_match(pattern, parts) for pattern in self._alternatives)


def _expand(pattern: str) -> list[str]:
    """What the groups `{a,b}` stand for."""
    done: list[str] = []
    waiting = [pattern]
    while waiting:
        pattern = waiting.pop()
        group = re.search(r"\{([^{}]*)\}", pattern)
        if group is None:
            if "{" in pattern or "}" in pattern:
                raise Invalid(f"{pattern!r} has a brace without its other one")
            done.append(pattern)
            continue
        waiting.extend(pattern[: group.start()] + choice + pattern[group.end() :] for choice in group[1].split(","))
        if len(done) + len(waiting) > _MAX_ALTERNATIVES:
            raise Invalid(f"a glob stands for more than {_MAX_ALTERNATIVES} patterns")
    return done


def _match(pattern: list[str], parts: list[str]) -> bool:
    return _wild(pattern, parts, lambda component: component == "**", lambda component, part: _is_like(component, part))


def _is_like(component: str, part: str) -> bool:
    return _wild(component, part, lambda sign: sign == "*", lambda sign, char: sign in ("?", char))


def _wild(pattern: Sequence[T], text: Sequence[T], is_star: Callable[[T], bool], fits: Callable[[T, T], bool]) -> bool:
    """Whether the pattern matches, where a star stands for any run. Only the last star is tried again: never exponential."""
    at = here = 0
    star: int | None = None
    resume = 0
    while here < len(text):
        if at < len(pattern) and is_star(pattern[at]):
            star, resume = at, here
            at += 1
        elif at < len(pattern) and fits(pattern[at], text[here]):
            at, here = at + 1, here + 1
        elif star is not None:
            resume += 1
            at, here = star + 1, resume
        else:
            return False
    return all(is_star(rest) for rest in pattern[at:])
