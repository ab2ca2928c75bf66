"""Coroutines that do not end by themselves, and rewrites that await one which ends: who awaits another one waits for ever."""

from __future__ import annotations

import ast
from dataclasses import replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from asynclint.fix import offload
from asynclint.fix.occurrences import Occurrences
from asynclint.index import facts as f
from asynclint.index.refs import caught_names, dotted, ref
from asynclint.model import Applicability, Withheld
from asynclint.program.values import External, ExternalInstance, FunctionValue, Scope
from asynclint.walk.suspensions import own_nodes, suspensions

if TYPE_CHECKING:
    from collections.abc import Iterable

    import libcst as cst

    from asynclint.model import Fix
    from asynclint.program.values import FunctionKey, Value
    from asynclint.walk.context import Context

_MAKERS = frozenset({"asyncio.Future", "asyncio.AbstractEventLoop.create_future"})
_WORDS = ("while", "async for", "Future", "create_future")
_REACH = 200  # coroutines that are looked through


class End(IntEnum):
    """How a coroutine comes to its end."""

    BY_ITSELF = 0
    WHEN_TOLD = 1  # when somebody else does something: sets an event, puts an item, changes an attribute
    NEVER = 2  # when it is cancelled, or an error leaves it


def end_of(ctx: Context, values: Iterable[Value]) -> End:
    """How the coroutines end that calls of some values make, the worst of them; what they await counts too."""
    program = ctx.program
    worst = End.BY_ITSELF
    todo: list[FunctionKey] = []
    for value in values:
        worst = max(worst, _of_external(ctx, value))
        if isinstance(value, FunctionValue):
            todo.append(value.key)
    seen = set(todo)
    while todo and worst is not End.NEVER and len(seen) < _REACH:
        key = todo.pop()
        if not program.function(key).is_async or program.is_outside(key[0]) or program.function(key).flags & f.LAMBDA:
            continue
        goes_on = _may_go_on(ctx, key)
        for number in program.calls_of(key):
            flags = program.call(key[0], number).flags
            for value in program.callees(key[0], number) if flags & (f.AWAITED | f.CONSUMED) else ():
                known = _of_external(ctx, value)
                goes_on = goes_on or (known is not End.BY_ITSELF and not flags & f.AWAITED)
                if flags & f.AWAITED:
                    worst = max(worst, known)
                    if isinstance(value, FunctionValue) and value.key not in seen:
                        seen.add(value.key)
                        todo.append(value.key)
        if goes_on:
            worst = max(worst, _of_loops(ctx, key))
    return worst


def awaited(ctx: Context, node: cst.Call) -> Fix:
    """`f()` -> `await f()`, where that ends. Raises Withheld."""
    shown = ctx.name(node)
    end = end_of(ctx, ctx.callees(node))
    if end is End.NEVER:
        raise Withheld(f"`{shown}()` does not end by itself, and what stands below would never run: make a task of it, and keep that")
    held = _held_again(ctx, node)
    if held:
        raise Withheld(f"`{shown}()` takes `{held}`, which is held here: awaited, it would wait for ever")
    fix = offload.await_call(ctx, node, f"Await `{shown}()`")
    doubt = "it ends only when somebody else does something" if end is End.WHEN_TOLD else ""
    if not doubt and _comes_back(ctx, node):
        doubt = f"it comes back to `{ctx.program.function(ctx.function).qualname}`, which then waits for itself"
    return replace(fix, applicability=Applicability.UNSAFE, title=f"{fix.title}; but {doubt}") if doubt else fix


def _coroutines(ctx: Context, node: cst.Call) -> set[FunctionKey]:
    """The coroutine functions of the project that a call runs once it is awaited, one after the other."""
    program = ctx.program
    todo = [value.key for value in ctx.callees(node) if isinstance(value, FunctionValue)]
    seen = set(todo)
    while todo and len(seen) < _REACH:
        key = todo.pop()
        for number in program.calls_of(key):
            for value in program.callees(key[0], number):
                awaits = program.call(key[0], number).flags & (f.AWAITED | f.DISCARDED)
                if awaits and isinstance(value, FunctionValue) and value.key not in seen and not program.is_outside(value.module):
                    seen.add(value.key)
                    todo.append(value.key)
    return {key for key in seen if not program.function(key).flags & f.LAMBDA}


def _comes_back(ctx: Context, node: cst.Call) -> bool:
    return ctx.function in _coroutines(ctx, node)


def _held_again(ctx: Context, node: cst.Call) -> str:
    """A lock of asyncio that is held at a call and taken again by what it runs, as far as names tell; "" where there is none."""
    held: dict[str, str] = {}
    for above in ctx.ancestors:
        if above.__class__.__name__ == "With" and above.asynchronous is not None:  # type: ignore[attr-defined]
            for item in ctx.twin(above).items:
                name = dotted(item.context_expr)
                if name is not None:
                    held[name.rpartition(".")[2]] = name
    for key in _coroutines(ctx, node) if held else ():
        for inner in own_nodes(Occurrences.shared(ctx.program, ctx.sources).function(key)):
            for item in inner.items if isinstance(inner, ast.AsyncWith) else ():
                name = dotted(item.context_expr)
                if name is not None and name.rpartition(".")[2] in held:
                    return held[name.rpartition(".")[2]]
    return ""


