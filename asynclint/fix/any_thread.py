"""Whether a piece of a coroutine may run in any thread."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from asynclint.fix.thread_knowledge import require_block_movable
from asynclint.fix.threads import keeps_context
from asynclint.model import Withheld
from asynclint.program.values import External, ExternalInstance, FunctionValue
from asynclint.walk.locals import parts, stored
from asynclint.walk.offloads import bound_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asynclint.walk.context import Context

_ASYNCHRONOUS = frozenset({"asyncio", "anyio", "trio", "sniffio", "contextvars"})
_LOOKING_AT_FRAMES = frozenset({"locals", "vars", "eval", "exec", "dir"})
_LOCAL = frozenset({"threading.local", "_thread._local"})
_STOPPING = frozenset({"StopIteration", "Exception", "BaseException"})
_TRIES: tuple[Any, ...] = (ast.Try, getattr(ast, "TryStar", ast.Try))


def require_any_thread(ctx: Context, function: Any, region: Sequence[ast.stmt]) -> None:
    """Raise Withheld where something in statements of a function needs the thread, or the frame, in which it now runs."""
    looking = _looking_at_frame(function)
    if looking is not None:
        raise Withheld(f"`{looking.func.id}()` looks at the names of the function ({ctx.source.named(looking.lineno)})")
    line = ctx.source.looks_up_names(function.lineno, function.end_lineno or 0)
    if line:
        raise Withheld(f"IPython looks at the names of the function ({ctx.source.named(line)})")
    require_block_movable(ctx, region, keeps_context=keeps_context(ctx))
    own = stored(region)
    for node in (node for top in region for node in ast.walk(top)):
        if isinstance(node, ast.Call):
            _require_call(ctx, node, own)
        elif isinstance(node, ast.Attribute) and any(
            isinstance(value, ExternalInstance) and value.path in _LOCAL for value in ctx.evaluate(node.value)
        ):
            raise Withheld(f"`{ctx.text_of(node)}` is another one in each thread")
    for top in region:
        stopping = _stops(top)
        if stopping is not None:
            raise Withheld(f"`StopIteration` may leave the block ({ctx.source.named(stopping.lineno)}), and cannot come out of a thread")


@lru_cache(maxsize=4)
def _looking_at_frame(function: Any) -> Any:
    """A call in a function that looks at its frame; None where there is none."""
    for node in parts(function) if not isinstance(function, ast.AsyncFunctionDef) else (n for top in function.body for n in parts(top)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _LOOKING_AT_FRAMES:
            return node
    return None


def _require_call(ctx: Context, call: ast.Call, own: Iterable[str]) -> None:
    if isinstance(call.func, ast.Name) and call.func.id == "super" and not call.args:
        raise Withheld("`super()` without arguments works only in the method itself")
    catalog, contexts = ctx.program.catalog, ctx.program.contexts
    values = ctx.evaluate(call.func)
    for value in values:
        if isinstance(value, External):
            block = catalog.block(value.path)
            if value.path in catalog.touches_loop or value.path.partition(".")[0] in _ASYNCHRONOUS:
                raise Withheld(f"the block uses `{value.path}`, which needs the thread of the event loop")
            if block is not None and block.offload == "never" and _root(call.func) not in own:
                raise Withheld(f"the block uses `{block.path}` of an object from outside, which must stay in the thread that made it")
    for target in ctx.program.effects.targets(values, 0):
        if isinstance(target, FunctionValue) and not ctx.program.function(target.key).is_async:
            hazard = contexts.hazard(target.key)
            if hazard and not hazard.startswith("it is a generator"):
                raise Withheld(f"{hazard}, so the block cannot be moved into a thread as it is")


def _root(expression: ast.expr) -> str:
    while isinstance(expression, (ast.Attribute, ast.Call, ast.Subscript)):
        expression = expression.func if isinstance(expression, ast.Call) else expression.value
    return expression.id if isinstance(expression, ast.Name) else ""


def require_not_bound(ctx: Context, region: Sequence[ast.stmt], names: Iterable[str]) -> None:
    """Raise Withheld where what leaves statements under these names, by `return` or in an attribute is bound to its thread."""
    leaving: list[ast.expr] = [ast.Name(name, ast.Load()) for name in names]
    for top in region:
        for node in parts(top):
            if (isinstance(node, ast.Return) and node.value is not None) or (
                isinstance(node, ast.Assign) and any(isinstance(target, (ast.Attribute, ast.Subscript)) for target in node.targets)
            ):
                leaving += [node.value, *getattr(node.value, "elts", ())]  # type: ignore[list-item]
    for each in leaving:
        path = bound_type(ctx, each)
        if path:
            raise Withheld(f"a `{path}` leaves the block, and must stay in the thread that made it")


def _stops(node: ast.AST) -> Any:
    """What in a piece of code may raise `StopIteration` that nothing in it catches."""
    if isinstance(node, _TRIES) and any(each.type is None or _caught(each.type) for each in node.handlers):
        inner = [*node.handlers, *node.orelse, *node.finalbody]
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.GeneratorExp)):
        inner = []
    else:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "next" and len(node.args) == 1:
            return node
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__next__":
            return node
        if isinstance(node, ast.Raise) and node.exc is not None and _caught(node.exc, "StopIteration"):
            return node
        inner = list(ast.iter_child_nodes(node))
    return next((found for each in inner if (found := _stops(each)) is not None), None)


def _caught(type_: ast.AST, *names: str) -> bool:
    wanted = frozenset(names) or _STOPPING
    return any(isinstance(node, ast.Name) and node.id in wanted for node in ast.walk(type_))
