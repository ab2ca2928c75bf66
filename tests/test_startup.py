"""What a short run must not load: each of these takes longer to import than a clean file takes to check."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from asynclint import plain
from asynclint.commands.check import command as check

HEAVY = frozenset(
    [
        "libcst",
        "rich",
        "pygls",
        "click",
        "inspect",
        "dataclasses",
        "difflib",
        "email",
        "zipfile",
        "importlib.metadata",
        "pathspec",
        "multiprocessing",
        "subprocess",
        "threading",
        "tempfile",
        "traceback",
        "hashlib",
        "ssl",
        "socket",
        "asyncio",
        "concurrent",
        "logging",
        "asynclint.commands",
        "asynclint.suppress",
        "asynclint.fix.blocks",
        "asynclint.fix.fixer",
        "asynclint.fix.offload",
        "asynclint.fix.signatures",
        "asynclint.report.text",
        "asynclint.walk.cancellation",
        "asynclint.walk.lost",
    ]
)
CLEAN = "import asyncio\n\n\nasync def wait():\n    await asyncio.sleep(1)\n"
PROBE = (
    "import json, os, sys\n"
    "from asynclint import cli\n"
    "code = cli.run(sys.argv[1:])\n"
    "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)\n"
)  # fmt: skip


@pytest.mark.parametrize("options", [[], ["--isolated", "--quiet", "--output-format=concise"], ["--select", "ASL101", "-q"]])
def test_a_clean_file_loads_little(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "clean.py").write_text(CLEAN)

    before = set(json.loads(_python("-c", "import json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)", cwd=tmp_path)))
    code, after = json.loads(_python("-c", PROBE, *options, "clean.py", cwd=tmp_path))

    assert code == 0
    assert HEAVY & (set(after) - before) == set()


def _python(*arguments: str, cwd: Path) -> str:
    return subprocess.run([sys.executable, *arguments], cwd=cwd, text=True, capture_output=True, check=True).stderr


@pytest.mark.parametrize(
    "line",
    [
        "",
        "check",
        "a.py b.py",
        "check a.py -q --fix",
        "-",
        "--stdin-filename a.py -",
        "--select ASL1,ASL2 --select=ASL3 a.py",
        "--jobs=2 -j 3 a.py",
        "--output-format json -o out.json .",
        "--per-file-ignores tests/*:ASL1 --exit-zero",
        "--config a.toml --config jobs=3 --isolated",
        "--color never --statistics --diff --unsafe-fixes --pedantic -v",
        "--fix rule",
        "--add-ignore src",
        "--add-ignore=why --since HEAD~1... a.py",
        "--baseline known.json --write-baseline --min-severity=error --min-confidence medium",
    ],
)
def test_plain_lines_mean_what_click_reads(line: str) -> None:
    arguments = line.split()
    context = check.make_context("check", arguments[1:] if arguments[:1] == ["check"] else list(arguments))
    expected = dict(context.params)

    assert plain.parse(arguments) == (expected.pop("paths"), expected)


@pytest.mark.parametrize(
    "line", ["rule", "rule ASL101", "--help", "-h", "--version", "--fixx", "--jobs", "--jobs x", "--jobs -1", "-j2", "-qv", "-- a.py", "--fix=1",
             "--output-format xml", "--min-severity grave", "--no-respect-gitignore", "--select", "-o=x"],
)  # fmt: skip
def test_other_lines_are_for_click(line: str) -> None:
    assert plain.parse(line.split()) is None
