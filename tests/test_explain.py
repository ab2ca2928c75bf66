"""`asynclint explain`: why the calls of a line are, or are not, findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from asynclint import cli

APP = """\
import asyncio
import queue
import time
from pathlib import Path

import helper
import nowhere


class Job:
    def __init__(self) -> None:
        time.sleep(1)


async def main(tasks: queue.Queue[int], unknown) -> None:
    helper.load("a")
    Job()
    unknown.run(nowhere)
    if not tasks.empty():
        tasks.get()
    asyncio.get_running_loop().call_soon(later)


def later() -> None:
    Path("a").unlink()
"""
HELPER = """\
from pathlib import Path


def load(name: str) -> str:
    return Path(name).read_text()
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "helper.py").write_text(HELPER)
    (tmp_path / "broken.py").write_text("def f(:\n")
    monkeypatch.chdir(tmp_path)


def explained(line: int, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert cli.run(["explain", f"app.py:{line}"]) == 0
    return capsys.readouterr().out.splitlines()


def test_a_helper_that_blocks(capsys: pytest.CaptureFixture[str]) -> None:
    assert explained(16, capsys) == [
        'app.py:16:5: helper.load("a")',
        "  in main, a coroutine: it runs on the event loop",
        "  calls helper.load",
        "  blocks (file): pathlib.Path.read_text, 1 call further down",
        '    app.py:16 in main: helper.load("a")',
        "    helper.py:5 in load: return Path(name).read_text()",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (17, "  calls app.Job"),
        (18, "  it is not known what it calls, so nothing is said of it"),
        (20, "  is not known to block; it stands after a test that says that nothing has to be waited for"),
        (12, "  in Job.__init__, a sync function: reported where a coroutine calls it"),
        (25, "  in later, which call_soon runs on the event loop"),
        (2, "app.py:2: no call begins on this line"),
    ],
)
def test_what_is_said_of_a_line(line: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in explained(line, capsys)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("app.py", "expected PATH:LINE, such as app.py:16, got `app.py`"),
        ("other.py:1", "`other.py`: no such file"),
        ("notes.txt:1", "`notes.txt` is not among the files of ."),
        ("broken.py:1", "broken.py:1: cannot parse: invalid syntax"),
    ],
)
def test_what_cannot_be_explained(place: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("notes.txt").write_text("")

    assert cli.run(["explain", place]) == 2
    assert message in capsys.readouterr().err


def test_what_the_user_says(capsys: pytest.CaptureFixture[str]) -> None:
    Path("helper.py").write_text(HELPER.replace("str:", "str:  # asynclint: nonblocking"))
    assert explained(16, capsys)[-1] == "  is not known to block; the comment `# asynclint: nonblocking` says so"
    Path("helper.py").write_text(HELPER.replace("str:", "str:  # asynclint: blocking[database]"))
    assert "  blocks (database): helper.load" in explained(16, capsys)
