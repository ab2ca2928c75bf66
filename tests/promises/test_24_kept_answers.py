"""Promise 24: a kept answer is a fresh answer, also where a file of the same size and time has another content."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from asynclint import cache, cli, python_process, watch
from asynclint import check as check_room
from asynclint import project as project_room
from asynclint.cache import Cache
from asynclint.config import load
from asynclint.files import discover
from asynclint.lsp.session import Session
from asynclint.program import environment

BLOCKS = "import time\n\n\nasync def wait():\n    time.sleep(1)\n"
HARMLESS = BLOCKS.replace("sleep", "sleeq")
LONG_AGO = 1_577_836_800 * 10**9  # 2020-01-01, in nanoseconds since the epoch
Run = Callable[..., tuple[int, str]]
Change = Callable[[Path, str], None]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows tells no time of change that nobody can set")


def overwritten(path: Path, text: str) -> None:
    path.write_text(text)


def replaced(path: Path, text: str) -> None:
    path.with_suffix(".new").write_text(text)
    os.utime(path.with_suffix(".new"), ns=(LONG_AGO, LONG_AGO))
    os.replace(path.with_suffix(".new"), path)


def exchanged(path: Path, text: str) -> None:
    """By another file, which was there before."""
    other = path.with_suffix(".other")
    other.write_text(text)
    path.rename(path.with_suffix(".kept"))
    other.rename(path)


CHANGES = [overwritten, replaced, exchanged]


def change(path: Path, text: str, how: Change = overwritten) -> None:
    """Give a file another content of the same size and time of change."""
    if path.exists():
        assert len(text) == path.stat().st_size
    how(path, text)
    os.utime(path, ns=(LONG_AGO, LONG_AGO))


@pytest.fixture(params=[2_000_000_000, 20_000_000], ids=["young", "settled"])
def project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files that are read again because they are young, or that are believed because of what the file system says of them."""
    monkeypatch.setattr(cache, "_RACY", request.param)
    monkeypatch.setattr(check_room, "WORTH_KEEPING", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "asynclint.toml").write_text("")
    for name in ("a.py", "b.py"):
        change(root / name, BLOCKS)
    settle()
    monkeypatch.chdir(root)
    return root


def settle() -> None:
    """Wait until what has just been written is no longer young for a project whose files settle."""
    time.sleep(0.05)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str]:
        code = cli.run(["-q", "--output-format=concise", *arguments, "."])
        return code, capsys.readouterr().out

    return run


@pytest.mark.parametrize("how", CHANGES)
def test_of_the_command_line(project: Path, run: Run, how: Change) -> None:
    for text in (BLOCKS, HARMLESS, BLOCKS, BLOCKS.replace("(1)", "(2)")):
        change(project / "a.py", text, how)
        settle()
        kept = run()
        assert kept == run("--no-cache")
        assert ("a.py" in kept[1]) is (text != HARMLESS)


def test_what_did_not_change_is_not_read_again(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is young is read; then it is known to be the same, and soon not read any more."""
    read: list[str] = []
    digest = Cache.digest_of_file
    monkeypatch.setattr(Cache, "digest_of_file", staticmethod(lambda path: (read.append(os.path.basename(path)), digest(path))[1]))
    monkeypatch.setattr(cache, "_RACY", 10**9)
    for name in ("a.py", "b.py"):
        change(project / name, BLOCKS)
    first = run()
    read.clear()
    time.sleep(1.1)
    assert run() == first
    assert sorted(read) == ["a.py", "b.py"]
    read.clear()
    assert run() == first
    assert read == []


def test_what_is_kept_after_a_comment_has_changed(project: Path, run: Run) -> None:
    """The results are those of before, brought up to date; and the next change is seen again."""
    (project / "a.py").unlink()
    change(project / "a.py", f"{BLOCKS}# one\n")
    settle()
    run()
    for text in (f"{BLOCKS}# two\n", f"{HARMLESS}# two\n", f"{HARMLESS}# six\n", f"{BLOCKS}# six\n"):
        change(project / "a.py", text)
        settle()
        assert run() == run("--no-cache")


def test_no_fix_is_written_over_what_was_not_read(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lint = project_room.Project.lint

    def changed_meanwhile(self: project_room.Project, only: object = None) -> object:
        results = lint(self, only)  # type: ignore[arg-type]
        if only is None and (project / "a.py").read_text() == BLOCKS:
            change(project / "a.py", HARMLESS)
        return results

    monkeypatch.setattr(project_room.Project, "lint", changed_meanwhile)
    assert cli.run(["-q", "--no-cache", "--fix", "a.py"]) == 2
    assert "not fixed: it was changed since it was read" in capsys.readouterr().err
    assert (project / "a.py").read_text() == HARMLESS


@pytest.mark.parametrize("how", CHANGES)
def test_of_the_editor(project: Path, how: Change) -> None:
    """When it starts, with what an earlier session has kept, and when it is told of a change."""
    path = str(project / "a.py")

    def session() -> Session:
        return Session((str(project),), {}, {}, "utf-16", trusted=False, progress=lambda *_: None)

    def codes(of: Session) -> list[str]:
        return [found.code for found in of.lint([path])[path]]

    assert codes(session()) == ["ASL101"]
    change(project / "a.py", HARMLESS, how)
    settle()
    second = session()
    assert codes(second) == []
    change(project / "a.py", BLOCKS, how)
    second.change(path, None)
    assert codes(second) == ["ASL101"]
    settle()
    assert codes(session()) == ["ASL101"]


def test_of_a_file_of_a_library(tmp_path: Path) -> None:
    path = tmp_path / "library.py"
    for text, name in (("def one(): pass\n", "one"), ("def two(): pass\n", "two")):
        change(path, text)
        settle()
        facts = environment.facts_of_file(str(path))
        assert facts is not None
        assert [function.name for function in facts.functions][1:] == [name]


def test_of_watching(tmp_path: Path) -> None:
    """Its runs, with the limits as they are."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "asynclint.toml").write_text("")
    change(root / "a.py", BLOCKS)
    change(root / "large.py", "".join(f"def f{n}(a):\n    return a + {n}\n" for n in range(15_000)))
    command = python_process.python(watch._RUN, *watch.arguments((".",), {"output_format": "concise", "quiet": True}))

    def shown() -> str:
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "home")}
        return subprocess.run(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True, check=False).stdout

    assert "a.py:5:5" in shown()
    assert (root / ".asynclint_cache/results").exists()
    change(root / "a.py", HARMLESS)
    assert shown() == ""
    change(root / "a.py", BLOCKS)
    assert "a.py:5:5" in shown()


def test_what_is_looked_at(project: Path) -> None:
    ((file, _), _) = discover((".",), load((".",)))
    status = (project / "a.py").stat()
    assert file.state == (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    assert file.is_still(status)
    change(project / "a.py", HARMLESS)
    assert not file.is_still((project / "a.py").stat())
