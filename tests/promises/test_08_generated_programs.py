"""Promise 8 for programs that nobody thought of: they give, raise and log the same before and after fixing, and what was fixed safely blocks no more.

60 programs (and 200 blocks beside them), 2,000 with `ASYNCLINT_FULL`; `ASYNCLINT_PROGRAMS` says another number. Each is made from its number, so a failing one can be made again.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from blockbuster import BlockingError, blockbuster_ctx
from builders import bury_children
from program_generator import files

from asynclint import runner
from asynclint.config import Settings
from asynclint.model import Applicability

pytestmark = pytest.mark.matrix

COUNT = int(os.environ.get("ASYNCLINT_PROGRAMS", "2000" if os.environ.get("ASYNCLINT_FULL") else "60"))
CHUNK = 30
BLOCKS = ("ASL10", "ASL11")
UNSEEN = ("lambda", ".size")  # a lambda called on the spot, a property; a function behind a cache of first uses is `inner`


def comparable(value: object) -> object:
    if isinstance(value, BaseException):
        return type(value).__name__, "" if isinstance(value, NameError) else str(value)
    if isinstance(value, (list, tuple)):
        return [comparable(each) for each in value]
    if isinstance(value, dict):
        return [(comparable(key), comparable(each)) for key, each in value.items()]
    return value if isinstance(value, (int, str, bytes, type(None))) else type(value).__name__


class Programs:
    """The programs of a folder, ready to run."""

    def __init__(self, folder: Path, texts: Mapping[str, str]) -> None:
        self.folder, self.texts = folder, texts
        folder.mkdir()
        for path, text in texts.items():
            (folder / path).write_text(text)

    def outcome(self, number: int, name: str, *, watched: bool) -> tuple[object, BlockingError | None]:
        """What a coroutine gives or raises and what it logged, and where it was caught blocking the loop, if it was."""
        os.chdir(self.folder)
        for path in [*self.folder.glob("*.txt"), *self.folder.glob("folder")]:
            path.rmdir() if path.is_dir() else path.unlink()
        (self.folder / "in.txt").write_text("one\ntwo\n")
        sys.path.insert(0, str(self.folder))
        importlib.invalidate_caches()
        with warnings.catch_warnings(), contextlib.redirect_stdout(None):
            warnings.simplefilter("ignore")
            try:
                module = importlib.import_module(f"program_{number}")
                log: list[object] = []
                try:
                    with blockbuster_ctx() if watched else contextlib.nullcontext():
                        given = asyncio.run(self._run(module, name, log))
                except Exception as error:
                    blocked = _blocking(error)
                    if blocked is not None:
                        return None, blocked
                    given = error
            finally:
                sys.path.remove(str(self.folder))
                sys.modules.pop(f"program_{number}", None)
                sys.modules.pop("helpers", None)
        return (comparable(given), comparable(log)), None

    async def _run(self, module: Any, name: str, log: list[object]) -> object:
        try:
            if name == "races":
                keeper = module.Keeper()
                both = [await asyncio.gather(*(add(log, 1) for _ in range(2))) for add in (keeper.add0, keeper.add1)]
                given = both, keeper.total, sorted(keeper.seen)
            elif name == "stream":
                given = [each async for each in module.stream(log)]
            else:
                given = await asyncio.wait_for(module.main(log), 20)
        finally:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            if others:
                await asyncio.wait(others, timeout=10)
        return given


def _blocking(error: BaseException) -> BlockingError | None:
    """What the watch raised, also where a group of tasks hands it on."""
    if isinstance(error, BlockingError):
        return error
    return next(filter(None, map(_blocking, getattr(error, "exceptions", ()))), None)


def caught_at(error: BlockingError, folder: Path) -> set[tuple[str, int]]:
    """The places in the program that led to a blocking call; none where it is one of the calls that the analysis does not follow."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent == folder]
    lines = [(folder / Path(frame.filename).name).read_text().splitlines()[(frame.lineno or 1) - 1 : frame.end_lineno] for frame in frames]
    if any(part in line for each in lines for line in each for part in UNSEEN) or any(frame.name in ("size", "inner") for frame in frames):
        return set()
    return {(Path(frame.filename).name, frame.lineno or 0) for frame in frames}


def fixed(before: Programs, folder: Path, level: Applicability) -> tuple[Programs, set[tuple[str, int]]]:
    """Programs after fixing, and the lines of the calls that are still said to block."""
    settings = Settings(root=str(before.folder), tests_may_block=False, jobs=1)
    result = runner.run(runner.Request((str(before.folder),), settings, fix=level, write=False, in_process=True))
    assert not result.all_problems
    texts = {path: result.changed.get(str(before.folder / path), ("", text))[1] for path, text in before.texts.items()}
    left = {
        (Path(each.path).name, line)
        for each in result.files
        for finding in each.findings
        if finding.code.startswith(BLOCKS)
        for line in range(finding.span.start.line, finding.span.end.line + 1)
    }
    return Programs(folder, texts), left


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # files that a program forgets to close
@pytest.mark.parametrize("first", range(0, COUNT, CHUNK))
def test_generated_programs_give_the_same(first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    numbers = range(first, min(COUNT, first + CHUNK))
    before = Programs(tmp_path / "before", files(numbers))
    after = {level: fixed(before, tmp_path / level.value, level) for level in (Applicability.SAFE, Applicability.UNSAFE)}
    for programs, _ in after.values():
        assert sum(programs.texts[path] != before.texts[path] for path in before.texts) > len(numbers) // 2
    different = []
    for number in numbers:
        for name in ("main", "stream", "races"):
            expected, _ = before.outcome(number, name, watched=False)
            for level, (programs, left) in after.items():
                if name == "races" and level is Applicability.UNSAFE:
                    continue  # that another task may come in between is what is unsafe
                given, caught = programs.outcome(number, name, watched=True)
                if caught is not None:
                    given, _ = programs.outcome(number, name, watched=False)
                if given != expected:
                    different.append(f"{number} {name} {level.value}:\n  {expected}\n  {given}")
                places = caught_at(caught, programs.folder) if caught is not None else set()
                if places and places.isdisjoint(left):
                    different.append(f"{number} {name} {level.value} blocks: {caught} {sorted(places)}")
    bury_children()
    assert not different, "\n".join([f"{len(different)} differences", *different])
