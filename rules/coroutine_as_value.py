from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.api import Applicability, Rule, Withheld, lost, offload, uses

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.api import Context, ModuleView


class CoroutineAsValue(Rule):
    """Flags the call of a coroutine function whose coroutine is used where its result is meant: tested, compared, formatted, returned and the like.

    ## Why is this bad?
    The call only makes a coroutine; nothing of its body runs. The coroutine is always true, equals nothing else and has none of the attributes of
    the result: a test always goes the same way, and the rest fails or shows `<coroutine object ...>`.

    ## Example
    ```python
    async def is_open() -> bool: ...


    async def main() -> None:
        if is_open():
            print("open")
    ```

    ## Use instead
    ```python
    async def is_open() -> bool: ...


    async def main() -> None:
        if await is_open():
            print("open")
    ```

    ## Fix safety
    Safe inside a coroutine, where `await` is put before the call; unsafe where the new suspension point comes between a test of shared state and
    the act that depends on it, or into the update of an attribute. Withheld elsewhere: a sync function cannot await.
    """

    code, name = "ASL305", "coroutine-as-value"

    def suspects(self, module: ModuleView) -> bool:
        return module.uses_coroutines()

    def visit_Call(self, node: cst.Call, ctx: Context) -> None:
        use = uses.use_of_coroutine(ctx, node) if lost.uses_coroutine(ctx, node) else ""
        if not use:
            return
        fix, no_fix = None, ""
        try:
            fix = offload.await_call(ctx, node, f"Await `{ctx.name(node)}()`")
            if uses.updates_shared(ctx):
                from dataclasses import replace  # costs as much to load as ten rules

                fix = replace(fix, applicability=Applicability.UNSAFE)
        except Withheld as reason:
            no_fix = str(reason)
        ctx.report(node, f"`{ctx.name(node)}()` only makes a coroutine, which nothing awaits and which {use}", fix=fix, no_fix=no_fix)