def _of_external(ctx: Context, value: Value) -> End:
    until_told = ctx.program.catalog.endless.get(value.path) if isinstance(value, External) else None
    return End.BY_ITSELF if until_told is None else End.WHEN_TOLD if until_told else End.NEVER


def _of_loops(ctx: Context, key: FunctionKey) -> End:
    """How a coroutine function ends, as far as its own loops tell, and what it awaits that is no call."""
    worst = End.BY_ITSELF
    for node in own_nodes(Occurrences.shared(ctx.program, ctx.sources).function(key)):
        if isinstance(node, ast.While):
            worst = max(worst, _of_while(ctx, node))
        elif isinstance(node, ast.For) and suspensions(node.body) and not _is_left(ctx, node):
            worst = max(worst, End.NEVER if _counts_on(ctx, node.iter, Scope(*key)) else End.BY_ITSELF)
        elif isinstance(node, ast.AsyncFor):
            worst = max(worst, _of_iteration(ctx, node, Scope(*key)))
        elif isinstance(node, ast.Await) and _is_new_future(ctx, node.value, Scope(*key)):
            worst = End.NEVER
    return worst


def _may_go_on(ctx: Context, key: FunctionKey) -> bool:
    """Whether the text of a function has a word that may make it endless: most have none, and need not be parsed."""
    text = ctx.source_of(key[0]).lines_of(ctx.program.function(key).line, ctx.program.function(key).end_line)
    return any(word in text for word in _WORDS)


def _of_while(ctx: Context, node: ast.While) -> End:
    """`while True:` that nothing leaves but an exception never ends; one that tests what others change ends when they do."""
    if isinstance(node.test, ast.Constant):
        return End.NEVER if node.test.value and not _is_left(ctx, node) else End.BY_ITSELF
    if not suspensions(node.body):
        return End.BY_ITSELF
    changed = {n.id for n in own_nodes(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    names = {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}
    attributes = any(isinstance(n, ast.Attribute) for n in ast.walk(node.test))
    return End.WHEN_TOLD if attributes and names.isdisjoint(changed) and not _is_left(ctx, node) else End.BY_ITSELF


def _is_left(ctx: Context, node: Any) -> bool:
    """Whether something in a loop leaves it, other than an exception or a cancellation."""
    return any(_leaves(ctx, each, inside=False) for each in node.body)


def _leaves(ctx: Context, node: ast.AST, *, inside: bool) -> bool:
    """Whether a statement leaves the loop that it stands in; `inside` another loop of it, a `break` leaves only that."""
    if isinstance(node, ast.ExceptHandler) and ctx.program.cancellation_names.issuperset(caught_names(node.type)):
        names = caught_names(node.type)
        if "" not in names and "BaseException" not in names:
            return False  # it leaves only where it is cancelled
    if isinstance(node, ast.Return):
        return True
    if isinstance(node, ast.Break):
        return not inside
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
        return False
    loop = inside or isinstance(node, (ast.For, ast.AsyncFor, ast.While))
    return any(_leaves(ctx, each, inside=loop) for each in ast.iter_child_nodes(node))


def _counts_on(ctx: Context, iterable: ast.expr, scope: Scope) -> bool:
    """Whether an iterable has no end: `itertools.count()`, `iter(int, 1)`, `itertools.cycle(x)`."""
    if not isinstance(iterable, ast.Call):
        return False
    paths = {value.path for value in ctx.program.evaluate(ref(iterable.func), scope) if isinstance(value, External)}
    return bool(paths & ctx.program.catalog.endless.keys())


def _of_iteration(ctx: Context, node: ast.AsyncFor, scope: Scope) -> End:
    """An asynchronous iteration ends with its generator; over what is not known, such as a stream of messages, when the other side says so."""
    if _is_left(ctx, node):
        return End.BY_ITSELF
    made = ref(node.iter.func) if isinstance(node.iter, ast.Call) else None
    functions = [value.key for value in ctx.program.evaluate(made, scope) if isinstance(value, FunctionValue)] if made is not None else []
    if not functions:
        return End.WHEN_TOLD
    return max(_of_loops(ctx, key) if key != (scope.module, scope.function) else End.BY_ITSELF for key in functions)


def _is_new_future(ctx: Context, awaited: ast.expr, scope: Scope) -> bool:
    """Whether a future is awaited that nobody else has, so that nobody ends it: `await asyncio.Future()`."""
    if not isinstance(awaited, ast.Call):
        return False
    values = ctx.program.evaluate(ref(awaited), scope)
    made = ctx.program.evaluate(ref(awaited.func), scope)
    is_future = any(isinstance(value, ExternalInstance) and value.path == "asyncio.Future" for value in values)
    return is_future and not awaited.args and any(isinstance(value, External) and value.path in _MAKERS for value in made)
