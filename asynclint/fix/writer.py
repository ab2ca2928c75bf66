"""Writing files so that each is the old one or the new one, never a piece: under full disks, size limits, interrupts and kills.

The new text goes to a temporary file beside the old one, with its mode, owner and extended attributes, is flushed to disk, and takes its place by
a rename. A file with several hard links, or whose owner cannot be given to a new file, must be overwritten instead: only after both its old and its
new text lie complete on disk beside it, so that `sweep` can mend it if the run is killed half-way.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from asynclint.reading import RECORD_LIMIT, read_regular

# .asynclint-<pid>-<random>.tmp, or .<name>.new and .<name>.old while <name> is overwritten
_STRAY: Final = re.compile(r"\.asynclint-(\d+)-[0-9a-f]+\.(?:tmp|(?P<name>.+)\.(?:old|new))", re.DOTALL)


class WriteError(Exception):
    """A file that was not written, and is as it was: which, and why."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message)
        self.path = path
        self.message = message

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


@dataclass(frozen=True, slots=True)
class _Job:
    """One file to write: its path as given and without links, its texts, and how to make its state `after`, or `before` again."""

    path: str
    target: str
    before: bytes
    commit: Callable[[], None]
    undo: Callable[[], None]


def write(path: str, before: bytes, after: bytes) -> None:
    """Replace the content of the file at `path`, which was read as `before`, by `after`; links, mode, owner and extended attributes stay.

    Does nothing if the file holds `after` already. Raises WriteError, with the file as it was, if it is not a regular file, is read-only, lies
    in a read-only directory, was changed since it was read, or if any step fails.
    """
    write_all({path: (before, after)})


def write_all(changes: Mapping[str, tuple[bytes, bytes]]) -> None:
    """Write several files, from path to (before, after) as for `write`, all or none.

    All new texts are on disk before the first file is replaced; if one then fails, those replaced before it are put back. Raises WriteError for
    the first file that cannot be written. A kill between two replacements leaves each file whole, but some of them old.
    """
    jobs: list[_Job] = []
    seen: dict[tuple[int, int], bytes] = {}
    with contextlib.ExitStack() as temporaries:
        for path, (before, after) in sorted(changes.items()):
            with _reported(path):
                target, state = _check(path, before, after)
                inode = state.st_dev, state.st_ino
                if seen.get(inode, after) != after:
                    raise WriteError(path, "was not written: it is another name of a file that gets a different text")
                if inode not in seen and _read(target) != after:
                    jobs.append(_prepare(temporaries, path, target, state, before, after, keep_old=len(changes) > 1))
                seen[inode] = after
        _commit(jobs)


def sweep(directory: str) -> list[str]:
    """Clear up what a killed run left in `directory`: remove its temporary files, and mend a file that it was overwriting.

    Returns the paths removed. Files of a process that still runs, or of another user, are left alone, and what cannot be removed is passed over.
    """
    try:
        names = sorted(name for name in os.listdir(directory) if name.startswith(".asynclint-"))
    except OSError:
        return []
    strays: list[str] = []
    for name in names:
        stray = os.path.join(directory, name)
        if (match := _STRAY.fullmatch(name)) and _is_left_over(stray, int(match.group(1))):
            strays.append(stray)
    for stray in strays:
        if stray.endswith(".tmp"):
            _remove(stray)
        elif match := _STRAY.fullmatch(os.path.basename(stray)):
            _settle(os.path.join(directory, match["name"]), stray[:-4])
    return [stray for stray in strays if not os.path.lexists(stray)]


# Checks


