"""Worker processes that survive what they are given: a worker that dies or hangs is replaced, and the item that did it is named.

Wherever a process can be forked, every item is worked on in another process than this one, be it one item or ten
thousand: no parser, rule or fix that hangs or crashes can end the run. Its seconds are seconds of processor time, so
that a busy machine finds what a quiet one finds: the kernel counts them and ends the worker (SIGPROF). A worker that
uses no processor time, because it waits for something, is ended after ten times as many seconds.
"""

from __future__ import annotations

import marshal
import os
import time
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from asynclint.child import FORKS, STACK, Child, on_large_stack
from asynclint.options import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from mmap import mmap

    Meanwhile = Callable[[], Callable[[], object]]

__all__ = ["FORKS", "STACK", "Failure", "alone", "apart", "attempt", "beside", "run"]

T = TypeVar("T")
PATIENCE = 0.1  # seconds after which a worker sends what it has, though there is more to do
CHUNK = 8  # items that a worker is given at a time, at most
SHARES = 100  # at least so many times it is given some, so that all end at the same time
BLOCKED = 10  # times the limit of an item that its worker may wait without using the processor
_TICK = 1.0  # seconds between two looks at workers that say nothing
_NUMBER = 4  # bytes of the number of an item
_HEAD = 12  # bytes in front of a result: the number of the item, and how many bytes follow
_READ = 1 << 20
_ATTEMPTS = 2  # for an item whose worker was killed: who ended it may not have meant this one, as where memory ran out
_UNBOUNDED = float("inf")


class Failure(Exception):
    """What a worker could not do with an item: `item`, and why, as a user reads it."""

    def __init__(self, item: Any, message: str) -> None:
        super().__init__(item, message)
        self.item = item
        self.message = message


def run(
    work: Callable[[Any], Any],
    items: Sequence[Any],
    *,
    jobs: int,
    limit: Callable[[Any], float],
    meanwhile: Meanwhile | None = None,
) -> Iterator[tuple[Any, Any]]:
    """Yield `(item, work(item))` for every item, in no certain order; the second is a `Failure` where `work` raised,
    died, or took more than `limit(item)` seconds of processor time. Without jobs everything runs in this very thread,
    where nothing guards it.

    `meanwhile` starts something beside the workers and returns what waits for its end: no process is forked before that.
    """
    if not items:
        return
    if jobs <= 0:
        for item in items:
            yield item, attempt(work, item)
    elif not FORKS:
        yield from _on_a_thread(work, items, limit)
    else:
        yield from _Pool(work, items, limit).run(jobs, meanwhile)


def alone(work: Callable[[Any], T], item: Any, *, limit: float = _UNBOUNDED) -> T:
    """`work(item)`, done in another process. Raises Failure where it cannot be done, and what `work` raises."""
    ((_, result),) = run(_kept, [(work, item)], jobs=1, limit=lambda _: limit)
    if isinstance(result, Failure):
        raise Failure(item, result.message)
    value, error = result
    if error is not None:
        raise error
    return value  # type: ignore[no-any-return]


def _kept(work_and_item: tuple[Callable[[Any], Any], Any]) -> tuple[Any, Exception | None]:
    work, item = work_and_item
    try:
        return work(item), None
    except Exception as error:
        return None, error


def apart(work: Callable[[], T]) -> T:
    """Do a whole command in another process, on a large stack and with an ear for interrupts. Raises what it raises, and ConfigError where the
    process is lost."""
    try:
        return alone(lambda _: work(), None)
    except Failure as error:
        raise ConfigError(f"asynclint failed: {error.message}") from error


def beside(work: Callable[[], Any]) -> Callable[[], Any]:
    """Start something in a process of its own, and return a function that waits for its result: None where it failed."""

    def serve(_requests: int, answers: int) -> None:
        # Whoever started this does the work itself where it fails, and sees why.
        _write(answers, _dumped(work()))

    try:
        child = Child(_silent(serve))
    except OSError:
        return lambda: None

    def result() -> Any:
        chunks = []
        try:
            while chunk := os.read(child.answers, _READ):
                chunks.append(chunk)
            return _loaded(b"".join(chunks)) if child.wait() == 0 else None
        finally:
            child.end()

    return result


def _silent(serve: Callable[[int, int], None]) -> Callable[[int, int], None]:
    def quiet(requests: int, answers: int) -> None:
        try:
            serve(requests, answers)
        except Exception:
            os._exit(1)

    return quiet


