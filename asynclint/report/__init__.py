"""Reports: pure functions from the result of a run to text. Each format is a module here with a function `report(result, paint)`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from asynclint.model import Applicability, Finding, Frame, Problem, RunResult

# Puts a style ("bold red") on a text; `plain` leaves it as it is.
Paint = Callable[[str, str], str]
Report = Callable[[RunResult, Paint], str]

FOR_PROGRAMS = frozenset({"github", "gitlab", "json", "json-lines", "junit", "sarif"})  # formats without colours and without a closing line
WITH_CELLS = frozenset({"json", "json-lines"})  # formats for programs that tell of the cells of notebooks
WITH_ABOUT = frozenset({"github", "gitlab", "sarif"})  # formats that ask the result for `about`
_LEFT_OUT = {"baseline": "in the baseline", "threshold": "below the threshold", "unchanged": "that no change caused"}

# What a terminal acts on or that breaks a line: C0 and C1 controls, bidirectional and zero-width marks, separators, lone surrogates.
_UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"


def formatter(name: str) -> Report:
    """The function of a format, which is named after its module; only that is imported."""
    return cast(Report, import_module(f"{__name__}.{name.replace('-', '_')}").report)


def plain(text: str, _style: str) -> str:
    return text


def painter(links: Mapping[str, str] | None = None) -> Paint:
    """A `Paint` that writes the colours of a terminal, and makes a link of each text that `links` has an address for. Imports rich."""
    from rich.color import ColorSystem
    from rich.style import Style

    addresses = links or {}

    def paint(text: str, style: str) -> str:
        linked = Style(link=addresses[text]) if text in addresses else Style.null()
        return (Style.parse(style) + linked).render(text, color_system=ColorSystem.STANDARD)

    return paint


def escape(text: str) -> str:
    """`text` in one line, with everything that a terminal could act on written as an escape sequence."""
    return text if text.isprintable() else re.sub(_UNPRINTABLE, escaped, text)


def escaped(match: re.Match[str]) -> str:
    """The escape sequence for a matched character."""
    return match[0].encode("ascii", "backslashreplace").decode() if ord(match[0]) > 0x7F else repr(match[0])[1:-1]


def in_repository(path: str, result: RunResult) -> str:
    """A path of the result as a platform wants it: relative to the root of the repository, `/` between parts; absolute if it lies elsewhere."""
    if result.about is None:
        return path
    absolute = os.path.normpath(os.path.join(result.about.folder, path))
    below = os.path.join(result.about.root, "")
    return (absolute[len(below) :] if absolute.startswith(below) else absolute).replace(os.sep, "/")


def hop(frame: Frame) -> str:
    """A frame of a chain in one line: where it is, and what stands there."""
    return f"{escape(frame.path)}:{frame.line}:{frame.column} in {escape(frame.function)}: {escape(frame.text)}"


def has_fix(finding: Finding, applicability: Applicability) -> bool:
    return finding.fix is not None and finding.fix.applicability is applicability


def problem_line(problem: Problem) -> str:
    """A problem as `path:line:col: error: message`, without the parts that are unknown."""
    place = [escape(problem.path), *(str(number) for number in (problem.line, problem.column) if number)]
    return f"{':'.join(place)}: error: {escape(problem.message)}"


def closing_line(result: RunResult, *, would: bool = False, left: bool = True, width: int = 0) -> str:
    """The line under a report: what was found, what can be fixed, what was fixed (`would`: would be), and what could not be checked.

    Without `left`, nothing about findings that are left. It is several where a terminal of `width` columns is too narrow.
    """
    fixed = sum(result.fixed.values())
    sentences = []
    if fixed:
        sentences.append(f"{'Would fix' if would else 'Fixed'} {_count(fixed, 'finding')} in {_count(len(result.changed), 'file')}.")
    if result.findings and left:
        places = sum(1 for file in result.files if file.findings)
        causes = _causes(result.findings)
        found = f"{'Would leave' if would and fixed else 'Found'} {_count(len(result.findings), 'finding')}{causes} in {_count(places, 'file')}"
        sentences.append(f"{found}{_fixable(result.findings)}.")
    elif not left and not fixed and not result.all_problems:
        sentences.append("Nothing to fix.")
    elif left and would and fixed:
        sentences.append("Would leave none.")
    elif left and not result.all_problems:
        sentences.append(f"All checks passed: {_count(result.checked, 'file')}.")
    counts = dict(result.left_out)
    if counts.get("ignored"):
        sentences.append(f"Ignored {_count(counts['ignored'], 'finding')}.")
    left_out = [f"{counts[reason]} {words}" for reason, words in _LEFT_OUT.items() if counts.get(reason)]
    if left_out:
        sentences.append(f"Left out {', '.join(left_out)}.")
    if result.all_problems:
        sentences.append(f"{_count(len(result.all_problems), 'error')}: not everything could be checked.")
    line = " ".join(sentences)
    if width and len(line) > width:
        from asynclint.report.layout import wrapped

        line = "\n".join(wrapped(line, width, width))
    return line + "\n"


def _causes(findings: tuple[Finding, ...]) -> str:
    from asynclint.report.causes import by_cause

    causes = len(by_cause(findings))
    return f" with {_count(causes, 'cause')}" if causes < len(findings) else ""


def _fixable(findings: tuple[Finding, ...]) -> str:
    safe = sum(has_fix(finding, Applicability.SAFE) for finding in findings)
    unsafe = sum(has_fix(finding, Applicability.UNSAFE) for finding in findings)
    parts = [f"{safe} fixable with --fix"] if safe else []
    if unsafe:
        parts.append(f"{unsafe} more with --unsafe-fixes" if safe else f"{unsafe} fixable with --fix --unsafe-fixes")
    return f" ({', '.join(parts)})" if parts else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
