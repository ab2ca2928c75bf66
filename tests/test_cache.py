"""The cache: the same results with it as without, whatever has happened to its files and to those of the project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Indexed

from asynclint import cache, cli
from asynclint import check as check_room

BLOCKS = "import time\n\n\ndef slow():\n    time.sleep(1)\n"
CALLS = "from blocks import slow\n\n\nasync def main():\n    slow()\n"
NAMES = {"blocks.py": BLOCKS, "calls.py": CALLS, "idle.py": "X = 1\n"}
OLD = 10_000_000_000  # nanoseconds by which the files are older than the runs
Check = Callable[..., dict[str, Any]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(check_room, "WORTH_KEEPING", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "asynclint.toml").write_text("")
    for name, text in NAMES.items():
        (root / name).write_text(text)
        age(root / name)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    def check(*arguments: str, code: int = 1) -> dict[str, Any]:
        assert cli.run([*arguments, "--output-format=json", "."]) == code
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return check


def age(path: Path, by: int = OLD) -> None:
    then = time.time_ns() - by
    os.utime(path, ns=(then, then))


def files(root: Path) -> set[str]:
    return {path.name for path in (root / ".asynclint_cache").glob("*")}


def test_nothing_is_read_again(project: Path, check: Check, indexed: Indexed) -> None:
    first = check()
    assert sorted(indexed) == sorted(NAMES)
    assert files(project) == {".gitignore", "facts", "results"}
    indexed.clear()
    assert check() == first
    assert indexed == []
    assert first["summary"]["findings"] == 1


def test_the_text_report_quotes_the_same_lines(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reports = []
    for _ in range(2):
        assert cli.run(["."]) == 1
        reports.append(capsys.readouterr().out)
    assert reports[0] == reports[1]
    assert "slow()" in reports[0]


def test_only_what_has_changed_is_read_again(project: Path, check: Check, indexed: Indexed) -> None:
    check()
    indexed.clear()
    (project / "blocks.py").write_text("def slow():\n    pass\n")
    assert check(code=0)["findings"] == []
    assert indexed == ["blocks.py"]


def test_a_file_that_changed_without_another_time_is_noticed_while_it_is_young(project: Path, check: Check) -> None:
    age(project / "blocks.py", by=0)
    before = (project / "blocks.py").stat()
    check()
    (project / "blocks.py").write_text(BLOCKS.replace("sleep(1)", "strftime"))
    (project / "blocks.py").write_text((project / "blocks.py").read_text().ljust(len(BLOCKS)))
    os.utime(project / "blocks.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (project / "blocks.py").stat().st_size == before.st_size
    check(code=0)


def test_a_new_and_a_removed_file_are_noticed(project: Path, check: Check) -> None:
    first = check()
    (project / "more.py").write_text(CALLS)
    assert check()["summary"]["findings"] == 2
    (project / "more.py").unlink()
    assert check() == first


def test_each_command_line_has_its_own_results(project: Path, check: Check, indexed: Indexed) -> None:
    check()
    indexed.clear()
    assert check("--select=ASL301", code=0)["findings"] == []
    assert indexed == []
    assert len(check()["findings"]) == 1


@pytest.mark.parametrize("name", ["facts", "results"])
@pytest.mark.parametrize(
    "spoil",
    [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: data[:-1] + bytes([data[-1] ^ 1]), lambda data: b"\xfb" * len(data)],
    ids=["truncated", "empty", "a bit", "garbage"],
)
def test_a_spoilt_file_is_written_anew(project: Path, check: Check, indexed: Indexed, name: str, spoil: Callable[[bytes], bytes]) -> None:
    first = check()
    path = project / ".asynclint_cache" / name
    path.write_bytes(spoil(path.read_bytes()))
    (project / "calls.py").write_text(CALLS + "\n")
    age(project / "calls.py")
    assert check() == first
    indexed.clear()
    assert check() == first
    assert indexed == []


def test_what_another_user_has_written_is_not_read(
    project: Path, check: Check, indexed: Indexed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    check()
    indexed.clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another home"))
    check()
    assert sorted(indexed) == sorted(NAMES)


def test_what_another_version_has_written_is_not_read(project: Path, check: Check, indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    check()
    indexed.clear()
    monkeypatch.setattr(cache, "__version__", "0.0.0")
    check()
    assert sorted(indexed) == sorted(NAMES)


def test_without_a_cache_nothing_is_written(project: Path, check: Check) -> None:
    check("--no-cache")
    assert not (project / ".asynclint_cache").exists()


def test_a_small_project_needs_none(project: Path, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_room, "WORTH_KEEPING", 1000)
    check()
    assert not (project / ".asynclint_cache").exists()


def test_the_place_can_be_chosen(project: Path, check: Check) -> None:
    (project / "asynclint.toml").write_text('cache-dir = "build/kept"\n')
    check()
    assert (project / "build" / "kept" / "facts").exists()


def test_a_place_that_cannot_be_written_is_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".asynclint_cache").write_text("in the way")
    assert cli.run(["--output-format=concise", "."]) == 1
    captured = capsys.readouterr()
    assert "calls.py:5:5" in captured.out
    assert "warning: " in captured.err
    assert "the cache cannot be written" in captured.err


def test_a_file_that_cannot_be_parsed_is_reported_every_time(project: Path, check: Check) -> None:
    (project / "idle.py").write_text("def f(:\n")
    assert check(code=2) == check(code=2)


def test_fixing_uses_facts_and_leaves_results_true(project: Path, check: Check, indexed: Indexed, capsys: pytest.CaptureFixture[str]) -> None:
    check()
    indexed.clear()
    assert cli.run(["--fix", "--unsafe-fixes", "-q", "."]) == 0
    capsys.readouterr()
    assert "calls.py" in indexed
    assert "blocks.py" not in indexed[: indexed.index("calls.py")]
    assert check(code=0)["findings"] == []


def test_runs_at_the_same_time_disturb_nobody(project: Path, check: Check, indexed: Indexed) -> None:
    program = "import sys\nfrom asynclint import check, cli\ncheck.WORTH_KEEPING = 0\nsys.exit(cli.run(['--output-format=json', '.']))\n"
    running = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=project) for _ in range(4)]
    reports = {process.communicate(timeout=60)[0] for process in running}
    assert len(reports) == 1
    assert json.loads(reports.pop()) == check()
    assert indexed == []


def test_another_catalog_is_another_run(project: Path, check: Check) -> None:
    (project / "asynclint.toml").write_text('catalog = ["team.toml"]')
    (project / "team.toml").write_text("")
    assert len(check()["findings"]) == 1
    (project / "team.toml").write_text('[[nonblocking]]\ncall = "blocks.slow"\n')
    assert check(code=0)["findings"] == []
    (project / "asynclint.toml").write_text('[[catalog.nonblocking]]\ncall = "blocks.fast"\n')
    assert len(check()["findings"]) == 1
    (project / "asynclint.toml").write_text('[[catalog.nonblocking]]\ncall = "blocks.slow"\n')
    assert check(code=0)["findings"] == []
