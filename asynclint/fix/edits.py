"""Text edits: apply them to a text, and choose the fixes that can be applied together.

A fix is taken whole, over all its files, or left for the next pass. What is chosen does not depend on the order in which fixes come.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise, takewhile

from asynclint.model import Edit, Fix

_Place = tuple[int, int, str]  # start and end offset, new text


def apply(text: str, edits: Iterable[Edit]) -> str:
    """`text` after all `edits` of its file, given in any order; identical edits are made once.

    Raises ValueError if two edits overlap or an edit lies outside of the text.
    """
    places = sorted({_place(edit) for edit in edits})
    for place, following in pairwise(places):
        if _clash(place, following):
            raise ValueError(f"edits overlap: {place} and {following}")
    parts: list[str] = []
    done = 0
    for start, end, new in places:
        if not 0 <= start <= end <= len(text):
            raise ValueError(f"edit outside of the text: {(start, end, new)}")
        parts += text[done:start], new
        done = end
    parts.append(text[done:])
    return "".join(parts)


def merge(fixes: Iterable[Fix]) -> tuple[list[Fix], list[Fix]]:
    """The fixes to apply in this pass, and those to defer to the next; both in order of path, place and title.

    A fix is chosen unless one of its edits overlaps an edit of a chosen one. An edit that fixes share is no conflict, `apply` makes it once;
    but an insert that holds half of a pair of brackets belongs to its own fix and is shared only by fixes that are the same altogether.
    A fix whose own edits overlap each other is never chosen.
    """
    chosen: list[Fix] = []
    deferred: list[Fix] = []
    taken: defaultdict[str, list[_Place]] = defaultdict(list)
    wholes: set[frozenset[Edit]] = set()
    known: dict[int, bool] = {}  # by id: many findings may have one fix, and it may be long
    order: dict[int, tuple[object, ...]] = {}
    every = list(fixes)
    for fix in every:
        if id(fix) not in order:
            order[id(fix)] = _order(fix)
    for fix in sorted(every, key=lambda each: order[id(each)]):
        if id(fix) in known:
            (chosen if known[id(fix)] else deferred).append(fix)
            continue
        whole = frozenset(fix.edits)
        if whole not in wholes:
            fresh = [edit for edit in sorted(whole) if not (_shareable(edit) and _is_taken(taken[edit.path], _place(edit)))]
            if _clashes_with_itself(whole) or any(_conflicts(taken[edit.path], _place(edit)) for edit in fresh):
                deferred.append(fix)
                known[id(fix)] = False
                continue
            wholes.add(whole)
            for edit in fresh:
                insort(taken[edit.path], _place(edit))
        chosen.append(fix)
        known[id(fix)] = True
    return chosen, deferred


def overlap(one: Edit, other: Edit) -> bool:
    """Whether two edits cannot both be made: their ranges share text, or their order would decide the outcome.

    Two different inserts at one place overlap. An insert at either end of a replacement does not: whichever is made first, the text is the same.
    """
    return one.path == other.path and _clash(_place(one), _place(other))


def _place(edit: Edit) -> _Place:
    return edit.span.start.offset, edit.span.end.offset, edit.text


def _clash(one: _Place, other: _Place) -> bool:
    if one == other:
        return False
    if one[0] == one[1] == other[0] == other[1]:
        return True
    return one[0] < other[1] and other[0] < one[1]


def _order(fix: Fix) -> tuple[object, ...]:
    edits = sorted((edit.path, *_place(edit)) for edit in fix.edits)
    first = edits[0][:3] if edits else ("", 0, 0)
    return first, fix.title, edits, fix.applicability.value, fix.imports, fix.declarations


def _clashes_with_itself(edits: Iterable[Edit]) -> bool:
    return any(overlap(one, other) for one, other in pairwise(sorted(edits, key=lambda edit: (edit.path, _place(edit)))))


def _shareable(edit: Edit) -> bool:
    """Whether two fixes may both mean this one edit: a replacement always, an insert unless its brackets are closed by another edit."""
    start, end, new = _place(edit)
    return start < end or all(new.count(left) == new.count(right) for left, right in ("()", "[]", "{}"))


def _is_taken(taken: Sequence[_Place], place: _Place) -> bool:
    index = bisect_left(taken, place)
    return index < len(taken) and taken[index] == place


def _conflicts(taken: Sequence[_Place], place: _Place) -> bool:
    """Whether `place` clashes with one of `taken`, which are sorted and do not clash; an identical insert counts as a clash here."""
    first = bisect_left(taken, (place[0],))
    if first and _clash(taken[first - 1], place):
        return True
    near = takewhile(lambda other: other[0] <= place[1], islice(taken, first, None))
    return any(other == place or _clash(other, place) for other in near)
