"""A forked process for work that may hang or crash: it has a large stack, and ends when this process does.

What a child does is bounded by the kernel and not by Python: a native parser gives no signal handler of Python's a chance to run.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FORKS = sys.platform.startswith("linux")  # elsewhere a forked process may not use what its parent has loaded
STACK = 512 * 1024 * 1024  # bytes of address space for a stack; deep syntax trees are parsed and freed by recursion
_SMALLER = (STACK, STACK // 8, 0)  # what is tried where address space is scarce; 0 is the system's own
_BROKEN = 70  # the exit code of a child whose own code failed (EX_SOFTWARE)
_ours: set[int] = set()  # descriptors that no child may keep: who holds an end of another's pipe keeps that one alive
_ended: list[int] = []  # processes that were killed, and whose status nobody has asked for


class Child:
    """A process that reads requests from one pipe and writes answers to another."""

    def __init__(self, live: Callable[[int, int], None]) -> None:
        """Start `live(requests, answers)`, which is given the descriptors to read from and to write to.

        Raises OSError where no process can be started.
        """
        import signal

        _ended[:] = [pid for pid in _ended if not _is_reaped(pid)]
        theirs, pipes = _pipes()
        requests, answers, life = theirs
        self.requests, self.answers, self._life = pipes
        self.status: int | None = None  # as `os.waitpid` tells it, once the process has ended
        _flush()
        parent = os.getpid()
        stopping = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPROF, signal.SIGIO}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, stopping)  # no handler of the parent's may run in the child
        try:
            self.pid = os.fork()
            if not self.pid:
                _live(live, requests, answers, life, parent, {*before} - stopping)
        except OSError:
            for descriptor in pipes:
                _close(descriptor)
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def cpu_time(self) -> float | None:
        """The seconds of processor time that the process has had; None where nobody can tell."""
        import time

        try:
            return time.clock_gettime((~self.pid << 3) | 2)  # the clock of another process, see clock_getcpuclockid(3)
        except OSError:
            return None

    def end(self) -> None:
        """Kill the process, if it still runs. Nobody waits until the system has taken it apart."""
        import signal

        for descriptor in (self.requests, self.answers, self._life):
            _close(descriptor)
        if self.status is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            _ended.append(self.pid)
            self.status = 0

    def wait(self) -> int:
        """The status of a process that ends by itself: it has closed its pipes."""
        if self.status is None:
            try:
                self.status = os.waitpid(self.pid, 0)[1]
            except ChildProcessError:  # whoever started this program ignores SIGCHLD
                self.status = 0
        return self.status


def on_large_stack(work: Callable[[], None]) -> None:
    """Start a thread with room for deeply nested code."""
    import _thread

    for size in _SMALLER:
        before = _thread.stack_size(size)
        try:
            _thread.start_new_thread(work, ())
            return
        except RuntimeError:
            if not size:
                raise
        finally:
            _thread.stack_size(before)


def _pipes() -> tuple[list[int], list[int]]:
    """The ends for a child of three pipes (requests, answers, life), and ours. Raises OSError."""
    theirs: list[int] = []
    ours: list[int] = []
    try:
        for reads in (True, False, True):
            ends = os.pipe()
            theirs.append(ends[not reads])
            ours.append(ends[reads])
    except OSError:
        for descriptor in (*theirs, *ours):
            os.close(descriptor)
        raise
    _ours.update(ours)
    return theirs, ours


def _close(descriptor: int) -> None:
    if descriptor in _ours:
        _ours.discard(descriptor)
        os.close(descriptor)


def _is_reaped(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # its reader has gone, it is closed, or there is none
            stream.flush()


def _live(live: Callable[[int, int], None], requests: int, answers: int, life: int, parent: int, mask: set[int]) -> None:
    """The whole life of a child. Never returns."""
    try:
        for descriptor in tuple(_ours):
            _close(descriptor)
        _obey(life, parent, mask)

        def run() -> None:
            code = _BROKEN
            try:
                live(requests, answers)
                code = 0
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                _flush()
                os._exit(code)

        on_large_stack(run)
        import _thread

        never = _thread.allocate_lock()
        never.acquire()
        never.acquire()  # the thread ends the process
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(_BROKEN)


def _obey(life: int, parent: int, mask: set[int]) -> None:
    """Leave interrupts to the parent, die of other signals at once, and also when the parent dies: the kernel then
    sends SIGIO, because nobody holds the other end of `life` any more."""
    import fcntl
    import signal

    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGPROF, signal.SIGIO):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    with suppress(OSError):  # where the kernel does not do that, a child sees the end of its requests when it has done its work
        fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
    if os.getppid() != parent:
        os._exit(_BROKEN)
