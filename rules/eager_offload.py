from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.api import Rule, Withheld, offload, offloads

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.api import Context, ModuleView


class EagerOffload(Rule):
    """Flags a call whose result is handed to a thread where the function was meant: `asyncio.to_thread(f())`.

    ## Why is this bad?
    The call runs here, on the event loop, before the thread is even asked for; the thread then gets its result and tries to call that.

    ## Example
    ```python
    import asyncio


    def work(number: int) -> None:
        print(sum(range(number)))


    async def main() -> None:
        await asyncio.to_thread(work(1_000_000))
    ```

    ## Use instead
    ```python
    import asyncio


    def work(number: int) -> None:
        print(sum(range(number)))


    async def main() -> None:
        await asyncio.to_thread(work, 1_000_000)
    ```

    ## Fix safety
    Safe where the result is called at once, so that the program fails as it stands: the function and its arguments are handed over in its place.
    Unsafe where the program may go on without it (`Depends()`, `Thread(target=...)`, a future that nobody awaits). A call is flagged only if all that
    it may return is known, and none of it can be called.
    """

    code, name = "ASL503", "eager-offload"

    def suspects(self, module: ModuleView) -> bool:
        return module.hands_over_calls()

    def visit_Call(self, node: cst.Call, ctx: Context) -> None:
        found = offloads.eager_argument(ctx, node)
        if found is None:
            return
        fix, no_fix = None, ""
        try:
            fix = offload.uncall(ctx, node, found)
        except Withheld as reason:
            no_fix = str(reason)
        inner = " ".join(ctx.text_of(found.argument.func).split())
        ctx.report(
            node,
            f"`{inner}()` runs here, before `{ctx.name(node)}()` gets its result: nothing is moved off the loop",
            fix=fix,
            no_fix=no_fix,
        )
