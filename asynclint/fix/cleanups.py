"""Whether a coroutine runs while its task is on the way out, in a library whose cancelled scopes cancel every await until they are left."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from asynclint.index.refs import caught_names
from asynclint.program.values import Awaitable, External, FunctionValue, Scope
from asynclint.walk.leaving import parents_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asynclint.program.values import FunctionKey
    from asynclint.walk.context import Context

_LEVEL_CANCELLED = frozenset({"anyio", "trio"})
_CLOSING = frozenset({"aclose", "__aexit__"})  # the methods of the language by which a block or a generator is left (PEP 492, PEP 525)
_PUSHING = frozenset({"push_async_callback", "push_async_exit"})
_REACH = 60  # callers that are looked at
_TRIES: tuple[type, ...] = (ast.Try, getattr(ast, "TryStar", ast.Try))


def may_lose(ctx: Context) -> bool:
    """Whether the function at hand cleans up for a caller, unshielded, where a cancelled scope would not let a new `await` end."""
    if ctx.backend not in _LEVEL_CANCELLED or ctx.function[1] == 0 or _is_shielded(list(map(_twin(ctx), ctx.ancestors))):
        return False
    program = ctx.program
    seen, todo = {ctx.function}, [ctx.function]
    while todo and len(seen) < _REACH:
        key = todo.pop(0)
        name = program.function(key).name
        if name in _CLOSING or key in _pushed(ctx):
            return True
        for module, number, functions in program.calls_named(program.with_aliases((name,))):
            caller = (module, program.call(module, number).function)
            if not any(value.key == key for value in functions) or caller[1] == 0 or not program.function(caller).is_async:
                continue
            if _may_clean_up(ctx, caller):
                around = list(_around(ctx, module, program.call(module, number)))
                if _is_shielded(around):
                    continue
                if any(_is_on_the_way_out(ctx, outer, inner) for inner, outer in pairwise(around)):
                    return True
            if caller not in seen:
                seen.add(caller)
                todo.append(caller)
    return False


def _twin(ctx: Context) -> Any:
    def twin(node: Any) -> Any:
        return ctx.twin(node) if node.__class__.__name__ == "With" else None

    return twin


def _may_clean_up(ctx: Context, key: FunctionKey) -> bool:
    """Whether the text of a function has a word of cleanups: most have none, and need not be parsed."""
    text = ctx.source_of(key[0]).lines_of(ctx.program.function(key).line, ctx.program.function(key).end_line)
    return "finally" in text or "except" in text or "shield" in text


def _around(ctx: Context, module: int, call: Any) -> Iterator[ast.AST]:
    """A call of a module, and what stands around it in its function, innermost first."""
    trees: Any = ctx.sources.kept.setdefault(f"{__name__}.trees", {})
    tree = ctx.sources.tree(module)
    if module not in trees or trees[module][0] is not tree:
        trees[module] = tree, parents_of(tree), {_place(node): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    _, parents, calls = trees[module]
    node = calls.get((call.line, call.column, call.end_line, call.end_column))
    while node is not None and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        yield node
        node = parents.get(node)


def _place(node: Any) -> tuple[int, int, int, int]:
    return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def _is_on_the_way_out(ctx: Context, outer: Any, inner: ast.AST) -> bool:
    """Whether a node stands in a `finally`, or in a handler of cancellations."""
    if isinstance(outer, _TRIES):
        return inner in outer.finalbody  # type: ignore[attr-defined]
    if isinstance(outer, ast.ExceptHandler):
        return not ctx.program.cancellation_names.isdisjoint(caught_names(outer.type))
    return False


def _is_shielded(around: list[Any]) -> bool:
    """Whether one of the `with` statements around opens a scope with `shield=True`."""
    items = [item.context_expr for node in around if isinstance(node, (ast.With, ast.AsyncWith)) for item in node.items]
    keywords = [keyword for item in items if isinstance(item, ast.Call) for keyword in item.keywords]
    return any(each.arg == "shield" and isinstance(each.value, ast.Constant) and each.value.value is True for each in keywords)


def _pushed(ctx: Context) -> set[FunctionKey]:
    """The functions that are given to an `AsyncExitStack`, which runs them when its block is left."""
    program = ctx.program
    kept = ctx.sources.kept.get(__name__)
    if isinstance(kept, tuple) and kept[0] is program:
        return kept[1]  # type: ignore[no-any-return]
    found = set[tuple[int, int]]()
    for module in program.modules_using(_PUSHING):
        for number in program.facts(module).calls_of(_PUSHING):
            call = program.call(module, number)
            if call.arguments and any(isinstance(value, External) for value in program.callees(module, number)):
                values = program.evaluate(call.arguments[0][1], Scope(module, call.function))
                found |= {value.key for value in values if isinstance(value, FunctionValue)}
                found |= {value.function.key for value in values if isinstance(value, Awaitable) and value.function is not None}
    ctx.sources.kept[__name__] = (program, found)
    return found
