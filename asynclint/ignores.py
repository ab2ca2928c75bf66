"""Writes suppressions for findings: at the end of a statement of one line, above one of several lines, where no comment may stand in the middle."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from asynclint import pool, suppress
from asynclint.comments import logical_lines
from asynclint.fix import writer
from asynclint.fix.edits import apply
from asynclint.model import Edit, Finding, Position, Problem, RunResult, Span
from asynclint.narrow import without
from asynclint.options import ConfigError
from asynclint.source import Source, SourceError

_SECONDS = 300.0  # of processor time for one file, which has been linted before


def check_reason(reason: str) -> None:
    """Raise ConfigError for a reason that would not stand in a comment as it is."""
    if not reason.isprintable() or re.search(r"#(?!\d)", reason):
        raise ConfigError("--add-ignore: a reason is one line without `#`, but `#12` for an issue is fine")


def add(result: RunResult, reason: str, may_write: Callable[[str], bool], leads_out: Callable[[str], bool]) -> RunResult:
    """Suppress the findings of a result in the files that may be written; what is left are the others, those that cannot be suppressed, and a
    problem for each file that was not written; those are not that lead out of the project.

    Findings about suppressions are left: they are mended, not ignored.
    """
    ignored: set[int] = set()
    problems: list[Problem] = []
    for file in result.files:
        wanted = [finding for finding in file.findings if finding.code not in suppress.OWN]
        if not wanted or not may_write(file.path):
            continue
        try:
            if leads_out(file.path):
                raise SourceError(file.path, 0, "was not written: it is a link to a file outside of the project")
            before, after = pool.alone(partial(_rewritten, wanted, result.lines, reason), file.path, limit=_SECONDS)
            writer.write(file.path, before, after)
            ignored.update(map(id, wanted))
        except pool.Failure as error:
            problems.append(Problem(file.path, 0, 0, f"no suppressions can be written: {error.message}"))
        except SourceError as error:
            problems.append(error.problem)
        except writer.WriteError as error:
            problems.append(Problem(file.path, 0, 0, error.message))
    left = without(result, lambda finding: "ignored" if id(finding) in ignored else "")
    return replace(left, problems=(*left.problems, *problems))


def _rewritten(findings: Sequence[Finding], lines: Mapping[tuple[str, int], str], reason: str, path: str) -> tuple[bytes, bytes]:
    """A file before and after suppressions are written. Raises SourceError."""
    source = Source.read(path)
    _check_unchanged(source, findings, lines)
    return source.data, source.to_bytes(suppressed(source, findings, reason))


def _check_unchanged(source: Source, findings: Iterable[Finding], lines: Mapping[tuple[str, int], str]) -> None:
    for finding in findings:
        line = finding.span.start.line
        if source.line_text(line) != lines.get((finding.path, line), "").rstrip("\r\n"):
            raise SourceError(source.path, 0, "was changed since it was checked; run asynclint again")


def suppressed(source: Source, findings: Iterable[Finding], reason: str) -> str:
    """The text of a file with suppressions for these findings. Raises SourceError where they would not do what they are for."""
    _, statements, error = logical_lines(source)
    if error:
        raise SourceError(source.path, 0, f"no suppressions can be written: {error}")
    codes: dict[tuple[int, int], set[str]] = {}
    placed: list[tuple[Finding, tuple[int, int]]] = []
    for finding in findings:
        line = finding.span.start.line
        statement = _around(statements, line)
        if statement is None:
            raise SourceError(source.path, line, "no suppression can be written here")
        codes.setdefault(statement, set()).add(finding.code)
        placed.append((finding, statement))
    text = apply(source.text, [_edit(source, first, last, sorted(found), reason) for (first, last), found in codes.items()])
    above = [first for first, last in codes if first < last]
    moved = [_moved(finding, sum(each <= first for each in above)) for finding, (first, _) in placed]
    _check(source, text, moved)
    return text


def edit(source: Source, finding: Finding) -> Edit | None:
    """The edit that suppresses one finding; None where there is no place for it."""
    place = _around(logical_lines(source)[1], finding.span.start.line)
    return _edit(source, *place, [finding.code], "") if place is not None else None


def _around(statements: Iterable[tuple[int, int, str]], line: int) -> tuple[int, int] | None:
    """The first and the last line of the logical line that a line is a part of."""
    return next(((first, last) for first, last, _ in statements if first <= line <= last), None)


def _edit(source: Source, first: int, last: int, codes: list[str], reason: str) -> Edit:
    comment = f"# asynclint: ignore[{', '.join(codes)}]" + (f" -- {reason}" if reason else "")
    start = source.line_starts[first - 1]
    if first < last:
        return Edit(source.path, source.span(start, start), source.indentation(start) + comment + source.newline)
    end = start + len(source.line_text(first).rstrip())
    return Edit(source.path, source.span(end, end), f"  {comment}")


def _moved(finding: Finding, lines: int) -> Finding:
    start, end = finding.span.start, finding.span.end
    return replace(finding, span=Span(*(Position(each.offset, each.line + lines, each.column) for each in (start, end))))


def _check(source: Source, text: str, findings: Iterable[Finding]) -> None:
    """Make sure that the program is the same, and that each of the findings, where it is now, is suppressed."""
    new = Source.from_bytes(source.path, source.to_bytes(text))
    if new.encoding != source.encoding or _tree(new) != _tree(source):
        raise SourceError(source.path, 0, "no suppressions can be written: they would change the program")
    kept, _ = suppress.apply(findings, suppress.parse(new))
    if kept:
        raise SourceError(source.path, kept[0].span.start.line, "no suppression can be written here")


def _tree(source: Source) -> str:
    try:
        return ast.dump(source.tree())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SourceError(source.path, 0, f"no suppressions can be written: {error}") from error
