"""`pytest --update-fixtures` writes the caret lines and goldens of all fixtures as asynclint sees them now."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from asynclint import engine

os.environ.pop("VIRTUAL_ENV", None)  # whose packages the tests must not depend on


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-fixtures", action="store_true", help="rewrite the caret lines and goldens of the fixtures")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process has all tests of a fixture: most of them ask the same of asynclint first."""
    for item in items:
        path = getattr(item, "callspec", None) and item.callspec.params.get("path")  # type: ignore[attr-defined]
        if isinstance(path, Path):
            item.add_marker(pytest.mark.xdist_group(str(path)))


class Indexed(Sequence[str]):
    """The paths of the files that this process and its workers have indexed, in order."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.clear()

    def add(self, path: str) -> None:
        with open(self._place, "a", encoding="utf-8") as file:
            file.write(f"{path}\n")

    def clear(self) -> None:
        self._place.write_text("", encoding="utf-8")

    def __iter__(self) -> Iterator[str]:
        return iter(self._place.read_text(encoding="utf-8").splitlines())

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __eq__(self, other: object) -> bool:
        return list(self) == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))


@pytest.fixture
def indexed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Indexed:
    """The files that are indexed, from now on."""
    seen = Indexed(tmp_path_factory.mktemp("indexed") / "paths")
    index = engine.index
    monkeypatch.setattr(engine, "index", lambda source: (seen.add(source.path), index(source))[1])
    return seen
