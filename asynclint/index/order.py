"""The children of a syntax tree's node in the order of the source text."""

from __future__ import annotations

import ast
from typing import Any

_ORDER: dict[type, tuple[str, ...]] = {ast.IfExp: ("body", "test", "orelse")}  # where `_fields` has another order
_SKIPPED_FIELDS = {
    "ctx",
    "op",
    "ops",
    "names",
    "name",
    "attr",
    "id",
    "arg",
    "kind",
    "type_comment",
    "simple",
    "level",
    "module",
    "conversion",
    "is_async",
    "kwd_attrs",
    "rest",
    "tag",
}


def _fields(kind: type) -> tuple[str, ...]:
    if kind in (ast.Constant, ast.MatchSingleton):
        return ()  # its value is no node
    names = _ORDER.get(kind) or kind._fields  # type: ignore[attr-defined]
    return tuple(reversed([name for name in names if name not in _SKIPPED_FIELDS]))


_FIELDS = {kind: _fields(kind) for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)}


def children(node: Any) -> list[ast.AST]:
    """The children of `node` that are nodes, the last one first: ready to be pushed on a stack. Plain names and constants, which are most nodes
    and have nothing below them, may be left out.
    """
    kind = node.__class__
    special = _SPECIAL.get(kind)
    if special is not None:
        return special(node)  # type: ignore[no-any-return, operator]
    found: list[ast.AST] = []
    name_, constant = ast.Name, ast.Constant
    for name in _FIELDS[kind]:
        child = getattr(node, name)
        kind = child.__class__
        if kind is list:
            found.extend(reversed(child))
        elif kind is not name_ and kind is not constant and child is not None:
            found.append(child)
    return found


def call_arguments(node: ast.Call) -> list[ast.AST]:
    """The arguments of a call that are neither names nor constants, the last one first."""
    found: list[Any] = [value for value in node.args[::-1] if value.__class__ is not ast.Name and value.__class__ is not ast.Constant]
    if node.keywords:
        values = [keyword.value for keyword in reversed(node.keywords)]
        found = [*[value for value in values if value.__class__ is not ast.Name and value.__class__ is not ast.Constant], *found]
        if node.args and node.args[-1].__class__ is ast.Starred:  # f(a=1, *b)
            found.sort(key=lambda n: (n.lineno, n.col_offset), reverse=True)
    return found


def _call(node: ast.Call) -> list[ast.AST]:
    return [*call_arguments(node), node.func]


def _dict(node: ast.Dict) -> list[ast.AST]:
    found: list[ast.AST] = []
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None:
            found.append(key)
        found.append(value)
    found.reverse()
    return found


def _arguments(node: ast.arguments) -> list[ast.AST]:
    found: list[ast.AST] = []
    positional = [*node.posonlyargs, *node.args]
    first = len(positional) - len(node.defaults)
    for n, argument in enumerate(positional):
        if argument.annotation:
            found.append(argument.annotation)
        if n >= first:
            found.append(node.defaults[n - first])
    if node.vararg and node.vararg.annotation:
        found.append(node.vararg.annotation)
    for argument, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
        if argument.annotation:
            found.append(argument.annotation)
        if default:
            found.append(default)
    if node.kwarg and node.kwarg.annotation:
        found.append(node.kwarg.annotation)
    found.reverse()
    return found


def _function(node: Any) -> list[ast.AST]:
    found = [*node.decorator_list, *getattr(node, "type_params", ()), node.args]
    if node.returns is not None:
        found.append(node.returns)
    found += node.body
    found.reverse()
    return found


def _class(node: Any) -> list[ast.AST]:
    found = [*node.decorator_list, *getattr(node, "type_params", ()), *node.bases, *[k.value for k in node.keywords], *node.body]
    found.reverse()
    return found


_SPECIAL = {
    ast.Call: _call,
    ast.Dict: _dict,
    ast.arguments: _arguments,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
}
