"""The entry to the command line: what a user sees of errors and defects is decided here."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from asynclint import __version__, interrupts, plain
from asynclint.check import check
from asynclint.options import ConfigError
from asynclint.output import CLEAN, ERROR, FINDINGS, INTERRUPTED, write

__all__ = ["CLEAN", "ERROR", "FINDINGS", "INTERRUPTED", "main", "run"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    gc.disable()  # nothing that start-up makes is garbage
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
    interrupts.listen()
    try:
        code = run(sys.argv[1:] if arguments is None else arguments)
    except interrupts.Terminated as stop:
        interrupts.die(stop.number)
    if sys.gettrace() is None and sys.getprofile() is None:  # a debugger, or what measures coverage, has work left to do
        _leave(code)
    sys.exit(code)


def _leave(code: int) -> None:
    """End the process at once: taking millions of objects apart takes a tenth of a short run. What cannot be written is an error."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if not stream.closed:  # the language server closes its output
                stream.flush()
        except BrokenPipeError:
            pass
        except (OSError, ValueError):
            code = ERROR
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run the command line; the exit code. Errors are one line on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a character gets its number
    try:
        simple = plain.parse(arguments) if "_ASYNCLINT_COMPLETE" not in os.environ else None
        if simple is not None:
            return check(*simple)
        from asynclint import commands

        return commands.run(arguments)
    except KeyboardInterrupt:
        _tell("interrupted")
        return INTERRUPTED
    except ConfigError as error:
        return _fail(_one_line(str(error)))
    except Exception as error:
        stop = _interrupt(error)
        if isinstance(stop, interrupts.Terminated):
            raise stop from None
        if stop is not None:
            _tell("interrupted")
            return INTERRUPTED
        return _fail(_crash(error) if _is_somewhere() else "the working directory does not exist any more; change to one that does")


def _interrupt(error: BaseException | None) -> BaseException | None:
    """The interrupt behind an error, if there is one: Python 3.11 and older wrap one that comes while a class is made."""
    while error is not None and not isinstance(error, (KeyboardInterrupt, interrupts.Terminated)):
        error = error.__cause__
    return error


def _fail(message: str) -> int:
    _tell(f"error: {message}")
    return ERROR


def _tell(line: str) -> None:
    """Write a line to standard error; where even this fails only the exit code is left."""
    with suppress(ConfigError):
        write(sys.stderr, f"{line}\n")


def _is_somewhere() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def _one_line(message: str) -> str:
    from asynclint.report import escape

    return escape(message)


def _crash(error: Exception) -> str:
    """The message for a defect of asynclint; the traceback goes to a file, ready for a report."""
    import tempfile
    import traceback

    details = f"asynclint {__version__}, Python {sys.version}\n{sys.argv}\n\n{''.join(traceback.format_exception(error))}"
    summary = f"asynclint crashed: {type(error).__name__}: {error}"
    try:
        with tempfile.NamedTemporaryFile("w", prefix="asynclint-crash-", suffix=".txt", delete=False, encoding="utf-8", errors="replace") as file:
            file.write(details)
    except OSError:
        return f"{summary}\n{details}"
    return f"{summary}; please report the traceback in {file.name}"
