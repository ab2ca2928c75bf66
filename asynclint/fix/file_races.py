"""Whether files are looked at before a place in a coroutine and acted on after it, as the program did so far without another task in between."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asynclint.fix.files_touched import FileAccess
    from asynclint.fix.places import Place

_ACTS = frozenset({"writes", "makes", "removes"})


def comes_between(place: Place) -> str:
    """What another task could do to a file at a new `await`; "" where nothing is known."""
    before, after = place.files_before, [*place.files_after, *place.own_files]
    for act in after:
        for each in before:
            if act.does in _ACTS and each.node is not act.node and _relies(place, each, act):
                return f"a file is looked at before (line {each.node.lineno}) and changed after (line {act.node.lineno})"
    return ""


def drains(place: Place) -> str:
    """Whether the place gives an iterator over files to a loop that changes files: taken whole first, it shows what is no longer there."""
    parent = place.above[0] if place.above else None
    if isinstance(parent, ast.For) and parent.iter is place.node and place.own_files:
        inside = {id(node) for statement in parent.body for node in ast.walk(statement)}
        if any(each.does in _ACTS and id(each.node) in inside for each in place.files_later):
            return "the loop changes the files that it is still to find"
    return ""


def _relies(place: Place, each: FileAccess, act: FileAccess) -> bool:
    """Whether what is done to a file relies on an earlier touch of it."""
    if each.does == "reads":
        return act.does != "makes" and bool(each.whole & act.whole)
    if each.does in ("writes", "makes"):
        return act.does == "removes" and bool(each.whole & act.whole)
    if each.does != "looks":
        return False
    return bool(each.whole & act.parts or act.whole & each.parts or act.names & _told_by(place, each.node))


def _told_by(place: Place, look: Any) -> set[str]:
    """The local names whose values come from looking at files."""
    found, nodes = set[str](), {id(look)}
    for _ in range(4):
        known = len(found)
        for moment in place.timeline.moments:
            node: Any = moment.node
            pairs: list[tuple[Any, Any]] = []
            if isinstance(node, ast.Assign):
                pairs = [(target, node.value) for target in node.targets]
            elif isinstance(node, (ast.AnnAssign, ast.NamedExpr, ast.AugAssign)) and node.value is not None:
                pairs = [(node.target, node.value)]
            elif isinstance(node, (ast.For, ast.comprehension)):
                pairs = [(node.target, node.iter)]
            for target, value in pairs:
                if any(id(each) in nodes or (isinstance(each, ast.Name) and each.id in found) for each in ast.walk(value)):
                    found |= {each.id for each in ast.walk(target) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
        if len(found) == known:
            break
    return found
