from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.api import Rule, Withheld, lost, tasks

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.api import Context, ModuleView


class UnkeptTask(Rule):
    """Flags a task that is bound to a local name, or put into a local container, which dies with the function, and used nowhere else.

    ## Why is this bad?
    A name keeps its task only until the function returns. After that the task may be collected as garbage in the middle of its work.

    ## Example
    ```python
    import asyncio


    async def refresh() -> None: ...


    async def main() -> None:
        task = asyncio.create_task(refresh())
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
    With `task-errors = "log"` its exception is logged. Withheld where the task is put into a container without a name of its
    own, and where the function that gives it may also return something else.
    """

    code, name = "ASL302", "unkept-task"

    def suspects(self, module: ModuleView) -> bool:
        return module.loses_tasks()

    def visit_Call(self, node: cst.Call, ctx: Context) -> None:
        name = lost.unkept_name(ctx, node) if lost.spawns(ctx, node) else ""
        if not name:
            return
        fix, no_fix = None, ""
        try:
            fix = tasks.keep(ctx, node)
        except Withheld as reason:
            no_fix = str(reason)
        ctx.report(
            node,
            f"only the local name `{name}` holds this task: when the function returns, it may be collected as garbage before it is done",
            fix=fix,
            no_fix=no_fix,
            chain=lost.spawn_chain(ctx, node),
        )
