"""The statements of a module that hold a suspect: libcst is slow, and what it is not given costs nothing.

Places and texts of findings come from the standard library's tree of the whole text, so nothing else notices that lines are missing.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from asynclint.index import ModuleFacts
    from asynclint.source import Source


class Part(NamedTuple):
    """What of a module is walked: the `text` for libcst, the statements that it has of the module and of classes (by node of the standard library's
    tree; the others are whole), and the numbers of its calls, in the order of the text."""

    text: str
    bodies: dict[ast.AST, list[ast.stmt]]
    calls: list[int]


def whole(source: Source, facts: ModuleFacts) -> Part:
    """All of a module."""
    return Part(source.text, {}, list(range(len(facts.calls))))


def elide(tree: ast.Module, source: Source, facts: ModuleFacts, suspects: Collection[int]) -> Part:
    """The statements at the top of a module, and in classes there, in which one of the functions `suspects` stands; all where one is the module."""
    if 0 in suspects:
        return whole(source, facts)
    outermost = [0]
    for number, function in enumerate(facts.functions):
        if number:
            outermost.append(outermost[function.parent] or number)
    lines = {facts.functions[outermost[number]].line for number in suspects}
    bodies: dict[ast.AST, list[ast.stmt]] = {}
    ranges: list[tuple[int, int]] = []
    _keep(tree, lines, bodies, ranges)
    wanted = {line for first, last in ranges for line in range(first, last + 1)}
    text = "".join(source.text[source.line_starts[first - 1] : _end(source, last)] for first, last in ranges)
    return Part(text, bodies, [number for number, raw in enumerate(facts.calls.raw) if raw[4] in wanted])


def _keep(parent: Any, lines: set[int], bodies: dict[ast.AST, list[ast.stmt]], ranges: list[tuple[int, int]]) -> None:
    """Note which statements of a body stay, and their first and last lines."""
    kept = bodies[parent] = []
    statements: Sequence[ast.stmt] = parent.body
    at = 0
    while at < len(statements):
        group = [statements[at]]  # statements that share lines stay or go together
        while at + len(group) < len(statements) and _first(statements[at + len(group)]) <= _last(group[-1]):
            group.append(statements[at + len(group)])
        at += len(group)
        first, last = _first(group[0]), _last(group[-1])
        if lines.isdisjoint(range(first, last + 1)):
            continue
        kept += group
        header = _header(group[0]) if len(group) == 1 else None
        if header is not None and lines.isdisjoint(range(first, header + 1)):
            ranges.append((first, header))
            _keep(group[0], lines, bodies, ranges)
        else:
            ranges.append((first, last))


def _header(statement: ast.stmt) -> int | None:
    """The last line of a class's header; None for other statements, and where the body begins on that line."""
    if not isinstance(statement, ast.ClassDef):
        return None
    parts: list[Any] = [*statement.bases, *statement.keywords, *getattr(statement, "type_params", ())]
    header = max([statement.lineno, *(part.end_lineno for part in parts)])
    last = _first(statement.body[0]) - 1
    return last if last >= header else None


def _first(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _last(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


def _end(source: Source, line: int) -> int:
    return source.line_starts[line] if line < len(source.line_starts) else len(source.text)
