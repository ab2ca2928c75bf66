from __future__ import annotations

from asynclint.api import BlockingRule


class BlockingWait(BlockingRule):
    """Flags waiting for threads, queues, futures and locks of threads on the event loop.

    ## Why is this bad?
    What is waited for may itself need the loop: then the program hangs for ever. Else it only stands still.

    ## Example
    ```python
    from concurrent.futures import Future


    async def outcome(future: Future[int]) -> int:
        return future.result()
    ```

    ## Use instead
    ```python
    import asyncio
    from concurrent.futures import Future


    async def outcome(future: Future[int]) -> int:
        return await asyncio.wrap_future(future)
    ```

    ## Fix safety
    Safe for `Future.result()` without a timeout, which becomes `asyncio.wrap_future()`, of a future that only this
    function knows and that comes from an executor of `concurrent.futures`. Unsafe where others may know it, since a
    cancellation of the task now cancels it too, and where errors of `concurrent.futures` are caught, which become those
    of asyncio. The others are unsafe: a worker thread is taken for as long as the wait lasts, and a pool whose threads
    all wait is a deadlock.
    """

    code, name = "ASL106", "blocking-wait"
    kinds = ("wait",)
