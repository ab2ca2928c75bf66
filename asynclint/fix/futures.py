"""Whether a future of threads may be awaited where so far its result was waited for: who else knows it, and who catches what it raises."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from asynclint.fix import offload
from asynclint.index.refs import dotted, ref
from asynclint.model import Applicability
from asynclint.program.values import External
from asynclint.walk.leaving import parents_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import libcst as cst

    from asynclint.index.facts import Ref
    from asynclint.model import Fix
    from asynclint.walk.context import Context

_ASKING = frozenset({"result", "exception", "done", "running", "add_done_callback"})  # methods that neither cancel a future nor ask whether it was
_PASSING = frozenset({"builtins.len", "builtins.enumerate", "builtins.zip", "concurrent.futures.wait", "concurrent.futures.as_completed"})
_SUBMIT, _ABSTRACT = "concurrent.futures.Executor.submit", "concurrent.futures.Executor"
_FRESH = frozenset({"asyncio.run_coroutine_threadsafe"})  # what gives a future that nobody else has
_EVERYTHING = frozenset({"builtins.Exception", "builtins.BaseException"})
_CANCELLED = frozenset({"concurrent.futures.CancelledError", "asyncio.CancelledError"})
_TRIES: tuple[Any, ...] = (ast.Try, getattr(ast, "TryStar", ast.Try))
_FRAMES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def awaited(ctx: Context, node: cst.Call, replacement: str) -> Fix:
    """`future.result()` -> `await asyncio.wrap_future(future)`: unsafe, and why, where the future is not this function's own. Raises Withheld.

    A task that is cancelled while it awaits a wrapped future cancels the future too; and a future that was cancelled
    raises asyncio's `CancelledError`, which is no `Exception`, in the place of its own.
    """
    fix = offload.await_receiver(ctx, node, replacement)
    doubt = _doubt(ctx, node) if fix.applicability is Applicability.SAFE else ""
    return replace(fix, applicability=Applicability.UNSAFE, title=f"{fix.title}; but {doubt}") if doubt else fix


def _doubt(ctx: Context, node: cst.Call) -> str:
    """Why awaiting a future may not do what waiting for its result does, or ""."""
    call: ast.Call = ctx.twin(node)
    function: Any = ctx.twin(ctx.function_node) if ctx.function_node is not None else ctx.sources.tree(ctx.module)
    receiver = call.func.value  # type: ignore[attr-defined]
    made = _maker(ctx, function, receiver)
    if made is None:
        return "others may know the future, which a cancellation of this task now cancels"
    pool = _pool(ctx, made)
    if pool is None:
        return "it is not known which executor gives the future, and whether it is one of `concurrent.futures`"
    is_own = pool == "" or _is_made_here(ctx, function, pool)
    caught = set(_caught(ctx, function, call))
    if any(path.startswith("concurrent.futures.") or path in _CANCELLED for path in caught):
        return "the errors of `concurrent.futures` that are caught here become those of asyncio"
    if not is_own and (caught & _EVERYTHING or "" in caught):
        return "whoever shuts the executor down may cancel the future, and asyncio's `CancelledError` is no `Exception`"
    if not is_own and _cancels_futures(ctx):
        return "the program cancels futures of executors, and asyncio's `CancelledError` is no `Exception`"
    return ""


def _maker(ctx: Context, function: Any, receiver: ast.expr) -> Ref:
    """The call that gives a future which nobody but a function knows; None where others may."""
    if isinstance(receiver, ast.Call):
        return ref(receiver)
    if not isinstance(receiver, ast.Name):
        return None
    bound = _binding(ctx, receiver.id)
    parents = parents_of(function)
    if bound.__class__ is tuple and bound[0] == "call":
        return bound if _only_asked(function, parents, receiver.id) else None
    if bound.__class__ is tuple and bound[0] == "iter" and bound[1].__class__ is str and _only_asked(function, parents, receiver.id):
        container, name = _binding(ctx, bound[1]), bound[1]
        if container.__class__ is tuple and container[0] in ("many", "type", "call") and _only_iterated(ctx, function, parents, name):
            items = [each for each in (container[1:] if container[0] == "many" else ()) if each is not None]
            items += [ref(each) for each in _appended(function, parents, name)]
            if items and all(each.__class__ is tuple and each[0] == "call" and each[1] == items[0][1] for each in items):
                return items[0]
    return None


def _binding(ctx: Context, name: str) -> Ref:
    """What a local name of the function at hand is bound to, if that is one thing."""
    facts = ctx.program.function(ctx.function)
    bound = facts.bindings.get(name, ())
    is_local = ctx.function[1] > 0 and all(param.name != name for param in facts.params)
    if not is_local or len(bound) != 1:
        return None
    return bound[0][2] if bound[0].__class__ is tuple and bound[0][0] == "declared" else bound[0]


def _uses(function: Any, name: str) -> Iterator[ast.Name]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load))


def _only_asked(function: Any, parents: Mapping[ast.AST, ast.AST], name: str) -> bool:
    """Whether all that a function does with a future is to ask it for its outcome, itself."""
    if _is_shared(function, name):
        return False
    for use in _uses(function, name):
        parent = parents[use]
        if not isinstance(parent, ast.Attribute) or parent.attr not in _ASKING or _is_nested(use, parents, function):
            return False
    return True


def _only_iterated(ctx: Context, function: Any, parents: Mapping[ast.AST, ast.AST], name: str) -> bool:
    """Whether all that a function does with a container is to add to it and to iterate it."""
    if _is_shared(function, name):
        return False
    for use in _uses(function, name):
        parent: Any = parents[use]
        iterates = (isinstance(parent, (ast.For, ast.comprehension)) and parent.iter is use) or (
            isinstance(parent, ast.Attribute) and parent.attr == "append"
        )
        passed = isinstance(parent, ast.Call) and any(isinstance(value, External) and value.path in _PASSING for value in ctx.evaluate(parent.func))
        if not (iterates or passed) or _is_nested(use, parents, function):
            return False
    return True


def _appended(function: Any, parents: Mapping[ast.AST, ast.AST], name: str) -> Iterator[ast.expr]:
    for use in _uses(function, name):
        parent = parents[use]
        call = parents.get(parent)
        if isinstance(parent, ast.Attribute) and isinstance(call, ast.Call) and call.func is parent and len(call.args) == 1:
            yield call.args[0]


def _is_shared(function: Any, name: str) -> bool:
    return any(isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names for node in ast.walk(function))


def _is_nested(node: ast.AST, parents: Mapping[ast.AST, ast.AST], function: ast.AST) -> bool:
    above = parents.get(node)
    while above is not None and above is not function:
        if isinstance(above, _FRAMES):
            return True
        above = parents.get(above)
    return False


def _pool(ctx: Context, made: Ref) -> str | None:
    """The name of the executor that a call submits to, "" for a future without one; None where it may be no executor of `concurrent.futures`."""
    for value in ctx.program.evaluate(made[1], ctx.scope):
        if isinstance(value, External) and value.path in _FRESH:
            return ""
        if isinstance(value, External) and value.path == _SUBMIT and value.receiver not in ("", _ABSTRACT):
            return made[1].rpartition(".")[0] if made[1].__class__ is str else "?"
    return None


def _is_made_here(ctx: Context, function: Any, pool: str) -> bool:
    """Whether a function makes an executor itself, and gives it to nobody."""
    if not pool or "." in pool or _binding(ctx, pool) is None or _is_shared(function, pool):
        return False
    parents = parents_of(function)
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    cancels = any(keyword.arg == "cancel_futures" for call in calls for keyword in call.keywords)
    return not cancels and all(isinstance(parents[use], (ast.Attribute, ast.withitem)) for use in _uses(function, pool))


def _caught(ctx: Context, function: Any, call: ast.Call) -> Iterator[str]:
    """The paths of the exceptions that are caught around a call in its function; "" for a bare `except:`, and for what is not known."""
    parents = parents_of(function)
    node: ast.AST | None = call
    while node is not None and node is not function:
        above: Any = parents.get(node)
        types: list[ast.expr | None] = []
        if isinstance(above, _TRIES) and node in above.body:
            types = [handler.type for handler in above.handlers]
        elif isinstance(above, ast.With) and node in above.body:
            made = [item.context_expr for item in above.items if isinstance(item.context_expr, ast.Call)]
            types = [type_ for each in made if External("contextlib.suppress") in ctx.evaluate(each.func) for type_ in each.args]
        for type_ in types:
            yield from _paths(ctx, type_)
        node = above


def _paths(ctx: Context, type_: ast.expr | None) -> Iterator[str]:
    if type_ is None:
        yield ""
    elif isinstance(type_, ast.Tuple):
        for each in type_.elts:
            yield from _paths(ctx, each)
    else:
        values = ctx.evaluate(type_)
        yield from (value.path for value in values if isinstance(value, External))
        if not values and dotted(type_) is not None:
            yield ""


def _cancels_futures(ctx: Context) -> bool:
    """Whether a call anywhere in the program shuts an executor down with `cancel_futures`."""
    program = ctx.program
    return any(
        keyword == "cancel_futures" and value != ("const", False)
        for module in program.modules_using(("shutdown",))
        for number in program.facts(module).calls_of(("shutdown",))
        for keyword, value in program.call(module, number).arguments
    )
