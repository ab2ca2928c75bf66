"""Promise 13: results do not depend on a warm cache, whatever has been edited since it was written."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from edits import EDITS

from asynclint import check as check_room
from asynclint import cli, engine, unseen

FIXTURES = Path(__file__).parents[2] / "fixtures" / "projects"
PROJECTS = sorted(path for path in FIXTURES.iterdir() if path.is_dir() and "." not in path.name)
UNTOLD = ("a comment in front", "a comment in a body", "a comment after a line", "a blank line")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr(check_room, "WORTH_KEEPING", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.chdir(root)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(["--isolated", "--output-format=json", *arguments, "."])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def recalled(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether what was found earlier was taken for found again, for every run that had a choice."""
    seen: list[bool] = []
    recall = unseen.recall
    monkeypatch.setattr(unseen, "recall", lambda *given: (found := recall(*given), seen.append(found is not None))[0])
    return seen


def _copy(project: Path) -> None:
    for path in sorted(project.rglob("*.py")):
        target = Path(path.relative_to(project))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")


@pytest.mark.matrix
@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_any_edit(project: Path, run: Run) -> None:
    rng = random.Random(project.name)
    _copy(project)
    run()
    for kind in rng.sample(sorted(EDITS), 2):
        files = sorted(Path().rglob("*.py"))
        if not files:
            break
        path = rng.choice(files)
        before = path.read_bytes()
        EDITS[kind](path, rng)
        arguments = ("--select=ALL",) if rng.randrange(4) == 0 else ()
        assert run(*arguments) == run("--no-cache", *arguments), (kind, path)
        assert run(*arguments) == run("--no-cache", *arguments), (kind, path, "again")
        if rng.randrange(2):
            path.write_bytes(before)
            assert run() == run("--no-cache"), (kind, path, "undone")


def test_what_nobody_sees_is_not_looked_at(run: Run, recalled: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "blocks.py": "import time\n\n\ndef slow(n):\n    time.sleep(n)\n",
        "calls.py": "from blocks import slow\n\n\nasync def main():\n    slow(1)\n",
        "base.py": "class Base:\n    def run(self):\n        print(self)\n",
        "walked.py": "async def main(f):\n    try:\n        await f(1)\n    except BaseException:\n        print(f)\n        raise\n",
        "leaf.py": "from base import Base\n\n\nclass Leaf(Base):\n    def run(self):\n        super().run()\n",
    }
    for name, text in files.items():
        Path(name).write_text(text, encoding="utf-8")
    run()
    before = engine.lint
    for kind in UNTOLD:
        for name in sorted(files):
            EDITS[kind](Path(name), random.Random(0))
            monkeypatch.setattr(engine, "lint", before if name in ("blocks.py", "calls.py") else None)
            found = run()
            monkeypatch.setattr(engine, "lint", before)
            assert recalled[-1] is (name not in ("blocks.py", "calls.py")), (kind, name)
            assert found == run("--no-cache"), (kind, name)
    Path("leaf.py").write_text('"""A leaf."""\n' + files["leaf.py"], encoding="utf-8")
    assert run() == found
    assert recalled[-1]
    Path("walked.py").write_text('"""Walked."""\n' + files["walked.py"], encoding="utf-8")
    assert run() == found
    assert not recalled[-1]


def test_results_of_two_command_lines_stay(run: Run, recalled: list[bool]) -> None:
    Path("calls.py").write_text("import time\n\n\nasync def main():\n    time.sleep(1)\n", encoding="utf-8")
    Path("leaf.py").write_text("def leaf():\n    return 1\n", encoding="utf-8")
    first, second = run(), run("--ignore=ASL1")
    assert first != second
    recalled.clear()
    for _ in range(3):
        EDITS["a comment in front"](Path("leaf.py"), random.Random(0))
        assert run() == first
        assert run("--ignore=ASL1") == second
        EDITS["a blank line"](Path("leaf.py"), random.Random(0))
        assert run("--ignore=ASL1") == second
    assert recalled == [True] * 9
