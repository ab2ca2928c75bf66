from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.api import Rule, Withheld, lost, tasks

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.api import Context, ModuleView


class DiscardedTask(Rule):
    """Flags a task whose handle is dropped at once.

    ## Why is this bad?
    The event loop holds only a weak reference to a task. One that nothing else refers to may be collected as garbage in the middle of its work,
    without a word, and an exception in it is never seen. See the note in the documentation of `asyncio.create_task`.

    ## Example
    ```python
    import asyncio


    async def refresh() -> None: ...


    async def main() -> None:
        asyncio.create_task(refresh())
    ```

    ## Use instead
    ```python
    import asyncio

    background_tasks: set[asyncio.Task[object]] = set()


    async def refresh() -> None: ...


    async def main() -> None:
        task = asyncio.create_task(refresh())
        background_tasks.add(task)
        task.add_done_callback(background_tasks.discard)
    ```

    ## Fix safety
    Safe: the task runs as before and is kept in a set of the module until it is done, or in a set of tasks that the object has already. Unsafe where
    the task then ends with its owner: in an `async with` of a task group, which waits for it and is cancelled if it fails; in a set whose tasks the
    class cancels or awaits; and if it never ends by itself, in a class with a coroutine `close`, `aclose`, `stop`, `shutdown` or `__aexit__`, which
    then cancels it. A set that the task itself would wait for is not taken. Withheld in a function that runs in a thread.
    With `task-errors = "log"` its exception is logged. Withheld where the function that gives it may also return something else.
    """

    code, name = "ASL301", "discarded-task"

    def suspects(self, module: ModuleView) -> bool:
        return module.loses_tasks()

    def visit_Call(self, node: cst.Call, ctx: Context) -> None:
        if lost.spawns(ctx, node):
            if lost.is_dropped(ctx, node):
                self._report(node, ctx, ctx.name(node))
            return
        for argument in lost.spawning_callbacks(ctx, node):
            ctx.report(
                node,
                f"the task that `{argument}()` makes as a callback is dropped, and may be collected as garbage before it is done",
                no_fix="pass a function that keeps the task, in place of the bare task maker",
            )

    def _report(self, node: cst.Call, ctx: Context, shown: str) -> None:
        fix, no_fix = None, ""
        try:
            fix = tasks.keep(ctx, node)
        except Withheld as reason:
            no_fix = str(reason)
        ctx.report(
            node,
            f"the task from `{shown}()` is dropped: it may be collected as garbage before it is done, and its exception is never seen",
            fix=fix,
            no_fix=no_fix,
            chain=lost.spawn_chain(ctx, node),
        )
