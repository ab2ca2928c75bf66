"""How the end of a piece of code may be reached: the ways out of statements, and what runs after them."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from asynclint.walk.suspensions import suspensions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Ends = Callable[[ast.Call], bool]  # whether a call never returns

FALL, RETURN, BREAK, CONTINUE, RAISE = "fall", "return", "break", "continue", "raise"
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def ways_out(statements: Iterable[ast.stmt], ends: Ends) -> set[str]:
    """The ways in which control may leave a row of statements; FALL is over its end."""
    found: set[str] = set()
    for statement in statements:
        ways = _ways_out(statement, ends)
        found |= ways - {FALL}
        if FALL not in ways:
            return found
    return found | {FALL}


def _ways_out(node: Any, ends: Ends) -> set[str]:
    kind = node.__class__
    if kind in _SIMPLE:
        return {_SIMPLE[kind]}
    if kind is ast.Expr:
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        return {RAISE} if isinstance(call, ast.Call) and ends(call) else {FALL}
    if kind is ast.If:
        return ways_out(node.body, ends) | ways_out(node.orelse, ends)
    if kind in _LOOPS:
        ways = ways_out(node.body, ends)
        endless = kind is ast.While and isinstance(node.test, ast.Constant) and bool(node.test.value)
        after = ({FALL} if BREAK in ways else set()) | (set() if endless else ways_out(node.orelse, ends))
        return ways - {FALL, BREAK, CONTINUE} | after
    if kind in (ast.With, ast.AsyncWith):
        return ways_out(node.body, ends)
    if kind in (ast.Try, getattr(ast, "TryStar", ast.Try)):
        return _out_of_try(node, ends)
    if kind is ast.Match:
        found = {FALL}.union(*(ways_out(case.body, ends) for case in node.cases))
        last = node.cases[-1]
        whole = last.guard is None and isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
        return set().union(*(ways_out(case.body, ends) for case in node.cases)) if whole else found
    return {FALL}


def _out_of_try(node: Any, ends: Ends) -> set[str]:
    ways = ways_out(node.body, ends)
    if FALL in ways:
        ways = ways - {FALL} | ways_out(node.orelse, ends)
    for handler in node.handlers:
        ways |= ways_out(handler.body, ends)
    last = ways_out(node.finalbody, ends)
    return ways | (last - {FALL}) if FALL in last else last


_SIMPLE: dict[type, str] = {ast.Return: RETURN, ast.Raise: RAISE, ast.Break: BREAK, ast.Continue: CONTINUE}


@lru_cache(maxsize=4)
def parents_of(function: ast.AST) -> Mapping[ast.AST, ast.AST]:
    """The parent of every node below a function. Of a function there is often more than one thing to be asked."""
    return {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}


def following(statement: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> Sequence[ast.stmt]:
    """The statements after one in the same row."""
    parent = parents[statement]
    for name in _BLOCKS:
        row = getattr(parent, name, None)
        if isinstance(row, list) and statement in row:
            return row[row.index(statement) + 1 :]
    return ()


def ends_function(statement: Any, ways: Iterable[str], parents: Mapping[ast.AST, ast.AST], function: ast.AST) -> bool:
    """Whether control that leaves a statement in these ways soon ends the function: no loop goes on, and none that suspends begins."""
    return all(way in (RAISE, RETURN) or _ends(statement, way, parents, function) for way in ways)


@lru_cache(maxsize=4)
def _around_suspending_loops(function: ast.AST) -> set[ast.AST]:
    """The nodes of a function that are, or hold, a loop that suspends."""
    found: set[ast.AST] = set()
    parents = parents_of(function)
    for node in ast.walk(function):
        if isinstance(node, _LOOPS) and node not in found and suspensions([node]):
            while node not in found:
                found.add(node)
                if node not in parents:
                    break
                node = parents[node]
    return found


def _ends(statement: Any, way: str, parents: Mapping[ast.AST, ast.AST], function: ast.AST) -> bool:
    node = statement
    if way == CONTINUE:
        return False
    if way == BREAK:
        while not (isinstance(parents[node], _LOOPS) and node in parents[node].body):  # type: ignore[attr-defined]
            node = parents[node]
        node = parents[node]
    while node is not function:
        rest = following(node, parents)
        if not _around_suspending_loops(function).isdisjoint(rest):
            return False
        if any(isinstance(each, ast.Return) for each in rest):
            return True
        node = parents[node]
        if isinstance(node, _LOOPS):
            return False
    return True
