from __future__ import annotations

from asynclint.api import BlockingRule


class BlockingFileIo(BlockingRule):
    """Flags file system access that runs on the event loop: `open`, methods of file objects, `os`, `shutil`, `pathlib`, `tempfile` and their like.

    ## Why is this bad?
    A read or write takes microseconds from a warm cache and seconds from a busy disk, a network share or a sleeping drive, and all
    tasks of the loop wait. There is no asynchronous file access in asyncio; a worker thread is the way.

    ## Example
    ```python
    from pathlib import Path


    async def load(path: Path) -> str:
        return path.read_text(encoding="utf-8")
    ```

    ## Use instead
    ```python
    import asyncio
    from pathlib import Path


    async def load(path: Path) -> str:
        return await asyncio.to_thread(path.read_text, encoding="utf-8")
    ```

    ## Fix safety
    Safe: the same call with the same arguments runs in a worker thread, and its result and exceptions come back through the `await`.

    An iteration runs in a thread as a whole; what it iterates over is evaluated before, by the coroutine. Unsafe where a live object is written
    (`json.dump(self.data, file)`), which other tasks may change meanwhile: give it a copy.

    Unsafe for what makes something that only its result names (`os.open`, `tempfile.mkstemp`): a task that is cancelled at the `await` loses it.

    Unsafe for a `with` block that waits for nothing else: it moves, as it is, into a function inside the coroutine, which runs in a thread and gives
    back the names that are read later (`nonlocal` where they have a value before). A block that only reads a file of a known path becomes
    `await asyncio.to_thread(path.read_text)`. Read what the block does to objects that other tasks use meanwhile. A block that has to stay, because
    it awaits, leaves a loop around it, uses the event loop, or reads or raises again the exception that is being handled around it, says why, or only
    opens its file in a thread.
    """

    code, name = "ASL102", "blocking-file-io"
    kinds = ("file",)
