"""Signals that end a run, SIGINT, SIGTERM and SIGHUP, unwind it as an exception does: nothing is left beside the sources."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

_GRACE = 1.0  # seconds for cleaning up, in which further signals are not listened to
_begun: list[float] = []  # when the first signal came


class Terminated(BaseException):
    """The process was asked to end by the signal `number`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def listen() -> None:
    """From now on raise KeyboardInterrupt at SIGINT and Terminated at SIGTERM and SIGHUP, once; another signal ends the
    process as it is, but not in the first second. What is ignored stays ignored, as under `nohup`.
    """
    for number, before in _before():
        if signal.getsignal(number) == before:
            signal.signal(number, _stop)


def leave() -> None:
    """Give the signals back what they did before, for a process that ends in another way."""
    for number, before in _before():
        if signal.getsignal(number) == _stop:
            signal.signal(number, before)


def _before() -> Iterator[tuple[int, Any]]:
    """The signals, and what they do in a fresh process."""
    yield signal.SIGINT, signal.default_int_handler
    yield signal.SIGTERM, signal.SIG_DFL
    if sys.platform != "win32":
        yield signal.SIGHUP, signal.SIG_DFL


def die(number: int) -> NoReturn:
    """End the process by a signal, so that who started it sees which."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def _stop(number: int, _frame: object) -> None:
    now = time.monotonic()
    if not _begun:
        _begun.append(now)
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)
    if now - _begun[0] > _GRACE:
        os._exit(128 + number)
