"""Worker processes that survive what they are given: a worker that dies or hangs is replaced, and the item that did it is named."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections import deque
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from mmap import mmap

STACK = 512 * 1024 * 1024  # bytes of address space for a worker's stack; deep syntax trees are freed by recursion
PATIENCE = 0.1  # seconds after which a worker sends what it has, though there is more to do
_COUNT = 8  # bytes of a number
CHUNK = 8  # items that a worker is given at a time, at most
SHARES = 100  # at least so many times it is given some, so that all end at the same time
FORKS = sys.platform.startswith("linux")  # elsewhere a forked process may not use what its parent has loaded


class Failure(Exception):
    """What a worker could not do with an item: `item`, and why, as a user reads it."""

    def __init__(self, item: Any, message: str) -> None:
        super().__init__(item, message)
        self.item = item
        self.message = message


def run(work: Callable[[Any], Any], items: Sequence[Any], *, jobs: int, timeout: float) -> Iterator[tuple[Any, Any]]:
    """Yield `(item, work(item))` for every item, in no certain order; the second is a `Failure` where `work` raised, died, or took longer
    than `timeout` seconds. With one job everything runs in this process, where nothing guards against dying; more need FORKS.
    """
    if jobs <= 1:
        for item in items:
            yield item, _attempt(work, item)
        return
    import multiprocessing  # a run in one process does not pay for it
    from multiprocessing import connection

    chunk = max(1, min(CHUNK, len(items) // (jobs * SHARES)))
    context: Any = multiprocessing.get_context("fork")
    todo = deque(items)
    workers = [_Worker(context, work) for _ in range(min(jobs, max(1, -(-len(items) // chunk))))]
    try:
        while True:
            for worker in workers:
                if len(worker.pending) <= chunk // 2 and todo:  # before it has nothing left to do
                    worker.give([todo.popleft() for _ in range(min(chunk, len(todo)))])
            busy = [worker for worker in workers if worker.pending]
            if not busy:
                return
            if connection.wait([worker.pipe for worker in busy], timeout=1.0):
                for worker in busy:
                    yield from worker.results()
            for n, worker in enumerate(workers):
                if worker.pending and (worker.gone or time.monotonic() - worker.since > timeout):
                    item, others = worker.culprit()
                    yield item, Failure(item, worker.last_words(timeout))
                    todo.extendleft(reversed(others))
                    worker.stop()
                    workers[n] = _Worker(context, work)
    finally:
        for worker in workers:
            worker.stop()


def beside(work: Callable[[], Any]) -> Callable[[], Any]:
    """Start something in a process of its own, and return a function that waits for its result: None where it failed."""
    import multiprocessing

    context: Any = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_serve_once, args=(work, theirs), daemon=True)
    _start(process)
    theirs.close()

    def result() -> Any:
        try:
            return ours.recv()
        except EOFError:
            return None
        finally:
            process.join()

    return result


def _serve_once(work: Callable[[], Any], pipe: Any) -> None:
    with suppress(Exception):  # whoever started this does the work itself, and sees why
        pipe.send(work())


def _start(process: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside a thread that draws the progress bar
        process.start()


class _Worker:
    """A process and the items it has been given, in order."""

    def __init__(self, context: Any, work: Callable[[Any], Any]) -> None:
        self.pipe, theirs = context.Pipe()
        self.pending: deque[Any] = deque()
        self.gone = False
        self.since = time.monotonic()
        self.received = 0
        self.done: mmap = import_module("mmap").mmap(-1, _COUNT)  # the number of items done, of which some may not have been sent yet
        self.process = context.Process(target=_serve, args=(work, theirs, self.pipe, self.done), daemon=True)
        _start(self.process)
        theirs.close()

    def give(self, items: list[Any]) -> None:
        if not self.pending:
            self.since = time.monotonic()
        self.pending.extend(items)
        try:
            self.pipe.send(items)
        except OSError:
            self.gone = True

    def results(self) -> Iterator[tuple[Any, Any]]:
        """What has arrived so far."""
        try:
            while self.pending and self.pipe.poll():
                for result in self.pipe.recv():
                    self.received += 1
                    yield self.pending.popleft(), result
                self.since = time.monotonic()
        except (EOFError, OSError):
            self.gone = True

    def culprit(self) -> tuple[Any, list[Any]]:
        """The item that the process has not come to the end of, and the others that it has not answered."""
        items = list(self.pending)
        at = min(int.from_bytes(self.done[:_COUNT], "little") - self.received, len(items) - 1)
        return items[at], items[:at] + items[at + 1 :]

    def last_words(self, timeout: float) -> str:
        if not self.gone:
            return f"took longer than {timeout:g} seconds; exclude the file, or raise `timeout`"
        import signal

        self.process.join(5)
        code = self.process.exitcode
        how = f"was killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"ended with exit code {code}"
        return f"the worker process that linted this file {how}; exclude the file, and report it to the makers of asynclint"

    def stop(self) -> None:
        self.pipe.close()
        if self.process.is_alive():
            self.process.kill()
        self.process.join()


def _attempt(work: Callable[[Any], Any], item: Any) -> Any:
    try:
        return work(item)
    except Exception as error:
        import traceback

        place = traceback.extract_tb(error.__traceback__)[-1]
        return Failure(item, f"{type(error).__name__}: {error} ({os.path.basename(place.filename)}:{place.lineno})")


def _serve(work: Callable[[Any], Any], pipe: Any, other: Any, done: mmap) -> None:
    """The life of a worker: on a thread of its own, because only a thread's stack can be made large."""
    import signal
    import threading

    other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers itself
    warnings.simplefilter("ignore")
    threading.stack_size(STACK)
    thread = threading.Thread(target=_loop, args=(work, pipe, done))
    thread.start()
    thread.join()


def _loop(work: Callable[[Any], Any], pipe: Any, done: mmap) -> None:
    count = 0
    try:
        while True:
            results, started = [], time.monotonic()
            for item in pipe.recv():
                results.append(_attempt(work, item))
                count += 1
                done[:_COUNT] = count.to_bytes(_COUNT, "little")
                if time.monotonic() - started > PATIENCE:
                    pipe.send(results)
                    results, started = [], time.monotonic()
            if results:
                pipe.send(results)
    except (EOFError, OSError):
        return
