"""The report to read: what was found, its code with carets, the chain of calls that leads to the cause, and the way out.

Findings that share a cause are one block: that of the first one, with the places of the others. In a terminal lines are wrapped to its width.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asynclint.model import Applicability, Finding, Fix, Frame, RunResult, Severity
from asynclint.report import Paint, escape, plain
from asynclint.report.causes import by_cause
from asynclint.report.layout import MORE, columns, cut, framed, shown, wrapped

# Red and magenta can be read on black and on white; cyan, yellow and green hardly on white, and blue hardly on black.
_SEVERITY_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold magenta", Severity.INFO: "bold"}
_FRAME, _LABEL, _NEW = "dim", "bold", "bold green"
_APPLICABILITIES = {
    Applicability.SAFE: "safe: --fix applies it",
    Applicability.UNSAFE: "unsafe: --fix --unsafe-fixes applies it",
    Applicability.MANUAL: "shown only",
}
_PLACES = 5  # of other findings with the same cause, that are named
_LINES = 4  # of code below the first one, that are shown of a span
_DEEPEST = 12  # columns to which the hops of a chain are indented


def report(result: RunResult, paint: Paint = plain, width: int = 0) -> str:
    """The report for a terminal that is `width` columns wide; 0 for what is none."""
    return "".join("\n".join(_block(first, others, result, paint, width)) + "\n\n" for first, *others in by_cause(result.findings))


def _block(finding: Finding, others: Sequence[Finding], result: RunResult, paint: Paint, width: int) -> Iterator[str]:
    start = finding.span.start
    code = list(_code(finding, result))
    margin = " " * len(str(start.line + max(0, len(code) - 1)))
    bar = paint("|", _FRAME)
    style = _SEVERITY_STYLES[finding.severity]
    yield from _heading(finding, paint, width)
    yield f"{margin}{paint('-->', _FRAME)} {paint(escape(finding.path), _LABEL)}:{start.line}:{start.column}"
    room = width - len(margin) - 3 if width else 0
    if code:
        first, carets = _underlined(code[0], finding, room)
        yield f"{margin} {bar}"
        yield f"{paint(f'{start.line:>{len(margin)}}', _FRAME)} {bar} {first}"
        yield f"{margin} {bar} {paint(carets, style)}"
        for number, line in enumerate(code[1:], start=start.line + 1):
            yield f"{paint(f'{number:>{len(margin)}}', _FRAME)} {bar} {cut(shown(line), room)}"
        if start.line + len(code) <= finding.span.end.line and len(code) > 1:
            yield f"{margin} {bar} {MORE}"
    yield f"{margin} {bar}"
    for line in _notes(finding, others, code, paint, room):
        yield f"{margin} {line}"


def _heading(finding: Finding, paint: Paint, width: int) -> Iterator[str]:
    style = _SEVERITY_STYLES[finding.severity]
    words = f"{finding.code} {finding.name} {finding.severity.value}:"
    first, *rest = wrapped(escape(finding.message), width - len(words) - 1, width - 4)
    yield f"{paint(finding.code, style)} {paint(finding.name, _LABEL)} {paint(finding.severity.value, style)}: {first}".rstrip()
    yield from (f"    {line}" for line in rest)


def _code(finding: Finding, result: RunResult) -> Iterator[str]:
    """The lines of code that the span of a finding covers, the first few of them."""
    start, end = finding.span.start.line, finding.span.end.line
    for number in range(start, min(end, start + _LINES) + 1):
        line = result.lines.get((finding.path, number))
        if line is None:
            return
        yield line.rstrip("\r\n")


def _underlined(code: str, finding: Finding, width: int) -> tuple[str, str]:
    """The first line of code as shown, and the carets under the part of it that the finding's span covers."""
    start, end = finding.span.start, finding.span.end
    last = end.column - 1 if end.line == start.line else len(code)
    return framed(shown(code[: start.column - 1]), shown(code[start.column - 1 : last]), shown(code[last:]), width)


