"""What other tasks may do between two statements that so far ran in one piece, when a new `await` comes between them."""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from asynclint.index.refs import dotted
from asynclint.walk.ranges import Ranges, begin, finish
from asynclint.walk.suspensions import own_nodes, suspensions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asynclint.walk.context import Context

_MUTATORS = frozenset(
    [
        *("append", "appendleft", "extend", "insert", "remove", "pop", "popleft", "popitem", "clear", "sort", "reverse"),
        *("add", "discard", "update", "setdefault", "difference_update", "intersection_update"),
    ]
)
_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def read_before_and_written_after(function: ast.AST, place: tuple[int, int]) -> bool:
    """Whether a function reads something shared before a place, and writes the same after it: `n = self.n; ...; self.n = n + 1`."""
    return place in _between_read_and_write(function)


@lru_cache(maxsize=8)
def _between_read_and_write(function: ast.AST) -> Ranges:
    """The places of a function behind a reading of something shared, and not behind its last writing."""
    nodes = [node for node in own_nodes(function) if hasattr(node, "lineno")]
    own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}  # a container that is not is somebody else's
    free = {name for node in nodes if isinstance(node, (ast.Global, ast.Nonlocal)) for name in node.names}
    free |= {name for node in nodes if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and (name := node.value.id) not in own}
    stores = (node for each in nodes if isinstance(each, ast.Assign) for node in each.targets)
    only_stored = {id(node.value) for node in stores if isinstance(node, ast.Subscript)}  # the container itself is not asked for anything
    updated = {id(node.target) for node in nodes if isinstance(node, ast.AugAssign)}  # read before the value is computed
    read: dict[str, tuple[int, int]] = {}  # where first
    for node in nodes:
        if (isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and node.id in free and id(node) not in only_stored)) and (
            isinstance(node.ctx, ast.Load) or id(node) in updated
        ):
            name = dotted(node) or ""
            read[name] = min(read.get(name, begin(node)), begin(node))
    written: dict[str, tuple[int, int]] = {}  # where last
    for node in nodes:
        for name in _written(node):
            written[name] = max(written.get(name, finish(node)), finish(node))
    return Ranges((read[name], end) for name, end in written.items() if name in read)


def _written(node: Any) -> Iterator[str]:
    targets: list[Any] = []
    if isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        targets = [node.target]
    elif isinstance(node, (ast.Assign, ast.Delete)):
        targets = node.targets
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        targets = [node.target]
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        targets = [item.optional_vars for item in node.items if item.optional_vars]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MUTATORS:
        targets = [node.func.value]
        if isinstance(targets[0], ast.Name):
            return  # of a local name nobody else knows
    for target in _flat(targets):
        name = dotted(target.value if isinstance(target, ast.Subscript) else target)
        if name:
            yield name


def _flat(targets: list[Any]) -> Iterator[Any]:
    """Targets, and in the place of a tuple what it is made of."""
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)):
            yield from _flat(target.elts)
        else:
            yield target.value if isinstance(target, ast.Starred) else target


def guards_an_act(ctx: Context, function: ast.AST, twin: ast.AST, blocks: Callable[[ast.Call], bool]) -> bool:
    """Whether a blocking call is the test of a guard (`if not exists(p): return`) before another one, or comes after such a guard."""
    tests, guarded = ctx.once("guards", function, lambda: _guards(function, blocks))
    return twin in tests or begin(twin) in guarded


def _guards(function: ast.AST, blocks: Callable[[ast.Call], bool]) -> tuple[set[ast.AST], Ranges]:
    """The calls in the tests of guards before a blocking call, and the places behind a guard with a blocking call in its test."""
    guards = [node for node in own_nodes(function) if isinstance(node, ast.If) and isinstance(node.body[-1], _LEAVING)]
    if not guards:
        return set(), Ranges(())
    calls = sorted((node for node in own_nodes(function) if isinstance(node, ast.Call)), key=begin)
    starts = [begin(call) for call in calls]
    last = next((begin(call) for call in reversed(calls) if blocks(call)), (0, 0))
    tests: set[ast.AST] = set()
    ends: list[tuple[int, int]] = []
    for guard in guards:
        first, end = begin(guard.test), finish(guard.test)
        inside = [call for call in calls[bisect_left(starts, first) : bisect_right(starts, end)] if finish(call) <= end]
        if finish(guard) < last:
            tests.update(inside)
        if any(map(blocks, inside)):
            ends.append(finish(guard))
    return tests, Ranges([(min(ends), finish(function))] if ends else ())


def first_suspension_of_a_task(ctx: Context, function: ast.AST) -> bool:
    """Whether a coroutine that so far runs in one piece is started as a task somewhere: several of them keep their order only so."""
    return ctx.program.tasks.is_started(ctx.program.function(ctx.function).name) and not suspensions(getattr(function, "body", ()))
