"""Task handles inside one function: which of them it cancels before it awaits them, and whether the function itself is only run as a task."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.index import facts as f
from asynclint.index.refs import dotted
from asynclint.program.calls import Site
from asynclint.program.values import ClassValue, External, FunctionValue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.walk.context import Context

_VIEWS = frozenset({"values", "items", "keys", "copy", "pop", "popleft", "get"})  # methods that give what a container holds
_ADDERS = frozenset({"append", "add", "extend", "update", "insert", "appendleft"})
_ENDING = frozenset({"cancel", "set_result", "set_exception"})  # methods of tasks and futures: nothing waits for one that has ended
_COLLECTORS = frozenset(
    {"list", "tuple", "set", "frozenset", "sorted", "reversed", "filter", "enumerate", "zip", "chain", "gather", "wait", "wait_for", "shield"}
)


def cancelled_first(ctx: Context, function: Any, points: list[Any]) -> bool:
    """Whether one of the suspension points awaits a handle that the function itself cancels further up, and before all of them: its end by
    cancellation is expected.
    """
    if not ctx.once("cancels something", function, lambda: _cancels_something(ctx, function)):
        return False
    end = max((point.lineno, point.col_offset) for point in points)
    before = [node for node in ast.walk(function) if isinstance(node, ast.stmt | ast.expr | ast.comprehension) and _place(node) <= end]
    cancels = [(_place(node), name) for node in before if isinstance(node, ast.Call) for name in _cancels(ctx, node)]
    cancels += [((0, 0), name) for name in _handed_on(ctx, before)]
    if not cancels:
        return False
    same = _same_things(before)
    awaited = {name for point in points for name in _awaited_names(point)}
    awaited |= {other for name in awaited for other in same.get(name, ())}
    reached = _with_prefixes(awaited)
    places = [place for place, name in cancels if not reached.isdisjoint(same.get(name, {name}))]
    return bool(places) and not any(_end(point) <= min(places) for point in points)


def _cancels_something(ctx: Context, function: Any) -> bool:
    """Whether there is anything in a function that it cancels, or hands to somebody who may."""
    nodes = list(ast.walk(function))
    return any(isinstance(node, ast.Call) and _cancels(ctx, node) for node in nodes) or bool(_handed_on(ctx, nodes))


def _place(node: Any) -> tuple[int, int]:
    return (node.lineno, node.col_offset) if hasattr(node, "lineno") else (node.target.lineno, node.target.col_offset)


def _end(node: Any) -> tuple[int, int]:
    """Where what a suspension point evaluates before it waits ends; the whole of an `await`, the head of a loop or a block."""
    if isinstance(node, ast.AsyncFor):
        node = node.iter
    elif isinstance(node, ast.AsyncWith):
        node = node.items[-1].context_expr
    return node.end_lineno, node.end_col_offset


def _cancels(ctx: Context, call: ast.Call) -> Iterable[str]:
    """The names of what a call cancels or ends: by the method, or by a helper of the project that cancels something."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if method in _ENDING:
        return _maximal_names(call.func.value)  # type: ignore[attr-defined]
    if not call.args and not call.keywords and not method:
        return ()
    for value in ctx.evaluate(call.func):
        if isinstance(value, FunctionValue):
            calls = (ctx.program.call(value.module, number).callee for number in ctx.program.calls_of(value.key))
            cancels = [callee for callee in calls if f.last_name(callee) == "cancel"]
            if cancels:
                roots = {root for callee in cancels for root in _roots(ctx, value, callee, 8)}
                return {name for node in _arguments_for(ctx, value, call, roots) for name in _maximal_names(node)}
    return ()


def _roots(ctx: Context, helper: FunctionValue, ref: Any, depth: int) -> set[str]:
    """The names that are bound outside a function, or are its parameters, and that hold, somewhere within, what a Ref of it gives."""
    if depth == 0:
        return set()
    if ref.__class__ is str:
        name, function = ref.partition(".")[0], ctx.program.function(helper.key)
        bound: Any = () if any(param.name == name for param in function.params) else function.bindings.get(name, ())
        return {root for each in bound for root in _roots(ctx, helper, each, depth - 1)} if bound else {name}
    if ref.__class__ is not tuple:
        return set()
    parts = ref[2:] if ref[0] == "op" else ref[1:] if ref[0] in ("many", "or") else ref[1:2]
    if ref[0] == "call" and f.last_name(ref[1]) in _COLLECTORS:
        parts = tuple(value for _, value in ref[2])
    elif ref[0] == "call" and f.last_name(ref[1]) not in _VIEWS:
        return set()
    return {root for each in parts for root in _roots(ctx, helper, each, depth - 1)}


def _arguments_for(ctx: Context, helper: FunctionValue, call: ast.Call, roots: set[str]) -> list[ast.expr]:
    """The arguments of a call, its receiver too, that a function is given as these parameters."""
    params = ctx.program.function(helper.key).params
    receiver = [call.func.value] if isinstance(call.func, ast.Attribute) else []
    if any(param.name in roots and param.kind in (f.VAR_POSITIONAL, f.VAR_KEYWORD) for param in params):
        return [*receiver, *call.args, *(keyword.value for keyword in call.keywords)]
    given = {param.name: each for param, each in zip(params, [*receiver, *call.args] if helper.receiver is not None else call.args, strict=False)}
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    rest = [each for each in call.args if isinstance(each, ast.Starred)] + [keyword.value for keyword in call.keywords if keyword.arg is None]
    return [given[root] for root in roots if root in given] + (rest if roots & {param.name for param in params} - given.keys() else [])


