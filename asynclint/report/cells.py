"""Places in notebooks, whose lines a run counts through all their cells: told by cell for people, and by line of the file for platforms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from asynclint.model import Finding, Frame, Place, Position, Problem, RunResult, Span, Suppressed

Places = Mapping[str, Sequence[Place]]
AtLine = TypeVar("AtLine", Frame, Problem)


def of_line(places: Places, path: str, line: int) -> Place | None:
    """Where a line of a file is, if the file is a notebook; a line that is not known is in no cell."""
    known = places.get(path)
    return known[min(line, len(known)) - 1] if known and line else None


def by_cell(result: RunResult) -> RunResult:
    """The result with `path:cell N` in the place of a path, and with the lines of cells."""
    return _placed(result, lambda path, place: (f"{path}:cell {place.cell}", place.line, 0)) if result.places else result


def by_line(result: RunResult) -> RunResult:
    """The result with lines of files. They have no columns, for a line of code is a string in them, and no fixes."""
    return _placed(result, lambda path, place: (path, place.file_line, 1)) if result.places else result


def _placed(result: RunResult, told: Callable[[str, Place], tuple[str, int, int]]) -> RunResult:
    """The result with a path, a line and a column (0: the same) in the place of each that is in a notebook."""
    places = dict(result.places)

    def position(path: str, old: Position) -> Position:
        place = of_line(places, path, old.line)
        if place is None:
            return old
        _, line, column = told(path, place)
        return Position(old.offset, line, column or old.column)

    def span(path: str, old: Span) -> Span:
        return Span(position(path, old.start), position(path, old.end))

    def finding(old: Finding) -> Finding:
        chain = tuple(map(at_line, old.chain))
        place = of_line(places, old.path, old.span.start.line)
        if place is None:
            return old if chain == old.chain else replace(old, chain=chain)
        path, _, column = told(old.path, place)
        fix, no_fix = old.fix, old.no_fix
        if fix is not None and column:
            fix, no_fix = None, "its fix is one of cells: --fix applies it"
        elif fix is not None:
            edits = (replace(edit, path=path if edit.path == old.path else edit.path, span=span(edit.path, edit.span)) for edit in fix.edits)
            fix = replace(fix, edits=tuple(edits))
        return replace(old, path=path, span=span(old.path, old.span), chain=chain, fix=fix, no_fix=no_fix)

    def at_line(old: AtLine) -> AtLine:
        place = of_line(places, old.path, old.line)
        if place is None:
            return old
        path, line, column = told(old.path, place)
        return replace(old, path=path, line=line, column=column or old.column)

    lines = {}
    for (path, line), text in result.lines.items():
        place = of_line(places, path, line)
        shown, number, column = told(path, place) if place is not None else (path, line, 0)
        if not column:  # else it is not what stands in the file
            lines[shown, number] = text
    files = tuple(
        replace(
            file,
            findings=tuple(map(finding, file.findings)),
            problems=tuple(map(at_line, file.problems)),
            suppressed=tuple(Suppressed(finding(each.finding), each.reason) for each in file.suppressed),
        )
        for file in result.files
    )
    return replace(result, files=files, problems=tuple(map(at_line, result.problems)), lines=lines)
