"""Reports: pure functions from the result of a run to text. Each format is a module here with a function `report(result, paint)`."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import cast

from asynclint.model import Applicability, Finding, Problem, RunResult

# Puts a style ("bold red") on a text; `plain` leaves it as it is.
Paint = Callable[[str, str], str]
Report = Callable[[RunResult, Paint], str]

FORMATS = ("text", "concise", "json", "statistics")

# What a terminal acts on or that breaks a line: C0 and C1 controls, bidirectional and zero-width marks, separators, lone surrogates.
_UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"


def formatter(name: str) -> Report:
    """The function of a format in `FORMATS`; only that format is imported."""
    return cast(Report, import_module(f"{__name__}.{name}").report)


def plain(text: str, _style: str) -> str:
    return text


def painter() -> Paint:
    """A `Paint` that writes the colours of a terminal. Imports rich."""
    from rich.color import ColorSystem
    from rich.style import Style

    return lambda text, style: Style.parse(style).render(text, color_system=ColorSystem.STANDARD)


def escape(text: str) -> str:
    """`text` in one line, with everything that a terminal could act on written as an escape sequence."""
    return text if text.isprintable() else re.sub(_UNPRINTABLE, _escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("ascii", "backslashreplace").decode() if ord(match[0]) > 0x7F else repr(match[0])[1:-1]


def has_fix(finding: Finding, applicability: Applicability) -> bool:
    return finding.fix is not None and finding.fix.applicability is applicability


def problem_line(problem: Problem) -> str:
    """A problem as `path:line:col: error: message`, without the parts that are unknown."""
    place = [escape(problem.path), *(str(number) for number in (problem.line, problem.column) if number)]
    return f"{':'.join(place)}: error: {escape(problem.message)}"


def closing_line(result: RunResult, *, would: bool = False, left: bool = True) -> str:
    """The line under a report: what was found, what can be fixed, what was fixed (`would`: would be), and what could not be checked.

    Without `left`, nothing about findings that are left.
    """
    fixed = sum(result.fixed.values())
    sentences = []
    if fixed:
        sentences.append(f"{'Would fix' if would else 'Fixed'} {_count(fixed, 'finding')} in {_count(len(result.changed), 'file')}.")
    if result.findings and left:
        places = sum(1 for file in result.files if file.findings)
        found = f"Found {_count(len(result.findings), 'finding')} in {_count(places, 'file')}"
        sentences.append(f"{found}{_fixable(result.findings)}.")
    elif not left and not fixed and not result.all_problems:
        sentences.append("Nothing to fix.")
    elif left and not result.all_problems:
        sentences.append(f"All checks passed: {_count(result.checked, 'file')}.")
    if result.all_problems:
        sentences.append(f"{_count(len(result.all_problems), 'error')}: not everything could be checked.")
    return " ".join(sentences) + "\n"


def _fixable(findings: tuple[Finding, ...]) -> str:
    safe = sum(has_fix(finding, Applicability.SAFE) for finding in findings)
    unsafe = sum(has_fix(finding, Applicability.UNSAFE) for finding in findings)
    parts = [f"{safe} fixable with --fix"] if safe else []
    if unsafe:
        parts.append(f"{unsafe} more with --unsafe-fixes" if safe else f"{unsafe} fixable with --fix --unsafe-fixes")
    return f" ({', '.join(parts)})" if parts else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