def _handed_on(ctx: Context, nodes: list[Any]) -> set[str]:
    """The local names of tasks that the function makes and gives to somebody else, who may cancel them."""
    tasks = ctx.program.catalog.tasks
    made = {
        node.targets[0].id
        for node in nodes
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call)
        if any(isinstance(value, External) and value.path in tasks for value in ctx.evaluate(node.value.func))
    }
    calls = [node for node in nodes if isinstance(node, ast.Call)] if made else []
    calls = [call for call in calls if (call.func.attr if isinstance(call.func, ast.Attribute) else dotted(call.func)) not in _COLLECTORS | _ADDERS]
    return {each.id for call in calls for each in call.args if isinstance(each, ast.Name) and each.id in made}


def _maximal_names(node: ast.AST) -> set[str]:
    """The dotted names in an expression, each as long as it goes."""
    found: set[str] = set()
    stack = [node]
    while stack:
        current = stack.pop()
        name = dotted(current)
        if name is not None:
            found.add(name)
        else:
            stack += ast.iter_child_nodes(current)
    return found


def _awaited_names(point: Any) -> set[str]:
    if isinstance(point, ast.Await):
        return _maximal_names(point.value)
    if isinstance(point, ast.AsyncFor):
        return _maximal_names(point.iter)
    if isinstance(point, ast.AsyncWith):
        return {name for item in point.items for name in _maximal_names(item.context_expr)}
    return set()


def _with_prefixes(names: Iterable[str]) -> set[str]:
    """Dotted names and what they begin with: `a.b.c`, `a.b`, `a`."""
    return {name.rsplit(".", cut)[0] for name in names for cut in range(name.count(".") + 1)}


def _same_things(nodes: list[Any]) -> dict[str, set[str]]:
    """Names -> the names that stand for the same handle, for one of several, or for all of them: through assignments, loops and containers."""
    groups: dict[str, set[str]] = {}

    def join(names: set[str]) -> None:
        merged = names.union(*(groups.get(name, set()) for name in names)) if names else names
        for name in merged:
            groups[name] = merged

    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple) and len(target.elts) == len(node.value.elts):
                    for one, value in zip(target.elts, node.value.elts, strict=True):
                        join(_maximal_names(one) | _held(value) if _held(value) else set())
                else:
                    join(_maximal_names(target) | _held(node.value) if _held(node.value) else set())
        elif isinstance(node, (ast.NamedExpr, ast.AnnAssign)) and node.value is not None:
            join(_maximal_names(node.target) | _held(node.value) if _held(node.value) else set())
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            join(_maximal_names(node.target) | _held(node.iter) if _held(node.iter) else set())
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ADDERS:
            join(_maximal_names(node.func.value).union(*map(_held, node.args)))
    return groups


def _held(node: Any) -> set[str]:
    """The names of the things that an expression gives, not of those that it only uses."""
    name = dotted(node)
    if name is not None:
        return {name}
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return set().union(*map(_held, node.elts))
    if isinstance(node, (ast.Starred, ast.Await, ast.Subscript, ast.NamedExpr)):
        return _held(node.value)
    if isinstance(node, ast.IfExp):
        return _held(node.body) | _held(node.orelse)
    if isinstance(node, (ast.BinOp, ast.BoolOp)):
        return set().union(*map(_held, [node.left, node.right] if isinstance(node, ast.BinOp) else node.values))
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
        return _held(node.elt)
    if isinstance(node, ast.Call):
        last = node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func) or ""
        if isinstance(node.func, ast.Attribute) and last in _VIEWS:
            return _held(node.func.value)
        if last in _COLLECTORS:
            return set().union(*map(_held, node.args))
    return set()


def only_a_task(ctx: Context) -> bool:
    """Whether the coroutine function at hand is, as far as the program shows, only made into tasks or handed to the loop or a framework, and never
    awaited by other code: then nobody but the loop sees how it ends.
    """
    program, key = ctx.program, ctx.function
    function = program.function(key)
    if function.is_generator:
        return False
    names = program.with_aliases({function.name})
    seen = False
    for module, number, functions in program.calls_named(names):
        if _calls(ctx, functions, key):
            if not _goes_elsewhere(ctx, module, number):
                return False
            seen = True
    if seen or any(f.last_name(ref) in names for call in program.facts(ctx.module).calls for _, ref in call.arguments if ref.__class__ is str):
        return True
    return any(not program.tasks.preserves(ref, FunctionValue(*key)) for ref in function.decorators)


def _goes_elsewhere(ctx: Context, module: int, number: int) -> bool:
    """Whether the coroutine that a call makes is handed to another function."""
    program = ctx.program
    call = program.call(module, number)
    if call.flags & f.ASSIGNED:
        name = program.tasks.bound_name(Site(module, call.function, number))
        return program.tasks.is_passed_on(module, call.function, name)
    return not call.flags & (f.AWAITED | f.RETURNED)


def _calls(ctx: Context, values: Iterable[object], key: tuple[int, int]) -> bool:
    """Whether one of the values is a function, or the method of a base class that it overrides."""
    program = ctx.program
    function = program.function(key)
    bases = program.resolver.mro(ClassValue(key[0], function.owner)) if function.owner >= 0 else ()
    for value in values:
        if isinstance(value, FunctionValue):
            other = program.function(value.key)
            if value.key == key or (other.name == function.name and ClassValue(value.module, other.owner) in bases):
                return True
    return False
