"""What reports have to know of the notebooks of a run, beside its result: where the lines of their texts are, and which cells were changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from asynclint import pool
from asynclint.model import RunResult
from asynclint.source import NOTEBOOK, Source, SourceError
from asynclint.source.notebook import Notebook

if TYPE_CHECKING:
    from collections.abc import Callable

    from asynclint.model import Place

T = TypeVar("T")
_SECONDS = 300.0  # of processor time for a notebook
Stdin = tuple[str, bytes] | None  # a file name and what it holds instead of what is on disk


def with_places(result: RunResult, stdin: Stdin) -> RunResult:
    """The result with the places of its notebooks."""
    told = (file.path for file in result.files if file.findings or file.suppressed)  # what was read once can be read again
    problems = (problem.path for problem in result.all_problems if problem.line)
    paths = {path for path in (*told, *problems, *result.changed) if path.endswith(NOTEBOOK)}

    def places(path: str) -> tuple[Place, ...]:
        notebook = _read(path, stdin)
        if notebook is not None and path in result.changed:
            notebook = Notebook.from_bytes(path, notebook.to_bytes(result.changed[path][1]))
        return tuple(map(notebook.place, range(1, len(notebook.line_starts) + 1))) if notebook is not None and notebook.text else ()

    found = _guarded(places, sorted(paths))
    return replace(result, places=tuple((path, found[path]) for path in sorted(paths) if found.get(path)))


def changed_cells(result: RunResult, stdin: Stdin) -> dict[str, tuple[str, str]]:
    """The texts before and after that a run, which has written nothing, would give each file; of notebooks by cell, as `path:cell N`."""


    def cells(path: str) -> dict[str, tuple[str, str]]:
        notebook, (before, after) = _read(path, stdin), result.changed[path]
        if notebook is None:
            return {path: (before, after)}
        old, new = notebook.cells_of(before), notebook.cells_of(after)
        return {f"{path}:cell {number}": (f"{old[number]}\n", f"{new[number]}\n") for number in old if old[number] != new[number]}

    by_cell = _guarded(cells, [path for path in result.changed if path.endswith(NOTEBOOK)])
    changed: dict[str, tuple[str, str]] = {}
    for path, texts in result.changed.items():
        changed.update(by_cell.get(path, {path: texts}))
    return changed


def _guarded(work: Callable[[str], T], paths: list[str]) -> dict[str, T]:
    """What work on notebooks gives, but for those that another process was lost with; they have been read before, so none should be."""
    return {path: found for path, found in pool.run(work, paths, jobs=1, limit=lambda _: _SECONDS) if not isinstance(found, pool.Failure)}


def _read(path: str, stdin: Stdin) -> Notebook | None:
    """A notebook as it is now; None where it cannot be read any more."""
    try:
        source = Source.from_bytes(*stdin) if stdin is not None and stdin[0] == path else Source.read(path)
    except SourceError:
        return None
    return source if isinstance(source, Notebook) else None
