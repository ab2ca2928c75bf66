"""What fixing changes, as a unified diff that `patch -p0` and `git apply -p0` take: all of it in a file; on a screen or in the log of a server, which
act on control characters, these are shown as escapes.
"""

from __future__ import annotations

import re
from difflib import unified_diff

from asynclint.model import RunResult
from asynclint.report import Paint, escape, escaped, plain

_STYLES = {"-": "red", "+": "green", "@": "cyan"}


# What moves the cursor, changes colours or the order of characters, or ends a line; not tabs and form feeds, and no carriage return at the end.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|\r(?!\n|\\Z)")


def report(result: RunResult, paint: Paint = plain, *, exact: bool = True) -> str:
    """The diff; unless it is to be `exact`, with control characters of the code as escapes."""
    return "".join(_file(path, *result.changed[path], paint, exact) for path in sorted(result.changed))


def has_controls(result: RunResult) -> bool:
    """Whether the files that change have characters that are shown as escapes."""
    return any(_CONTROLS.search(text) for texts in result.changed.values() for text in texts)


def _file(path: str, before: str, after: str, paint: Paint, exact: bool) -> str:
    name = escape(path)
    lines = unified_diff(_lines(before), _lines(after), name, name)
    return "".join(_line(line if exact else _CONTROLS.sub(escaped, line), paint) for line in lines)


def _lines(text: str) -> list[str]:
    """Lines as `patch` sees them, which end at a newline and at nothing else."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _line(line: str, paint: Paint) -> str:
    painted = paint(line.rstrip("\n"), _STYLES[line[0]]) if line[0] in _STYLES else line.rstrip("\n")
    return painted + ("\n" if line.endswith("\n") else "\n\\ No newline at end of file\n")
