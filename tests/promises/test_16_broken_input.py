"""Promise 16: broken input is data. Each bad file is one record with its path, no traceback, exit 2, and its neighbour is checked all the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asynclint import cli, files

NEIGHBOUR = "import time\n\nasync def f():\n    time.sleep(1)\n"


def contents(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def link_loop(path: Path) -> None:
    path.symlink_to(path.with_name("other.py"))
    path.with_name("other.py").symlink_to(path)


BROKEN: dict[str, Callable[[Path], object]] = {
    "NUL bytes": contents(b"x = 1\n\0\n"),
    "bad UTF-8": contents(b"x = '\xff'\n"),
    "cut UTF-8": contents("# é".encode()[:-1]),
    "unknown cookie": contents(b"# coding: klingon\n"),
    "rot13 cookie": contents(b"# coding: rot13\nk = 1\n"),
    "hex cookie": contents(b"# coding: hex\n6b\n"),
    "two encodings": contents(b"\xef\xbb\xbf# coding: latin-1\n"),
    "UTF-16": contents("x = 1\n".encode("utf-16")),
    "UTF-32": contents("x = 1\n".encode("utf-32")),
    "UTF-7 cookie": contents(b"# coding: utf-7\nx = '+AGE-'\n"),
    "Python 2": contents(b"print 'hello'\n"),
    "Python 2 exec": contents(b"exec 'x' in {}\n"),
    "tabs and spaces": contents(b"if 1:\n\tx = 1\n        y = 2\n"),
    "unclosed bracket": contents(b"f(\n"),
    "unclosed string": contents(b"x = '''\n"),
    "conflict markers": contents(b"<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> b\n"),
    "huge number": contents(b"x = " + b"9" * 5000 + b"\n"),
    "binary": contents(bytes(range(1, 256)) * 4),
    "directory": lambda path: path.mkdir(),
    "link to itself": lambda path: path.symlink_to(path),
    "two links in a circle": link_loop,
    "dangling link": lambda path: path.symlink_to("nowhere.py"),
    "pipe": os.mkfifo,
}


@pytest.mark.parametrize("make", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("named", [True, False], ids=["named", "found"])
def test_one_record_each(
    make: Callable[[Path], object], named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "broken.py")
    (tmp_path / "neighbour.py").write_text(NEIGHBOUR)
    is_directory = (tmp_path / "broken.py").is_dir()
    assert cli.run(["--isolated", "--fix", "--output-format=concise", *(["broken.py", "neighbour.py"] if named else ["."])]) == cli.ERROR
    said = capsys.readouterr()
    records = [line for line in said.err.splitlines() if "broken.py" in line or "other.py" in line]
    assert len(records) == (2 if make is link_loop and not named else 1)
    assert "Traceback" not in said.err
    assert all(":" in record for record in records)
    assert is_directory or "asyncio.sleep" in (tmp_path / "neighbour.py").read_text()


def test_a_file_that_vanishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("gone.py", "neighbour.py"):
        (tmp_path / name).write_text(NEIGHBOUR)
    discover: Any = files.discover

    def discover_and_lose(*arguments: Any) -> Any:
        found = discover(*arguments)
        (tmp_path / "gone.py").unlink()
        return found

    monkeypatch.setattr(files, "discover", discover_and_lose)
    assert cli.run(["--isolated", "--output-format=concise", "."]) == cli.ERROR
    said = capsys.readouterr()
    assert len([line for line in said.err.splitlines() if line.startswith("gone.py")]) == 1
    assert "neighbour.py" in said.out


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.py").write_text("")
    (tmp_path / "secret.py").chmod(0)
    assert cli.run(["--isolated", "secret.py"]) == cli.ERROR
    assert "secret.py" in capsys.readouterr().err


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbfx = 1\n", b"", b"\n", b"\x0c\n", b"#", "# coding: latin-1\nx = 'é'\n".encode("latin-1"), b"x = 1\r\ry = 2\r"]
)
def test_odd_input_that_is_python_is_clean(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd.py").write_bytes(data)
    assert cli.run(["--isolated", "odd.py"]) == cli.CLEAN
