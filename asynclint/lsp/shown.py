"""Findings as an editor shows them: plain records with lines and columns from 0, columns in the units that client and server agreed on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from asynclint import ignores, suppress
from asynclint.fix import imports
from asynclint.model import Applicability
from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.model import Edit, FileResult, Finding, Fix, Frame, Position, Problem
    from asynclint.source import Source

Range = tuple[int, int, int, int]  # line and column of start and end
Edits = dict[str, list[tuple[Range, str]]]  # by absolute path
_UNITS: dict[str, Callable[[str], int]] = {
    "utf-8": lambda text: len(text.encode("utf-8", "surrogatepass")),
    "utf-16": lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
}


@record(frozen=True, slots=True)
class Action:
    """A rewrite that is offered: its title, whether it is safe, and the edits."""

    title: str
    is_safe: bool
    edits: Edits


@record(frozen=True, slots=True)
class Shown:
    """A finding, or a problem, which has no name. `related` are the hops of the chain: path, place and text."""

    code: str
    name: str
    message: str
    severity: str
    range: Range
    related: tuple[tuple[str, Range, str], ...] = ()
    details: str = ""  # what to write instead, or why there is no rewrite
    is_unused: bool = False


@record(frozen=True, slots=True)
class Offer:
    """What can be done about a finding: rewrites, and the edits that suppress it."""

    actions: tuple[Action, ...] = ()
    ignoring: Edits | None = None


class Shower:
    """Shows the results of files. `source` gives the text of a path, or None where it cannot be read."""

    def __init__(self, encoding: str, source: Callable[[str], Source | None]) -> None:
        self._units = _UNITS.get(encoding, len)
        self._source = source

    def show(self, result: FileResult) -> tuple[Shown, ...]:
        """The findings of a file, in their order, and then its problems."""
        return (*map(self._finding, result.findings), *map(self._problem, result.problems))

    def offer(self, result: FileResult) -> tuple[Offer, ...]:
        """What can be done about the findings of a file, in their order."""
        return tuple(map(self._offer, result.findings))

    def edits(self, edits: Iterable[Edit]) -> Edits:
        """Edits with the places of an editor, by path."""
        found: Edits = {}
        for edit in sorted(set(edits)):
            source = self._source(edit.path)
            if source is not None:
                found.setdefault(edit.path, []).append((self.range(source, edit.span.start, edit.span.end), edit.text))
        return found

    def range(self, source: Source, start: Position, end: Position) -> Range:
        """The range between two positions."""
        return (start.line - 1, self._column(source, start), end.line - 1, self._column(source, end))

    def _column(self, source: Source, position: Position) -> int:
        return self._units(source.text[position.offset - position.column + 1 : position.offset])

    def _line(self, path: str, line: int, column: int) -> Range:
        """From a place to the end of its line; columns from 1, in code points."""
        source = self._source(path)
        text = source.line_text(line) if source is not None else ""
        first = max(line - 1, 0)
        return (first, self._units(text[: max(column - 1, 0)]), first, self._units(text))

    # -- findings

    def _finding(self, finding: Finding) -> Shown:
        source = self._source(finding.path)
        place = self.range(source, finding.span.start, finding.span.end) if source is not None else (0, 0, 0, 0)
        return Shown(
            finding.code,
            finding.name,
            finding.message,
            finding.severity.value,
            place,
            tuple(self._hop(frame) for frame in finding.chain),
            finding.help or finding.no_fix,
            finding.code == "ASL901",
        )

    def _offer(self, finding: Finding) -> Offer:
        source, fix = self._source(finding.path), finding.fix
        edit = ignores.edit(source, finding) if source is not None and finding.code not in suppress.OWN else None
        action = self._action(fix) if fix is not None and fix.applicability is not Applicability.MANUAL else None
        return Offer((action,) if action is not None else (), self.edits((edit,)) if edit is not None else None)

    def _hop(self, frame: Frame) -> tuple[str, Range, str]:
        return frame.path, self._line(frame.path, frame.line, frame.column), f"{frame.function}: {frame.text}"

    def _problem(self, problem: Problem) -> Shown:
        return Shown(problem.code, "", problem.message, "error", self._line(problem.path, problem.line, problem.column))

    def _action(self, fix: Fix) -> Action | None:
        """A fix with the imports and declarations that it needs; None where they cannot be added."""
        edits = imports.whole(fix, self._source)
        if edits is None or any(self._source(path) is None for path in fix.paths):
            return None
        return Action(fix.title, fix.applicability is Applicability.SAFE, self.edits(edits))
