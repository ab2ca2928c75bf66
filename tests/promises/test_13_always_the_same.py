"""Promise 13: results depend neither on the hash seed, nor the order of arguments, nor the working directory, nor the number of processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asynclint.testing import fixture_sources, fixtures

FIXTURES = Path(__file__).parents[2] / "fixtures"
FILLER = "# " + "x" * 4000 + "\n"  # so that the files are worth several processes


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for path in fixtures(FIXTURES)[::2]:
        for name, text in fixture_sources(path).items():
            target = root / path.relative_to(FIXTURES).parent / (path.name if path.is_dir() else "") / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text + FILLER, encoding="utf-8")
    return root


def report(tree: Path, *, seed: str = "0", jobs: str = "1", cwd: Path | None = None, backwards: bool = False, extra: tuple[str, ...] = ()) -> bytes:
    folders = sorted(str(path) for path in tree.iterdir())
    command = [sys.executable, "-m", "asynclint", "--isolated", "--output-format=json", f"--jobs={jobs}", *extra]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run([*command, *(folders[::-1] if backwards else folders)], capture_output=True, env=environment, cwd=cwd or tree, check=False)
    assert done.returncode == 1, done.stderr.decode()
    return done.stdout


@pytest.fixture(scope="module")
def expected(tree: Path) -> bytes:
    return report(tree)


@pytest.mark.parametrize(
    "run",
    [{"seed": "1", "backwards": True}, {"seed": "4321", "jobs": "2", "cwd": Path("/")}],
    ids=["hash seed and order of arguments", "hash seed, processes and working directory"],
)
def test_the_report_is_the_same(tree: Path, expected: bytes, run: dict[str, object]) -> None:
    assert report(tree, **run) == expected  # type: ignore[arg-type]


def test_the_fixed_code_is_the_same(tree: Path) -> None:
    fixes = ("--diff", "--unsafe-fixes", "--output-format=text")
    assert report(tree, extra=fixes) == report(tree, seed="99", jobs="2", backwards=True, extra=fixes)
