"""Whether files are looked at before a place in a coroutine and acted on after it, as the program did so far without another task in between."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.fix.files_touched import FileAccess
    from asynclint.fix.places import Place

_ACTS = frozenset({"writes", "makes", "removes"})


def comes_between(place: Place) -> str:
    """What another task could do to a file at a new `await`; "" where nothing is known."""
    acts = [each for each in (*place.files_after, *place.own_files) if each.does in _ACTS]
    before = place.files_before if acts else []
    touched = _Touched(place, before) if before else None
    for act in acts if touched is not None else ():
        first = next((before[n] for n in touched.relied_on_by(act) if before[n].node is not act.node), None)  # type: ignore[union-attr]
        if first is not None:
            return f"a file is looked at before (line {first.node.lineno}) and changed after (line {act.node.lineno})"
    return ""


def drains(place: Place) -> str:
    """Whether the place gives an iterator over files to a loop that changes files: taken whole first, it shows what is no longer there."""
    parent = place.above[0] if place.above else None
    if isinstance(parent, ast.For) and parent.iter is place.node and place.own_files:
        inside = {id(node) for statement in parent.body for node in ast.walk(statement)}
        if any(each.does in _ACTS and id(each.node) in inside for each in place.files_later):
            return "the loop changes the files that it is still to find"
    return ""


class _Touched:
    """Touches of files, found by the names of the files."""

    def __init__(self, place: Place, files: list[FileAccess]) -> None:
        self._read: dict[str, int] = {}
        self._made: dict[str, int] = {}
        self._looked_at: dict[str, int] = {}
        self._looked_into: dict[str, int] = {}
        self._told: dict[str, int] = {}
        for number, each in enumerate(files):
            if each.does in ("reads", "writes", "makes"):
                _note(self._read if each.does == "reads" else self._made, each.whole, number)
            elif each.does == "looks":
                _note(self._looked_at, each.whole, number)
                _note(self._looked_into, each.parts, number)
                _note(self._told, place.told_by(each.node), number)

    def relied_on_by(self, act: FileAccess) -> list[int]:
        """The numbers of the touches on which what is done to a file relies, in order."""
        found = _numbers(self._looked_at, act.parts) | _numbers(self._looked_into, act.whole) | _numbers(self._told, act.names)
        if act.does != "makes":
            found |= _numbers(self._read, act.whole)
        if act.does == "removes":
            found |= _numbers(self._made, act.whole)
        return sorted(found)


def _note(table: dict[str, int], names: Iterable[str], number: int) -> None:
    """Note the first touch under each name: what the act itself does comes last."""
    for name in names:
        table.setdefault(name, number)


def _numbers(table: dict[str, int], names: Iterable[str]) -> set[int]:
    return {table[name] for name in names if name in table}
