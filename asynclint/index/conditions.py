"""What tests say of the code under them: that it computes, once, a value that was missing and is then remembered (in an attribute, a global or a
container); that it runs only where an optional parameter is given; that what it asks for is there, so that it need not wait.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.index.refs import dotted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asynclint.index.facts import Ref

STORING = frozenset({"setdefault", "add", "append", "update", "put"})  # methods of a container that remember what they are given
_SETTLED = {"done": True, "is_set": True, "empty": False}  # methods that say, by this answer, that nothing has to be waited for
VOLATILE = "?"
_LEAVING = (ast.Return, ast.Continue, ast.Raise)


def tested(test: Any, bindings: dict[str, list[Ref]], optional: frozenset[str]) -> tuple[frozenset[str], bool] | None:
    """The dotted names whose value a test asks for, and whether the body is the place where it is missing; None where it asks for none.

    `bindings` are those of the function: a local name counts as where it was fetched from, unless it is an `optional` parameter.
    """
    missing = False
    while test.__class__ is ast.UnaryOp and test.op.__class__ is ast.Not:
        test, missing = test.operand, not missing
    if test.__class__ is ast.Compare and len(test.ops) == 1:
        operator, right = test.ops[0].__class__, test.comparators[0]
        if operator in (ast.In, ast.NotIn):
            test, missing = right, missing != (operator is ast.NotIn)
        elif operator in (ast.Is, ast.IsNot) and right.__class__ is ast.Constant and right.value is None:
            test, missing = test.left, missing != (operator is ast.Is)
        else:
            return None
    if test.__class__ is ast.NamedExpr:
        test = test.value
    names = frozenset(_sources(test, bindings, optional))
    return (names, missing) if names else None


def looked_up(body: list[ast.stmt], bindings: dict[str, list[Ref]], optional: frozenset[str]) -> frozenset[str]:
    """The dotted names that a `try` looks something up in, where it does nothing else: `try: return CACHE[key]`."""
    value = getattr(body[0], "value", None) if len(body) == 1 else None
    return frozenset(_sources(value, bindings, optional)) if value.__class__ is ast.Subscript or value.__class__ is ast.Attribute else frozenset()


def given(test: Any, optional: frozenset[str], bindings: dict[str, list[Ref]]) -> frozenset[str]:
    """The optional parameters that a test made with `and` finds given."""
    if test.__class__ is not ast.BoolOp or test.op.__class__ is not ast.And:
        return frozenset()
    found: set[str] = set()
    for value in test.values:
        asked = tested(value, bindings, optional)
        if asked is not None and not asked[1]:
            found |= asked[0]
    return optional & found


def settled(test: Any) -> tuple[str, bool] | None:
    """What a test asks whether it is done (a future, an event, a queue that is not empty), and whether it is so in the body: its dotted name, with
    VOLATILE behind it if that may change at the next suspension point.
    """
    positive = True
    while test.__class__ is ast.UnaryOp and test.op.__class__ is ast.Not:
        test, positive = test.operand, not positive
    if test.__class__ is not ast.Call or test.func.__class__ is not ast.Attribute or test.func.attr not in _SETTLED:
        return None
    name = dotted(test.func.value)
    mark = VOLATILE if test.func.attr == "empty" else ""
    return (name + mark, positive == _SETTLED[test.func.attr]) if name else None


def leaves(body: list[ast.stmt]) -> bool:
    """Whether nothing after a block runs when the block does."""
    return isinstance(body[-1], _LEAVING)


def _sources(node: Any, bindings: dict[str, list[Ref]], optional: frozenset[str]) -> Iterator[str]:
    kind = node.__class__
    if kind is ast.Name or kind is ast.Attribute:
        name = dotted(node)
        if name is None:
            return
        known = None if name in optional else bindings.get(name)
        if known is None:
            yield name
        for ref in known or ():
            yield from _fetched(ref)
    elif kind is ast.Call:
        func = node.func
        if func.__class__ is ast.Attribute and func.attr == "get":
            yield from _sources(func.value, bindings, optional)
        elif func.__class__ is ast.Name and func.id in ("hasattr", "getattr") and len(node.args) > 1 and node.args[1].__class__ is ast.Constant:
            yield f"{dotted(node.args[0])}.{node.args[1].value!s}"
    elif kind is ast.Subscript:
        yield from _sources(node.value, bindings, optional)


def sources(names: Iterable[str], bindings: dict[str, list[Ref]]) -> set[str]:
    """Names, and where the values of those that are local come from."""
    return {*names, *(source for name in names for ref in bindings.get(name, ()) for source in _fetched(ref))}


def _fetched(ref: Ref) -> Iterator[str]:
    """Where the value of a local name comes from: `self.x`, `CACHE` of `CACHE.get(key)` and `CACHE[key]`."""
    if ref.__class__ is str:
        yield ref
    elif ref.__class__ is tuple and ref[0] == "item" and ref[1].__class__ is str:
        yield ref[1]
    elif ref.__class__ is tuple and ref[0] == "call" and ref[1].__class__ is str:
        head, _, last = ref[1].rpartition(".")
        if last == "get" and head:
            yield head
        elif ref[1] == "getattr" and len(ref[2]) > 1 and ref[2][0][1].__class__ is str and ref[2][1][1].__class__ is tuple:
            yield f"{ref[2][0][1]}.{ref[2][1][1][-1]}"
