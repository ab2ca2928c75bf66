"""What reports have to know of the notebooks of a run, beside its result: where the lines of their texts are, and which cells were changed."""

from __future__ import annotations

from dataclasses import replace

from asynclint.model import RunResult
from asynclint.source import NOTEBOOK, Source, SourceError
from asynclint.source.notebook import Notebook

Stdin = tuple[str, bytes] | None  # a file name and what it holds instead of what is on disk


def with_places(result: RunResult, stdin: Stdin) -> RunResult:
    """The result with the places of its notebooks."""
    told = (file.path for file in result.files if file.findings or file.suppressed)  # what was read once can be read again
    problems = (problem.path for problem in result.all_problems if problem.line)
    paths = {path for path in (*told, *problems, *result.changed) if path.endswith(NOTEBOOK)}
    found = {}
    for path in sorted(paths):
        notebook = _read(path, stdin)
        if notebook is not None and path in result.changed:
            notebook = Notebook.from_bytes(path, notebook.to_bytes(result.changed[path][1]))
        if notebook is not None and notebook.text:
            found[path] = tuple(map(notebook.place, range(1, len(notebook.line_starts) + 1)))
    return replace(result, places=tuple(found.items()))


def changed_cells(result: RunResult, stdin: Stdin) -> dict[str, tuple[str, str]]:
    """The texts before and after that a run, which has written nothing, would give each file; of notebooks by cell, as `path:cell N`."""
    changed = {}
    for path, (before, after) in result.changed.items():
        notebook = _read(path, stdin) if path.endswith(NOTEBOOK) else None
        if notebook is None:
            changed[path] = (before, after)
            continue
        old, new = notebook.cells_of(before), notebook.cells_of(after)
        changed.update({f"{path}:cell {number}": (f"{old[number]}\n", f"{new[number]}\n") for number in old if old[number] != new[number]})
    return changed


def _read(path: str, stdin: Stdin) -> Notebook | None:
    """A notebook as it is now; None where it cannot be read any more."""
    try:
        source = Source.from_bytes(*stdin) if stdin is not None and stdin[0] == path else Source.read(path)
    except SourceError:
        return None
    return source if isinstance(source, Notebook) else None
