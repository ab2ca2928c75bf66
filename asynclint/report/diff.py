"""What fixing changes, as a unified diff that `patch -p0` and `git apply -p0` take."""

from __future__ import annotations

import re
from difflib import unified_diff

from asynclint.model import RunResult
from asynclint.report import Paint, escape, plain

_STYLES = {"-": "red", "+": "green", "@": "cyan"}


def report(result: RunResult, paint: Paint = plain) -> str:
    return "".join(_file(path, *result.changed[path], paint) for path in sorted(result.changed))


def _file(path: str, before: str, after: str, paint: Paint) -> str:
    name = escape(path)
    return "".join(_line(line, paint) for line in unified_diff(_lines(before), _lines(after), name, name))


def _lines(text: str) -> list[str]:
    """Lines as `patch` sees them, which end at a newline and at nothing else."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _line(line: str, paint: Paint) -> str:
    painted = paint(line.rstrip("\n"), _STYLES[line[0]]) if line[0] in _STYLES else line.rstrip("\n")
    return painted + ("\n" if line.endswith("\n") else "\n\\ No newline at end of file\n")
