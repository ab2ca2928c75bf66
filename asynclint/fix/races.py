"""What other tasks may do between two statements that so far ran in one piece, when a new `await` comes between them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.index.refs import dotted
from asynclint.program.values import External
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
_VIEWS = frozenset({"items", "keys", "values"})
_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_WHOLE_PROCESS = frozenset(
    [
        *("contextlib.chdir", "contextlib.redirect_stdout", "contextlib.redirect_stderr", "warnings.catch_warnings"),
        *("unittest.mock.patch", "unittest.mock.patch.object", "unittest.mock.patch.dict", "unittest.mock.patch.multiple"),
    ]
)


def read_before_and_written_after(function: ast.AST, place: tuple[int, int]) -> bool:
    """Whether a function reads something shared before a place, and writes the same after it: `n = self.n; ...; self.n = n + 1`."""
    nodes = [node for node in own_nodes(function) if hasattr(node, "lineno")]
    own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}  # a container that is not is somebody else's
    free = {name for node in nodes if isinstance(node, (ast.Global, ast.Nonlocal)) for name in node.names}
    free |= {name for node in nodes if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and (name := node.value.id) not in own}
    stores = (node for each in nodes if isinstance(each, ast.Assign) for node in each.targets)
    only_stored = {id(node.value) for node in stores if isinstance(node, ast.Subscript)}  # the container itself is not asked for anything
    updated = {id(node.target) for node in nodes if isinstance(node, ast.AugAssign)}  # read before the value is computed
    read = {
        dotted(node) or ""
        for node in nodes
        if (isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and node.id in free and id(node) not in only_stored))
        and (isinstance(node.ctx, ast.Load) or id(node) in updated)
        and _start(node) < place
    } - {""}
    return any(name in read for node in nodes if _end(node) >= place for name in _written(node))


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


def in_loop_over_shared(ctx: Context, function: ast.AST, place: tuple[int, int]) -> bool:
    """Whether a place stands in a loop over an attribute of the receiver, a container that other tasks may change meanwhile."""
    known = ctx.program.function(ctx.function)
    if known.owner < 0 or not known.params:
        return False
    receiver = known.params[0].name
    for node in own_nodes(function):
        if isinstance(node, ast.For) and _start(node.body[0]) <= place <= _end(node.body[-1]):
            shown: Any = node.iter
            if isinstance(shown, ast.Call) and isinstance(shown.func, ast.Attribute) and shown.func.attr in _VIEWS and not shown.args:
                shown = shown.func.value
            if isinstance(shown, ast.Attribute) and (dotted(shown) or "").startswith(f"{receiver}."):
                return True
    return False


def guards_an_act(function: ast.AST, twin: ast.AST, blocks: Callable[[ast.Call], bool]) -> bool:
    """Whether a blocking call is the test of a guard (`if not exists(p): return`) before another one, or comes after such a guard."""
    calls = [node for node in own_nodes(function) if isinstance(node, ast.Call)]
    for guard in own_nodes(function):
        if not isinstance(guard, ast.If) or not isinstance(guard.body[-1], _LEAVING):
            continue
        inside = [call for call in calls if _start(guard.test) <= _start(call) and _end(call) <= _end(guard.test)]
        if twin in inside:
            if any(_start(call) > _end(guard) and blocks(call) for call in calls):
                return True
        elif _start(twin) > _end(guard) and any(blocks(call) for call in inside):
            return True
    return False


def first_suspension_of_a_task(ctx: Context, function: ast.AST) -> bool:
    """Whether a coroutine that so far runs in one piece is started as a task somewhere: several of them keep their order only so."""
    return ctx.program.tasks.is_started(ctx.program.function(ctx.function).name) and not suspensions(getattr(function, "body", ()))


def changes_the_process(ctx: Context, function: ast.AST, place: tuple[int, int]) -> bool:
    """Whether a place stands in a `with` whose context manager changes what all tasks see."""
    for node in own_nodes(function):
        if isinstance(node, ast.With) and _start(node.body[0]) <= place <= _end(node.body[-1]):
            made = [item.context_expr.func for item in node.items if isinstance(item.context_expr, ast.Call)]
            if any(isinstance(value, External) and value.path in _WHOLE_PROCESS for func in made for value in ctx.evaluate(func)):
                return True
    return False


def _start(node: Any) -> tuple[int, int]:
    return (node.lineno, node.col_offset)


def _end(node: Any) -> tuple[int, int]:
    return (node.end_lineno, node.end_col_offset)
