"""The base of the rules about calls that block the event loop: they differ in what they wait for, not in how it is found or mended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar

from asynclint.later import Later
from asynclint.model import Applicability, Severity, Withheld
from asynclint.program.values import ExternalInstance, FunctionValue
from asynclint.walk.rule import Rule

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.fix import blocks, futures, offload, streams
    from asynclint.model import Fix
    from asynclint.program.effects import Effect
    from asynclint.program.known import Block
    from asynclint.walk.context import Context
    from asynclint.walk.view import ModuleView
else:
    blocks, offload, streams = Later("asynclint.fix.blocks"), Later("asynclint.fix.offload"), Later("asynclint.fix.streams")
    futures = Later("asynclint.fix.futures")

_STANDARD = frozenset({*sys.stdlib_module_names, "builtins"})
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
UNAWAITABLE = "reading a property cannot be awaited; make it a method, or run its work earlier in a thread"


class BlockingRule(Rule):
    """A rule for direct calls of primitives of certain kinds (see `program.known.KINDS`)."""

    kinds: ClassVar[tuple[str, ...]]

    def suspects(self, module: ModuleView) -> bool:
        """Whether a primitive of these kinds is called on the loop."""
        return module.has_effect_on_loop(self.kinds, direct=True)

    def visit_Call(self, node: cst.Call, ctx: Context) -> None:
        """Report a call of a primitive that runs on the loop."""
        effect = ctx.effect(node)
        if effect is None or not effect.is_direct or effect.kind not in self.kinds or not ctx.on_loop:
            return
        fix, no_fix = None, ""
        try:
            fix = mend(ctx, node, effect.block)
        except Withheld as reason:
            no_fix = str(reason)
        self._report(node, ctx, ctx.name(node), "()", fix, no_fix)

    def visit_Attribute(self, node: cst.Attribute, ctx: Context) -> None:
        """Report the reading of a property that the user says blocks."""
        effect = ctx.property_effect(node) if ctx.program.marks.said else None
        if effect is not None and effect.is_direct and effect.kind in self.kinds and ctx.on_loop:
            self._report(node, ctx, ctx.text(node), "", None, UNAWAITABLE)

    def _report(self, node: cst.CSTNode, ctx: Context, shown: str, called: str, fix: Fix | None, no_fix: str) -> None:
        effect = ctx.effect(node)
        assert effect is not None
        block = effect.block
        known = "" if block.path.rpartition(".")[2] == shown.rpartition(".")[2] else f" (`{block.path}`)"
        ctx.report(
            node,
            f"`{shown}{called}`{known} {harm(block)} on the event loop, and every other task waits with it",
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
    try:
        block_fix = blocks.moved(ctx, node)
    except blocks.Stays:
        if block.offload == "never" or not _works_when_called(ctx, node, block):
            raise
        return offload.offload(ctx, node, Applicability(block.offload), entered=True)
    block_fix = block_fix or streams.streamed(ctx, node)
    if block_fix is not None:
        return block_fix
    if block.instead.endswith("(self)") and ctx.backend == "asyncio":
        return futures.awaited(ctx, node, block.instead.partition("(")[0])
    if block.instead and not block.instead.endswith("(self)"):
        return offload.await_instead(ctx, node, block.instead)
    if block.lazy:
        return offload.offload_iteration(ctx, node, block)
    if block.offload == "never":
        raise Withheld(f"`{block.path}` must stay in the thread that made its object, so it cannot be moved into another one")
    if block.offload == "process":
        raise Withheld(held(block))
    if any(keyword.keyword is not None and keyword.keyword.value == "preexec_fn" for keyword in node.args):
        raise Withheld("`preexec_fn` is not safe where threads are, says the documentation of `subprocess`")
    is_unsafe = (
        block.offload == "unsafe" or block.instead != "" or _is_doubtful(ctx, node)
    )  # the counterpart that would be right is not of this file's backend
    return offload.offload(ctx, node, Applicability.UNSAFE if is_unsafe else Applicability.SAFE)


def _is_doubtful(ctx: Context, node: cst.Call) -> bool:
    """Whether it is not certain that a function of the project, which the user says blocks, may run in a thread. Raises Withheld where it may not."""
    program = ctx.program
    targets = program.effects.targets(ctx.callees(node), ctx.call_facts(node).flags) if program.marks.said else ()
    own = [target.key for target in targets if isinstance(target, FunctionValue) and target.key in program.marks.said]
    for key in own:
        if program.contexts.hazard(key):
            raise Withheld(f"{program.contexts.hazard(key)}, so it cannot be moved into a thread as it is")
    return any(program.contexts.doubt(key) or program.function(key).name == "__init__" for key in own)


def held(block: Block) -> str:
    """Why a primitive that keeps the interpreter to itself is not moved into a thread."""
    return (
        f"`{block.path}` holds the interpreter's lock (the GIL) while it computes, so from a thread it would stall the loop too;"
        " hand it to a `concurrent.futures.ProcessPoolExecutor`"
    )


def _works_when_called(ctx: Context, node: cst.Call, block: Block) -> bool:
    """Whether a call that opens a `with` block does all the work itself, as those of the standard library do that give no mere context manager."""
    if block.path.endswith((".__enter__", ".__exit__")) or block.path.partition(".")[0] not in _STANDARD:
        return False
    given = ctx.evaluate(ctx.twin(node))
    return not any(isinstance(value, ExternalInstance) and value.path.startswith("contextlib.") for value in given)


def severity(effect: Effect) -> Severity:
    """Reading a file harms less than waiting for a machine, and a single quick question to the disk less than that."""
    if effect.block.light:
        return Severity.INFO
    return Severity.WARNING if effect.kind == "file" else Severity.ERROR
