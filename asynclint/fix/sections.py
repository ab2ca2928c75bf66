"""Statements that can leave the critical section of a lock, because they touch nothing that it guards: shown, never applied."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from asynclint.fix.locks import uses_of
from asynclint.fix.occurrences import Occurrences
from asynclint.index import facts as f
from asynclint.index.refs import ref
from asynclint.model import Applicability, Edit, Fix, Withheld
from asynclint.program.values import External, FunctionValue, Scope
from asynclint.walk.suspensions import own_nodes, suspensions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.walk.context import Context

_REACH = 60  # functions that are looked into for what they touch


def leave(ctx: Context, statement: ast.With) -> Fix:
    """Move the suspension points of a `with lock:` out of it, with the statements before or after them, where nothing of what other sections of the
    lock, and the rest of this one, touch is touched there. Raises Withheld.
    """
    body, item = statement.body, statement.items[0].context_expr
    if len(statement.items) > 1 or body[0].lineno == statement.lineno:
        raise Withheld("the `with` has several items, or stands on one line")
    touched = [_touched(ctx, [each], ctx.scope) for each in body]
    suspending = [n for n, each in enumerate(body) if suspensions([each])]
    guarded = _guarded(ctx, item, statement)
    own = {f.last_name(ref(item))}
    for first, last in _ranges(suspending, len(body)):
        kept = set[str]().union(*(names or () for names in touched[first:last]), guarded) - own
        moved = [*touched[:first], *touched[last:]]
        if kept and all(names is not None and names.isdisjoint(kept) for names in moved):
            return _moved(ctx, statement, first, last, kept)
    raise Withheld("the statements that suspend touch what the lock guards, or nobody knows")


def _ranges(suspending: list[int], count: int) -> list[tuple[int, int]]:
    """Which statements could stay, none of them suspending: the first and the one behind the last, those that keep the most first."""
    edges = [-1, *suspending, count]
    ranges = [(before + 1, after) for before, after in pairwise(edges) if after - before > 1]
    return sorted(ranges, key=lambda each: (each[0] - each[1], each[0]))


def _guarded(ctx: Context, item: Any, statement: ast.With) -> set[str]:
    """The names of what the other critical sections of a lock touch, as far as it is known."""
    found = set[str]()
    for use in uses_of(ctx, item):
        if isinstance(use.above[-1], ast.withitem) and use.above[-2].lineno != statement.lineno:
            found |= _touched(ctx, use.above[-2].body, use.scope) or set()
    return found


def _touched(ctx: Context, statements: Iterable[ast.AST], scope: Scope) -> set[str] | None:
    """The attributes and global names that statements touch, themselves and through functions of the project; None where a call is not known."""
    todo: list[tuple[Iterable[ast.AST], Scope]] = [(statements, scope)]
    found, seen = set[str](), set[tuple[int, int]]()
    while todo:
        part, scope = todo.pop()
        for node in (inner for each in part for inner in own_nodes(each)):
            if isinstance(node, ast.Call):
                values = ctx.program.evaluate(ref(node.func), scope)
                known = [value for value in values if isinstance(value, (FunctionValue, External))]
                if (not values and _is_of_project(node.func)) or len(known) < len(values) or len(seen) > _REACH:
                    return None
                for value in known:
                    if isinstance(value, FunctionValue) and value.key not in seen and not ctx.program.is_outside(value.module):
                        seen.add(value.key)
                        function = Occurrences.shared(ctx.program, ctx.sources).function(value.key)
                        todo.append((function.body if isinstance(function.body, list) else [function.body], Scope(*value.key)))
            elif isinstance(node, ast.Attribute) and not _is_function(ctx, node, scope):
                found.add(node.attr)
            elif isinstance(node, ast.Name) and _is_global(ctx, node.id, scope):
                found.add(node.id)
    return found


def _is_of_project(callee: ast.expr) -> bool:
    """Whether a call of which nothing is known may be one of a method of `self`, or of a plain name."""
    return isinstance(callee, ast.Name) or (isinstance(callee, ast.Attribute) and isinstance(callee.value, ast.Name) and callee.value.id == "self")


def _is_function(ctx: Context, node: ast.Attribute, scope: Scope) -> bool:
    return any(isinstance(value, (FunctionValue, External)) for value in ctx.program.evaluate(ref(node), scope))


def _is_global(ctx: Context, name: str, scope: Scope) -> bool:
    """Whether a name is a variable of the module, no function, class or import."""
    functions, number = ctx.program.facts(scope.module).functions, scope.function
    while number > 0:
        if name in functions[number].bindings or any(param.name == name for param in functions[number].params):
            return False
        number = functions[number].parent
    bound = functions[0].bindings.get(name, ())
    return bool(bound) and not all(each.__class__ is tuple and each[0] in ("def", "class", "import") for each in bound)


def _moved(ctx: Context, statement: ast.With, first: int, last: int, kept: set[str]) -> Fix:
    body, source = statement.body, ctx.source
    outer = source.indentation(source.offset_at(statement.lineno, statement.col_offset))
    inner = source.indentation(source.offset_at(body[0].lineno, body[0].col_offset))
    edits: list[Edit] = []
    lines: list[int] = []
    for part, goes_before in ((body[:first], True), (body[last:], False)):
        if not part:
            continue
        start, end = part[0].lineno, part[-1].end_lineno or 0
        strings = [n for each in part for n in ast.walk(each) if isinstance(n, (ast.Constant, ast.JoinedStr)) and n.lineno != n.end_lineno]
        if strings or not inner.startswith(outer) or inner == outer:
            raise Withheld("a string of several lines would change with its indentation")
        lines += [node.lineno for node in suspensions(part)]
        texts = [_dedented(source.line_text(line), inner, outer) for line in range(start, end + 1)]
        block = source.span(source.line_starts[start - 1], _end_of_line(ctx, end))
        if goes_before:
            above = source.line_starts[statement.lineno - 1]
            edits.append(Edit(ctx.path, source.span(above, above), source.newline.join(texts) + source.newline))
            behind = source.line_starts[end] if end < len(source.line_starts) else len(source.text)
            edits.append(Edit(ctx.path, source.span(block.start.offset, behind), ""))
        else:
            edits.append(Edit(ctx.path, block, source.newline.join(texts)))
    shown = ", ".join(f"`{name}`" for name in sorted(kept)[:3])
    plural = "s" * (len(lines) > 1)
    title = f"Take line{plural} {', '.join(map(str, sorted(set(lines))))} out of the `with`: nothing there touches what the lock guards ({shown})"
    return Fix(title, Applicability.MANUAL, tuple(sorted(edits)))


def _dedented(line: str, inner: str, outer: str) -> str:
    return outer + line[len(inner) :] if line.startswith(inner) else line


def _end_of_line(ctx: Context, line: int) -> int:
    return ctx.source.line_starts[line - 1] + len(ctx.source.line_text(line))