def _notes(finding: Finding, others: Sequence[Finding], code: Sequence[str], paint: Paint, width: int) -> Iterator[str]:
    """The chain, what else leads to its end, and what to do: lines under the code."""
    if len(finding.chain) > 1:
        yield f"{paint('=', _FRAME)} {paint('chain:', _LABEL)}"
        for depth, frame in enumerate(finding.chain):
            yield from _hop(frame, " " * min(4 + 2 * depth, _DEEPEST if width else 1000), paint, width)
    yield from _note("also", _also(others), paint, width)
    yield from _note("help", finding.help, paint, width)
    if finding.fix is None:
        yield from _note("no fix", finding.no_fix, paint, width)
        return
    yield from _note("fix", f"{finding.fix.title} ({_APPLICABILITIES[finding.fix.applicability]})", paint, width)
    after = _rewritten(finding, finding.fix, code)
    if after is not None:
        before, changed, rest = map(shown, after)
        line, _ = framed(before, changed, rest, width - 6 if width else 0)
        yield f"    {paint('+', _NEW)} {line}"


def _note(label: str, text: str, paint: Paint, width: int) -> Iterator[str]:
    if text:
        first, *rest = wrapped(escape(text), width - len(label) - 2, width - 4)
        yield f"{paint('=', _FRAME)} {paint(f'{label}:', _LABEL)} {first}"
        yield from (f"    {line}" for line in rest)


def _rewritten(finding: Finding, fix: Fix, code: Sequence[str]) -> tuple[str, str, str] | None:
    """The line of a finding as a fix leaves it: what is before the changes, what they span, and what is after; None where a fix does more."""
    line = finding.span.start.line
    edits = sorted(fix.edits)
    if len(code) != 1 or not edits or any((edit.path, edit.span.start.line, edit.span.end.line) != (finding.path, line, line) for edit in edits):
        return None
    changed, at = "", edits[0].span.start.column - 1
    for edit in edits:
        changed += code[0][at : edit.span.start.column - 1] + edit.text
        at = edit.span.end.column - 1
    return None if "\n" in changed or "\r" in changed else (code[0][: edits[0].span.start.column - 1].lstrip(), changed, code[0][at:].rstrip())


def _also(others: Sequence[Finding]) -> str:
    """How many other calls reach the same cause, and where the first of them are; a path is said once for all its lines."""
    if not others:
        return ""
    path, places = "", []
    for finding in others[:_PLACES]:
        places.append(f"{'' if finding.path == path else finding.path}:{finding.span.start.line}")
        path = finding.path
    more = f" and {len(others) - _PLACES} more; --output-format=concise lists all" if len(others) > _PLACES else ""
    calls = "1 other call reaches" if len(others) == 1 else f"{len(others)} other calls reach"
    return f"{calls} this: {', '.join(places)}{more}"


def _hop(frame: Frame, indent: str, paint: Paint, width: int) -> Iterator[str]:
    """A call of the chain in as few lines as show it whole; only code that is wider than a line is cut."""
    place, function, code = f"{escape(frame.path)}:{frame.line}:{frame.column}", escape(frame.function), escape(frame.text)
    painted = f"in {paint(function, _LABEL)}:"
    if not width or columns(f"{indent}{place} in {function}: {code}") <= width:
        yield f"{indent}{place} {painted} {code}"
    elif columns(f"{indent}{place} in {function}:") <= width:
        yield f"{indent}{place} {painted}"
        yield f"{indent}    {cut(code, width - len(indent) - 4)}"
    else:
        yield f"{indent}{place}"
        if columns(f"{indent}    in {function}: {code}") <= width:
            yield f"{indent}    {painted} {code}"
        else:
            yield f"{indent}    {painted}"
            yield f"{indent}      {cut(code, max(len(MORE), width - len(indent) - 6))}"
