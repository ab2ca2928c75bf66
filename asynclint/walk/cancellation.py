"""Where a coroutine catches its own cancellation, and whether it keeps it."""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.index import facts as f
from asynclint.index.conditions import settled
from asynclint.index.refs import caught_names, dotted
from asynclint.program.values import External, ExternalInstance, FunctionValue, Many
from asynclint.walk.handles import cancelled_first, only_a_task
from asynclint.walk.leaving import BREAK, CONTINUE, FALL, RAISE, RETURN, ends_function, following, parents_of, ways_out
from asynclint.walk.locals import FRAMES
from asynclint.walk.suspensions import suspensions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import libcst as cst

    from asynclint.program.values import Value
    from asynclint.walk.context import Context

_TELLS = frozenset({"isinstance", "type", "str", "repr", "format", "print", "len", "bool", "id", "hash"})
_TELLING = ("logging.", "traceback.", "warnings.", "sys.")
_LOGS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "log"})


class Catch(NamedTuple):
    """A handler or `suppress()` that keeps the cancellation of its coroutine."""

    points: list[Any]  # the suspension points at which the cancellation may arrive
    types: list[ast.expr]  # what is caught, member by member; empty for a bare `except:`
    cancelling: list[ast.expr]  # those of them that catch a cancellation
    ways: frozenset[str]  # the ways in which the handler is left without re-raising


def swallowing_handler(ctx: Context, node: cst.ExceptHandler) -> Catch | None:
    """How a handler keeps the cancellation of its coroutine; None where it does not."""
    function = ctx.function_node
    handler: ast.ExceptHandler = ctx.twin(node)
    if function is None or not _may_catch(ctx, handler.type) or not ctx.program.function(ctx.function).is_async:
        return None
    types = _members(handler.type)
    cancelling = [each for each in types if _catches(ctx, each)]
    if (handler.type is not None and not cancelling) or _passes_on(ctx, handler):
        return None
    whole = ctx.twin(function)
    parents = parents_of(whole)
    statement: Any = parents[handler]
    if not isinstance(statement, ast.Try):
        return None
    for other in statement.handlers[: statement.handlers.index(handler)]:
        if other.type is None or any(_catches(ctx, each) for each in _members(other.type)):
            return None
    points = _points(ctx, whole, statement.body)
    if not points or cancelled_first(ctx, whole, points):
        return None
    ways = ways_out(handler.body, lambda call: _never_returns(ctx, call)) - {RAISE}
    if not ways or _goes_on_to_raise(ctx, whole, statement, ways, parents) or _remembers(whole, handler):
        return None
    if ends_function(statement, ways, parents, whole) and only_a_task(ctx):
        return None
    return Catch(points, types, cancelling, frozenset(ways))


def swallowing_suppress(ctx: Context, node: cst.With, call: Any) -> Catch | None:
    """How `suppress()`, an item of a `with`, keeps the cancellation of its coroutine; None where it does not."""
    function = ctx.function_node
    if function is None or not isinstance(call, ast.Call) or not any(_may_catch(ctx, each) for each in call.args):
        return None
    if not ctx.program.function(ctx.function).is_async or ctx.evaluate(call.func) != (External("contextlib.suppress"),):
        return None
    cancelling = [each for each in call.args if _catches(ctx, each)]
    whole, statement = ctx.twin(function), ctx.twin(node)
    points = _points(ctx, whole, statement.body)
    if not cancelling or not points or cancelled_first(ctx, whole, points):
        return None
    parents = parents_of(whole)
    if _goes_on_to_raise(ctx, whole, statement, {FALL}, parents):
        return None
    if ends_function(statement, {FALL}, parents, whole) and only_a_task(ctx):
        return None
    return Catch(points, list(call.args), cancelling, frozenset({FALL}))


# -- what is caught


def _members(type_: Any) -> list[ast.expr]:
    return list(type_.elts) if isinstance(type_, ast.Tuple) else [type_] if type_ is not None else []


def _may_catch(ctx: Context, type_: Any) -> bool:
    """Whether the index has noted what is caught as a possible cancellation."""
    return not ctx.once("names of cancellations", ctx.module, lambda: _noted(ctx)).isdisjoint(caught_names(type_))


def _noted(ctx: Context) -> frozenset[str]:
    """The names by which the module may catch a cancellation."""
    names = ctx.program.names.get(ctx.module)
    return ctx.program.cancellation_names & names.caught if names is not None else frozenset()


