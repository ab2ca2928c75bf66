"""Places in a text, and ranges of them that are asked about for one place after another."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Place = tuple[int, int]  # line and column


def begin(node: Any) -> Place:
    """Where a node begins."""
    return (node.lineno, node.col_offset)


def finish(node: Any) -> Place:
    """Where a node ends."""
    return (node.end_lineno, node.end_col_offset)


class Ranges:
    """Ranges of places, each behind its first one up to and with its last one: a place is found among many of them as fast as among few."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, ranges: Iterable[tuple[Place, Place]]) -> None:
        self._starts: list[Place] = []
        self._ends: list[Place] = []
        for start, end in sorted(ranges):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            elif start < end:
                self._starts.append(start)
                self._ends.append(end)

    @classmethod
    def of(cls, rows: Iterable[Sequence[Any]]) -> Ranges:
        """The places in rows of nodes, the first one of a row and the end of the last one included."""
        return cls(((row[0].lineno, row[0].col_offset - 1), finish(row[-1])) for row in rows)

    def __contains__(self, place: Place) -> bool:
        n = bisect_left(self._ends, place)
        return n < len(self._ends) and self._starts[n] < place
