"""Reading a file that may be anything: never a device, never a FIFO, never more than a limit."""

from __future__ import annotations

import errno
import os
import stat
from typing import Any

CONFIGURATION_LIMIT = 4 * 1024 * 1024  # bytes of a configuration, an ignore file or another file that people write by hand
RECORD_LIMIT = 256 * 1024 * 1024  # bytes of a file that programs write: a baseline, the record of an environment
SOURCE_LIMIT = 128 * 1024 * 1024  # bytes of a source whatever the settings say: of a notebook with all that its cells have printed
BASELINE_LIMIT = 64 * 1024 * 1024  # bytes of a JSON file, which takes many times as much when it is read
_CHUNK = 1024 * 1024
_DIGITS = 4300  # of a number in JSON; newer Pythons refuse longer ones, older ones take a time that grows with the square of them


def read_regular(path: str, limit: int, *, follow: bool = True) -> bytes:
    """The content of the regular file at `path`, which links may lead to unless `follow` is false.

    Raises OSError where it cannot be opened, is no regular file (EINVAL; a device or a FIFO is not waited for), is a link that must not be followed
    (ELOOP), or holds more than `limit` bytes (EFBIG), which are never read, not even of a file that grows meanwhile.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
    descriptor = os.open(path, flags if follow else flags | getattr(os, "O_NOFOLLOW", 0))
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        size = state.st_size
        if size > limit:
            raise _too_large(path, limit)
        chunks: list[bytes] = []
        left = limit + 1  # the byte too many is what tells of a file that grew
        wanted = size + 1
        while left > 0 and (chunk := os.read(descriptor, min(left, wanted))):
            chunks.append(chunk)
            left -= len(chunk)
            wanted = _CHUNK
        if left <= 0:
            raise _too_large(path, limit)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)
    finally:
        os.close(descriptor)


def read_text(path: str, limit: int = CONFIGURATION_LIMIT, *, errors: str = "strict") -> str:
    """The content of a regular file in UTF-8, with `\\n` at the ends of lines. Raises OSError as `read_regular`, and UnicodeDecodeError."""
    return read_regular(path, limit).decode("utf-8", errors).replace("\r\n", "\n").replace("\r", "\n")


def parse_json(text: str | bytes) -> Any:
    """What a JSON text says. Raises ValueError, also for a number of thousands of digits, and RecursionError for deep nesting."""
    import json  # most runs need none

    return json.loads(text, parse_int=json_int)


def json_int(digits: str) -> int:
    """A whole number in JSON. Raises ValueError for one that takes long to read."""
    if len(digits) > _DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)


def reason(error: OSError | ValueError) -> str:
    """Why a file cannot be read, and what to do about it where that is not plain."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return f"{text}; put a regular file in its place, or remove it" if getattr(error, "errno", 0) in (errno.EINVAL, errno.EFBIG) else text


def _too_large(path: str, limit: int) -> OSError:
    return OSError(errno.EFBIG, f"more than {limit:,} bytes", path)