def _catches(ctx: Context, type_: ast.expr) -> bool:
    """Whether an exception type, or a name for several, catches a cancellation."""
    name = (dotted(type_) or "").partition(".")[0]
    if any(param.name == name for param in ctx.program.function(ctx.function).params):
        return False  # nobody knows what it is given
    return any(_is_cancellation(ctx, value) for value in ctx.evaluate(type_))


def _is_cancellation(ctx: Context, value: Value) -> bool:
    if isinstance(value, Many):
        return any(_is_cancellation(ctx, item) for item in value.items)
    return isinstance(value, (External, ExternalInstance)) and value.path in ctx.program.catalog.cancellations


# -- where it goes


def _points(ctx: Context, whole: Any, body: list[ast.stmt]) -> list[Any]:
    """The suspension points of a body from which a cancellation gets out: no inner handler keeps it. A `yield` is none: what is thrown there is
    not the cancellation of this coroutine; nor is the `await` of a future that is known to be done.
    """
    kept: set[ast.AST] = set()
    for node in (inner for statement in body for inner in ast.walk(statement)):
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                if handler.type is None or any(_catches(ctx, each) for each in _members(handler.type)):
                    if not _re_raises(handler):
                        kept.update(suspensions(node.body))
                    break
        elif isinstance(node, ast.With):
            calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
            if any(any(_catches(ctx, each) for each in call.args) for call in calls if ctx.evaluate(call.func) == (External("contextlib.suppress"),)):
                kept.update(suspensions(node.body))
    done = ctx.once("futures that are done", whole, lambda: _awaits_of_done(whole))
    return [point for point in suspensions(body) if point not in kept and point not in done and not isinstance(point, (ast.Yield, ast.YieldFrom))]


def _awaits_of_done(whole: Any) -> set[ast.AST]:
    """The `await` expressions of a function whose future a test around them has shown to be done."""
    found: set[ast.AST] = set()
    for node in _own_nodes(whole.body):
        if isinstance(node, ast.If) and (known := settled(node.test)) is not None:
            done = suspensions(node.body if known[1] else node.orelse)
            found.update(point for point in done if isinstance(point, ast.Await) and dotted(point.value) == known[0])
    return found


