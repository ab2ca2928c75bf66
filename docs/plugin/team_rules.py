"""The rules of a team, as an installed distribution offers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.api import Applicability, Edit, Fix, Import, Rule, Severity

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.api import Context, ModuleView


class EnsureFuture(Rule):
    """Flags `asyncio.ensure_future()` in a coroutine.

    ## Why is this bad?
    It takes futures, coroutines and any other awaitable alike, and hides which of them is meant.

    ## Example
    ```python
    import asyncio


    async def start(work) -> None:
        task = asyncio.ensure_future(work())
        await task
    ```

    ## Use instead
    ```python
    import asyncio


    async def start(work) -> None:
        task = asyncio.create_task(work())
        await task
    ```

    ## Fix safety
    Unsafe: `asyncio.create_task()` takes coroutines only. Withheld where there are other arguments.
    """

    code, name = "TEA102", "ensure-future"
    severity = Severity.WARNING

    def suspects(self, module: ModuleView) -> bool:
        return module.calls("asyncio.ensure_future")

    def visit_Call(self, node: cst.Call, ctx: Context) -> None:
        if ctx.callee_paths(node) != ["asyncio.ensure_future"]:
            return
        message = f"`{ctx.name(node)}()` does not say whether it starts a task"
        if len(node.args) != 1:
            ctx.report(node, message, no_fix="`asyncio.create_task()` takes no `loop`")
            return
        edit = Edit(ctx.path, ctx.span(node.func), "asyncio.create_task")
        fix = Fix("Replace with `asyncio.create_task()`", Applicability.UNSAFE, (edit,), (Import(ctx.path, "asyncio"),))
        ctx.report(node, message, fix=fix)
