"""Promise 8 for whole blocks: a program whose block moved into a thread gives the same, in the same order, leaves the same files, and blocks no more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx
from builders import bury_children, swept
from moving_blocks import MOVED, STAY, STREAMED

from asynclint.model import Applicability
from asynclint.testing import fix_text


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    with swept():
        yield


def module(program: str) -> str:
    return program if program.startswith("#") else f"async def main(log):{program}"


def outcome(text: str, folder: Path, *, watched: bool) -> object:
    """What a program gives or raises, what it logged, and the files it leaves."""
    (folder / "in.txt").write_text("one\ntwo words\nthree\n")
    logged: list[object] = []
    space: dict[str, object] = {"__name__": "program"}
    exec(compile(text, "program.py", "exec", dont_inherit=True), space)

    async def main() -> object:
        try:
            return await space["main"](logged.append)  # type: ignore[operator]
        except Exception as error:
            return type(error), str(error)

    if watched:
        with blockbuster_ctx():
            given = asyncio.run(main())
    else:
        given = asyncio.run(main())
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in (".txt", ".db")}
    return given, logged, files


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # connections that a `with` does not close
@pytest.mark.parametrize("name", MOVED)
def test_a_moved_block_gives_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = module(MOVED[name])
    after = fix_text(before, Applicability.UNSAFE)
    assert "_in_thread" in after.replace("main_in_thread = 1", "") or ".read_" in after
    assert fix_text(after, Applicability.UNSAFE) == after
    results = []
    for text, watched in ((before, False), (after, True)):
        folder = tmp_path / str(watched)
        folder.mkdir()
        monkeypatch.chdir(folder)
        results.append(outcome(text, folder, watched=watched))
    assert results[0] == results[1]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the pipes of such processes
@pytest.mark.parametrize("name", STREAMED)
def test_a_streamed_process_gives_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = module(STREAMED[name])
    after = fix_text(before, Applicability.UNSAFE)
    assert "await asyncio.create_subprocess_" in after
    assert fix_text(after, Applicability.UNSAFE) == after
    monkeypatch.chdir(tmp_path)
    results = [outcome(text, tmp_path, watched=False) for text in (before, after)]
    bury_children()
    assert results[0] == results[1]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", STAY)
def test_a_block_that_has_to_stay_gives_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = module(STAY[name])
    after = fix_text(before, Applicability.UNSAFE)
    assert "_in_thread" not in after
    results = []
    for number, text in enumerate((before, after)):
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        results.append(outcome(text, folder, watched=False))
    assert results[0] == results[1]
