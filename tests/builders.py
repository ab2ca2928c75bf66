"""Small builders of what the rooms hand each other, for tests that are not about making them."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import warnings
from collections.abc import Iterator

from asynclint.model import (
    Applicability,
    Confidence,
    Edit,
    FileResult,
    Finding,
    Fix,
    Frame,
    Import,
    Position,
    Problem,
    RunResult,
    Severity,
    Span,
)


def span(line: int, column: int, width: int, *, offset: int = 0) -> Span:
    """A span within one line; offsets count from the start of that line unless `offset` says where it starts."""
    return Span(Position(offset + column - 1, line, column), Position(offset + column - 1 + width, line, column + width))


def fix(applicability: Applicability = Applicability.SAFE, *, path: str = "app.py", title: str = "await `asyncio.sleep`") -> Fix:
    return Fix(title, applicability, (Edit(path, span(3, 5, 13), "await asyncio.sleep(1)"),), (Import(path, "asyncio"),))


def finding(
    code: str = "ASL101",
    name: str = "blocking-sleep",
    *,
    path: str = "app.py",
    message: str = "`time.sleep()` stops the event loop",
    at: Span | None = None,
    fix: Fix | None = None,
    no_fix: str = "",
    chain: tuple[Frame, ...] = (),
    help: str = "",
) -> Finding:
    at = at or span(3, 5, 13)
    return Finding(code, name, message, Severity.ERROR, Confidence.HIGH, path, "wait", at, chain, fix, no_fix, f"{code}-{path}", help)


def result(
    *findings: Finding,
    problems: tuple[Problem, ...] = (),
    checked: int = 1,
    lines: dict[tuple[str, int], str] | None = None,
    changed: dict[str, tuple[str, str]] | None = None,
    fixed: dict[str, int] | None = None,
    left_out: tuple[tuple[str, int], ...] = (),
) -> RunResult:
    """The result of a run with these findings, grouped by path."""
    paths = sorted({each.path for each in findings})
    files = tuple(FileResult(path, tuple(each for each in findings if each.path == path)) for path in paths)
    return RunResult(files, problems, checked, lines or {}, changed or {}, fixed or {}, {}, left_out=left_out)


def bury_children() -> None:
    """Wait for the processes that a detector of blocking calls kept from being waited for, and let go of their pipes."""
    gc.collect()
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    subprocess.run(["true"], check=True)  # makes `subprocess` forget those that have ended
    gc.collect()


@contextlib.contextmanager
def swept() -> Iterator[None]:
    """Clear away in silence the files and connections that are left open here, so that no later test is told of them."""
    gc.freeze()  # what is there already need not be looked through
    try:
        yield
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gc.collect()
        gc.unfreeze()
