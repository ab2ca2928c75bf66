"""One workspace folder: its documents, its worker process, and what is known of the documents.

A change is answered at once from the linked program. Where that may have changed what other modules mean, the program is linked afresh in idle time,
by a second process that takes over when it is ready. A process that dies is replaced, and the text that killed it is not tried again.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Protocol

from asynclint.lsp.messages import Failed, Start
from asynclint.lsp.process import Process, WorkerDied
from asynclint.lsp.shown import Offer, Shown
from asynclint.reading import SOURCE_LIMIT, read_regular

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from asynclint.lsp.shown import Edits

IDLE = 0.3  # seconds without a change after which other documents are looked at again
_SHARE = 0.25  # of the time that linking took, before it is done again
_PATIENCE = 1200.0  # seconds for one document that waits for something; what computes too long ends by itself, see the worker
_DEATHS = 3  # of processes that could not even start
_DIED = "asynclint died of this file, and does not look at it again before it changes; please report it to the makers of asynclint"


_AGAIN: tuple[Shown, ...] = (Shown("", "", "", "", (0, 0, 0, 0)),)  # the process ended before it came to this document
_SHOWN_DEATH = (Shown("ASL900", "", _DIED, "error", (0, 0, 0, 0)),)


class Editor(Protocol):
    """What a folder tells the editor."""

    def publish(self, path: str, found: tuple[Shown, ...]) -> None:
        """There is something new about a document."""

    def others_changed(self) -> None:
        """Documents that were not touched have other results."""

    def indexing(self, folder: Folder, text: str | None, percentage: int) -> None:
        """How far indexing is; None when it is done."""

    def error(self, message: str) -> None:
        """Something that the user has to mend."""

    def notice(self, message: str) -> None:
        """Something that the user should know."""


class Folder:
    """A workspace folder, or a document that lies in none."""

    def __init__(self, paths: tuple[str, ...], encoding: str, editor: Editor, *, trusted: bool) -> None:
        self.paths = paths
        self._encoding, self._editor, self._trusted = encoding, editor, trusted
        self._texts: dict[str, str] = {}  # of the open documents
        self._results: dict[str, tuple[Shown, ...]] = {}
        self._dirty: dict[str, None] = {}  # files whose content the worker does not know
        self._deadly: dict[str, str] = {}
        self._process: Process | None = None
        self._pumping: asyncio.Task[None] | None = None
        self._idling: asyncio.Task[None] | None = None
        self._stale = self._changed = False
        self._took = 0.0
        self.pages: dict[str, str] = {}  # of the rules, by code
        self._tasks: set[asyncio.Task[Any]] = set()

    # -- what happens

    def open(self, path: str, text: str) -> None:
        """A document has this text now."""
        if self._texts.get(path) != text or path not in self._results:
            self._texts[path] = text
            self.touch((path,))

    def close(self, path: str) -> None:
        """A document is as it is on disk."""
        self._texts.pop(path, None)
        self._results.pop(path, None)
        self.touch((path,))

    def touch(self, paths: Iterable[str], *, afresh: bool = False) -> None:
        """Files have changed; `afresh` where files came or went, or the configuration is another."""
        self._dirty.update(dict.fromkeys(paths))
        self._stale |= afresh
        if self._idling is not None:
            self._idling.cancel()
        if self._pumping is None or self._pumping.done():
            self._pumping = self._begin(self._pump())

    def begin(self) -> None:
        """Start indexing before anything is asked."""
        self.touch(())

    def trust(self, trusted: bool) -> None:
        """Whether rule plugins may run is now this."""
        if trusted != self._trusted:
            self._trusted = trusted
            self.touch((), afresh=True)

    async def found(self, path: str) -> tuple[Shown, ...]:
        """What is found in a document, once it is known."""
        while (path in self._dirty or path not in self._results) and self._pumping is not None and not self._pumping.done():
            await asyncio.shield(self._pumping)
        return self._results.get(path, ())

    async def offered(self, path: str) -> list[tuple[Shown, Offer]]:
        """What is found in a document, and what can be done about each."""
        found = await self.found(path)
        offers = await self._ask("offers", path) or ()
        return [(shown, offers[number] if number < len(offers) else Offer()) for number, shown in enumerate(found)]

    def known(self, path: str) -> tuple[Shown, ...]:
        """What was last found in a document."""
        return self._results.get(path, ())

    async def fixed(self, path: str) -> Edits:
        """The edits of all safe fixes of a document."""
        await self.found(path)
        found = await self._ask("fix_all", path)
        return found or {}

    def end(self) -> None:
        """Stop."""
        for task in [*self._tasks]:
            task.cancel()
        if self._process is not None:
            self._process.end()

    # -- the worker

    async def _ask(self, method: str, *arguments: Any) -> Any:
        process = self._process
        if process is None:
            return None
        try:
            answer = await process.request(method, *arguments, timeout=_PATIENCE)
        except WorkerDied as death:
            if self._process is process:  # it was not replaced meanwhile
                self._process = None
            self._died(method if death.guilty else "", arguments)
            return None
        return None if isinstance(answer, Failed) else answer

    def _died(self, method: str, arguments: tuple[Any, ...]) -> None:
        """What a request about a document that ended the process is followed by: another one, which does not lint that document."""
        if method == "lint":
            for path in arguments[0]:
                self._deadly[path] = self._texts[path] if path in self._texts else _read(path)
                self._show(path, _SHOWN_DEATH)
        if method != "prepare":  # of which no document is to blame; the next change has the program linked again
            self.touch(())

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _pump(self) -> None:
        """Tell the worker of changes, one after the other, until there are none; of one document only the last."""
        while self._process is None or self._dirty:
            if self._process is None and not await self._link():
                self._dirty.clear()
                return
            if not self._dirty:
                break
            path = next(iter(self._dirty))
            text = self._texts.get(path)
            answer = await self._change(path, text)
            if answer is _AGAIN:
                continue
            if self._texts.get(path) == text:
                self._dirty.pop(path, None)
                if answer is not None:
                    self._show(path, answer)
        self._idling = self._begin(self._idle())

    async def _change(self, path: str, text: str | None) -> tuple[Shown, ...] | None:
        process = self._process
        assert process is not None
        try:
            answer = await process.request("change", path, text, timeout=_PATIENCE)
        except WorkerDied as death:
            if self._process is process:
                self._process = None
            if not death.guilty:
                return _AGAIN
            self._deadly[path] = text if text is not None else _read(path)
            return _SHOWN_DEATH
        if isinstance(answer, Failed):
            self._editor.error(answer.message)
            self._stale = True  # nobody knows what the program is now
            return None
        found, same = answer
        self._changed = True
        self._stale |= same is not True
        if self._deadly.get(path) != text:
            self._deadly.pop(path, None)
        return found  # type: ignore[no-any-return]

    async def _idle(self) -> None:
        """Let the other documents catch up when nothing has changed for a while."""
        await asyncio.sleep(max(IDLE, self._took * _SHARE) if self._stale else IDLE)
        if self._stale:
            if await self._link():
                await self._catch_up()
        elif self._changed:
            await self._catch_up()
        self._idling = None
        if self._dirty:
            self.touch(())
        else:
            await self._ask("prepare")

    async def _catch_up(self) -> None:
        self._changed = False
        others = False
        for path in [path for path in self._texts if path not in self._dirty and path not in self._deadly]:
            if self._process is None:
                return
            answer = await self._ask("lint", (path,))
            if answer is not None and path not in self._dirty and path in self._texts:
                new = answer.get(path, ())
                others |= self._results.get(path) != new
                if self._results.get(path) != new:
                    self._show(path, new)
        if others:
            self._editor.others_changed()

    def _show(self, path: str, found: tuple[Shown, ...]) -> None:
        if path in self._texts:
            self._results[path] = found
            self._editor.publish(path, found)

    async def _link(self) -> bool:
        """Have a new process link the program, and take over; whether it could."""
        first = self._process is None
        for _ in range(_DEATHS):
            started, texts, trusted = time.monotonic(), dict(self._texts), self._trusted
            process = Process(self._progress if first else lambda *_: None)
            self._stale = False
            try:
                answer = await process.request("start", Start(self.paths, texts, dict(self._deadly), self._encoding, trusted))
            except WorkerDied:
                continue
            except asyncio.CancelledError:
                process.end()
                self._stale = True
                raise
            finally:
                self._editor.indexing(self, None, 100)
            if isinstance(answer, Failed):
                self._editor.error(answer.message)
                process.end()
                return False
            self.pages, notices = answer
            for notice in notices:
                self._editor.notice(notice)
            self._stale |= trusted is not self._trusted  # it has changed meanwhile
            old, self._process = self._process, process
            if old is not None:
                old.end()
            self._took = time.monotonic() - started
            self._dirty.update((path, None) for path, text in self._texts.items() if texts.get(path) != text or path not in self._results)
            return True
        self._editor.error(f"asynclint dies of the files in {self.paths[0]}; please report it to its makers")
        return False

    def _progress(self, stage: str, done: int, total: int) -> None:
        self._editor.indexing(self, f"{stage} {done:,} of {total:,} files", done * 100 // max(total, 1))


def _read(path: str) -> str:
    try:
        return read_regular(path, SOURCE_LIMIT).decode("utf-8", "replace")
    except OSError:
        return ""
