"""`python -m asynclint`."""

import os
import sys


def _forget_the_working_directory() -> None:
    """Take the place of modules away that `-m` put first: it is the linted project's. With `-I`, `-P` or PYTHONSAFEPATH there is none."""
    if sys.flags.isolated or getattr(sys.flags, "safe_path", False) or not sys.path:
        return
    try:
        here = os.getcwd()
    except OSError:  # it was removed
        here = ""
    if sys.path[0] in ("", here):
        del sys.path[0]


if __name__ == "__main__":
    _forget_the_working_directory()
    from asynclint.cli import main

    main()
