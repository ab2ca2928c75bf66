from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asynclint.api import Confidence, Fix, Frame, Rule, Span, Withheld, cancellation, let_through

if TYPE_CHECKING:
    from collections.abc import Callable

    import libcst as cst

    from asynclint.api import Context, ModuleView

_SHOWN = 3  # suspension points; a handler around a whole service has a hundred


class SwallowedCancellation(Rule):
    """Flags a handler around an `await` that catches the cancellation of its coroutine and does not raise it again.

    ## Why is this bad?
    A task is cancelled by an exception that is raised at the `await` where it waits. A coroutine that keeps it goes on: a timeout does not end it,
    a task group or a shutdown that cancelled it has no effect. `except:`, `except BaseException` and `suppress()` keep it just the same.

    Nothing is said where the function itself has cancelled the task that it awaits; where the handler asks `cancelling()`, calls `uncancel()`,
    re-raises under a condition, hands the exception on, or notes it for a later `raise`; in a handler that raises at its end and in a `finally` that
    waits for what it has started; and where the coroutine ends at once and is only run as a task, for then nobody but the loop sees how it ended.

    ## Example
    ```python
    import asyncio


    async def poll(seconds: float) -> None:
        while True:
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                print("stopped")
    ```

    ## Use instead
    ```python
    import asyncio


    async def poll(seconds: float) -> None:
        while True:
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                print("stopped")
                raise
    ```

    ## Fix safety
    Unsafe: callers that never saw a cancellation will see it. A handler of nothing else raises it again at its end; one that catches more is
    narrowed. Withheld where the handler leaves by `return`, `break` or `continue`, and for a `suppress()` of nothing else.
    """

    code, name = "ASL401", "swallowed-cancellation"
    confidence = Confidence.MEDIUM

    def suspects(self, module: ModuleView) -> bool:
        return module.catches_cancellation()

    def visit_ExceptHandler(self, node: cst.ExceptHandler, ctx: Context) -> None:
        catch = cancellation.swallowing_handler(ctx, node)
        if catch is not None:
            start, type_ = ctx.span(node).start.offset, ctx.twin(node).type
            end = ctx.span_of(type_).end.offset if type_ is not None else start + len("except")
            self._report(node, catch, ctx.source.span(start, end), ctx, lambda: let_through.let_through(ctx, node, catch))

    def visit_With(self, node: cst.With, ctx: Context) -> None:
        if node.asynchronous is None:
            for item in ctx.twin(node).items:
                catch = cancellation.swallowing_suppress(ctx, node, item.context_expr)
                if catch is not None:
                    self._report(node, catch, ctx.span_of(item.context_expr), ctx, lambda c=catch: let_through.drop_suppressed(ctx, c))  # type: ignore[misc]

    def _report(self, node: cst.CSTNode, catch: cancellation.Catch, span: Span, ctx: Context, make: Callable[[], Fix]) -> None:
        fix, no_fix = None, ""
        try:
            fix = make()
        except Withheld as reason:
            no_fix = str(reason)
        shown = " ".join(ctx.source.text[span.start.offset : span.end.offset].split())
        ways = ", or ".join(text for way, text in cancellation.WAYS.items() if way in catch.ways)
        returns = catch.ways == {cancellation.RETURN}
        consequence = f"a timeout or a shutdown that cancelled it {'takes that for an ordinary end' if returns else 'has no effect'}"
        lines = list(dict.fromkeys(ctx.source.named(point.lineno) for point in catch.points))
        shown_lines = ", ".join(lines[:_SHOWN]) + (f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else "")
        ctx.report(
            node,
            f"`{shown}` catches the cancellation of this coroutine (awaiting at {shown_lines}) and {ways}: {consequence}",
            fix=fix,
            no_fix=no_fix,
            chain=tuple(self._frame(point, ctx) for point in catch.points[:_SHOWN]),
            span=span,
        )

    def _frame(self, twin: Any, ctx: Context) -> Frame:
        start = ctx.span_of(twin).start
        return Frame(ctx.path, start.line, start.column, ctx.program.function(ctx.function).qualname, ctx.source.line_text(start.line).strip())
