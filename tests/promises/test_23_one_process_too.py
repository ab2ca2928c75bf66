"""Promise 23, in one process too: what hangs or crashes a parser, a rule or a fix ends no run, however small; and nothing is left of a run that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asynclint import cli, pool, runner, since
from asynclint.config import Settings
from asynclint.fix import fixer
from asynclint.model import RunResult

FOUND = "import time\n\n\nasync def f(a):\n    time.sleep(1)\n"
LEVELS = 60  # of nested patterns: libcst takes twice as long for each
HANGING = f"{FOUND}    match a:\n        case {'[' * LEVELS}x{']' * LEVELS}:\n            pass\n"
CRASHING = f"{FOUND}    return {' and '.join(['a'] * 10_000)}\n"
ENDING = '''
import os
import signal
import time

from asynclint.api import Rule


class Ending(Rule):
    """Ends what works on a file that names it.

    ## Why is this bad?
    ## Example
    ## Use instead
    ## Fix safety
    """

    code, name = "XXX001", "ending"

    def visit_Name(self, node, ctx):
        if node.value == "wait_forever":
            time.sleep(1000)
        if node.value == "die_once" and not os.path.exists(PLACE):
            open(PLACE, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
'''


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.py").write_text(FOUND)


def run(**settings: object) -> RunResult:
    found = Settings(root=os.getcwd(), **settings)  # type: ignore[arg-type]
    return runner.run(runner.Request((".",), found))


def told(result: RunResult) -> list[tuple[str, int, int]]:
    return [(each.path, len(each.findings), len(each.problems)) for each in result.files]


def ending(tmp_path: Path) -> dict[str, object]:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rule.txt").write_text(ENDING.replace("PLACE", repr(str(tmp_path / "rules" / "died"))))
    os.rename(tmp_path / "rules" / "rule.txt", tmp_path / "rules" / "rule.py")
    return {"plugins": (str(tmp_path / "rules" / "rule.py"),), "exclude": ("rules",)}


def test_a_native_hang_is_a_record_and_hides_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(HANGING)
    result = run(timeout=1)
    assert told(result) == [("bad.py", 0, 1), ("good.py", 1, 0)]
    assert "took longer than 1 seconds of processor time" in result.all_problems[0].message


def test_a_stack_that_is_too_small_elsewhere_is_large_enough(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(CRASHING)
    assert told(run()) == [("bad.py", 1, 0), ("good.py", 1, 0)]


@pytest.mark.parametrize("arguments", [["--fix"], ["--diff"], ["--output-format=sarif"], ["--show-unresolved"], ["--add-ignore=later"]])
def test_the_other_ways_to_ask_are_guarded_too(arguments: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.py").write_text(CRASHING)
    assert cli.run(["--no-cache", "--isolated", *arguments, "."]) in (0, 1)
    assert "error" not in capfd.readouterr().err


def test_standard_input_is_guarded(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "asynclint", "--isolated", "--config", "timeout=1", "--output-format=concise", "-"]
    done = subprocess.run(command, input=HANGING, capture_output=True, text=True)
    assert done.returncode == 2
    assert "<stdin>: error: took longer than 1 seconds" in done.stderr


def test_what_git_says_is_asked_of_a_guarded_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a reader is lost, all of its file counts as changed: nothing is left out."""
    monkeypatch.setattr(since, "_functions", lambda path: os.kill(os.getpid(), signal.SIGKILL))
    changes = object.__new__(since.Changes)
    changes._functions = {}
    assert changes._header("good.py", 5) == (1, since._EVERYTHING[1] - 1)


def test_a_fix_that_crashes_is_dropped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.py").write_text(FOUND)
    changed = fixer._changed
    monkeypatch.setattr(fixer, "_changed", lambda path, *given: os.kill(os.getpid(), signal.SIGKILL) if path == "good.py" else changed(path, *given))
    assert cli.run(["--no-cache", "--isolated", "--fix", "."]) == 2
    assert "the fix of ASL101 is dropped: the worker process" in capsys.readouterr().err
    assert (tmp_path / "good.py").read_text() == FOUND
    assert "await asyncio.sleep(1)" in (tmp_path / "other.py").read_text()


def test_what_waits_without_computing_ends_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "BLOCKED", 3)
    (tmp_path / "bad.py").write_text("wait_forever = 1\n")
    result = run(timeout=1, **ending(tmp_path))
    assert told(result) == [("bad.py", 0, 1), ("good.py", 1, 0)]
    assert "waited longer than 3 seconds" in result.all_problems[0].message


