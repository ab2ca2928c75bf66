"""Promise 8 for blocks that nobody thought of: generated coroutines give the same, raise the same and log the same before and after `--unsafe-fixes`.

`ASYNCLINT_PROGRAMS` says how many; each is made from its number, so a failing one can be made again.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from pathlib import Path

import pytest
from block_generator import module
from blockbuster import blockbuster_ctx

from asynclint.model import Applicability
from asynclint.testing import fix_text

pytestmark = pytest.mark.matrix

COUNT = int(os.environ.get("ASYNCLINT_PROGRAMS", "200"))
CHUNK = 50


def outcomes(text: str, *, watched: bool) -> dict[str, object]:
    """What each coroutine of a module gives or raises, and what it logged."""
    space: dict[str, object] = {"__name__": "program"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(text, "program.py", "exec", dont_inherit=True), space)

    async def run(name: str) -> object:
        log: list[object] = []
        try:
            given = await asyncio.wait_for(space[name](log, 1), 10)  # type: ignore[operator]
        except Exception as error:
            given = NameError if isinstance(error, NameError) else type(error)
        return shown(given), [shown(each) for each in log]

    async def main() -> dict[str, object]:
        return {name: await run(name) for name in space if name.startswith("program_")}

    if watched:
        with blockbuster_ctx():
            return asyncio.run(main())
    return asyncio.run(main())


def shown(value: object) -> object:
    """A value as it can be compared: files and functions by their type."""
    return value if isinstance(value, (int, str, type, type(None))) else type(value).__name__


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("first", range(0, COUNT, CHUNK))
def test_generated_blocks_give_the_same(first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.txt").write_text("one\ntwo\n")
    before = module(range(first, first + CHUNK))
    after = fix_text(before, Applicability.UNSAFE)
    assert after.count("_in_thread(") > 10
    assert fix_text(after, Applicability.UNSAFE) == after
    assert outcomes(after, watched=False) == outcomes(before, watched=False)
