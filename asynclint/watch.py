"""`--watch`: a run in a process of its own whenever a file changes, so that each begins anew and none can harm the next."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from asynclint.options import OPTIONS, ConfigError, Kind
from asynclint.output import write
from asynclint.python_process import python

if TYPE_CHECKING:
    from collections.abc import Iterator

_WATCHED = (".py", ".pyi", ".ipynb", ".toml", ".asynclint-baseline.json")
_PASSED_OVER = frozenset([".git", ".venv", "__pycache__", "node_modules"])
_PATIENCE = 200  # milliseconds
_CLEAR = "\x1b[2J\x1b[3J\x1b[H"
_RUN = "from asynclint.cli import main; main()"


def watch(paths: tuple[str, ...], given: dict[str, Any], *, from_stdin: bool) -> int:
    """Check, and check again whenever something below the paths or beside the configuration changes; ends by an interrupt alone.

    Raises ConfigError without the extra `watch`, and KeyboardInterrupt.
    """
    if from_stdin:
        raise ConfigError("--watch needs files, and does not go with standard input")
    if given["write_baseline"] or given["add_ignore"] is not None:
        raise ConfigError("--watch does not go with --write-baseline and --add-ignore, which are for once")
    try:
        import watchfiles
    except ImportError as error:
        raise ConfigError("--watch needs `pip install 'asynclint[watch]'`") from error
    missing = [path for path in paths if not os.path.exists(path)]
    if missing:
        raise ConfigError(f"--watch: `{missing[0]}` does not exist")
    command = python(_RUN, *arguments(paths, given))
    places = {*paths, *_configured(given)}
    watched = watchfiles.watch(*places, watch_filter=_wanted, raise_interrupt=True, rust_timeout=_PATIENCE, yield_on_timeout=True)
    next(watched)  # from here on changes are noted, also while a run reads what they change
    _run(command, [])
    for changes in watched:
        if changes:
            _run(command, sorted({path for _, path in changes}))
    return 0


def _configured(given: dict[str, Any]) -> Iterator[str]:
    """Files that the settings come from and that may lie elsewhere."""
    yield from (path for path in (*(given["config"] or ()), given["baseline"] or "") if os.path.isfile(path))
    yield from (name for name in ("pyproject.toml", "asynclint.toml", ".asynclint.toml") if os.path.isfile(name))


def _wanted(_change: object, path: str) -> bool:
    """Whether a change may change what is found."""
    return path.endswith(_WATCHED) and _PASSED_OVER.isdisjoint(path.split(os.sep))


def _run(command: list[str], changed: list[str]) -> None:
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        write(sys.stdout, _CLEAR)
    subprocess.run(command)
    named = os.path.relpath(changed[0]) if changed else ""
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    from asynclint.report import escape

    said = f" after a change of {escape(named)}{more}" if changed else ""
    write(sys.stderr, f"[{time.strftime('%H:%M:%S')}] Checked{said}; waiting for changes. Ctrl+C ends.\n")


def arguments(paths: tuple[str, ...], given: dict[str, Any]) -> list[str]:
    """The command line that says the same, without --watch."""
    said = ["check"]
    for option in OPTIONS:
        value = given.get(option.field)
        if option.name == "watch" or not option.flags or value is None or value == () or (value == option.default and not option.in_file):
            continue
        flags = option.flags[0].split("/")
        if option.kind is Kind.FLAG:
            said.append(flags[0] if value else flags[-1])
        else:
            said += [f"{flags[0]}={each}" for each in (value if isinstance(value, tuple) else (value,))]
    return [*said, "--", *paths]
