"""When a new `await` may change what a program does."""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Any

from asynclint.fix import cancellation_loss, cleanups, file_races, held, races, shared_state
from asynclint.fix.places import Place
from asynclint.index.refs import caught_names, dotted
from asynclint.model import Applicability, Withheld
from asynclint.program.known import Block
from asynclint.program.values import External

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.index.facts import Function
    from asynclint.program.effects import Effect
    from asynclint.walk.context import Context


_WAITING = frozenset({"sleep", "wait", "console"})  # kinds of what neither tests nor changes anything


def demoted(ctx: Context, node: cst.CSTNode, *, in_thread: bool = False) -> Applicability:
    """Safe, or unsafe where a new suspension point could come between a test of shared state and the act that depends on it, or where the task may be
    on its way out because it was cancelled: there it is cancelled again at an `await`, and what follows does not run.
    """
    function = ctx.function_node
    if function is None:
        return Applicability.SAFE
    if _tests_and_acts(ctx, node) or _cleans_up(ctx, function) or _is_caught(ctx, function) or cleanups.may_lose(ctx) or _is_member_test(ctx, node):
        return Applicability.UNSAFE
    here, twin = ctx.twin(node), ctx.twin(function)
    if races.first_suspension_of_a_task(ctx, twin) or races.guards_an_act(ctx, twin, here, lambda call: _blocks(ctx, call, _WAITING)):
        return Applicability.UNSAFE
    return Applicability.UNSAFE if _reason(ctx, twin, here, in_thread=in_thread) else Applicability.SAFE


def require_position(ctx: Context, node: cst.CSTNode) -> None:
    """Raise Withheld where a call works at a position that was set before, in an object that other tasks can reach."""
    function = ctx.function_node
    shown = shared_state.positioned(Place(ctx, ctx.twin(function), ctx.twin(node))) if function is not None else ""
    if shown:
        raise Withheld(f"the position in {shown} is set before, and another task could move it; do both in one function, in a thread, under a lock")


def _reason(ctx: Context, function: Any, node: Any, *, in_thread: bool) -> str:
    """Why a new `await` at a node may change what a function does, or ""."""
    place = Place(ctx, function, node)
    effect = ctx.effect(ctx.node_of(node))
    return (
        shared_state.comes_between(place)
        or shared_state.iterates_shared(place, place.loops())
        or file_races.comes_between(place)
        or file_races.drains(place)
        or held.at(place, in_thread=in_thread and not _only_reads(place))
        or (held.changes_process(place) if in_thread else "")
        or ("a helper asks the user, and may handle an interrupt" if in_thread and _asks_in_helper(effect) else "")
        or cancellation_loss.at(place, effect.block if in_thread and effect is not None else None)
    )


def _asks_in_helper(effect: Effect | None) -> bool:
    """Whether a helper waits for the user: an interrupt reaches the thread of the loop, not the helper's handler in another one."""
    return effect is not None and effect.kind == "console" and not effect.is_direct


def _only_reads(place: Place) -> bool:
    """Whether all that is known of the call is that it looks at files: what a thread finds out in vain harms nobody."""
    return bool(place.own_files) and all(each.does in ("looks", "reads") for each in place.own_files)


def _cleans_up(ctx: Context, function: cst.CSTNode) -> bool:
    """Whether the node at hand stands in `finally`, in a handler of cancellations, or in `__aexit__`."""
    for node in reversed(ctx.ancestors):
        if node is function:
            break
        kind = node.__class__.__name__
        if kind == "Finally":
            return True
        if kind in ("ExceptHandler", "ExceptStarHandler") and not ctx.program.cancellation_names.isdisjoint(caught_names(ctx.twin(node).type)):
            return True
    name = getattr(function, "name", None)
    return name is not None and name.value == "__aexit__"


def _is_caught(ctx: Context, function: cst.CSTNode) -> bool:
    """Whether a handler around the node at hand would take the cancellation that may come at a new `await` there, and not raise it again."""
    below: Any = None
    for above in reversed(ctx.ancestors):
        if above is function:
            break
        if above.__class__.__name__ in ("Try", "TryStar") and below is not None and below is above.body:  # type: ignore[attr-defined]
            for handler in map(ctx.twin, above.handlers):  # type: ignore[attr-defined]
                last = handler.body[-1]
                raises = isinstance(last, ast.Raise) and last.exc is None
                if not raises and not ctx.program.cancellation_names.isdisjoint(caught_names(handler.type)):
                    return True
        below = above
    return False


def _tests_and_acts(ctx: Context, node: cst.CSTNode) -> bool:
    """Whether a blocking call is the test of an `if` or `while` whose body makes another one, or stands in such a body: the disk may be what is
    tested and acted on, and so far no other task could come in between.
    """
    below: Any = node
    for above in reversed(ctx.ancestors):
        kind = above.__class__.__name__
        if kind in ("FunctionDef", "Lambda"):
            return False
        if kind in ("If", "While"):
            twin = ctx.twin(above)
            other = twin.body if below is above.test else [twin.test] if below is above.body else []  # type: ignore[attr-defined]
            if any(_blocks(ctx, call) for part in other for call in ast.walk(part) if isinstance(call, ast.Call)):
                return True
        below = above
    return False


def _blocks(ctx: Context, twin: ast.Call, but: frozenset[str] = frozenset()) -> bool:
    """Whether a call (of the standard library's tree) blocks, or moves what does into a thread; primitives of the kinds `but` do not count."""
    values = ctx.evaluate(twin.func)
    catalog, effects = ctx.program.catalog, ctx.program.effects
    if any(isinstance(value, External) and value.path in catalog.offloads for value in values):
        return True
    targets = effects.targets(values, 0)
    return any(target.kind not in but if isinstance(target, Block) else target.key in effects.functions for target in targets)


def _is_member_test(ctx: Context, node: cst.CSTNode) -> bool:
    """Whether the node at hand runs only because something is, or is not, in a container that other tasks may change."""
    function = ctx.program.function(ctx.function)
    below: Any = node
    for above in reversed(ctx.ancestors):
        kind = above.__class__.__name__
        if kind in ("FunctionDef", "Lambda"):
            return False
        if kind in ("If", "While") and below is not above.test:  # type: ignore[attr-defined]
            twin = ctx.twin(above)
            for name in ctx.once("containers", twin, partial(_containers, twin.test)):
                if name == "self" or "." in name or not _is_local(function, name):
                    return True
        below = above
    return False


def _containers(condition: ast.expr) -> list[str]:
    """The names of the containers in which a condition looks for something."""
    tests = (test for test in ast.walk(condition) if isinstance(test, ast.Compare) and isinstance(test.ops[-1], (ast.In, ast.NotIn)))
    return [name for test in tests if (name := _container(test.comparators[-1]))]


def _container(node: ast.expr) -> str:
    """The dotted name of a container, also of one whose `.keys()` and the like are looked through."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return dotted(node) or ""


def _is_local(function: Function, name: str) -> bool:
    return name in function.bindings or any(param.name == name for param in function.params)
