from __future__ import annotations

from asynclint.api import BlockingRule


class BlockingSleep(BlockingRule):
    """Flags `time.sleep()` that runs on the event loop.

    ## Why is this bad?
    An event loop runs one piece of code at a time. While it sleeps, no other task runs: no request is answered, no timeout fires, no
    heartbeat is sent.

    ## Example
    ```python
    import time


    async def poll():
        time.sleep(1)
    ```

    ## Use instead
    ```python
    import asyncio


    async def poll():
        await asyncio.sleep(1)
    ```

    ## Fix safety
    Safe: the coroutine waits as long as before. It becomes a suspension point, so the fix is unsafe where the call stands between a
    test of shared state and an assignment to it, and withheld under a sync lock and where no `await` may stand.
    """

    code, name = "ASL101", "blocking-sleep"
    kinds = ("sleep",)
