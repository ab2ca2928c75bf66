"""Whether state that others can reach is read, tested or half changed before a place in a coroutine, and acted on or completed after it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.fix.mutability import Mutability
from asynclint.fix.touches import View
from asynclint.program.values import Instance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.fix.places import Place
    from asynclint.fix.touches import Access, Path
    from asynclint.program.values import ClassValue

_ANY = "*"  # in the place of the last part of a path
_MANY = 40  # modules that call something of the same name
_CHANGING = frozenset({"writes", "makes", "removes"})  # what is done to files that others may see half done
_ROWS = frozenset({"row", "unknown", "position"})


def comes_between(place: Place) -> str:
    """What another task could change, or see half done, at a new `await`; "" where nothing is."""
    before, after = place.before, place.after
    reads = {each.path for each in before if each.kind == "read"}
    written = {each.path for each in before if each.kind == "write" and not _is_awaited(place, each)}
    parts = written | {(*path[:-1], _ANY) for path in written if len(path) > 1}  # attributes of one object, names of one module, a container twice
    asked = {each.path for each in before if each.kind in _ROWS or each.kind == "ask"}
    for each in after:
        if each.kind == "write" and each.path in asked:
            return f"{_shown(each.path)} is asked before and changed after"
        if each.kind == "write" and each.path in reads:
            return f"{_shown(each.path)} is read before and written after"
        if each.kind == "write" and not parts.isdisjoint((each.path, (*each.path[:-1], _ANY))) and not _is_awaited(place, each):
            return f"{_shown(each.path)} is written after what belongs together with it"
    if any(each.does in _CHANGING for each in place.own_files):
        for each in after:
            if each.kind == "write" and not _is_awaited(place, each):
                return f"{_shown(each.path)} is written after the files that belong to it are changed"
    return _tested(place) or _in_a_row(place)


def _is_awaited(place: Place, each: Access) -> bool:
    """Whether a coroutine does it that is awaited: it may be suspended when half is done anyway."""
    return isinstance(place.timeline.parents.get(id(each.node)), ast.Await)


def _tested(place: Place) -> str:
    """What is tested before a place, where what is done after it relies on the outcome: an object that is used, a method that looks at the same."""
    tested = [each for each in place.before if id(each.node) in place.deciding and each.kind in ("read", "unknown", "row")]
    if not tested:
        return ""
    mutability = Mutability(place.view)
    below: set[Path] = set()  # what is tested, or holds what is
    read: dict[Path, list[Access]] = {}
    for test in tested:
        below.update(test.path[:length] for length in range(len(test.path) + (test.kind != "read")))
        if test.kind == "read" and len(test.path) > 1:
            read.setdefault(test.path, []).append(test)
    for each in place.after:
        if each.kind == "unknown" and each.path in below:
            return f"{_shown(each.path)} is tested before and used after"
        if each.kind == "use" or (each.kind == "read" and isinstance(each.node, ast.Call)):
            tests = (test for test in read.get(each.path, ()) if each.kind == "use" or each.node is not test.node)
            if any(mutability.is_rebound(test.path, _owners(place, test.node)) for test in tests):
                return f"{_shown(each.path)} is tested before and used after"
    return ""


def _owners(place: Place, node: Any) -> tuple[ClassValue, ...]:
    """The classes of the program that the owner of an attribute may be an instance of."""
    values = place.view.evaluate(node.value) if isinstance(node, ast.Attribute) else ()
    return tuple(value.klass for value in values if isinstance(value, Instance))


def positioned(place: Place) -> str:
    """What was positioned (`seek`) before a call that works at that position, where another task could move it at a new `await`; or ""."""
    own = {each.path for each in place.own if each.kind in _ROWS}
    return next((_shown(each.path) for each in place.before if each.kind == "position" and each.path in own and each.node is not place.node), "")


def _in_a_row(place: Place) -> str:
    """What is called before and after a place, or at it, where the calls belong together: writes to one stream, a transaction."""
    rows = {each.path for each in place.before if each.kind in _ROWS and each not in place.own}
    if any(each.kind in _ROWS for each in place.own):
        rows |= {each.path for each in place.own if any(each.path == other.path and other.kind in _ROWS for other in place.after)}
    for each in (*place.after, *place.own):
        if each.path in rows and (each.kind in _ROWS or each.kind == "line"):
            return f"calls of {_shown(each.path)} belong together"
    return _in_a_round(place)


def _in_a_round(place: Place) -> str:
    """The same for a call that follows in the next round of a loop."""
    mine = place.timeline.of[id(place.node)]
    rounds = [arm for arm in mine.arms if arm[1] == "round"]
    if not rounds:
        return ""
    for each in place.after:
        other = place.timeline.of.get(id(each.node))
        if each.kind in _ROWS and other is not None and rounds[-1] in other.arms and not place.is_cut(rounds[-1]):
            return f"calls of {_shown(each.path)} belong together"
    for each in place.before:
        other = place.timeline.of.get(id(each.node))
        if each.kind in _ROWS and other is not None and rounds[-1] in other.arms and not place.is_cut(rounds[-1]):
            return f"calls of {_shown(each.path)} belong together"
    return ""


def iterates_shared(place: Place, loops: Iterable[Any]) -> str:
    """A container that others can reach and change, in a loop over which a place stands."""
    mutability = Mutability(place.view)
    for loop in loops:
        for path in place.view.iterated(loop):
            shared = (len(path) > 1 or path[0].startswith(("c:", "l:"))) and mutability.is_changed(path)
            if shared or (len(path) == 1 and path[0].startswith("p:") and _is_given_shared(place, path[0][2:])):
                return f"{_shown(path)} is iterated around it"
    return ""


def _is_given_shared(place: Place, parameter: str) -> bool:
    """Whether a caller in the program gives a container for a parameter that others can reach and change."""
    view, touches = place.view, place.view.touches
    function, modules = view.program.function(view.key), view.program.modules_using((view.program.function(view.key).name,))
    names = [param.name for param in function.params][1 if function.owner >= 0 else 0 :]
    if parameter not in names or len(modules) > _MANY:
        return False
    position = names.index(parameter)
    for use in touches.occurrences.of(function.name, modules):
        call: Any = use.above[-1] if use.above else None
        if not isinstance(call, ast.Call) or call.func is not use.node or not use.scope.function:
            continue
        given = next((each.value for each in call.keywords if each.arg == parameter), None)
        given = given if given is not None else call.args[position] if position < len(call.args) else None
        key = (use.scope.module, use.scope.function)
        caller = View(touches, key, touches.occurrences.function(key))
        paths = caller.iterated(given) if given is not None else []
        if any(len(path) > 1 and Mutability(caller).is_changed(path) for path in paths):
            return True
    return False


def _shown(path: Path) -> str:
    root = path[0].rpartition(":")[2] if not path[0].startswith("m:") else ""
    text = ".".join(part for part in (root, *path[1:]) if part).replace(".[]", "[...]")
    return f"`{text}`"
