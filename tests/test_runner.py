"""A whole run: what is reported when a fixed file cannot be written, and how long each stage took."""

from __future__ import annotations

from pathlib import Path

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


def test_every_stage_is_timed(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BLOCKS)
    result = run(Request((str(tmp_path),), Settings(root=str(tmp_path)), fix=Applicability.SAFE, write=False))
    assert list(result.seconds) == ["discover", "index", "link", "lint", "fix"]
    assert all(seconds > 0 for seconds in result.seconds.values())
