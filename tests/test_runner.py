"""A whole run: what may be fixed, what is reported when a fixed file cannot be written, and how long each stage took."""

from __future__ import annotations

from pathlib import Path

import pytest

from asynclint.config import Settings
from asynclint.model import Applicability
from asynclint.runner import Request, run

BLOCKS = "import time\n\n\nasync def f():\n    time.sleep(1)\n"


def test_a_file_that_cannot_be_written_is_reported_as_it_is(tmp_path: Path) -> None:
    for name in ("free.py", "kept.py"):
        (tmp_path / name).write_text(BLOCKS)
    (tmp_path / "kept.py").chmod(0o444)
    result = run(Request((str(tmp_path),), Settings(root=str(tmp_path)), fix=Applicability.SAFE))
    assert [problem.message.rpartition(": ")[2] for problem in result.all_problems] == ["it is read-only"]
    assert [(finding.path.rpartition("/")[2], finding.span.start.line) for finding in result.findings] == [("kept.py", 5)]
    assert result.lines == {(result.findings[0].path, 5): "    time.sleep(1)"}
    assert result.fixed == {"ASL101": 1}
    assert [path.rpartition("/")[2] for path in result.changed] == ["free.py"]
    assert (tmp_path / "kept.py").read_text() == BLOCKS


def test_a_file_that_someone_else_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BLOCKS)
    changed = f"{BLOCKS}# mine\n"

    def edit(stage: str, _done: int, _total: int) -> None:
        if stage == "linting":
            (tmp_path / "a.py").write_text(changed)

    result = run(Request((str(tmp_path),), Settings(root=str(tmp_path)), fix=Applicability.SAFE, on_progress=edit))
    assert "changed since it was read" in result.all_problems[0].message
    assert (result.fixed, result.applied, result.changed) == ({}, (), {})
    assert (tmp_path / "a.py").read_text() == changed


def test_the_files_of_one_fix_are_written_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "locks.py").write_text("import threading\n\n\nclass Guard:\n    def __init__(self):\n        self.lock = threading.Lock()\n")
    use = "import asyncio\nfrom locks import Guard\n\n\nasync def f(guard: Guard):\n    with guard.lock:\n        await asyncio.sleep(1)\n"
    (tmp_path / "use.py").write_text(use)
    (tmp_path / "alone.py").write_text(BLOCKS)
    (tmp_path / "locks.py").chmod(0o444)
    result = run(Request((str(tmp_path),), Settings(root=str(tmp_path)), fix=Applicability.SAFE))
    (problem,) = result.all_problems
    assert (problem.path, problem.message) == (str(tmp_path / "locks.py"), "not fixed: was not written: it is read-only")
    assert [fix.code for fix in result.applied] == ["ASL101"]
    assert (tmp_path / "use.py").read_text() == use
    assert "asyncio.sleep" in (tmp_path / "alone.py").read_text()


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        (Settings(root="/", unfixable=("ASL101",)), "ASL102"),
        (Settings(root="/", fixable=("blocking-file-io",)), "ASL102"),
        (Settings(root="/", fixable=("ASL101",), unfixable=("ASL1",)), "ASL101"),
    ],
)
def test_a_fix_of_an_unfixable_rule_is_only_shown(chosen: Settings, code: str) -> None:
    text = f"{BLOCKS}    open('a')\n"
    result = run(Request((), chosen, fix=Applicability.UNSAFE, write=False, stdin=("a.py", text.encode())))
    assert [fix.code for fix in result.applied] == [code]
    assert [finding.fix.applicability for finding in result.findings if finding.fix] == [Applicability.MANUAL]


def test_every_stage_is_timed(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BLOCKS)
    result = run(Request((str(tmp_path),), Settings(root=str(tmp_path)), fix=Applicability.SAFE, write=False))
    assert list(result.seconds) == ["discover", "index", "link", "lint", "fix"]
    assert all(seconds > 0 for seconds in result.seconds.values())


def test_a_fix_that_is_held_back_leaves_the_suppressed_findings_known(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BLOCKS + "    time.sleep(2)  # asynclint: ignore[ASL101]\n")
    settings = Settings(root=str(tmp_path), unfixable=("ASL101",))
    result = run(Request((str(tmp_path),), settings))
    assert [each.finding.span.start.line for each in result.suppressed] == [6]
