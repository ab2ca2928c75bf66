"""Writing a file whole or not at all, and not where a link in the linted project leads."""

from __future__ import annotations

import os
from contextlib import suppress

_RANDOM = 8  # bytes of the name of a temporary file: nobody can have put something there


def replace(path: str, data: bytes) -> None:
    """Make `data` the content of the file at `path`, in place of what is there, a link included. Raises OSError, and then nothing has changed."""
    beside = f"{path}.{os.urandom(_RANDOM).hex()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(beside, flags, 0o666)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
        if os.path.isfile(path) and not os.path.islink(path):
            os.chmod(beside, os.stat(path).st_mode & 0o777)
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def is_within(path: str, folder: str) -> bool:
    """Whether a path is, or lies below, a folder, as both are written."""
    path, folder = os.path.normcase(os.path.abspath(path)), os.path.normcase(os.path.abspath(folder))
    return path == folder or path.startswith(os.path.join(folder, ""))


def repository(folder: str) -> str:
    """The root of the repository that a folder lies in, or the folder itself."""
    place = os.path.abspath(folder)
    while not os.path.lexists(os.path.join(place, ".git")):
        above = os.path.dirname(place)
        if above == place:
            return os.path.abspath(folder)
        place = above
    return place


def stays_within(path: str, folder: str) -> bool:
    """Whether a path is, or lies below, a folder, when all links are resolved."""
    return is_within(os.path.realpath(path), os.path.realpath(folder))


def leads_out(path: str, folder: str) -> bool:
    """Whether a path lies in a folder as it is written, and elsewhere when its links are resolved."""
    return is_within(path, folder) and not stays_within(path, folder)
