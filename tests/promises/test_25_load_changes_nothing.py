"""Promise 25: a busy machine finds what a quiet one finds: limits count processor time, and are larger for larger files."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from asynclint import pool, runner
from asynclint.config import Settings
from asynclint.project import USUAL, scale

LOAD = 6 * (os.cpu_count() or 1)  # processes for each of which another must wait
SLOW = '''
import time

from asynclint.api import Rule


class Slow(Rule):
    """Takes half a second of processor time for every module.

    ## Why is this bad?
    ## Example
    ## Use instead
    ## Fix safety
    """

    code, name = "XXX001", "slow"

    def visit_Module(self, node, ctx):
        began = time.thread_time()
        while time.thread_time() - began < 0.5:
            pass
'''
FOUND = "import time\n\n\nasync def f():\n    time.sleep(1)\n"


def spin() -> None:
    while True:
        pass


@pytest.fixture
def load() -> Iterator[None]:
    busy = [multiprocessing.get_context("fork").Process(target=spin, daemon=True) for _ in range(LOAD)]
    for process in busy:
        process.start()
    yield
    for process in busy:
        process.kill()
        process.join()


@pytest.mark.usefixtures("load")
def test_a_busy_machine_finds_the_same(tmp_path: Path) -> None:
    (tmp_path / "rule.py").write_text(SLOW)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text(FOUND)
    began = time.monotonic()
    result = runner.run(runner.Request((str(tmp_path / "code"),), Settings(root=str(tmp_path), plugins=(str(tmp_path / "rule.py"),), timeout=1)))
    assert time.monotonic() - began > 1  # with the limit on the wall, it would be lost
    assert [each.code for each in result.findings] == ["ASL101"]
    assert result.all_problems == ()


def test_a_larger_file_has_more_time() -> None:
    assert scale(0) == scale(USUAL) == 1
    assert scale(10 * USUAL) == 10

    def work(item: int) -> int:
        began = time.thread_time()
        while time.thread_time() - began < item / 10:
            pass
        return item

    found = dict(pool.run(work, [1, 2, 8], jobs=1, limit=lambda item: 0.4 if item < 8 else 4.0))
    assert found == {1: 1, 2: 2, 8: 8}
    found = dict(pool.run(work, [1, 8], jobs=1, limit=lambda item: 0.4))
    assert found[1] == 1
    assert "took longer than 0.4 seconds" in found[8].message