@contextlib.contextmanager
def _reported(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteError(path, f"was not written: {error.strerror or error}") from error


def _check(path: str, before: bytes, after: bytes) -> tuple[str, os.stat_result]:
    """The file that `path` leads to, and its state. Raises WriteError if it must not be written."""
    target = os.path.realpath(path, strict=True)
    state = os.lstat(target)
    directory = os.path.dirname(target)
    if not stat.S_ISREG(state.st_mode):
        raise WriteError(path, "was not written: it is not a regular file")
    if not _writable(target, state.st_mode):
        raise WriteError(path, "was not written: it is read-only")
    if not _writable(directory, os.stat(directory).st_mode):
        raise WriteError(path, f"was not written: its directory `{directory}` is read-only")
    sweep(directory)
    _check_unchanged(path, target, before, after)
    return target, state


def _check_unchanged(path: str, target: str, *known: bytes) -> None:
    if _read(target) not in known:
        raise WriteError(path, "was not written: it was changed since it was read")


def _writable(path: str, mode: int) -> bool:
    # The superuser may write anything, says os.access; a file or directory that its owner made read-only is meant to stay as it is.
    return bool(mode & stat.S_IWUSR) and os.access(path, os.W_OK)


def _read(path: str) -> bytes:
    return read_regular(path, RECORD_LIMIT)


# Staging and replacing


def _prepare(temporaries: contextlib.ExitStack, path: str, target: str, state: os.stat_result, before: bytes, after: bytes, keep_old: bool) -> _Job:
    """Put the new text on disk beside the file, and the old one if it may be needed again."""
    new = _stage(temporaries, target, after)
    if state.st_nlink > 1 or not _dress(new, target, state):
        pair = f"{new.removesuffix('tmp')}{os.path.basename(target)}"
        temporaries.callback(_settle, target, pair)
        os.replace(new, pair + ".new")
        os.replace(_stage(temporaries, target, before), pair + ".old")
        _sync_directory(target)
        return _Job(path, target, before, lambda: _fill(target, after), lambda: _fill(target, before))
    if not keep_old:
        return _Job(path, target, before, lambda: os.replace(new, target), lambda: None)
    old = _stage(temporaries, target, before)
    _dress(old, target, state)
    return _Job(path, target, before, lambda: os.replace(new, target), lambda: os.replace(old, target))


def _commit(jobs: list[_Job]) -> None:
    done: list[_Job] = []
    try:
        for job in jobs:
            with _reported(job.path):
                _check_unchanged(job.path, job.target, job.before)
                done.append(job)
                job.commit()
    except BaseException:
        failures = [failure for job in reversed(done) if (failure := _undo(job))]
        if failures:
            raise failures[0] from None
        raise
    for job in jobs:
        _sync_directory(job.target)


def _undo(job: _Job) -> WriteError | None:
    try:
        if _read(job.target) != job.before:
            job.undo()
    except OSError as error:
        return WriteError(job.path, f"could not be put back after a failure: {error.strerror or error}")
    return None


def _stage(temporaries: contextlib.ExitStack, target: str, data: bytes) -> str:
    """A new file beside `target` with `data` safely on disk; it is removed when `temporaries` closes."""
    temporary = os.path.join(os.path.dirname(target), f".asynclint-{os.getpid()}-{os.urandom(6).hex()}.tmp")
    temporaries.callback(_remove, temporary)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    return temporary


def _dress(temporary: str, target: str, state: os.stat_result) -> bool:
    """Give a temporary file the owner, mode and extended attributes of `target`; False if that is not allowed."""
    try:
        if sys.platform != "win32":
            new = os.stat(temporary)
            if (new.st_uid, new.st_gid) != (state.st_uid, state.st_gid):
                os.chown(temporary, state.st_uid, state.st_gid)
        if sys.platform == "linux":
            for name in _attributes(target):
                os.setxattr(temporary, name, os.getxattr(target, name))
        os.chmod(temporary, stat.S_IMODE(state.st_mode))
    except OSError:
        return False
    return True


def _attributes(path: str) -> list[str]:
    if sys.platform != "linux":
        return []
    try:
        return os.listxattr(path)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return []
        raise


def _fill(target: str, data: bytes) -> None:
    """Make `data` the content of an existing file, in place; what is too long is cut off last, so that a failure leaves the blocks to go back."""
    descriptor = os.open(target, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "wb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        file.truncate(len(data))
        os.fsync(descriptor)


def _sync_directory(target: str) -> None:
    """Put the renames in the directory of `target` on disk; not every file system can."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            descriptor = os.open(os.path.dirname(target), os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


# After a kill


def _is_left_over(path: str, pid: int) -> bool:
    try:
        state = os.lstat(path)
    except OSError:
        return False
    if not stat.S_ISREG(state.st_mode):
        return False
    if sys.platform == "win32":  # os.kill would end the process there
        return time.time() - state.st_mtime > 3600
    return state.st_uid in {os.geteuid(), 0} and not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _settle(target: str, pair: str) -> None:
    """Mend the file that was overwritten with the texts in `pair`.new and `pair`.old, then remove them; they stay if it cannot be mended."""
    with contextlib.suppress(OSError):
        _mend(target, pair + ".old", pair + ".new")
        _remove(pair + ".old")
        _remove(pair + ".new")


def _mend(target: str, old_path: str, new_path: str) -> None:
    """Put back the old text of a file that is partly its new text; a file that is whole, or that someone has changed
    since, is left alone. Raises OSError where one of them is a link or no file, which asynclint has not made."""
    if os.path.lexists(target) and os.path.lexists(old_path) and os.path.lexists(new_path):
        old, new, now = (read_regular(path, RECORD_LIMIT, follow=False) for path in (old_path, new_path, target))
        same = _common_prefix(now, new)
        if now not in (old, new) and now[same:] == old[same:]:
            _fill(target, old)


def _common_prefix(one: bytes, other: bytes) -> int:
    """How many bytes two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
