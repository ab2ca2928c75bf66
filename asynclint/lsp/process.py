"""The server's side of a worker process: requests are sent and awaited; when the process dies, those that wait are told."""

from __future__ import annotations

import asyncio
import itertools
import pickle
from typing import TYPE_CHECKING, Any

from asynclint.lsp.messages import HEAD, packed
from asynclint.python_process import python

if TYPE_CHECKING:
    from collections.abc import Callable

_MAIN = "from asynclint.lsp.worker import main; main()"


class WorkerDied(Exception):
    """The process ended, or was ended because it took too long, before it had answered; `guilty`: while it worked at this very request."""

    def __init__(self, *, guilty: bool) -> None:
        super().__init__(guilty)
        self.guilty = guilty


class Process:
    """A worker process."""

    def __init__(self, progress: Callable[[str, int, int], None]) -> None:
        """`progress` is told the stage and how many of how many things are done."""
        self._progress = progress
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ended = False
        self._beginning = asyncio.Lock()

    async def request(self, method: str, *arguments: Any, timeout: float | None = None) -> Any:
        """What a method of the worker answers. Raises WorkerDied; a request that is cancelled is worked off all the same."""
        await self._begin()
        if self._ended or self._process is None or self._process.stdin is None:
            raise WorkerDied(guilty=False)
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(packed((number, method, arguments)))
        try:
            return await asyncio.wait_for(answer, timeout)
        except (TimeoutError, asyncio.TimeoutError):
            self.end()
            raise WorkerDied(guilty=next(iter(self._waiting), number) == number) from None

    def end(self) -> None:
        """End the process at once."""
        self._ended = True
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def _begin(self) -> None:
        async with self._beginning:
            if self._process is None and not self._ended:
                pipe = asyncio.subprocess.PIPE
                self._process = await asyncio.create_subprocess_exec(*python(_MAIN), stdin=pipe, stdout=pipe)
                self._reading = asyncio.create_task(self._read(self._process))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        try:
            while True:
                size = int.from_bytes(await process.stdout.readexactly(HEAD), "big")
                number, answer = pickle.loads(await process.stdout.readexactly(size))
                if not number:
                    self._progress(*answer)
                    continue
                waiting = self._waiting.pop(number)
                if not waiting.done():
                    waiting.set_result(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._ended = True
            for at, waiting in enumerate(self._waiting.values()):  # worked off in this order
                if not waiting.done():
                    waiting.set_exception(WorkerDied(guilty=at == 0))
            self._waiting.clear()
        await process.wait()
