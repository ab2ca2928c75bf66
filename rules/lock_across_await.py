from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asynclint.api import Frame, Rule, Withheld, locking, locks, sections, suspensions

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.api import Context, Fix, ModuleView


_STOPPED = "another task that wants it stops the event loop, and the holder can never let go"
_SHARED = "other tasks of this thread take it too, so it excludes none of them, and a thread that wants it waits for all of them"


class LockAcrossAwait(Rule):
    """Flags a lock of threads or processes that a coroutine holds at a suspension point.

    ## Why is this bad?
    While the holder is suspended, another task of the same loop may want the lock. It waits for it in the thread of the loop, so the holder can
    never go on and let go of it: the program hangs for ever. With luck it only stalls.

    ## Example
    ```python
    import asyncio
    import threading


    class Session:
        def __init__(self) -> None:
            self._lock = threading.Lock()

        async def refresh(self) -> None:
            with self._lock:
                await asyncio.sleep(1)
    ```

    ## Use instead
    ```python
    import asyncio
    import threading


    class Session:
        def __init__(self) -> None:
            self._lock = asyncio.Lock()

        async def refresh(self) -> None:
            async with self._lock:
                await asyncio.sleep(1)
    ```

    ## Fix safety
    Safe, and offered only if every use of the lock in every module of the project stands in a coroutine: its creation and all uses change
    together. Otherwise the finding names the uses that forbid it: in synchronous code, by `getattr` or `vars`, by a star
    import, in a copy that makes its own lock, in event loops of several threads or one after the other. Unsafe where a
    base class outside of the project may use it, or what looks its name up is known only when the program runs.
    Unsafe for an `RLock`, and a `Condition`, which has one: offered only if nothing
    that is awaited while it is held takes it again, but tasks did not exclude each other so far, and now do. A condition's `wait` with a timeout has
    no counterpart. A lock that a helper takes, a manager of the project or a function, is left alone. Where
    the lock cannot change, but what suspends touches nothing of what it guards, a smaller `with` is shown, and left to you.
    """

    code, name = "ASL201", "lock-across-await"

    def suspects(self, module: ModuleView) -> bool:
        return module.holds_lock_across_await()

    def visit_With(self, node: cst.With, ctx: Context) -> None:
        if node.asynchronous is not None:
            return
        twin = ctx.twin(node)
        points = suspensions(twin.body)
        for item in twin.items if points and ctx.program.function(ctx.function).is_async else ():
            held = locking.entered(ctx, item.context_expr)
            if held is not None:
                self._report(node, locking.Taken(item.context_expr, held, points), ctx)

    def visit_Call(self, node: cst.Call, ctx: Context) -> None:
        taken = locking.taken(ctx, node) if ctx.program.function(ctx.function).is_async else None
        if taken is not None and taken.points:
            self._report(node, taken, ctx)

    def _report(self, node: cst.CSTNode, taken: locking.Taken, ctx: Context) -> None:
        expression, held, points = taken
        fix, no_fix, help = None, "", ""
        try:
            fix = locks.convert(ctx, expression, held)
        except Withheld as reason:
            no_fix = str(reason)
            fix = self._smaller(node, ctx)
            help = f"it cannot become a lock of asyncio: {reason}" if fix is not None else ""
        shown, type_ = " ".join(ctx.text_of(expression).split()), held.lock.path
        plural = "s" * (len(points) > 1)
        lines = ", ".join(dict.fromkeys(ctx.source.named(point.lineno) for point in points))
        at = f"held at {len(points)} suspension point{plural} ({lines})"
        ctx.report(
            node,
            (f"`{shown}` takes a `{type_}`, which is {at}: " if held.hops else f"`{shown}`, a `{type_}`, is {at}: ")
            + (_SHARED if held.lock.reentrant else _STOPPED),
            fix=fix,
            no_fix=no_fix,
            chain=(self._frame(expression, ctx), *locking.hops(ctx, held), *(self._frame(point, ctx) for point in points)),
            span=ctx.span_of(expression),
            help=help,
        )

    def _smaller(self, node: cst.CSTNode, ctx: Context) -> Fix | None:
        """A smaller critical section, if a `with` can have one."""
        try:
            return sections.leave(ctx, ctx.twin(node)) if node.__class__.__name__ == "With" else None
        except Withheld:
            return None

    def _frame(self, twin: Any, ctx: Context) -> Frame:
        return ctx.frame_at(ctx.function, twin.lineno, twin.col_offset)
