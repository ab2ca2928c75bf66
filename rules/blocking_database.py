from __future__ import annotations

from asynclint.api import BlockingRule


class BlockingDatabase(BlockingRule):
    """Flags synchronous database access on the event loop.

    ## Why is this bad?
    A query waits for the server, for locks of other transactions and for the disk, and every task of the loop waits with it.

    ## Example
    ```python
    import sqlite3


    async def connect(path: str) -> sqlite3.Connection:
        return sqlite3.connect(path, check_same_thread=False)
    ```

    ## Use instead
    ```python
    import asyncio
    import sqlite3


    async def connect(path: str) -> sqlite3.Connection:
        return await asyncio.to_thread(sqlite3.connect, path, check_same_thread=False)
    ```

    ## Fix safety
    Unsafe: connections and cursors are seldom made for use by several threads. Withheld where the object is bound to the thread that
    made it, as those of `sqlite3` are: run the whole unit of work in one function in a thread, or use an asynchronous driver.
    """

    code, name = "ASL105", "blocking-database"
    kinds = ("database",)
