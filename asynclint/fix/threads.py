"""How a coroutine runs a function in a thread, in the words of its module's backend and of the oldest Python it has to run on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from asynclint.model import Import, Withheld
from asynclint.program.values import External
from asynclint.walk.backends import BY_HAND, KNOWN, SEVERAL

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.walk.context import Context

_WORDS = {"asyncio": "asyncio.to_thread", "trio": "trio.to_thread.run_sync", "anyio": "anyio.to_thread.run_sync"}
_STANDARD = frozenset({*sys.stdlib_module_names, "builtins"})
_MODULES = {"asyncio": "asyncio", "trio": "trio", "anyio": "anyio.to_thread"}


class Thread(NamedTuple):
    """What stands before the function and after its arguments, the imports that this needs, and how it is called."""

    opening: str
    closing: str
    imports: tuple[Import, ...]
    name: str

    def run(self, call: str) -> str:
        """The awaited call of a function with its arguments, as they are written behind one another."""
        return f"{self.opening}{call}{self.closing}"


def backend(ctx: Context) -> str:
    """The library in whose words the function at hand awaits: asyncio, anyio or trio. Raises Withheld where there are no such words."""
    found = ctx.backend
    if found in KNOWN:
        return found
    if found == SEVERAL:
        raise Withheld("several libraries run this coroutine, and no awaitable works in all of them; write it with `anyio`")
    if found == BY_HAND:
        raise Withheld("the program sends into its coroutines by hand, and no event loop runs there")
    raise Withheld(f"`{found}` runs this coroutine, and what asyncio gives cannot be awaited there")


def keeps_context(ctx: Context) -> bool:
    """Whether what runs in the thread sees the caller's context variables: before Python 3.7 nothing can copy them."""
    return ctx.backend != "asyncio" or ctx.target_version >= (3, 7)


def thread(ctx: Context, *, keywords: bool = False, call: cst.Call | None = None, plain: bool = False) -> Thread:
    """The words for a function with or without keyword arguments: only `asyncio.to_thread` takes those, and it is there since Python 3.9. `call` is
    the call that moves; `plain`: it is one of the standard library; of others it is not known what they do. Raises Withheld.
    """
    library = backend(ctx)
    name, imports = _WORDS[library], [Import(ctx.path, _MODULES[library])]
    opening, before = f"await {name}(", ""
    if library == "asyncio" and ctx.target_version < (3, 9):
        name = "loop.run_in_executor"
        loop = "asyncio.get_running_loop()" if ctx.target_version >= (3, 7) else "asyncio.get_event_loop()"
        opening = f"await {loop}.run_in_executor(None, "
        if ctx.target_version >= (3, 7) and not (plain or _needs_no_context(ctx, call)):
            before = "contextvars.copy_context().run, "  # as `asyncio.to_thread` does
            imports.append(Import(ctx.path, "contextvars"))
    if keywords and name != "asyncio.to_thread":
        return Thread(f"{opening}functools.partial({before}", "))", (*imports, Import(ctx.path, "functools")), name)
    return Thread(opening + before, ")", tuple(imports), name)


def _needs_no_context(ctx: Context, call: cst.Call | None) -> bool:
    """Whether what a call runs reads no context variables: it is all of the standard library, where none of what blocks does."""
    values = ctx.callees(call) if call is not None else ()
    return bool(values) and all(isinstance(value, External) and value.path.partition(".")[0] in _STANDARD for value in values)
