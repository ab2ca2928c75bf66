"""Promise 17: a run is bounded: seconds and bytes for each file; an interrupt stops it at once and leaves no half-written file."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from asynclint import runner
from asynclint.config import Settings

HANGING = '''
from asynclint.api import Rule


class Hanging(Rule):
    """Never ends.

    ## Why is this bad?
    ## Example
    ## Use instead
    ## Fix safety
    """

    code, name = "XXX001", "hanging"

    def visit_Module(self, node, ctx):
        open(PLACE, "a").close()
        while True:
            pass
'''
FOUND = "import time\n\nasync def f():\n    time.sleep(1)\n" + "# " + "x" * 100_000 + "\n"


def project(tmp_path: Path, files: int) -> Settings:
    (tmp_path / "rule.py").write_text(HANGING.replace("PLACE", repr(str(tmp_path / "started"))))
    (tmp_path / "asynclint.toml").write_text('plugins = ["rule.py"]\njobs = 2\n')
    (tmp_path / "code").mkdir()
    for number in range(files):
        (tmp_path / "code" / f"a{number}.py").write_text(FOUND)
    return Settings(root=str(tmp_path), plugins=(str(tmp_path / "rule.py"),), jobs=2, timeout=1)


def processor_time() -> float:
    """The seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_file_has_so_many_seconds(tmp_path: Path) -> None:
    settings = project(tmp_path, 5)
    (tmp_path / "code" / "b.py").write_text("")
    started = processor_time()
    result = runner.run(runner.Request((str(tmp_path / "code"),), settings))
    assert processor_time() - started < 15
    messages = [problem.message for each in result.files for problem in each.problems]
    assert len(messages) == 6
    assert all("took longer than 1 seconds" in message for message in messages)


def test_a_file_has_so_many_bytes(tmp_path: Path) -> None:
    (tmp_path / "large.py").write_text("x = 1\n" * 400_000)
    (tmp_path / "small.py").write_text(FOUND)
    result = runner.run(runner.Request((str(tmp_path),), Settings(root=str(tmp_path))))
    assert [problem.path.rpartition("/")[2] for problem in result.all_problems] == ["large.py"]
    assert "max-file-size" in result.all_problems[0].message
    assert len(result.findings) == 1


@pytest.mark.parametrize("files", [1, 6], ids=["one process", "two processes"])
def test_an_interrupt_stops_at_once_and_changes_nothing(files: int, tmp_path: Path) -> None:
    project(tmp_path, files)
    command = [sys.executable, "-m", "asynclint", "--fix", "code"]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # where tests run in the background, it would be ignored, there and here
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 20
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    try:
        out, err = process.communicate(timeout=10)
    finally:
        process.kill()
    assert time.monotonic() - started < 3
    assert process.returncode == 130, (out, err)
    assert b"Traceback" not in err
    assert {path.name for path in (tmp_path / "code").iterdir()} == {f"a{number}.py" for number in range(files)}
    assert {path.read_text() for path in (tmp_path / "code").iterdir()} == {FOUND}
