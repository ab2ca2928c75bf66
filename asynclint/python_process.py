"""Python processes of our own: they import what this one would, and nothing from the working directory, which is the linted project's."""

from __future__ import annotations

import sys


def python(code: str, *arguments: str) -> list[str]:
    """The command line of a process that runs `code`, with this process's places of modules.

    `-c` alone puts the working directory first, and Python 3.13 imports modules from there before it comes to the code; `-P` leaves it out, and
    Python 3.10, which does not know that, imports none.
    """
    flags = ["-I"] if sys.flags.isolated else ["-P"] if sys.version_info >= (3, 11) else []
    path = [place for place in sys.path if place]
    return [sys.executable, *flags, "-c", f"import sys; sys.path[:] = {path!r}; {code}", *arguments]
