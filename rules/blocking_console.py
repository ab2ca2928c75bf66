from __future__ import annotations

from asynclint.api import BlockingRule


class BlockingConsole(BlockingRule):
    """Flags waiting for the user on the event loop: `input()`, `getpass.getpass()` and their like.

    ## Why is this bad?
    Nothing else runs until somebody presses Enter.

    ## Example
    ```python
    async def ask() -> str:
        return input("name? ")
    ```

    ## Use instead
    ```python
    import asyncio


    async def ask() -> str:
        return await asyncio.to_thread(input, "name? ")
    ```

    ## Fix safety
    Safe: the prompt is shown and read in a worker thread.
    """

    code, name = "ASL107", "blocking-console"
    kinds = ("console",)
