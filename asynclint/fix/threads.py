"""How a coroutine runs a function in a thread, in the words of its module's backend and of the oldest Python it has to run on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asynclint.model import Import

if TYPE_CHECKING:
    from asynclint.walk.context import Context

_WORDS = {"asyncio": "asyncio.to_thread", "trio": "trio.to_thread.run_sync", "anyio": "anyio.to_thread.run_sync"}
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


def keeps_context(ctx: Context) -> bool:
    """Whether the thread has a copy of the caller's context variables: `run_in_executor` makes none."""
    return ctx.backend != "asyncio" or ctx.target_version >= (3, 9)


def thread(ctx: Context, *, keywords: bool = False) -> Thread:
    """The words for a function with or without keyword arguments: only `asyncio.to_thread` takes those, and it is there since Python 3.9."""
    name, imports = _WORDS[ctx.backend], [Import(ctx.path, _MODULES[ctx.backend])]
    opening = f"await {name}("
    if ctx.backend == "asyncio" and ctx.target_version < (3, 9):
        name = "loop.run_in_executor"
        opening = "await asyncio.get_running_loop().run_in_executor(None, "
    if keywords and name != "asyncio.to_thread":
        return Thread(f"{opening}functools.partial(", "))", (*imports, Import(ctx.path, "functools")), name)
    return Thread(opening, ")", tuple(imports), name)