def test_a_worker_that_was_killed_by_others_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(f"die_once = 1\n{FOUND}")
    result = run(**ending(tmp_path))
    assert (tmp_path / "rules" / "died").exists()
    assert told(result) == [("bad.py", 1, 0), ("good.py", 1, 0)]


def test_a_worker_that_dies_after_its_last_result_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    write, results = pool._write, pool._Worker.results

    def last_words(descriptor: int, data: bytes) -> None:
        write(descriptor, data)
        os.kill(os.getpid(), signal.SIGKILL)

    def late(worker: pool._Worker) -> Iterator[tuple[int, object]]:
        time.sleep(0.2)  # until the end of the worker can be seen together with its result
        yield from results(worker)

    monkeypatch.setattr(pool, "_write", last_words)
    monkeypatch.setattr(pool._Worker, "results", late)
    assert dict(pool.run(lambda item: item, range(3), jobs=1, limit=lambda _: 10.0)) == {0: 0, 1: 1, 2: 2}


def test_without_processes_the_stack_is_large_and_python_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(item: str) -> int:
        if item == "hang":
            while True:
                pass
        return len(compile("a" + " and a" * 9_000, "", "eval", 0x400).body.values)  # type: ignore[attr-defined]

    monkeypatch.setattr(pool, "FORKS", False)
    found = dict(pool.run(work, ["deep", "hang", "deeper"], jobs=4, limit=lambda _: 1.0))
    assert (found["deep"], found["deeper"]) == (9_001, 9_001)
    assert "took longer than 1 seconds" in found["hang"].message
    assert told(run()) == [("good.py", 1, 0)]


def test_where_no_process_can_be_forked_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    assert told(run()) == [("good.py", 1, 0)]


def test_a_result_that_cannot_be_sent_is_a_failure() -> None:
    ((_, result),) = pool.run(lambda _: lambda: 0, ["x"], jobs=1, limit=lambda _: 10.0)
    assert isinstance(result, pool.Failure)
    assert "pickle" in result.message or "local object" in result.message  # as Python 3.12 and older, and newer ones, say it


# Ends


def started(tmp_path: Path, *arguments: str) -> subprocess.Popen[bytes]:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # where tests run in the background, it would be ignored, there and here
    command = [sys.executable, "-m", "asynclint", "--no-cache", "--isolated", *arguments, "."]
    return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def children(pid: int) -> list[int]:
    return [int(each) for task in Path(f"/proc/{pid}/task").iterdir() for each in (task / "children").read_text().split()]


def until(happened: Callable[[], object], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def computes(pid: int) -> bool:
    """Whether the worker of a process is in the parser that does not end."""
    found = children(pid)
    return bool(found) and all(float(time.clock_gettime((~each << 3) | 2)) > 0.5 for each in found)


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    (tmp_path / "bad.py").write_text(HANGING)
    process = started(tmp_path, "--fix")
    try:
        assert until(lambda: computes(process.pid))
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_a_signal_ends_a_run_that_hangs_in_native_code(number: int, code: int, hanging: subprocess.Popen[bytes]) -> None:
    workers = children(hanging.pid)
    hanging.send_signal(number)
    began = time.monotonic()
    _, err = hanging.communicate(timeout=20)
    assert time.monotonic() - began < 3
    assert hanging.returncode == code
    assert b"Traceback" not in err
    assert workers
    assert until(lambda: not any(map(runs, workers)), 5)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_two_interrupts_are_as_good_as_one(hanging: subprocess.Popen[bytes]) -> None:
    hanging.send_signal(signal.SIGINT)
    hanging.send_signal(signal.SIGINT)
    _, err = hanging.communicate(timeout=20)
    assert hanging.returncode == 130
    assert err.endswith(b"interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_while_files_are_written_leaves_no_temporary(number: int, tmp_path: Path) -> None:
    for each in range(60):
        (tmp_path / f"m{each}.py").write_text(FOUND)
    process = started(tmp_path, "--fix", "-q")
    until(lambda: process.poll() is not None or any(name.startswith(".asynclint-") for name in os.listdir(tmp_path)))
    process.send_signal(number)
    process.communicate(timeout=30)
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == []
    for each in range(60):
        assert (tmp_path / f"m{each}.py").read_text() in (
            FOUND,
            FOUND.replace("import time", "import asyncio\nimport time", 1).replace("time.sleep", "await asyncio.sleep"),
        )
