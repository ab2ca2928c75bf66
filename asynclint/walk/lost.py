"""Questions about task handles and coroutines that get lost."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.index import facts as f
from asynclint.index.refs import dotted
from asynclint.program import types
from asynclint.program.tasks import ADDERS
from asynclint.program.values import FunctionValue, Scope
from asynclint.walk.leaving import FALL, ways_out
from asynclint.walk.ranges import Ranges, begin, finish
from asynclint.walk.suspensions import own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from asynclint.model import Frame
    from asynclint.walk.context import Context

_SUSPENDING = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)
_MADE_HERE = (ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp, ast.Tuple, ast.Constant)
_MAKERS = frozenset({"list", "set", "dict", "deque", "WeakSet"})
_DISPLAYS = frozenset({"List", "Set", "Dict", "Tuple", "Arg", "Element", "DictElement", "ListComp", "SetComp", "DictComp"})
_REMOVERS = frozenset({"discard", "remove"})


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
    """Whether the task that a call gives is dropped: by a statement, `_ =`, or as what a callback of the loop returns."""
    if ctx.call_facts(node).flags & f.LAMBDA_BODY and ctx.program.contexts.runner(ctx.function):
        return True
    return ctx.program.tasks.is_dropped(ctx.site(node)) and not (ctx.function_node is None and ctx.source.keeps(ctx.span(node).end.offset))


def spawning_callbacks(ctx: Context, node: cst.Call) -> Iterator[str]:
    """The task makers that a call hands to the loop as callbacks, as written: `loop.call_later(1, asyncio.create_task, c)`."""
    catalog = ctx.program.catalog
    for path in ctx.callee_paths(node):
        if path in catalog.loop_callbacks:
            facts = ctx.call_facts(node)
            argument = types.argument(facts.arguments, catalog.loop_callbacks[path])
            if any(map(ctx.program.tasks.makes_task, ctx.program.evaluate(argument, ctx.scope))):
                yield argument if isinstance(argument, str) else f.callable_name(argument) or "the argument"


def unkept_name(ctx: Context, node: cst.Call) -> str:
    """The local name, of the task or of a container, that alone holds the value of a call, and that is used for nothing that would keep it; else "".

    While the function is suspended, its frame keeps the name: so nothing is lost before the last suspension point of the function.
    """
    function = ctx.function_node
    if function is None or ctx.call_facts(node).flags & f.DISCARDED:
        return ""
    name, at = _held_by(ctx, node)
    whole = ctx.twin(function)
    if not name or _is_kept_by_frame(ctx, whole, at):
        return ""
    uses: _Uses = ctx.once("uses of names", whole, lambda: _Uses(whole))
    is_task = getattr(at, "value", None) is ctx.twin(node) and isinstance(at, (ast.Assign, ast.AnnAssign, ast.NamedExpr))
    is_local = name not in uses.foreign if is_task and not _is_item(at) else uses.is_made_here(name)
    return name if is_local and not uses.others(name, {name}) else ""


def _held_by(ctx: Context, node: cst.Call) -> tuple[str, Any]:
    """The plain name that the value of a call is bound to or put into, and the statement or expression that does it."""
    below: Any = node
    for above in reversed(ctx.ancestors):
        kind = above.__class__.__name__
        if kind in ("Assign", "AnnAssign"):
            twin = ctx.twin(above)
            targets = twin.targets if kind == "Assign" else [twin.target]
            target = targets[0].value if isinstance(targets[0], ast.Subscript) and below is node else targets[0]
            return (target.id, twin) if len(targets) == 1 and isinstance(target, ast.Name) else ("", None)
        if kind == "Call":
            func = ctx.twin(above).func
            adds = isinstance(func, ast.Attribute) and func.attr in ADDERS and isinstance(func.value, ast.Name)
            return (func.value.id, ctx.twin(above)) if adds and above is ctx.ancestors[-2] else ("", None)
        if kind not in _DISPLAYS or below is getattr(above, "for_in", None):
            return "", None
        below = above
    return "", None


def _is_kept_by_frame(ctx: Context, whole: ast.AST, at: Any) -> bool:
    """Whether the function is suspended after it made a task."""
    return finish(at) in ctx.once("places before a suspension", whole, lambda: _before_suspensions(whole))


def _before_suspensions(whole: ast.AST) -> Ranges:
    """The places of a function after which it is suspended: those before the last suspension point, and in loops with one."""
    nodes = list(ast.walk(whole))
    last = max((begin(n) for n in nodes if isinstance(n, _SUSPENDING)), default=(0, 0))
    loops = (n for n in nodes if isinstance(n, (ast.For, ast.While)) and begin(n) < last and _suspends(n))
    return Ranges([((0, 0), last), *((begin(n), finish(n)) for n in loops)])


class _Uses:
    """What a function does with its names."""

    def __init__(self, whole: ast.AST) -> None:
        self._nodes = list(ast.walk(whole))
        self._named: dict[str, list[ast.Name]] = {}
        for n in self._nodes:
            if isinstance(n, ast.Name):
                self._named.setdefault(n.id, []).append(n)
        self._parameters = {n.arg for n in self._nodes if isinstance(n, ast.arg)}
        self._values: dict[str, list[Any]] = {}  # what each name is bound to by plain assignments
        for n in self._nodes:
            for target in n.targets if isinstance(n, ast.Assign) else [n.target] if isinstance(n, ast.AnnAssign) else ():
                if isinstance(target, ast.Name):
                    self._values.setdefault(target.id, []).append(n.value)  # type: ignore[attr-defined]
        self._made: dict[str, bool] = {}
        self.foreign = {name for n in self._nodes if isinstance(n, (ast.Global, ast.Nonlocal)) for name in n.names}
        self._adding: dict[int, str] = {}  # id of the name of a task -> the name of the container that it is put into
        self._harmless: set[int] = set()  # ids of names that are only put into, told of the end, or taken out of
        for n in own_nodes(whole):
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute):
                self._look_at(n, n.func)
            elif isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Subscript) and isinstance(n.targets[0].value, ast.Name):
                self._harmless.add(id(n.targets[0].value))
                if isinstance(n.value, ast.Name):
                    self._adding[id(n.value)] = n.targets[0].value.id

    def _look_at(self, call: ast.Call, func: ast.Attribute) -> None:
        if func.attr == "add_done_callback":
            self._harmless.add(id(func.value))
            self._harmless.update(id(arg.value) for arg in call.args if isinstance(arg, ast.Attribute) and arg.attr in _REMOVERS)
        elif func.attr in ADDERS and isinstance(func.value, ast.Name):
            self._harmless.add(id(func.value))
            self._adding.update((id(arg), func.value.id) for arg in call.args if isinstance(arg, ast.Name))

    def is_made_here(self, name: str) -> bool:
        """Whether a name is bound in the function itself, and only to containers that are made here."""
        known = self._made.get(name)
        if known is None:
            values = self._values.get(name, [])
            stores = sum(isinstance(n.ctx, ast.Store) for n in self._named.get(name, ()))
            is_own = name not in self.foreign and name not in self._parameters
            known = self._made[name] = is_own and bool(values) and stores == len(values) and all(map(_is_new, values))
        return known

    def others(self, name: str, seen: set[str]) -> bool:
        """Whether a name is read in a way that may keep what it holds; `seen` are the names that are looked at already."""
        for n in self._named.get(name, ()):
            if isinstance(n.ctx, ast.Load) and id(n) not in self._harmless:
                container = self._adding.get(id(n), "")
                if not container or not self.is_made_here(container):
                    return True
                if container not in seen and self.others(container, seen | {container}):
                    return True
        return False


def _is_new(value: Any) -> bool:
    if isinstance(value, ast.Call):
        return isinstance(value.func, (ast.Name, ast.Attribute)) and (dotted(value.func) or "").rpartition(".")[2] in _MAKERS
    return value is None or isinstance(value, _MADE_HERE)


def _is_item(at: Any) -> bool:
    return isinstance(at, ast.Assign) and isinstance(at.targets[0], ast.Subscript)


def _suspends(node: ast.AST) -> bool:
    return any(isinstance(n, _SUSPENDING) for n in ast.walk(node))


def drops_coroutine(ctx: Context, node: cst.Call) -> bool:
    """Whether a call makes a coroutine that nothing awaits."""
    return ctx.site(node).call in ctx.program.tasks.coroutine_sites(ctx.module) and _surely_returns(ctx, node)


def uses_coroutine(ctx: Context, node: cst.Call) -> bool:
    """Whether a call makes a coroutine that may be used as if it were the result."""
    return ctx.program.tasks.uses_coroutine(ctx.module, ctx.site(node).call) and _surely_returns(ctx, node)


def _surely_returns(ctx: Context, node: cst.Call) -> bool:
    """Whether the sync functions through which a coroutine comes return one on every path."""
    todo, seen = list(ctx.callees(node)), set()
    while todo:
        value = todo.pop()
        if not isinstance(value, FunctionValue) or value.key in seen or value.key not in ctx.program.tasks.givers:
            continue
        seen.add(value.key)
        whole: Any = ctx.function_tree(value.key)
        if FALL in ways_out(whole.body, lambda _: False) or any(isinstance(n, ast.Return) and n.value is None for n in own_nodes(whole)):
            return False
        for returned in ctx.program.function(value.key).values:
            todo += ctx.program.evaluate(returned[1], Scope(*value.key))
    return True
