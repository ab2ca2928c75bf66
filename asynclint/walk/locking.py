"""Where a coroutine holds a lock of threads or processes, itself or through helpers, and at which suspension points."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.index.refs import dotted, ref
from asynclint.program.values import External
from asynclint.walk.held import held_during, held_points
from asynclint.walk.suspensions import own_nodes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    import libcst as cst

    from asynclint.index.facts import Call
    from asynclint.model import Frame
    from asynclint.program.locks import Held, Hop
    from asynclint.walk.context import Context

_RELEASES = ("release", "__exit__")


class Taken(NamedTuple):
    """A lock that a call takes: how the lock or helper is written, and the suspension points at which it may still be held."""

    expression: Any
    held: Held
    points: list[Any]


def entered(ctx: Context, expression: Any) -> Held | None:
    """The lock that a `with` of an expression holds."""
    return next((held for held in ctx.program.locks.entered(ctx.evaluate(expression)) if _is_certain(ctx, held)), None)


def taken(ctx: Context, node: cst.Call) -> Taken | None:
    """The lock that a call takes in the function at hand and does not give back at once; None where it takes none."""
    function = ctx.function_node
    if function is None:
        return None
    whole, call = ctx.twin(function), ctx.twin(node)
    held = ctx.program.locks.taking(ctx.module).get(ctx.site(node).call)
    if held is not None:
        expression = call if held.hops else call.func.value
        return Taken(expression, held, _during(ctx, whole, call, held)[0])
    if is_enter_context(ctx.call_facts(node)) and call.args and any(_of_stack(value) for value in ctx.callees(node)):
        held = entered(ctx, call.args[0])
        stack = dotted(call.func.value) or "?"
        ends = ctx.once("ends of a stack", (whole, stack), lambda: _ends_of(whole, stack))
        if held is not None and ends:
            return Taken(call.args[0], held, held_points(whole, call, ends))
    return None


def held_lock(ctx: Context, node: cst.CSTNode) -> str:
    """How the sync lock, or its helper, is written that is held at the node at hand in its function, or ""."""
    function = ctx.function_node
    withs = []
    for above in reversed(ctx.ancestors):
        if above is function:
            break
        if above.__class__.__name__ == "With" and above.asynchronous is None:  # type: ignore[attr-defined]
            withs.append(ctx.twin(above))
    whole = ctx.twin(function) if function.__class__.__name__ == "FunctionDef" else None  # type: ignore[arg-type]
    return held_at(ctx, whole, withs, ctx.twin(node))


def held_at(ctx: Context, whole: ast.AST | None, withs: Iterable[ast.With], here: ast.AST) -> str:
    """How the sync lock, or its helper, is written that is held at a place in the function at hand, or "". `withs` are the statements around it."""
    for statement in withs:
        for item in statement.items:
            if entered(ctx, item.context_expr) is not None:
                return ctx.text_of(item.context_expr)
    if whole is None or not ctx.program.locks.taking(ctx.module):
        return ""
    expression = ctx.once("held", whole, lambda: _held_by(ctx, whole)).get(here)
    return ctx.text_of(expression) if expression is not None else ""


def _held_by(ctx: Context, whole: ast.AST) -> dict[ast.AST, ast.AST]:
    """The lock, or call of a helper, that is held where calls and attributes of the function at hand are computed."""
    taking = ctx.program.locks.taking(ctx.module)
    found: dict[ast.AST, ast.AST] = {}
    for number in ctx.program.calls_of(ctx.function):
        call: Any = _call_at(whole, ctx.program.call(ctx.module, number)) if number in taking else None
        if call is not None:
            expression = call if taking[number].hops else call.func.value
            for node in _during(ctx, whole, call, taking[number])[1]:
                found.setdefault(node, expression)
    return found


def _during(ctx: Context, whole: ast.AST, call: ast.Call, held: Held) -> tuple[list[Any], Collection[ast.AST]]:
    """What is computed in the function at hand while a lock is held that a call takes (see `held_during`)."""
    found: tuple[list[Any], Collection[ast.AST]]
    found = ctx.once("held from", (call, held), lambda: held_during(whole, call, _giving_back(ctx, whole, call, held)))
    return found


def hops(ctx: Context, held: Held) -> list[Frame]:
    """The hops through helpers to where a lock is taken."""
    return [ctx.frame_at((hop.module, hop.function), hop.line, hop.column) for hop in held.hops]


def is_enter_context(call: Call) -> bool:
    """Whether a call may put a manager on an `ExitStack`, as far as its name tells."""
    return call.callee.__class__ is str and call.callee.endswith(".enter_context")


def _of_stack(value: object) -> bool:
    return isinstance(value, External) and value.path.startswith("contextlib.") and value.path.endswith(".enter_context")


def _bound(item: ast.withitem) -> str:
    return dotted(item.optional_vars) or "" if item.optional_vars is not None else ""


def _ends_of(whole: ast.AST, stack: str) -> set[ast.AST]:
    """The `with` statements of a function that close a stack, and the calls that do; none where no `with` does."""
    ends: set[ast.AST] = {n for n in own_nodes(whole) if isinstance(n, (ast.With, ast.AsyncWith)) and stack in map(_bound, n.items)}
    names = (f"{stack}.close", f"{stack}.aclose", f"{stack}.pop_all")
    return ends and ends.union(n for n in own_nodes(whole) if isinstance(n, ast.Call) and dotted(n.func) in names)


def _giving_back(ctx: Context, whole: ast.AST, take: ast.Call, held: Held) -> set[ast.AST]:
    """The calls in a function that give a lock back: of the lock itself, where that is what is taken, and of helpers that give one back."""
    name = dotted(take.func.value) if isinstance(take.func, ast.Attribute) and not held.hops else None
    found: set[ast.AST] = ctx.once("giving back", (whole, name, ctx.scope), lambda: set(_giving_back_named(ctx, whole, name)))
    return found


def _giving_back_named(ctx: Context, whole: ast.AST, name: str | None) -> Iterator[ast.AST]:
    for node in own_nodes(whole):
        if isinstance(node, ast.Call) and ctx.program.locks.gives_back(ref(node.func), ctx.evaluate(node.func)):
            direct = isinstance(node.func, ast.Attribute) and node.func.attr in _RELEASES
            if not (direct and name) or dotted(node.func.value) == name:  # type: ignore[attr-defined]
                yield node


def _is_certain(ctx: Context, held: Held) -> bool:
    """Whether the generators among the helpers hold the lock when they yield: they may have given it back."""
    return all(_holds_at_yield(ctx, hop, held) for hop in held.hops if hop.call >= 0)


def _holds_at_yield(ctx: Context, hop: Hop, held: Held) -> bool:
    program = ctx.program
    function = program.function((hop.module, hop.function))
    if not function.is_generator:
        return True
    whole = ctx.function_tree((hop.module, hop.function))
    call = _call_at(whole, program.call(hop.module, hop.call))
    if call is None:
        return False
    direct = held._replace(hops=held.hops[held.hops.index(hop) + 1 :])
    return any(isinstance(point, ast.Yield) for point in held_points(whole, call, _giving_back(ctx, whole, call, direct)))


def _call_at(whole: ast.AST, call: Call) -> ast.Call | None:
    return _calls_in(whole).get((call.line, call.column, call.end_line, call.end_column))


@lru_cache(maxsize=4)
def _calls_in(whole: ast.AST) -> dict[tuple[Any, ...], ast.Call]:
    """The calls in the frame of a function by their place."""
    return {(n.lineno, n.col_offset, n.end_lineno, n.end_col_offset): n for n in own_nodes(whole) if isinstance(n, ast.Call)}
