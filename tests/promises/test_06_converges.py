"""Promise 6: fixing converges; neither the order of rules nor that of files matters, nor the number of processes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from outcomes import FIXTURES, fixed

from asynclint import project, registry, runner
from asynclint.config import Settings
from asynclint.model import Applicability
from asynclint.testing import LEVELS, fix_files, fix_text, fixture_sources, fixtures

pytestmark = pytest.mark.matrix

ALL = fixtures(FIXTURES)
SETTINGS = Settings(root="/", tests_may_block=False, jobs=1, exclude=(), respect_gitignore=False)


@pytest.mark.parametrize("path", [p for p in ALL if not p.name.startswith("ok_")], ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_a_second_run_changes_nothing(path: Path) -> None:
    for level in LEVELS:
        files = fixed(path, level)
        assert (fix_files(files, level) if path.is_dir() else {name: fix_text(text, level, name) for name, text in files.items()}) == files


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All fixtures as one project."""
    root = tmp_path_factory.mktemp("tree")
    for path in ALL:
        for name, text in fixture_sources(path).items():
            target = root / path.relative_to(FIXTURES).parent / (path.name if path.is_dir() else "") / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="")
    return root


def changed(paths: Sequence[Path], settings: Settings = SETTINGS) -> dict[str, tuple[str, str]]:
    request = runner.Request(tuple(map(str, paths)), settings, fix=Applicability.UNSAFE, write=False, in_process=True)
    result = runner.run(request)
    assert not result.all_problems
    return result.changed


@pytest.fixture(scope="module")
def expected(tree: Path) -> dict[str, tuple[str, str]]:
    return changed([tree])


def test_the_order_of_files_does_not_matter(tree: Path, expected: dict[str, tuple[str, str]]) -> None:
    files = sorted(tree.rglob("*.py"))
    random.Random(1).shuffle(files)
    assert changed(files) == expected


def test_the_order_of_rules_does_not_matter(tree: Path, expected: dict[str, tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    load = registry.load

    def backwards(*arguments: Any) -> Any:
        return load(*arguments)[::-1]

    monkeypatch.setattr(registry, "load", backwards)
    assert changed([tree]) == expected


def test_the_number_of_processes_does_not_matter(tree: Path, expected: dict[str, tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "PARALLEL", 0)
    assert changed([tree], replace(SETTINGS, jobs=2)) == expected
