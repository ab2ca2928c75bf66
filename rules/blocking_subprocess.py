from __future__ import annotations

from asynclint.api import BlockingRule


class BlockingSubprocess(BlockingRule):
    """Flags `subprocess.run()` and others that wait for a process on the event loop.

    ## Why is this bad?
    A process takes as long as it likes, and the loop serves nobody until it ends.

    ## Example
    ```python
    import subprocess


    async def version() -> str:
        return subprocess.check_output(["git", "--version"], text=True)
    ```

    ## Use instead
    ```python
    import asyncio
    import subprocess


    async def version() -> str:
        return await asyncio.to_thread(subprocess.check_output, ["git", "--version"], text=True)
    ```

    ## Fix safety
    Safe for functions that start a process and wait for it: return code, output and exceptions are the same. Unsafe for methods of a
    `Popen` that other code may use at the same time.

    Unsafe for what only starts a process (`Popen`, `os.popen`, `os.spawn*`): a task that is cancelled at the `await` loses the process, and nobody
    ends it.

    Unsafe for a `Popen` whose output is read line by line in the same coroutine: it becomes `asyncio.create_subprocess_exec` (or `_shell`), read with
    `async for`. A line of more than 64 MiB is then an error, text is decoded line by line with newlines as they are, and the process must be used
    for nothing that one of asyncio cannot do.
    """

    code, name = "ASL103", "blocking-subprocess"
    kinds = ("process",)
