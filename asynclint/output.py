"""What a command gives back: its exit code, what it writes to streams and files, and how far it has come."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, TextIO

from asynclint.options import ConfigError
from asynclint.reading import SOURCE_LIMIT, reason
from asynclint.writing import leads_out, replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.progress import Progress as Bar

CLEAN, FINDINGS, ERROR, INTERRUPTED = 0, 1, 2, 130
_NARROWEST = 40  # columns; below, lines are left to the terminal to break
_PROGRESS_AFTER = 1.0  # seconds
_PROGRESS_EVERY = 0.1


def coloured(when: str, stream: TextIO) -> bool:
    if when != "auto":
        return when == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def links(stream: TextIO) -> bool:
    """Whether to write links (OSC 8): to terminals, which pass over them if they do not know them; FORCE_HYPERLINK decides where it is set."""
    forced = os.environ.get("FORCE_HYPERLINK")
    if forced is not None:
        return forced not in ("", "0")
    return stream.isatty() and os.environ.get("TERM") not in ("dumb", "linux") and not os.environ.get("CI")


def width(stream: TextIO) -> int:
    """The columns of a terminal; 0 for what is none, where lines have no end."""
    if not stream.isatty():
        return 0
    from shutil import get_terminal_size

    return max(_NARROWEST, get_terminal_size().columns)


def write(stream: TextIO, text: str) -> None:
    """Write to a stream whose reader may have gone, as of `asynclint | head`."""
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        cut_off(stream, error)


def read_stdin() -> bytes:
    """What stands on standard input. Raises ConfigError where it is closed, cannot be read or does not end."""
    if sys.stdin is None:
        raise ConfigError("standard input is closed")
    try:
        data = sys.stdin.buffer.read(SOURCE_LIMIT + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(f"standard input cannot be read: {reason(error)}") from error
    if len(data) > SOURCE_LIMIT:
        raise ConfigError(f"standard input has more than {SOURCE_LIMIT:,} bytes")
    return data


def write_bytes(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        cut_off(sys.stdout, error)


def cut_off(stream: TextIO, error: OSError) -> None:
    """Send what is still to be written, at exit too, nowhere; raise ConfigError if it is not that the reader has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if not isinstance(error, BrokenPipeError):
        raise ConfigError(f"{stream.name.strip('<>')}: {error.strerror or error}") from error


def write_file(path: str, text: str, flag: str = "--output-file", *, inside: Iterable[str] = ()) -> None:
    """Write what a flag asks for all or not at all; a pipe or a device is written to as it is.

    Raises ConfigError where that cannot be done, and where the path leads out of a folder by a link that lies `inside` it.
    """
    data = text.encode("utf-8", "backslashreplace")
    target = os.path.realpath(path)
    if any(leads_out(path, folder) for folder in inside):
        raise ConfigError(f"{flag}: {path}: leads out of the project by a link, to {target}; name that file if it is meant")
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            with open(target, "wb") as file:
                file.write(data)
        else:
            replace(target, data)
    except OSError as error:
        raise ConfigError(f"{flag}: {path}: {error.strerror or error}") from error


class Progress:
    """A progress bar on standard error, from the second second of a run on. It starts no thread: the runner forks processes."""

    def __init__(self, shown: bool) -> None:
        self.callback = self.show if shown else None
        self.started = self.drawn = time.monotonic()
        self.bar: Bar | None = None
        self.stage = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def show(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.started < _PROGRESS_AFTER or now - self.drawn < _PROGRESS_EVERY:
            return
        self.drawn = now
        if self.bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("files,"),
                TimeRemainingColumn(compact=True),
                TextColumn("left"),
            )
            self.bar = Bar(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
            self.bar.add_task("")
            self.bar.start()
        if stage != self.stage:
            self.stage = stage
            self.bar.reset(self.bar.task_ids[0])  # the time left is that of the stage
        self.bar.update(self.bar.task_ids[0], description=stage, completed=done, total=total, refresh=True)