def _own_nodes(nodes: Iterable[ast.AST]) -> Iterator[Any]:
    """The nodes below some that run in the same frame and in no handler further in."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (*FRAMES, ast.ExceptHandler)):
            stack += ast.iter_child_nodes(node)


def _re_raises(handler: ast.ExceptHandler) -> bool:
    """Whether a handler raises what it caught, at least under a condition: then its author has thought of it."""
    raises = [node for node in _own_nodes(handler.body) if isinstance(node, ast.Raise)]
    return any(node.exc is None or (isinstance(node.exc, ast.Name) and node.exc.id == handler.name) for node in raises)


def _passes_on(ctx: Context, handler: ast.ExceptHandler) -> bool:
    """Whether a handler lets the cancellation live on: re-raises it, counts it with `uncancel()`, or keeps the exception for somebody else."""
    if _re_raises(handler):
        return True
    for node in _own_nodes(handler.body):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("uncancel", "cancelling"):
            return True
        if isinstance(node, ast.Raise) and node.exc is not None and _raises_cancellation(ctx, node):
            return True
    return handler.name is not None and any(_kept(ctx, node, handler.name) for node in _own_nodes(handler.body))


def _kept(ctx: Context, node: Any, name: str) -> bool:
    """Whether a statement or call keeps or hands on the exception bound to a name, other than to tell of it."""
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.Return, ast.Yield, ast.NamedExpr)):
        return node.value is not None and _is_value(node.value, name)
    if not isinstance(node, ast.Call) or not any(_is_value(each, name) for each in (*node.args, *(k.value for k in node.keywords))):
        return False
    if (node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func)) in _TELLS | _LOGS:
        return False
    values = ctx.evaluate(node.func)
    if any(isinstance(value, External) and value.path.startswith(_TELLING) for value in values):
        return False
    return not values or not all(isinstance(value, FunctionValue) and _only_tells(ctx, value, node, name) for value in values)


def _only_tells(ctx: Context, helper: FunctionValue, call: ast.Call, name: str) -> bool:
    """Whether a function of the project that is given the exception bound to a name only tells of it: it raises nothing and keeps nothing."""
    function = ctx.program.function(helper.key)
    places = [n for n, each in enumerate(call.args) if isinstance(each, ast.Name) and each.id == name]
    if len(places) != 1 or call.keywords or any(isinstance(each, ast.Starred) for each in call.args) or function.flags & (f.GENERATOR | f.LAMBDA):
        return False
    place = places[0] + (helper.receiver is not None)
    if function.decorators or place >= len(function.params) or function.params[place].kind != f.POSITIONAL:
        return False
    parameter, tree = function.params[place].name, ctx.function_tree(helper.key)
    told: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            return False
        if isinstance(node, ast.Call) and (node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func)) in _TELLS | _LOGS:
            told.update(map(id, node.args))
        elif isinstance(node, (ast.Attribute, ast.FormattedValue)):
            told.add(id(node.value))
    return all(id(node) in told for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == parameter)


def _is_value(node: Any, name: str) -> bool:
    """Whether an expression is the exception bound to a name, or a display that holds it."""
    if isinstance(node, (ast.Tuple, ast.List)):
        return any(_is_value(each, name) for each in node.elts)
    return isinstance(node, ast.Name) and node.id == name


def _raises_cancellation(ctx: Context, node: ast.Raise) -> bool:
    """Whether a `raise` names an exception of cancellation."""
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return raised is not None and any(_is_cancellation(ctx, value) for value in ctx.evaluate(raised))


def _goes_on_to_raise(ctx: Context, whole: Any, statement: Any, ways: set[str], parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Whether what follows the handler raises in the end: always, or the cancellation itself. A handler further out that always raises, and a
    `finally`, is given the time to wait for the end of something.
    """
    below, above, waits = statement, parents.get(statement), False
    while above is not None and not isinstance(above, FRAMES):
        if isinstance(above, ast.ExceptHandler) and ways_out(above.body, lambda call: _never_returns(ctx, call)) == {RAISE}:
            return True
        if isinstance(above, ast.While):
            known = settled(above.test)
            waits |= known is not None and not known[1]
        elif waits and below in getattr(above, "finalbody", ()):
            return True
        below, above = above, parents.get(above)
    raises = ctx.once("raises", whole, lambda: [node for node in _own_nodes(whole.body) if isinstance(node, ast.Raise)])
    later = (node for node in raises if node.lineno > statement.end_lineno)
    if ways != {RETURN} and any(_raises_cancellation(ctx, node) for node in later):
        return True
    rest = following(statement, parents)
    if ways != {FALL} or not rest or any(ctx.once("suspends", each, partial(suspensions, [each])) for each in rest):
        return False
    return ways_out(rest, lambda call: _never_returns(ctx, call)) == {RAISE}


def _remembers(function: Any, handler: ast.ExceptHandler) -> bool:
    """Whether a handler only notes that there was a cancellation, `cancelled = True`, which the function returns, or raises something for."""
    noted = {
        target.id
        for node in _own_nodes(handler.body)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is True
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    def asks(node: Any) -> bool:
        return any(isinstance(inner, ast.Name) and inner.id in noted for inner in ast.walk(node))

    for node in _own_nodes(function.body) if noted else ():
        if isinstance(node, ast.Return) and node.value is not None and asks(node.value):
            return True
        if isinstance(node, ast.If) and asks(node.test) and any(isinstance(inner, ast.Raise) for inner in _own_nodes(node.body)):
            return True
    return False


def _never_returns(ctx: Context, call: ast.Call) -> bool:
    """Whether a call surely raises or ends the process."""
    values = ctx.evaluate(call.func)
    return bool(values) and all(_ends(ctx, value) for value in values)


def _ends(ctx: Context, value: Value) -> bool:
    if isinstance(value, FunctionValue):
        function = ctx.program.function(value.key)
        if f.last_name(function.returns) in ("NoReturn", "Never"):
            return True
        if function.decorators or function.flags & (f.GENERATOR | f.LAMBDA):
            return False
        return ways_out(ctx.function_tree(value.key).body, lambda _: False) == {RAISE}
    return isinstance(value, External) and value.path in ctx.program.catalog.endings


WAYS = {FALL: "goes on", RETURN: "returns", BREAK: "leaves the loop", CONTINUE: "goes on with the loop"}
