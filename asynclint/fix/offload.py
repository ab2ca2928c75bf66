"""Rewrites of a single call: awaited instead, run in a thread, or not at all and why. Text edits around what stays, so comments stay too."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.fix import hazards
from asynclint.fix.lifting import lifted
from asynclint.fix.thread_knowledge import require_movable
from asynclint.fix.threads import backend, keeps_context, thread
from asynclint.index.facts import CONSUMED
from asynclint.model import Applicability, Edit, Fix, Import, Span, Withheld
from asynclint.program.values import External, ExternalInstance
from asynclint.walk.locking import held_lock
from asynclint.walk.offloads import called_functions, gives_bound

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.program.known import Block
    from asynclint.walk.context import Context
    from asynclint.walk.offloads import Eager

_MUTATORS = frozenset({"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"})
_TIGHTER = frozenset({"Attribute", "Subscript", "Await"})  # parents that bind tighter than `await`
_SLEEPS = {"asyncio": "asyncio.sleep", "trio": "trio.sleep", "anyio": "anyio.sleep"}


def await_instead(ctx: Context, node: cst.Call, replacement: str) -> Fix:
    """`time.sleep(x)` -> `await asyncio.sleep(x)`: the same arguments to an awaitable. Raises Withheld."""
    _require_await(ctx, node)
    _require_not_handed_over(ctx)
    if replacement == "asyncio.sleep":
        replacement = _SLEEPS[backend(ctx)]
    opening, closing = _parentheses(ctx, node)
    func = _function_span(ctx, node)
    edits = [_edit(ctx, func, f"{opening}await {replacement}"), *_at(ctx, ctx.span(node).end.offset, closing)]
    module = replacement.rpartition(".")[0]
    return Fix(f"Replace with `await {replacement}(...)`", hazards.demoted(ctx, node), tuple(edits), (Import(ctx.path, module),))


def offload_iteration(ctx: Context, node: cst.Call, block: Block) -> Fix:
    """`for x in p.iterdir()` -> `for x in await asyncio.to_thread(lambda: list(p.iterdir()))`. Raises Withheld where the iterator is kept.

    The lambda is for the call itself, which may do work too: `Path.iterdir()` reads the directory at once since Python 3.13. What is more than a name
    in it is evaluated here, and handed over: it may ask for the current task, call `super()`, or read what another task sets meanwhile.
    """
    if block.kind != "file" or not ctx.call_facts(node).flags & CONSUMED:
        raise Withheld(f"`{block.path}` gives an iterator, which would still do its work here; iterate it in a function that runs in a thread")
    _require_await(ctx, node)
    twin = ctx.twin(node)
    if any(isinstance(inner, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)) for inner in ast.walk(twin)):
        raise Withheld("an argument awaits or assigns, which a function that runs in a thread cannot do for this one")
    if _steered(ctx, twin):
        raise Withheld("the loop changes what it is given to steer the iteration; iterate in a function that runs in a thread")
    if ctx.program.evaluate("list", ctx.scope) != (External("builtins.list"),):
        raise Withheld("`list` means something else here")
    doubt = require_movable(ctx, twin, in_handler=_in_handler(ctx), keeps_context=keeps_context(ctx))
    worker = thread(ctx, call=node)
    opening, closing = _parentheses(ctx, node)
    made, given = lifted(ctx, twin)
    head = f"lambda {', '.join(name for name, _ in given)}:" if given else "lambda:"
    arguments = "".join(f", {text}" for _, text in given)
    edit = _edit(ctx, ctx.span(node), f"{opening}{worker.run(f'{head} list({made}){arguments}')}{closing}")
    title = f"Run the iteration in a thread: `await {worker.name}({head} list({ctx.name(node)}(...)))`"
    kind = Applicability.UNSAFE if doubt else hazards.demoted(ctx, node, in_thread=True)
    return Fix(title, kind, (edit,), worker.imports)


def _steered(ctx: Context, iterator: ast.Call) -> bool:
    """Whether a loop over an iterator changes in place what it is given, as one over `os.walk()` does to leave out directories."""
    parent = ctx.ancestors[-1]
    if parent.__class__.__name__ != "For" or ctx.twin(parent).iter is not iterator:
        return False
    loop = ctx.twin(parent)
    given = {name.id for name in ast.walk(loop.target) if isinstance(name, ast.Name)}
    for node in (inner for statement in loop.body for inner in ast.walk(statement)):
        changed: Any = None
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            changed = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MUTATORS:
            changed = node.func.value
        elif isinstance(node, ast.AugAssign):
            changed = node.target
        if isinstance(changed, ast.Name) and changed.id in given:
            return True
    return False


def await_receiver(ctx: Context, node: cst.Call, replacement: str) -> Fix:
    """`future.result()` -> `await asyncio.wrap_future(future)`. Raises Withheld."""
    _require_await(ctx, node)
    twin = ctx.twin(node)
    if twin.args or twin.keywords or not isinstance(twin.func, ast.Attribute):
        return offload(ctx, node, Applicability.UNSAFE)
    opening, closing = _parentheses(ctx, node)
    receiver = ctx.span_of(twin.func.value)
    span = ctx.span(node)
    tail = ctx.source.span(receiver.end.offset, span.end.offset)
    if receiver.start.offset != span.start.offset:
        raise Withheld("the receiver stands in parentheses; write the replacement by hand")
    edits = [*_at(ctx, span.start.offset, f"{opening}await {replacement}("), _edit(ctx, tail, f"){closing}")]
    module = replacement.rpartition(".")[0]
    return Fix(f"Replace with `await {replacement}(...)`", hazards.demoted(ctx, node), tuple(edits), (Import(ctx.path, module),))


def await_call(ctx: Context, node: cst.Call, title: str) -> Fix:
    """`f(x)` -> `await f(x)`. Raises Withheld."""
    _require_await(ctx, node)
    opening, closing = _parentheses(ctx, node)
    span = ctx.span(node)
    edits = [*_at(ctx, span.start.offset, f"{opening}await "), *_at(ctx, span.end.offset, closing)]
    return Fix(title, hazards.demoted(ctx, node), tuple(edits))


def offload(ctx: Context, node: cst.Call, applicability: Applicability = Applicability.SAFE, *, entered: bool = False) -> Fix:
    """`f(x, y=1)` -> `await asyncio.to_thread(f, x, y=1)` in the words of the file's backend. Raises Withheld.

    What takes no keyword arguments for the function gets a `functools.partial`. `entered`: the value may be used as a context manager, because the
    call does the work and entering does none.
    """
    _require_await(ctx, node)
    twin = ctx.twin(node)
    arguments = [*twin.args, *(keyword.value for keyword in twin.keywords)]
    if any(argument.__class__ is ast.GeneratorExp for argument in arguments):
        raise Withheld("an argument is a generator expression, whose body would run in the thread")
    _require_not_handed_over(ctx)
    if not entered and isinstance(ctx.ancestors[-1], _with_item()) and not ctx.ancestors[-2].asynchronous:  # type: ignore[attr-defined]
        raise Withheld("the value is used as a context manager; move the whole `with` block into a function and run that in a thread")
    bound = gives_bound(ctx, node)
    if bound:
        raise Withheld(f"it gives a `{bound}`, which must stay in the thread that made it; do all that is done with it in one function, in a thread")
    for each in (*arguments, *([twin.func.value] if isinstance(twin.func, ast.Attribute) else [])):
        _require_not_bound(ctx, each)
    doubt = require_movable(ctx, twin, in_handler=_in_handler(ctx), keeps_context=keeps_context(ctx))
    hazards.require_position(ctx, node)
    worker = thread(ctx, keywords=bool(twin.keywords), call=node)
    opening, closing = _parentheses(ctx, node)
    start = ctx.span(node).start.offset
    func = _function_span(ctx, node).end.offset
    arguments_start = ctx.source.text.index("(", func) + 1
    following = ctx.source.text[arguments_start : arguments_start + 1]
    separator = "" if not arguments else "," if following in "\r\n \t\\#" else ", "
    edits = [
        *_at(ctx, start, opening + worker.opening),
        _edit(ctx, ctx.source.span(func, arguments_start), separator),
        *_at(ctx, ctx.span(node).end.offset, worker.closing[1:] + closing),  # the call's own parenthesis closes one
    ]
    demoted = hazards.demoted(ctx, node, in_thread=True)
    kind = Applicability.UNSAFE if doubt or Applicability.UNSAFE in (applicability, demoted) else Applicability.SAFE
    return Fix(f"Run in a thread: `await {worker.name}({ctx.name(node)}, ...)`", kind, tuple(edits), worker.imports)


def uncall(ctx: Context, node: cst.Call, eager: Eager) -> Fix:
    """`to_thread(f(x))` -> `to_thread(f, x)`. Raises Withheld."""
    inner, source = eager.argument, ctx.source
    given = [*inner.args, *inner.keywords]
    func, whole = ctx.span_of(inner.func).end.offset, ctx.span_of(inner)
    if source.text[func] != "(":
        raise Withheld("the function stands in parentheses; pass it and its arguments by hand")
    if any(isinstance(argument, ast.GeneratorExp) for argument in inner.args):
        raise Withheld("an argument is a generator expression, whose body would run in the thread")
    for function in called_functions(ctx, inner):
        hazard = ctx.program.contexts.hazard(function.key)
        if hazard:
            raise Withheld(f"{hazard}, so it cannot be handed to a thread as it is")
    imports: tuple[Import, ...] = ()
    if not given:
        edits = [_edit(ctx, source.span(func, whole.end.offset), "")]
    elif eager.alone:
        raise Withheld(eager.alone)
    elif not ctx.twin(node).args or ctx.twin(node).args[-1] is not inner:
        raise Withheld("pass the function itself, and its arguments by themselves")
    else:
        partial = not eager.positional or (bool(inner.keywords) and not eager.keywords)
        edits = [_edit(ctx, source.span(func, func + 1), ", ")]
        if partial:
            edits += _at(ctx, whole.start.offset, "functools.partial(")
            imports = (Import(ctx.path, "functools"),)
        else:
            edits.append(_edit(ctx, source.span(whole.end.offset - 1, whole.end.offset), ""))
    kind = Applicability.SAFE if eager.fails else Applicability.UNSAFE
    return Fix("Hand over the function and its arguments", kind, tuple(edits), imports)


def _require_await(ctx: Context, node: cst.CSTNode) -> None:
    reason = ctx.cannot_await()
    if reason:
        raise Withheld(reason)
    if any(node.__class__.__name__ == "FormattedStringExpression" and node.equal is not None for node in ctx.ancestors):  # type: ignore[attr-defined]
        raise Withheld("the f-string shows how the call is written (`=`), which would be something else")
    lock = held_lock(ctx, node)
    if lock:
        raise Withheld(f"the lock `{lock}` is held here, and an `await` under it would stall every other holder")


def _require_not_bound(ctx: Context, given: ast.expr) -> None:
    """Raise Withheld where a thread is given what only the thread that made it may use."""
    for value in ctx.evaluate(given):
        if isinstance(value, ExternalInstance) and ctx.program.catalog.is_thread_bound(value.path):
            raise Withheld(f"`{value.path}` must stay in the thread that made it")


def _in_handler(ctx: Context) -> bool:
    """Whether the node at hand runs while its own function handles an exception."""
    for n in range(len(ctx.ancestors) - 1, -1, -1):
        kind = ctx.ancestors[n].__class__.__name__
        if kind in ("FunctionDef", "Lambda"):
            return False
        if kind in ("ExceptHandler", "ExceptStarHandler"):
            return True
    return False


def _parentheses(ctx: Context, node: cst.Call) -> tuple[str, str]:
    """What must stand around `await ...` in the place of a call."""
    parent = ctx.ancestors[-1]
    kind = parent.__class__.__name__
    tight = kind in _TIGHTER or (kind == "Call" and parent.func is node)  # type: ignore[attr-defined]
    return ("(", ")") if tight and not node.lpar else ("", "")


def _function_span(ctx: Context, node: cst.Call) -> Span:
    """The place of a call's function, parentheses around it included."""
    start = ctx.span(node).start.offset
    if node.func.lpar:
        twin = ctx.twin(node)
        inner = ctx.span_of(twin.func).end.offset
        depth = len(node.func.lpar)
        end = inner
        for _ in range(depth):
            end = ctx.source.text.index(")", end) + 1
        return ctx.source.span(start, end)
    return ctx.source.span(start, ctx.span_of(ctx.twin(node).func).end.offset)


def _edit(ctx: Context, span: Span, text: str) -> Edit:
    return Edit(ctx.path, span, text)


def _at(ctx: Context, offset: int, text: str) -> list[Edit]:
    return [Edit(ctx.path, ctx.source.span(offset, offset), text)] if text else []


def _require_not_handed_over(ctx: Context) -> None:
    """Raise Withheld where the node at hand stands in the place of a function that a call runs elsewhere."""
    import libcst as cst

    if len(ctx.ancestors) < 2 or not isinstance(ctx.ancestors[-1], cst.Arg) or not isinstance(ctx.ancestors[-2], cst.Call):
        return
    arguments = ctx.call_facts(ctx.ancestors[-2]).arguments
    call, this = ctx.twin(ctx.ancestors[-2]), ctx.twin(ctx.ancestors[-1].value)
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    takers = (ctx.program.offloads, ctx.program.callbacks)
    if any(given[n] is this for value in ctx.callees(ctx.ancestors[-2]) for taker in takers for n in taker.handed(value, arguments)):
        raise Withheld("the call is evaluated here and only its result is handed over; see ASL503")


def _with_item() -> type:
    import libcst as cst

    return cst.WithItem
