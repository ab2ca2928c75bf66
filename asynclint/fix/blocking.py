"""The base of the rules about calls that block the event loop: they differ in what they wait for, not in how it is found or mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from asynclint.fix import offload
from asynclint.model import Applicability, Severity
from asynclint.walk.rule import Rule

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.model import Fix
    from asynclint.program.catalog import Block
    from asynclint.program.effects import Effect
    from asynclint.walk.context import Context
    from asynclint.walk.view import ModuleView

HARMS = {
    "sleep": "sleeps",
    "file": "waits for the disk",
    "process": "waits for another process",
    "network": "waits for the network",
    "database": "waits for the database",
    "wait": "waits for another thread or process",
    "console": "waits for the user",
    "cpu": "computes for long",
}


class BlockingRule(Rule):
    """A rule for direct calls of primitives of certain kinds (see `program.catalog.KINDS`)."""

    kinds: ClassVar[tuple[str, ...]]

    def suspects(self, module: ModuleView) -> bool:
        """Whether a primitive of these kinds is called on the loop."""
        return module.has_effect_on_loop(self.kinds, direct=True)

    def visit_Call(self, node: cst.Call, ctx: Context) -> None:
        """Report a call of a primitive that runs on the loop."""
        effect = ctx.effect(node)
        if effect is None or not effect.is_direct or effect.kind not in self.kinds or not ctx.on_loop:
            return
        block = effect.block
        shown = ctx.name(node)
        known = "" if block.path.rpartition(".")[2] == shown.rpartition(".")[2] else f" (`{block.path}`)"
        fix, no_fix = None, ""
        try:
            fix = mend(ctx, node, block)
        except offload.Withheld as reason:
            no_fix = str(reason)
        ctx.report(
            node,
            f"`{shown}()`{known} {harm(block)} on the event loop, and every other task waits with it",
            fix=fix,
            no_fix=no_fix,
            chain=ctx.chain(node),
            severity=severity(effect),
            help=block.help,
        )


def harm(block: Block) -> str:
    """What a primitive does to the loop; where a summary tells, by which chain inside the library."""
    return f"{HARMS[block.kind]} ({block.by})" if block.by else HARMS[block.kind]


def mend(ctx: Context, node: cst.Call, block: Block) -> Fix:
    """The rewrite of a direct call of a primitive. Raises Withheld."""
    if block.instead.endswith("(self)") and ctx.backend == "asyncio":
        return offload.await_receiver(ctx, node, block.instead.partition("(")[0])
    if block.instead and not block.instead.endswith("(self)"):
        return offload.await_instead(ctx, node, block.instead)
    if block.lazy:
        return offload.offload_iteration(ctx, node, block)
    if block.offload == "never":
        raise offload.Withheld(f"`{block.path}` must stay in the thread that made its object, so it cannot be moved into another one")
    if any(keyword.keyword is not None and keyword.keyword.value == "preexec_fn" for keyword in node.args):
        raise offload.Withheld("`preexec_fn` is not safe where threads are, says the documentation of `subprocess`")
    is_unsafe = block.offload == "unsafe" or block.instead != ""  # the counterpart that would be right is not of this file's backend
    return offload.offload(ctx, node, Applicability.UNSAFE if is_unsafe else Applicability.SAFE)


def severity(effect: Effect) -> Severity:
    """Reading a file harms less than waiting for a machine, and a single quick question to the disk less than that."""
    if effect.block.light:
        return Severity.INFO
    return Severity.WARNING if effect.kind == "file" else Severity.ERROR
