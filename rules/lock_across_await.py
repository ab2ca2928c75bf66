from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asynclint.api import Frame, Rule, Withheld, locks, suspensions

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.api import Context, ModuleView


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
    together. Otherwise the finding names the use that forbids it.
    """

    code, name = "ASL201", "lock-across-await"

    def suspects(self, module: ModuleView) -> bool:
        return module.holds_lock_across_await()

    def visit_With(self, node: cst.With, ctx: Context) -> None:
        if node.asynchronous is not None:
            return
        twin = ctx.twin(node)
        for item in twin.items:
            self._check(node, item.context_expr, twin.body, ctx)

    def visit_Call(self, node: cst.Call, ctx: Context) -> None:
        twin = ctx.twin(node)
        if ctx.is_acquire(node):
            self._check(node, twin.func.value, locks.held_after(ctx, twin), ctx)

    def _check(self, node: cst.CSTNode, expression: Any, body: list[Any], ctx: Context) -> None:
        points = suspensions(body)
        if not points or not ctx.program.function(ctx.function).is_async:
            return
        lock = next((lock for value in ctx.evaluate(expression) if (lock := ctx.program.lock_of(value))), None)
        if lock is None:
            return
        fix, no_fix = None, ""
        try:
            fix = locks.convert(ctx, expression)
        except Withheld as reason:
            no_fix = str(reason)
        shown = ctx.text_of(expression)
        plural = "s" * (len(points) > 1)
        lines = ", ".join(dict.fromkeys(str(point.lineno) for point in points))
        ctx.report(
            node,
            f"`{shown}`, a `{lock.path}`, is held at {len(points)} suspension point{plural} (line{plural} {lines}): "
            "another task that wants it stops the event loop, and the holder can never let go",
            fix=fix,
            no_fix=no_fix,
            chain=(self._frame(expression, ctx), *(self._frame(point, ctx) for point in points)),
            span=ctx.span_of(expression),
        )

    def _frame(self, twin: Any, ctx: Context) -> Frame:
        start = ctx.span_of(twin).start
        return Frame(ctx.path, start.line, start.column, ctx.program.function(ctx.function).qualname, ctx.source.line_text(start.line).strip())
