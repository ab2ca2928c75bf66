"""Rewrites that give a task to the group around it: `asyncio.create_task(f())` -> `group.create_task(f())` in `async with TaskGroup() as group`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.model import Applicability, Edit, Fix
from asynclint.program.values import External

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.walk.context import Context

_OF_TASKS = frozenset({"name", "context"})  # what the group's `create_task` takes besides the coroutine


def give_to_group(ctx: Context, node: cst.Call) -> Fix | None:
    """Let the nearest group around a call that makes a task take it, in the same function; None where there is none, or it takes no such task."""
    found = _group(ctx)
    call: ast.Call = ctx.twin(node)
    if found is None or len(call.args) != 1 or not isinstance(call.args[0], ast.Call):
        return None
    name, method = found
    if method == "create_task":
        if not {keyword.arg for keyword in call.keywords} <= _OF_TASKS:
            return None
        edits = [Edit(ctx.path, ctx.span_of(call.func), f"{name}.{method}")]
    else:
        inner = call.args[0]
        is_plain = not call.keywords and not inner.keywords and not any(isinstance(each, ast.Starred) for each in inner.args)
        if not is_plain or ctx.ancestors[-1].__class__.__name__ != "Expr":
            return None
        arguments = ", ".join(map(ctx.text_of, (inner.func, *inner.args)))
        edits = [Edit(ctx.path, ctx.span_of(call), f"{name}.{method}({arguments})")]
    title = f"Give the task to `{name}`, which waits for it at the end of its block and is cancelled if it fails"
    return Fix(title, Applicability.UNSAFE, tuple(edits))


def _group(ctx: Context) -> tuple[str, str] | None:
    """The name of the nearest group around the node at hand, and its method that takes what is to run."""
    for above in reversed(ctx.ancestors):
        kind = above.__class__.__name__
        if kind in ("FunctionDef", "Lambda"):
            return None
        if kind == "With" and above.asynchronous is not None:  # type: ignore[attr-defined]
            for item in reversed(ctx.twin(above).items):
                method = _method(ctx, item.context_expr)
                if method and isinstance(item.optional_vars, ast.Name):
                    return item.optional_vars.id, method
    return None


def _method(ctx: Context, expression: Any) -> str:
    values = ctx.evaluate(expression.func) if isinstance(expression, ast.Call) else ()
    groups = ctx.program.catalog.groups
    return next((groups[value.path] for value in values if isinstance(value, External) and value.path in groups), "")
