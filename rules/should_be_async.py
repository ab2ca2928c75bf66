from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.api import Rule, Severity, signatures

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.api import Context, ModuleView


class ShouldBeAsync(Rule):
    """Flags a sync function that blocks and is called from coroutines only (off unless `pedantic` is on or the rule is selected by name).

    ## Why is this bad?
    Every call of it stalls the event loop, or needs a thread. As a coroutine function it can wait without either. The calls themselves are findings
    of their own (ASL110), which offer the thread: so this rule is for those who would rather change the function.

    ## Example
    ```python
    import time


    def pause(seconds: float) -> str:
        time.sleep(seconds)
        return "rested"


    async def main() -> None:
        print(pause(0.1))
    ```

    ## Use instead
    ```python
    import asyncio


    async def pause(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "rested"


    async def main() -> None:
        print(await pause(0.1))
    ```

    ## Fix safety
    Unsafe, since every new `await` is a place where other tasks run: the function becomes a coroutine function, with what it overrides and what
    overrides it, and is awaited at every call in all modules; what it blocks on is then moved off the loop by the fixes for coroutines. Nothing is
    reported where a use of it forbids this; `asynclint asyncify` names such uses, and makes sync callers async too.
    """

    code, name = "ASL604", "should-be-async"
    severity = Severity.INFO
    pedantic = True

    def suspects(self, module: ModuleView) -> bool:
        return module.blocks_coroutines_only()

    def visit_FunctionDef(self, node: cst.FunctionDef, ctx: Context) -> None:
        key = ctx.defined(node)
        if not ctx.program.effects.serves_coroutines_only(key):
            return
        plan = signatures.plan_for(ctx, key)
        name = ctx.program.function(key).name
        if plan.fix is None or any(ctx.program.function(each).name != name for each in plan.functions):
            return
        twin = ctx.twin(node)
        start = ctx.span_of(twin).start.offset
        start = ctx.source.text.index(name, start + len("def"))
        calls = "1 call, in a coroutine" if plan.calls == 1 else f"{plan.calls} calls, all in coroutines"
        ctx.report(
            node,
            f"`{name}` blocks, and has {calls}: as a coroutine function it would not need a thread",
            fix=plan.fix,
            span=ctx.source.span(start, start + len(name)),
        )
