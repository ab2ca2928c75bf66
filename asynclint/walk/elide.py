"""The text of a module without the bodies of the functions that hold no suspect: libcst is slow, and what it is not given costs nothing.

Places and texts of findings come from the standard library's tree of the whole text, so nothing else notices that lines are missing.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from asynclint.index.facts import LAMBDA

if TYPE_CHECKING:
    from collections.abc import Collection

    from asynclint.index import ModuleFacts
    from asynclint.source import Source

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_BLANKS = " \t\f"


class Part(NamedTuple):
    """What of a module is walked: the `text` for libcst, the definitions of the standard library's tree whose bodies it lacks, and the numbers of
    the calls that it has, in the order of the text."""

    text: str
    elided: frozenset[ast.AST]
    calls: list[int]


def whole(source: Source, facts: ModuleFacts) -> Part:
    """All of a module."""
    return Part(source.text, frozenset(), list(range(len(facts.calls))))


def elide(tree: ast.Module, source: Source, facts: ModuleFacts, suspects: Collection[int]) -> Part:
    """A module without the bodies of those functions at its top, and methods of classes there, in which none of the functions `suspects` stands.

    Headers stay, and with them decorators, defaults and annotations; so does a body that begins on the line of its header.
    """
    outermost = [0]
    for number, function in enumerate(facts.functions):
        if number:
            outermost.append(outermost[function.parent] or number)
    kept = {outermost[number] for number in suspects}
    numbers = {
        (function.line, function.column): number
        for number, function in enumerate(facts.functions)
        if function.parent == 0 and not function.flags & LAMBDA and number not in kept
    }
    elided: dict[ast.AST, int] = {}
    cuts: list[tuple[int, int, str]] = []
    for definition in _outermost(tree):
        found = numbers.get((definition.lineno, definition.col_offset))
        cut = _cut(definition, source) if found is not None else None
        if found is not None and cut is not None:
            elided[definition] = found
            cuts.append(cut)
    gone = set(elided.values())
    calls = [number for number, raw in enumerate(facts.calls.raw) if outermost[raw[0]] not in gone]
    return Part(_without(source.text, cuts), frozenset(elided), calls)


def _outermost(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The definitions that stand in no other one."""
    found = []
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, _DEFINITIONS):
            found.append(node)
        else:
            for name in _BLOCKS:
                stack.extend(getattr(node, name, ()))
    return found


def _cut(definition: ast.FunctionDef | ast.AsyncFunctionDef, source: Source) -> tuple[int, int, str] | None:
    """The offsets between which the lines of a body lie, and their indentation; None where the body does not begin a line."""
    first = definition.body[0]
    decorators = getattr(first, "decorator_list", ())
    line = min([first.lineno, *(decorator.lineno for decorator in decorators)])
    text = source.line_text(line)
    rest = text.lstrip(_BLANKS)
    indentation = text[: len(text) - len(rest)]
    if not (rest.startswith("@") if decorators else len(indentation) == first.col_offset):
        return None
    starts, last = source.line_starts, definition.end_lineno or 0
    return starts[line - 1], starts[last] if last < len(starts) else len(source.text), indentation


def _without(text: str, cuts: list[tuple[int, int, str]]) -> str:
    pieces, at = [], 0
    for start, end, indentation in sorted(cuts):
        pieces += [text[at:start], indentation, "...\n"]
        at = end
    return "".join([*pieces, text[at:]])
