from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.api import Applicability, Rule, Withheld, blocking, blocks, offload

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.api import Context, Fix, ModuleView

KINDS = tuple(blocking.HARMS)
_ENTERING = frozenset({"__enter__", "__exit__", "__iter__", "__next__"})


class BlockingHelper(Rule):
    """Flags a call on the event loop of a sync function, method, property or constructor that blocks, however many calls further down.

    ## Why is this bad?
    The call looks harmless where it stands, and the loop stalls all the same: most blocking calls of real programs are hidden in a helper, half
    of them in another module. The finding names the primitive and lists every hop that leads to it.

    ## Example
    ```python
    import time


    def wait_a_little() -> None:
        time.sleep(0.1)


    async def poll() -> None:
        wait_a_little()
    ```

    ## Use instead
    ```python
    import asyncio
    import time


    def wait_a_little() -> None:
        time.sleep(0.1)


    async def poll() -> None:
        await asyncio.to_thread(wait_a_little)
    ```

    ## Fix safety
    Safe where everything that the helper does is known, and nothing of it depends on the thread. Unsafe where it changes shared state, looks
    through a container that other tasks may change (the caller's own, a copy, and what nobody changes is fine), asks for its thread, for the
    frames of its callers or for an exception of theirs, may raise `StopIteration`, or runs code that is not known. So is a context manager, whose
    whole block moves into a function that runs in a thread.

    Unsafe too where somebody else may decide what is called: a callable that is handed over or kept in an attribute, and a public method of a
    public class that may be overridden out of sight. That may be so in a package (which others import), and in plain modules that run code of
    others (`exec`, `import_module`, entry points); otherwise modules that lie in no package are taken for the whole program. A name that
    begins with an underscore, `@final`, and an object that is made right there say that nobody does.

    Withheld where it needs the event loop, changes a context variable, reads a `threading.local` or, in a handler, the active exception, or gives
    back an object that is bound to its thread.
    """

    code, name = "ASL110", "blocking-helper"

    def suspects(self, module: ModuleView) -> bool:
        return module.has_effect_on_loop(KINDS, direct=False)

    def visit_Call(self, node: cst.Call, ctx: Context) -> None:
        effect = ctx.effect(node)
        if effect is not None and not effect.is_direct and ctx.on_loop:
            shown = f"{ctx.name(node)}()"
            fix, no_fix = None, ""
            try:
                fix = self._fix(node, ctx)
            except Withheld as reason:
                no_fix = str(reason)
            self._report(node, ctx, shown, fix, no_fix)

    def visit_Attribute(self, node: cst.Attribute, ctx: Context) -> None:
        effect = ctx.property_effect(node)
        if effect is not None and not effect.is_direct and ctx.on_loop:
            self._report(node, ctx, ctx.text(node), None, blocking.UNAWAITABLE)

    def _fix(self, node: cst.Call, ctx: Context) -> Fix:
        block_fix = blocks.moved(ctx, node)
        if block_fix is not None:
            return block_fix
        target = ctx.target(node)
        if target is None:
            raise Withheld("it is not known which function blocks")
        if ctx.program.function(target.key).name in _ENTERING and target.key not in [getattr(value, "key", None) for value in ctx.callees(node)]:
            raise Withheld("not the call blocks, but what is done with its result")
        effect = ctx.effect(node)
        if effect is not None and effect.block.offload == "process":
            raise Withheld(blocking.held(effect.block))
        hazard = ctx.program.contexts.hazard(target.key)
        if hazard:
            raise Withheld(f"{hazard}, so it cannot be moved into a thread as it is")
        function = ctx.program.function(target.key)
        doubt = ctx.program.contexts.doubt(target.key) or function.name == "__init__"  # an object may belong to the thread that makes it
        return offload.offload(ctx, node, Applicability.UNSAFE if doubt else Applicability.SAFE)

    def _report(self, node: cst.CSTNode, ctx: Context, shown: str, fix: Fix | None, no_fix: str) -> None:
        effect = ctx.effect(node)
        assert effect is not None
        chain = ctx.chain(node)
        calls = "1 call" if len(chain) == 2 else f"{len(chain) - 1} calls"
        ctx.report(
            node,
            f"`{shown}` blocks the event loop: {calls} further down, `{effect.block.path}` {blocking.harm(effect.block)}",
            fix=fix,
            no_fix=no_fix,
            chain=chain,
            severity=blocking.severity(effect),
            help=effect.block.help,
        )
