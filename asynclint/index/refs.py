"""Expressions of the syntax tree -> Refs (see `facts`)."""

from __future__ import annotations

import ast
import re
from sys import intern
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from asynclint.index.facts import Ref

_PLAIN = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
BUILTIN = frozenset({"bool", "int", "float", "str", "bytes", "list", "dict", "set", "frozenset", "tuple"})
DEPTH = 12  # an expression nested deeper than this is unknown
ARGUMENT_DEPTH = 3  # the same for the arguments of a call
WIDTH = 8  # parts of a display that are kept
STRING = 80  # characters of a constant string that are kept


def dotted(node: ast.AST) -> str | None:
    """`a.b.c` as a string where the expression is made of names only, else None."""
    kind = node.__class__
    if kind is ast.Name:
        return node.id  # type: ignore[attr-defined, no-any-return]
    if kind is not ast.Attribute:
        return None
    base = node.value  # type: ignore[attr-defined]
    head = base.id if base.__class__ is ast.Name else dotted(base)
    return None if head is None else intern(f"{head}.{node.attr}")  # type: ignore[attr-defined]


def read_name(node: Any) -> str | None:
    """How the reading of an attribute is noted where it may run a property: `a.b.c`, `super().c`; None for other expressions."""
    base = node.value if node.__class__ is ast.Attribute else None
    if base.__class__ is ast.Call and base.func.__class__ is ast.Name and base.func.id == "super":
        return intern(f"super().{node.attr}")
    return dotted(node)


def caught_names(node: Any) -> tuple[str, ...]:
    """The last names in what an `except` or `suppress()` catches: `("CancelledError", "OSError")`; `""` for a bare `except:`."""
    kind = node.__class__
    if node is None:
        return ("",)
    if kind is ast.Tuple:
        return tuple(name for item in node.elts for name in caught_names(item))
    if kind is ast.Call:
        return caught_names(node.func)
    name = node.attr if kind is ast.Attribute else node.id if kind is ast.Name else ""
    return (intern(name),) if name else ()


def ref(node: ast.AST | None, depth: int = DEPTH) -> Ref:
    """The Ref of an expression; None where it is unknown."""
    if node is None or depth <= 0:
        return None
    make = _MAKERS.get(node.__class__)
    return make(node, depth - 1) if make else None


def arguments(call: ast.Call, depth: int) -> tuple[tuple[str | None, Ref], ...]:
    """The arguments of a call as (keyword, "*", "**" or None; Ref), positional ones first."""
    if not call.args and not call.keywords:
        return ()
    found: list[tuple[str | None, Ref]] = []
    for node in call.args:
        kind = node.__class__
        if kind is ast.Name:
            found.append((None, node.id))  # type: ignore[attr-defined]
        else:
            deep = DEPTH if kind is ast.Attribute else depth  # a method that is handed over, of what a chain of calls gives
            found.append(("*", ref(node.value, depth)) if kind is ast.Starred else (None, ref(node, deep)))  # type: ignore[attr-defined]
    found += [(keyword.arg or "**", ref(keyword.value, depth)) for keyword in call.keywords]
    return tuple(found)


def annotation(node: ast.AST | None) -> Ref:
    """The Ref of an annotation; a string annotation is parsed."""
    if node.__class__ is ast.Constant and isinstance(node.value, str):
        if _PLAIN.fullmatch(node.value):
            return intern(node.value)
        try:
            node = ast.parse(node.value, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    return ref(node)


def is_plain(declared: Ref) -> bool:
    """Whether an annotation is one of builtin types, whose values nobody can await, as far as the names tell."""
    if declared.__class__ is str:
        return declared in BUILTIN
    if declared.__class__ is not tuple:
        return False
    if declared[0] == "op":
        return is_plain(declared[2]) and is_plain(declared[3])
    return declared == ("const", None) or (declared[0] == "item" and is_plain(declared[1]))


def _name(node: Any, depth: int) -> Ref:
    return node.id


def _attribute(node: Any, depth: int) -> Ref:
    name = dotted(node)
    if name is not None:
        return name
    base = ref(node.value, depth)
    return None if base is None else ("attr", base, node.attr)


def _call(node: Any, depth: int) -> Ref:
    callee = ref(node.func, depth)
    return None if callee is None else ("call", callee, arguments(node, min(depth, 2)))


def _constant(node: Any, depth: int) -> Ref:
    value = node.value
    if value is None or value is True or value is False or isinstance(value, (int, float)):
        return ("const", value)
    if isinstance(value, str) and len(value) <= STRING and value.isprintable():
        return ("const", value)
    return ("type", type(value).__name__)


def _display(node: Any, depth: int) -> Ref:
    return ("many", *(ref(item, depth) for item in node.elts[:WIDTH]))


def _dict(node: Any, depth: int) -> Ref:
    return ("many", *(ref(item, depth) for item in node.values[:WIDTH]))


def _comprehension(node: Any, depth: int) -> Ref:
    return ("many", ref(node.elt, depth))


def _dict_comprehension(node: Any, depth: int) -> Ref:
    return ("many", ref(node.value, depth))


def _subscript(node: Any, depth: int) -> Ref:
    base = ref(node.value, depth)
    if base is None:
        return None
    key = node.slice
    return ("item", base, ("many", *(annotation(k) for k in key.elts[:WIDTH])) if key.__class__ is ast.Tuple else annotation(key))


def _await(node: Any, depth: int) -> Ref:
    base = ref(node.value, depth)
    return None if base is None else ("await", base)


def _if_expression(node: Any, depth: int) -> Ref:
    return ("or", ref(node.body, depth), ref(node.orelse, depth))


def _bool_operation(node: Any, depth: int) -> Ref:
    return ("or", *(ref(value, depth) for value in node.values[:WIDTH]))


_SYMBOLS = {ast.Div: "/", ast.BitOr: "|", ast.Add: "+", ast.Mod: "%"}


def _operation(node: Any, depth: int) -> Ref:
    symbol = _SYMBOLS.get(node.op.__class__)
    return ("op", symbol, ref(node.left, depth), ref(node.right, depth)) if symbol else None


def _walrus(node: Any, depth: int) -> Ref:
    return ref(node.value, depth)


def _lambda(node: Any, depth: int) -> Ref:
    number = getattr(node, "number_", None)  # given by the extractor to the lambdas of the module
    return None if number is None else ("def", number)


def _formatted(node: Any, depth: int) -> Ref:
    return ("type", "str")


_MAKERS: dict[type, Callable[[Any, int], Ref]] = {
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Constant: _constant,
    ast.List: _display,
    ast.Tuple: _display,
    ast.Set: _display,
    ast.Dict: _dict,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _dict_comprehension,
    ast.Subscript: _subscript,
    ast.Await: _await,
    ast.IfExp: _if_expression,
    ast.BoolOp: _bool_operation,
    ast.BinOp: _operation,
    ast.NamedExpr: _walrus,
    ast.Lambda: _lambda,
    ast.JoinedStr: _formatted,
}
