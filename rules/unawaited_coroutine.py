from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.api import Rule, Withheld, endless, lost

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.api import Context, ModuleView


class UnawaitedCoroutine(Rule):
    """Flags the call of a coroutine function whose coroutine is dropped without being awaited.

    ## Why is this bad?
    The call only makes a coroutine; nothing of its body runs. Python says so, if at all, when the coroutine is collected as garbage.

    ## Example
    ```python
    async def save() -> None: ...


    async def main() -> None:
        save()
    ```

    ## Use instead
    ```python
    async def save() -> None: ...


    async def main() -> None:
        await save()
    ```

    ## Fix safety
    Safe inside a coroutine, where `await` is put before the call. Withheld elsewhere, since a sync function cannot await, and where the coroutine
    does not end by itself: a server, a heartbeat, a `while True` that nothing leaves. Unsafe where it ends only when somebody else does something.
    """

    code, name = "ASL304", "unawaited-coroutine"

    def suspects(self, module: ModuleView) -> bool:
        return module.drops_coroutines()

    def visit_Call(self, node: cst.Call, ctx: Context) -> None:
        if not lost.drops_coroutine(ctx, node):
            return
        fix, no_fix = None, ""
        try:
            fix = endless.awaited(ctx, node)
        except Withheld as reason:
            no_fix = str(reason)
        ctx.report(node, f"`{ctx.name(node)}()` only makes a coroutine, and nothing awaits it: its body never runs", fix=fix, no_fix=no_fix)
