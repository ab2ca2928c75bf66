"""Promise 8 for single calls: in whatever place a call stands, it gives the same, and in the same order, when it runs in a thread."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx
from builders import bury_children
from offloaded_shapes import HEAD, OFFLOADED

from asynclint.model import Applicability
from asynclint.testing import fix_text


def outcome(text: str, folder: Path, *, watched: bool) -> object:
    """What a program gives or raises, what it logged, and the files it leaves."""
    folder.mkdir()
    (folder / "in.txt").write_text("one\ntwo words\nthree\n")
    logged: list[object] = []
    space: dict[str, object] = {"__name__": "program"}
    exec(compile(text, "program.py", "exec", dont_inherit=True), space)

    async def main() -> object:
        return await space["main"](lambda *values: logged.extend(values), folder / "in.txt", folder / "out.txt")  # type: ignore[operator]

    if watched:
        with blockbuster_ctx():
            given = asyncio.run(main())
    else:
        given = asyncio.run(main())
    return str(given), [str(each) for each in logged], sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", OFFLOADED)
def test_an_offloaded_call_gives_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = HEAD + OFFLOADED[name]
    after = fix_text(before, Applicability.UNSAFE)
    assert (after == before) == (name == "what stays")
    results = []
    for number, text in enumerate((before, after)):
        results.append(outcome(text, tmp_path / "work", watched=bool(number) and after != before))
        (tmp_path / "work").rename(tmp_path / str(number))
    bury_children()
    assert results[0] == results[1]
