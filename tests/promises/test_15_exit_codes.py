"""Promise 15: fail closed. 0 is clean, 1 findings, 2 could not check something, 130 interrupted; `--exit-zero` never hides a 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asynclint import cli, engine, runner

CLEAN = "async def f(): ...\n"
FOUND = "import time\n\nasync def f():\n    time.sleep(1)\n"
CASES: dict[str, tuple[dict[str, str], list[str], int]] = {
    "clean": ({"a.py": CLEAN}, ["a.py"], 0),
    "empty file": ({"a.py": ""}, ["a.py"], 0),
    "findings": ({"a.py": FOUND}, ["a.py"], 1),
    "findings elsewhere": ({"a.py": CLEAN, "b/b.py": FOUND}, ["."], 1),
    "all fixed": ({"a.py": FOUND}, ["--fix", "a.py"], 0),
    "not all fixed": ({"a.py": FOUND + "    with open('a'): ...\n"}, ["--fix", "a.py"], 1),
    "all fixed, and that is told": ({"a.py": FOUND}, ["--fix", "--exit-non-zero-on-fix", "a.py"], 1),
    "a diff": ({"a.py": FOUND}, ["--diff", "a.py"], 1),
    "no diff": ({"a.py": CLEAN}, ["--diff", "a.py"], 0),
    "ignored": ({"a.py": FOUND}, ["--ignore", "ASL101", "a.py"], 0),
    "tests may block": ({"tests/a.py": FOUND}, ["."], 0),
    "unknown flag": ({"a.py": CLEAN}, ["--nonsense", "a.py"], 2),
    "unknown rule": ({"a.py": CLEAN}, ["--select", "ASL999", "a.py"], 2),
    "bad configuration": ({"a.py": CLEAN, "asynclint.toml": "selekt = []\n"}, ["a.py"], 2),
    "configuration is no TOML": ({"a.py": CLEAN, "asynclint.toml": "select = [\n"}, ["a.py"], 2),
    "missing configuration": ({"a.py": CLEAN}, ["--config", "none.toml", "a.py"], 2),
    "plugin that does not load": ({"a.py": CLEAN, "p.py": "1 / 0\n", "asynclint.toml": "plugins = ['p.py']\n"}, ["a.py"], 2),
    "plugin that is not there": ({"a.py": CLEAN, "asynclint.toml": "plugins = ['p.py']\n"}, ["a.py"], 2),
    "plugin without a rule": ({"a.py": CLEAN, "p.py": "", "asynclint.toml": "plugins = ['p.py']\n"}, ["a.py"], 2),
    "plugin that is not whole": (
        {"a.py": CLEAN, "p.py": "from asynclint.api import Rule\nclass R(Rule): ...\n", "asynclint.toml": "plugins = ['p.py']\n"}, ["a.py"], 2,
    ),
    "missing file": ({"a.py": CLEAN}, ["a.py", "b.py"], 2),
    "a notebook": ({"a.ipynb": "{}"}, ["a.ipynb"], 2),
    "no files": ({"a.txt": ""}, ["."], 2),
    "unparsable": ({"a.py": "def f(:\n"}, ["a.py"], 2),
    "unparsable beside findings": ({"a.py": "def f(:\n", "b.py": FOUND}, ["."], 2),
    "malformed suppression": ({"a.py": "x = 1  # asynclint: ignore[\n"}, ["a.py"], 2),
    "too large": ({"a.py": CLEAN, "asynclint.toml": "max-file-size = 3\n"}, ["a.py"], 2),
}  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str], list[str]], int]:
    (tmp_path / ".git").mkdir()  # nothing above it is configuration
    monkeypatch.chdir(tmp_path)

    def run(files: dict[str, str], arguments: list[str]) -> int:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        return cli.run(arguments)

    return run


@pytest.mark.parametrize(("files", "arguments", "code"), CASES.values(), ids=CASES.keys())
def test_exit_code(run: Any, files: dict[str, str], arguments: list[str], code: int) -> None:
    assert run(files, arguments) == code


@pytest.mark.parametrize(
    ("files", "arguments", "code"), [case for case in CASES.values() if case[2]], ids=[name for name, case in CASES.items() if case[2]]
)
def test_exit_zero_hides_findings_and_nothing_else(run: Any, files: dict[str, str], arguments: list[str], code: int) -> None:
    assert run(files, ["--exit-zero", *arguments]) == (2 if code == 2 else 0)


def _raise(error: BaseException) -> Callable[..., Any]:
    def replacement(*_: Any, **__: Any) -> Any:
        raise error

    return replacement


@pytest.mark.parametrize(("room", "name"), [(runner, "run"), (engine, "suspicious"), (engine, "index")])
def test_a_crash_is_an_error(run: Any, room: Any, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(room, name, _raise(RuntimeError("boom")))
    assert run({"a.py": FOUND}, ["--exit-zero", "a.py"]) == cli.ERROR
    assert "boom" in capsys.readouterr().err


def test_an_interrupt_is_told_apart(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "run", _raise(KeyboardInterrupt()))
    assert run({"a.py": FOUND}, ["--exit-zero", "a.py"]) == cli.INTERRUPTED
