from __future__ import annotations

from asynclint.api import BlockingRule


class BlockingCpu(BlockingRule):
    """Flags work that is known to take long on the event loop: key derivation and password hashes, made slow on purpose, and their like.

    ## Why is this bad?
    A password hash with usual parameters keeps a core busy for a twentieth of a second to half a second. On the loop nobody else is served
    meanwhile, and a dozen logins at once are an outage.

    ## Example
    ```python
    import hashlib


    async def derive(password: bytes, salt: bytes) -> bytes:
        return hashlib.scrypt(password, salt=salt, n=2**14, r=8, p=1)
    ```

    ## Use instead
    ```python
    import asyncio
    import hashlib


    async def derive(password: bytes, salt: bytes) -> bytes:
        return await asyncio.to_thread(hashlib.scrypt, password, salt=salt, n=2**14, r=8, p=1)
    ```

    ## Fix safety
    Safe where the function lets go of the interpreter's lock (the GIL) while it computes, so that the loop runs on beside it, and unsafe where it
    works on an object that nothing promises threads may share. Where it keeps the lock a thread gains little or nothing, so there is no fix:
    hand the work to a `ProcessPoolExecutor`.
    """

    code, name = "ASL108", "blocking-cpu"
    kinds = ("cpu",)
