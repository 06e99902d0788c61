"""Changing text: one exact replacement, and a small diff that shows what it did."""

import difflib
import re

from .errors import Invalid

_MAX_COMPARED_LINES = 2_000
"""More lines than this on a side are shown as taken out and put in, not compared: that takes the product of both."""
_MAX_SHOWN = 200
"""Characters of a path in an error. It may be a caller's, of any length."""


def shown(path: str) -> str:
    """A path as errors show it."""
    return path if len(path) <= _MAX_SHOWN else path[:_MAX_SHOWN] + "…"


def replace(text: str, old: str, new: str, *, all: bool = False) -> str:
    """The text with `old` replaced. `Invalid` where it isn't there, or is there more than once and not `all` was asked for.

    Line endings of `old` and `new` become those of the text, so that a model, which writes `\\n`, can edit any file.
    """
    if not old:
        raise Invalid("the text to replace is empty")
    if "\r\n" in text and not re.search(r"(?<!\r)\n", text):
        old, new = (re.sub(r"\r?\n", "\r\n", side) for side in (old, new))
    count = text.count(old)
    if count == 0:
        raise Invalid(f"the text to replace is not there{_hint(text, old)}")
    if count > 1 and not all:
        lines = [text.count("\n", 0, match.start()) + 1 for match in re.finditer(re.escape(old), text)]
        shown = ", ".join(map(str, lines[:10]))
        raise Invalid(f"the text to replace is there {count} times, on lines {shown}: add the lines around the one you mean")
    return text.replace(old, new)


def _hint(text: str, old: str) -> str:
    """Where its first line would be, if only white space differed."""
    first = next((line.strip() for line in old.splitlines() if line.strip()), "")
    for number, line in enumerate(text.splitlines(), 1):
        if first and line.strip() == first:
            return f"; line {number} is like its first line: {line!r}"
    return ""


def diff(old: str, new: str, path: str = "", *, context: int = 3) -> str:
    """A unified diff, as `git diff` writes one; "" where nothing differs."""
    before, after = _lines(old), _lines(new)
    changes = [run for run in _runs(before, after) if run[0] != "equal"]
    if not changes:
        return ""
    out = [f"--- a/{path}\n", f"+++ b/{path}\n"] if path else []
    hunks: list[list[tuple[str, int, int, int, int]]] = []
    for change in changes:
        if hunks and change[1] - hunks[-1][-1][2] <= 2 * context:
            hunks[-1].append(change)
        else:
            hunks.append([change])
    for hunk in hunks:
        out.extend(_hunk(hunk, before, after, context))
    return "".join(out)


def _hunk(hunk: list[tuple[str, int, int, int, int]], before: list[str], after: list[str], context: int) -> list[str]:
    lead = min(context, hunk[0][1])
    tail = min(context, len(before) - hunk[-1][2])
    start, end = hunk[0][1] - lead, hunk[-1][2] + tail
    new_start, new_end = hunk[0][3] - lead, hunk[-1][4] + tail
    out = [f"@@ -{_range(start, end)} +{_range(new_start, new_end)} @@\n"]
    at = start
    for _, from_, to, new_from, new_to in hunk:
        out.extend(_line(" ", line) for line in before[at:from_])
        out.extend(_line("-", line) for line in before[from_:to])
        out.extend(_line("+", line) for line in after[new_from:new_to])
        at = to
    out.extend(_line(" ", line) for line in before[at:end])
    return out


def _runs(before: list[str], after: list[str]) -> list[tuple[str, int, int, int, int]]:
    """Which lines became which: kind, lines before, lines after, as `difflib` says it."""
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    middle, new_middle = before[head : len(before) - tail], after[head : len(after) - tail]
    if not middle and not new_middle:
        return []
    if max(len(middle), len(new_middle)) > _MAX_COMPARED_LINES:
        return [("replace", head, head + len(middle), head, head + len(new_middle))]
    matcher = difflib.SequenceMatcher(None, middle, new_middle, autojunk=False)
    return [(kind, a + head, b + head, c + head, d + head) for kind, a, b, c, d in matcher.get_opcodes()]


def _lines(text: str) -> list[str]:
    """Lines with their ends: nothing but `\\n` ends one, as for git."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _range(start: int, end: int) -> str:
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _line(sign: str, line: str) -> str:
    return sign + line if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"


def clip(text: str, limit: int) -> str:
    """The beginning of a text, with a notice where something was cut off."""
    return text if len(text) <= limit else f"{text[:limit]}\n… {len(text) - limit} more characters"
