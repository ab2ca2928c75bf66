"""Whether two versions of a module say the same, and differ only in where they say it.

The program reads of a module its facts and nothing else. Of places it asks which of two comes first, or whether they are the same: of places by line
and column, and of the lines of functions. So two versions that are alike get the same answers to all questions, about themselves and about others.
"""

from __future__ import annotations

import marshal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from asynclint.index.facts import Call, Class, Function, With

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.index.module import ModuleFacts

_ENDS = (("line", "column"), ("end_line", "end_column"))
_PLACES = frozenset(name for end in _ENDS for name in end)
_EXACT = 2  # the version of `marshal` that writes the same bytes for the same values, and others for 1, True and 1.0


def alike(old: ModuleFacts, new: ModuleFacts) -> bool:
    """Whether all facts are the same but for lines and columns, and these are in the same order."""
    before, lines, places = _apart(old)
    after, other_lines, other_places = _apart(new)
    if marshal.dumps(before, _EXACT) != marshal.dumps(after, _EXACT):
        return False
    return _is_in_step(zip(lines, other_lines, strict=True)) and _is_in_step(zip(places, other_places, strict=True))


def _apart(facts: ModuleFacts) -> tuple[Any, list[int], list[tuple[int, int]]]:
    """What is said, the lines of functions and classes, and all places that have a column, always in the same order."""
    said: list[Any] = [tuple(facts.stars), tuple(facts.catches), facts.needs, list(facts.loads)]
    lines: list[int] = []
    places: list[tuple[int, int]] = []
    for kind, rows in ((Function, facts.functions.raw), (Class, facts.classes.raw), (Call, facts.calls.raw), (With, facts.withs.raw)):
        number: dict[str, int] = {name: n for n, name in enumerate(kind._fields)}
        kept = [n for name, n in number.items() if name not in _PLACES]
        said.append([tuple(row[n] for n in kept) for row in rows])
        placed = list(rows)[kind is Function :]  # the first one is the module's own body, which stands nowhere
        for line, column in _ENDS:
            if line in number and kind in (Function, Class):
                lines += [row[number[line]] for row in placed]
            if column in number:
                places += [(row[number[line]], row[number[column]]) for row in placed]
    return said, lines, places


def _is_in_step(pairs: Iterable[tuple[Any, Any]]) -> bool:
    """Whether places of one version stand to each other as those of the other do: same for same, later for later."""
    return all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(sorted(set(pairs))))
