"""The report to read: what was found, its code with carets, the chain of calls that leads to the cause, and the way out.

Findings that share a cause are one block: that of the first one, with the places of the others.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from asynclint.model import Applicability, Finding, Frame, RunResult, Severity
from asynclint.report import Paint, escape, plain
from asynclint.report.causes import by_cause

_SEVERITY_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}
_APPLICABILITIES = {
    Applicability.SAFE: "safe: --fix applies it",
    Applicability.UNSAFE: "unsafe: --fix --unsafe-fixes applies it",
    Applicability.MANUAL: "shown only",
}
_TAB = "    "
_PLACES = 5  # of other findings with the same cause, that are named


def report(result: RunResult, paint: Paint = plain) -> str:
    return "".join(_block(first, others, result, paint) for first, *others in by_cause(result.findings))


def _block(finding: Finding, others: Sequence[Finding], result: RunResult, paint: Paint) -> str:
    start = finding.span.start
    margin = " " * len(str(start.line))
    arrow, bar = paint("-->", "blue"), paint("|", "blue")
    style = _SEVERITY_STYLES[finding.severity]
    lines = [
        f"{paint(finding.code, style)} {paint(finding.name, 'bold')} {paint(finding.severity.value, style)}: {escape(finding.message)}",
        f"{margin}{arrow} {escape(finding.path)}:{start.line}:{start.column}",
    ]
    code = result.lines.get((finding.path, start.line))
    if code is not None:
        shown, carets = _underlined(code.rstrip("\r\n"), finding)
        number = paint(str(start.line), "blue")
        lines += [f"{margin} {bar}", f"{number} {bar} {shown}", f"{margin} {bar} {paint(carets, style)}"]
    lines += [f"{margin} {bar}", *(f"{margin} {line}" for line in _notes(finding, others, paint))]
    return "\n".join(lines) + "\n\n"


def _underlined(code: str, finding: Finding) -> tuple[str, str]:
    """The line of code as shown, and the carets under the part of it that the finding's span covers."""
    start, end = finding.span.start, finding.span.end
    before = _shown(code[: start.column - 1])
    marked = _shown(code[start.column - 1 : end.column - 1 if end.line == start.line else None])
    after = _shown(code[end.column - 1 :]) if end.line == start.line else ""
    return before + marked + after, " " * _width(before) + "^" * max(1, _width(marked))


def _shown(code: str) -> str:
    return escape(code.replace("\t", _TAB))


def _width(text: str) -> int:
    """Columns of a terminal: wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _notes(finding: Finding, others: Sequence[Finding], paint: Paint) -> list[str]:
    """The chain, what else leads to its end, and what to do: lines under the code."""
    notes = []
    if len(finding.chain) > 1:
        notes = [f"{paint('=', 'blue')} {paint('chain:', 'bold')}"]
        notes += [f"{'  ' * depth}{_hop(frame, paint)}" for depth, frame in enumerate(finding.chain, start=2)]
    labelled = [("also", _also(others)), ("help", finding.help)]
    if finding.fix is not None:
        labelled.append(("fix", f"{finding.fix.title} ({_APPLICABILITIES[finding.fix.applicability]})"))
    else:
        labelled.append(("no fix", finding.no_fix))
    notes += [f"{paint('=', 'blue')} {paint(label + ':', 'bold')} {escape(text)}" for label, text in labelled if text]
    return notes


def _also(others: Sequence[Finding]) -> str:
    """How many other calls reach the same cause, and where the first of them are."""
    if not others:
        return ""
    places = ", ".join(f"{finding.path}:{finding.span.start.line}" for finding in others[:_PLACES])
    more = f" and {len(others) - _PLACES} more; --output-format=concise lists all" if len(others) > _PLACES else ""
    calls = "1 other call reaches" if len(others) == 1 else f"{len(others)} other calls reach"
    return f"{calls} this: {places}{more}"


def _hop(frame: Frame, paint: Paint) -> str:
    place = paint(f"{escape(frame.path)}:{frame.line}:{frame.column}", "cyan")
    return f"{place} in {escape(frame.function)}: {escape(frame.text)}"
