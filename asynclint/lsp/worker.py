"""The process that holds a session: it reads requests from standard input and answers on standard output, one after the other.

What rule plugins print goes to standard error.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
from typing import Any, BinaryIO

from asynclint.lsp.messages import HEAD, Failed, Start, packed
from asynclint.lsp.session import Session
from asynclint.options import ConfigError
from asynclint.pool import STACK

_OFTEN = 0.1  # seconds between two words of progress
_STEPS = 4  # how many times a request may read and lint its file: a change does it once, all its fixes are applied in a few passes


def main() -> None:
    """Serve until standard input ends, on a thread with room for deeply nested code."""
    threading.stack_size(STACK)
    thread = threading.Thread(target=_serve)
    thread.start()
    thread.join()


def _serve() -> None:
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    worker = _Worker(target)
    while (head := source.read(HEAD)) and len(head) == HEAD:
        number, method, arguments = pickle.loads(source.read(int.from_bytes(head, "big")))
        _bound(worker.seconds(method, arguments))
        try:
            answer = getattr(worker, method)(*arguments)
        except ConfigError as error:
            answer = Failed(str(error))
        except Exception as error:
            import traceback

            traceback.print_exc()
            answer = Failed(f"asynclint failed: {type(error).__name__}: {error}")
        _bound(0)
        worker.send((number, answer))


def _bound(seconds: float) -> None:
    """Have the system end this process after so much processor time, whatever it is at; 0: never."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


class _Worker:
    """The methods that the server calls; see `Session`."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._session: Session | None = None
        self._spoken = 0.0

    def seconds(self, method: str, arguments: tuple[Any, ...]) -> float:
        """The seconds of processor time that a request may take; 0 for one that is not about one file."""
        if self._session is None or method in ("start", "prepare"):
            return 0
        path = arguments[0] if isinstance(arguments[0], str) else next(iter(arguments[0]), "")
        return self._session.seconds(path, arguments[1] if method == "change" else None) * _STEPS

    def send(self, message: object) -> None:
        self._target.write(packed(message))
        self._target.flush()

    def start(self, start: Start) -> tuple[dict[str, str], tuple[str, ...]]:
        """Index and link; the pages of the rules, and what the user should know."""
        self._session = None
        self._session = Session(start.paths, start.texts, start.deadly, start.encoding, trusted=start.trusted, progress=self._progress)
        self._session.prepare()
        return self._session.pages, tuple(self._session.notices)

    def change(self, path: str, text: str | None) -> tuple[Any, bool | None]:
        """What is found in a file now that it has another text, and what `Session.change` says."""
        session = self._linked()
        state = session.change(path, text)
        return session.lint((path,)).get(path, ()), state

    def lint(self, paths: tuple[str, ...]) -> dict[str, Any]:
        """What is found in files."""
        return self._linked().lint(paths)

    def offers(self, path: str) -> Any:
        """What can be done about what was last found in a file."""
        return self._linked().offers(path)

    def fix_all(self, path: str) -> Any:
        """The edits of all safe fixes."""
        return self._linked().fix_all(path)

    def prepare(self) -> None:
        """Get ready for the next change."""
        self._linked().prepare()

    def _linked(self) -> Session:
        if self._session is None:
            raise ConfigError("the project could not be indexed")
        return self._session

    def _progress(self, stage: str, done: int, total: int) -> None:
        if self._session is None and time.monotonic() - self._spoken > _OFTEN:
            self._spoken = time.monotonic()
            self.send((0, (stage, done, total)))