class _Pool:
    """The workers of one call of `run`."""

    def __init__(self, work: Callable[[Any], Any], items: Sequence[Any], limit: Callable[[Any], float]) -> None:
        self.work, self.items, self.limit = work, items, limit
        self.todo = deque(range(len(items)))
        self.deaths: dict[int, int] = {}  # by number of an item, of workers that did it
        self.workers: list[_Worker] = []
        self.ready: Callable[[], object] = lambda: None

    def run(self, jobs: int, meanwhile: Meanwhile | None) -> Iterator[tuple[Any, Any]]:
        chunk = max(1, min(CHUNK, len(self.items) // (jobs * SHARES)))
        try:
            for _ in range(min(jobs, max(1, -(-len(self.items) // chunk)))):
                if not self._start():
                    break
            if meanwhile is not None:
                self.ready = meanwhile()
            if not self.workers:  # no process can be started: the system has too many
                yield from _on_a_thread(self.work, self.items, self.limit)
                return
            yield from self._results(chunk)
            self.ready()
        finally:
            for worker in self.workers:
                worker.child.end()

    def _start(self) -> bool:
        self.ready()
        try:
            self.workers.append(_Worker(self.work, self.items, self.limit))
        except OSError:
            return False
        return True

    def _results(self, chunk: int) -> Iterator[tuple[Any, Any]]:
        import select

        while True:
            for worker in self.workers:
                if len(worker.pending) <= chunk // 2 and self.todo:  # before it has nothing left to do
                    worker.give([self.todo.popleft() for _ in range(min(chunk, len(self.todo)))])
            busy = {worker.child.answers: worker for worker in self.workers if worker.pending}
            if not busy:
                return
            poll = select.poll()
            for descriptor in busy:
                poll.register(descriptor, select.POLLIN)
            for descriptor, _ in poll.poll(_TICK * 1000):
                for number, result in busy[descriptor].results():
                    yield self.items[number], result
            for worker in busy.values():
                if worker.gone or worker.is_stuck():
                    yield from self._replace(worker)

    def _replace(self, worker: _Worker) -> Iterator[tuple[Any, Any]]:
        """Blame an item for the end of its worker, give back the others, and start another worker."""
        import signal

        self.workers.remove(worker)
        stuck, at = not worker.gone, worker.at()
        status = 0 if stuck else worker.child.wait()
        worker.child.end()
        is_late = stuck or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF)
        number = at if at in worker.pending else next(iter(worker.pending), -1)  # none where it died after its last result
        self.deaths[number] = self.deaths.get(number, 0) + 1
        self.todo.extendleft(reversed([each for each in worker.pending if each != number]))
        if number < 0:
            pass
        elif is_late or self.deaths[number] >= _ATTEMPTS:
            item = self.items[number]
            seconds = self.limit(item)
            words = _waited(seconds * BLOCKED) if stuck else _late(seconds) if is_late else _died(status)
            yield item, Failure(item, words)
        else:
            self.todo.appendleft(number)
        if self.todo and not self._start() and not self.workers:
            yield from _on_a_thread(self.work, [self.items[n] for n in self.todo], self.limit)
            self.todo.clear()


def _late(seconds: float) -> str:
    return f"took longer than {seconds:.3g} seconds of processor time; exclude the file, or raise `timeout`"


def _waited(seconds: float) -> str:
    return f"waited longer than {seconds:.3g} seconds for something that did not come; exclude the file, or raise `timeout`"


def _died(status: int) -> str:
    import signal

    killer = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    how = f"was killed by {signal.Signals(killer).name}" if killer else f"ended with exit code {os.waitstatus_to_exitcode(status)}"
    return f"the worker process that linted this file {how}; exclude the file, and report it to the makers of asynclint"


class _Worker:
    """A process and the numbers of the items it has been given, in order."""

    def __init__(self, work: Callable[[Any], Any], items: Sequence[Any], limit: Callable[[Any], float]) -> None:
        import mmap

        place = mmap.mmap(-1, _NUMBER)  # the number of the item it is at, counted from 1; 0 for none
        self.pending: deque[int] = deque()
        self.gone = False
        self.place = place
        self._limit, self._items = limit, items
        self._blocked = 0.0
        self._looked, self._used, self._seen = time.monotonic(), -1.0, -1
        self._buffer = bytearray()
        self.child = Child(lambda requests, answers: _serve(work, items, limit, requests, answers, place))
        os.set_blocking(self.child.answers, False)

    def at(self) -> int:
        """The number of the item that it has begun and not ended; -1 for none."""
        return int.from_bytes(self.place[:_NUMBER], "little") - 1

    def give(self, numbers: list[int]) -> None:
        self.pending.extend(numbers)
        try:
            os.write(self.child.requests, b"".join(number.to_bytes(_NUMBER, "little") for number in numbers))
        except OSError:
            self.gone = True

    def results(self) -> Iterator[tuple[int, Any]]:
        """What has arrived so far, with the numbers of the items."""
        try:
            while data := os.read(self.child.answers, _READ):
                self._buffer += data
            self.gone = True
        except BlockingIOError:
            pass
        except OSError:
            self.gone = True
        start = 0
        while len(self._buffer) - start >= _HEAD:
            number = int.from_bytes(self._buffer[start : start + _NUMBER], "little")
            size = int.from_bytes(self._buffer[start + _NUMBER : start + _HEAD], "little")
            if len(self._buffer) - start - _HEAD < size:
                break
            start += _HEAD
            result = _loaded(bytes(self._buffer[start : start + size]))
            start += size
            self.pending.remove(number)
            yield number, result
        del self._buffer[:start]

    def is_stuck(self) -> bool:
        """Whether it has waited too long at one item, without any use of the processor. Seconds in which nobody looked
        count for one tick at most."""
        now = time.monotonic()
        if now - self._looked < _TICK / 2:
            return False
        at, used = self.at(), self.child.cpu_time()
        if at >= 0 and at == self._seen and (used is None or used == self._used):
            self._blocked += min(now - self._looked, _TICK)
        else:
            self._blocked = 0.0
        self._looked, self._seen, self._used = now, at, used if used is not None else -1.0
        return at >= 0 and self._blocked > self._limit(self._items[at]) * BLOCKED


# ------------------------------------------------------------------------------------------------- one item


def attempt(work: Callable[[Any], Any], item: Any) -> Any:
    """What work on an item gives, or the Failure that it is."""
    try:
        return work(item)
    except Exception as error:
        return _failure(item, error)


def _failure(item: Any, error: Exception) -> Failure:
    import traceback

    place = traceback.extract_tb(error.__traceback__)[-1]
    return Failure(item, f"{type(error).__name__}: {error} ({os.path.basename(place.filename)}:{place.lineno})")


# ------------------------------------------------------------------------------------------------- in the worker


def _serve(work: Callable[[Any], Any], items: Sequence[Any], limit: Callable[[Any], float], requests: int, answers: int, place: mmap) -> None:
    """The life of a worker."""
    import signal
    import warnings

    warnings.simplefilter("ignore")
    while wanted := os.read(requests, _NUMBER * CHUNK * 2):
        results, started = [], time.monotonic()
        for at in range(0, len(wanted), _NUMBER):
            number = int.from_bytes(wanted[at : at + _NUMBER], "little")
            seconds = limit(items[number])
            place[:_NUMBER] = (number + 1).to_bytes(_NUMBER, "little")
            signal.setitimer(signal.ITIMER_PROF, seconds if seconds < _UNBOUNDED else 0)
            result = _packed(work, items[number])
            signal.setitimer(signal.ITIMER_PROF, 0)
            place[:_NUMBER] = bytes(_NUMBER)
            results += [number.to_bytes(_NUMBER, "little"), len(result).to_bytes(_HEAD - _NUMBER, "little"), result]
            if time.monotonic() - started > PATIENCE:
                _write(answers, b"".join(results))
                results, started = [], time.monotonic()
        _write(answers, b"".join(results))


def _packed(work: Callable[[Any], Any], item: Any) -> bytes:
    """What came of an item, as bytes; a result that cannot be sent is a failure like others. The item of a failure stays here."""
    try:
        result = attempt(work, item)
        return _dumped(Failure(None, result.message) if isinstance(result, Failure) else result)
    except Exception as error:
        return _dumped(_failure(None, error))


def _dumped(result: Any) -> bytes:
    """A result as bytes: by `marshal` where it is plain data, as facts are; a run over clean files does not load `pickle`."""
    try:
        return b"m" + marshal.dumps(result)
    except ValueError:
        import pickle

        return b"p" + pickle.dumps(result, pickle.HIGHEST_PROTOCOL)


def _loaded(data: bytes) -> Any:
    if data.startswith(b"m"):
        return marshal.loads(memoryview(data)[1:])
    import pickle

    return pickle.loads(memoryview(data)[1:])


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


# ------------------------------------------------------------------------------------------------- without processes


class _Late(Exception):
    """An item has used up its seconds."""


def _on_a_thread(work: Callable[[Any], Any], items: Sequence[Any], limit: Callable[[Any], float]) -> Iterator[tuple[Any, Any]]:
    """The same without another process: the stack is large, and what hangs in Python is ended; nothing helps against
    what hangs or crashes in native code."""
    import queue
    import threading

    results: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
    begun = [-1, 0.0, 0]  # the number of the item, when it was begun in seconds of processor time, and the thread
    ended = threading.Event()

    def serve() -> None:
        begun[2] = threading.get_ident()
        for number, item in enumerate(items):
            if ended.is_set():
                return
            begun[:2] = number, time.process_time()
            try:
                result = attempt(work, item)
            except _Late as error:
                result = _failure(item, error)
            results.put((number, result))

    on_large_stack(serve)
    left = len(items)
    try:
        while left:
            try:
                number, result = results.get(timeout=_TICK / 5)
            except queue.Empty:
                at = int(begun[0])
                if at >= 0 and time.process_time() - begun[1] > limit(items[at]):
                    _raise_in(int(begun[2]))
                continue
            left -= 1
            item = items[number]
            if isinstance(result, Failure) and result.message.startswith(_Late.__name__):
                result = Failure(item, _late(limit(item)))
            yield item, result
    finally:
        ended.set()
        if left:
            _raise_in(int(begun[2]))


def _raise_in(thread: int) -> None:
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(_Late))
