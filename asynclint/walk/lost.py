"""Questions about task handles and coroutines that get lost."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.index import facts as f
from asynclint.program import types
from asynclint.program.values import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from asynclint.model import Frame
    from asynclint.walk.context import Context

_SUSPENDING = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)


def spawns(ctx: Context, node: cst.Call) -> bool:
    """Whether a call gives the handle of a new task that nobody else keeps."""
    return ctx.site(node) in ctx.program.tasks.spawns


def spawn_chain(ctx: Context, node: cst.Call) -> tuple[Frame, ...]:
    """The hops from a call that gives a task handle to the call that makes the task."""
    frames: list[Frame] = []
    site = ctx.site(node)
    while site is not None and len(frames) < 100:
        frames.append(ctx.frame(site))
        site = ctx.program.tasks.spawns[site]  # type: ignore[assignment]
    return tuple(frames)


def is_dropped(ctx: Context, node: cst.Call) -> bool:
    """Whether the value of a call is dropped: a statement, `_ =`, or what a callback of the loop returns."""
    flags = ctx.call_facts(node).flags
    if flags & f.LAMBDA_BODY and len(ctx.ancestors) >= 3 and ctx.ancestors[-3].__class__.__name__ == "Call":
        outer: Any = ctx.ancestors[-3]
        arguments = ctx.call_facts(outer).arguments
        return any(number >= 0 for value in ctx.callees(outer) for number in ctx.program.callbacks.handed(value, arguments))
    return bool(flags & f.DISCARDED)


def spawning_callbacks(ctx: Context, node: cst.Call) -> Iterator[str]:
    """The task makers that a call hands to the loop as callbacks, as written: `loop.call_later(1, asyncio.create_task, c)`."""
    catalog = ctx.program.catalog
    for path in ctx.callee_paths(node):
        if path in catalog.loop_callbacks:
            facts = ctx.call_facts(node)
            argument = types.argument(facts.arguments, catalog.loop_callbacks[path])
            if any(isinstance(v, External) and v.path in catalog.tasks for v in ctx.program.evaluate(argument, ctx.scope)):
                yield argument if isinstance(argument, str) else "the argument"


def unkept_name(ctx: Context, node: cst.Call) -> str:
    """The local name that alone holds the value of a call, and that is used for nothing that would keep it; else "".

    While the function is suspended, its frame keeps the name: so nothing is lost before the last suspension point of the function.
    """
    function = ctx.function_node
    if function is None or not ctx.call_facts(node).flags & f.ASSIGNED or ctx.ancestors[-1].__class__.__name__ != "Assign":
        return ""
    statement, whole = ctx.twin(ctx.ancestors[-1]), ctx.twin(function)
    target = statement.targets[0]
    if any(isinstance(n, (ast.Global, ast.Nonlocal)) and target.id in n.names for n in ast.walk(whole)):
        return ""
    end = (statement.end_lineno, statement.end_col_offset)
    if any(isinstance(n, _SUSPENDING) and (n.lineno, n.col_offset) >= end for n in ast.walk(whole)):
        return ""
    if any(
        isinstance(n, (ast.For, ast.While)) and (n.lineno, n.col_offset) < end <= (n.end_lineno or 0, n.end_col_offset or 0) and _suspends(n)
        for n in ast.walk(whole)
    ):
        return ""
    callbacks = {
        id(n.func.value)
        for n in ast.walk(whole)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "add_done_callback"
    }
    loads = [n for n in ast.walk(whole) if isinstance(n, ast.Name) and n.id == target.id and isinstance(n.ctx, ast.Load)]
    return target.id if all(id(n) in callbacks for n in loads) else ""


def _suspends(node: ast.AST) -> bool:
    return any(isinstance(n, _SUSPENDING) for n in ast.walk(node))


def drops_coroutine(ctx: Context, node: cst.Call) -> bool:
    """Whether a call makes a coroutine that nothing awaits."""
    return ctx.site(node).call in ctx.program.tasks.coroutine_sites(ctx.module)


def uses_coroutine(ctx: Context, node: cst.Call) -> bool:
    """Whether a call makes a coroutine that may be used as if it were the result."""
    return ctx.program.tasks.uses_coroutine(ctx.module, ctx.site(node).call)
