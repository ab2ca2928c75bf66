from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.api import Applicability, Edit, Fix, Import, Rule, Severity

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.api import Context, ModuleView


class GetEventLoop(Rule):
    """Flags `asyncio.get_event_loop()` in a coroutine.

    ## Why is this bad?
    In a coroutine there is always a running loop, and `asyncio.get_running_loop()` says so. `get_event_loop()` has a second meaning outside of
    coroutines, which hides mistakes, is deprecated since Python 3.10 and an error since 3.14.

    ## Example
    ```python
    import asyncio


    async def now() -> float:
        return asyncio.get_event_loop().time()
    ```

    ## Use instead
    ```python
    import asyncio


    async def now() -> float:
        return asyncio.get_running_loop().time()
    ```

    ## Fix safety
    Safe: both give the same loop in a coroutine. Withheld where something other than asyncio runs it.
    """

    severity = Severity.WARNING
    code, name = "ASL502", "get-event-loop"

    def suspects(self, module: ModuleView) -> bool:
        return module.calls("asyncio.get_event_loop")

    def visit_Call(self, node: cst.Call, ctx: Context) -> None:
        if ctx.callee_paths(node) != ["asyncio.get_event_loop"] or not ctx.program.function(ctx.function).is_async:
            return
        edit = Edit(ctx.path, ctx.span_of(ctx.twin(node).func), "asyncio.get_running_loop")
        fix: Fix | None = Fix("Replace with `asyncio.get_running_loop()`", Applicability.SAFE, (edit,), (Import(ctx.path, "asyncio"),))
        no_fix = ""
        if ctx.target_version < (3, 7):
            fix, no_fix = None, "it is there since Python 3.7"
        elif ctx.backend not in ("asyncio", "anyio"):
            fix, no_fix = None, "something other than asyncio runs this coroutine, where no loop of asyncio may be running"
        ctx.report(node, f"`{ctx.name(node)}()` in a coroutine: `asyncio.get_running_loop()` says what is meant", fix=fix, no_fix=no_fix)
