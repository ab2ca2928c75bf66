from __future__ import annotations

from asynclint.api import BlockingRule


class BlockingNetwork(BlockingRule):
    """Flags synchronous network clients called on the event loop: `requests`, `urllib`, sync `httpx`, `socket`, `smtplib` and their like.

    ## Why is this bad?
    The loop stands still from the name look-up to the last byte; when the other side hangs, so does the whole program, for as long as
    the client allows.

    ## Example
    ```python
    import requests


    async def fetch(url: str) -> str:
        return requests.get(url, timeout=10).text
    ```

    ## Use instead
    ```python
    import asyncio

    import requests


    async def fetch(url: str) -> str:
        return (await asyncio.to_thread(requests.get, url, timeout=10)).text
    ```

    ## Fix safety
    Safe for functions of a module, which share nothing. Unsafe for methods of a session or client, because another task may now use
    the same object from another thread. An asynchronous client is the better cure.
    """

    code, name = "ASL104", "blocking-network"
    kinds = ("network",)
