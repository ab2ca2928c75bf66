"""Promise 19: output cannot be injected. Names of files and functions, and messages, are data in every format."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from asynclint import cli
from asynclint.options import OPTIONS

FORMATS = next(option.choices for option in OPTIONS if option.name == "output-format")
EVIL = ["red\x1b[31m.py", "two\nlines.py", "bell\x07.py", "back\x08.py", "return\rover.py", "c1\x9b31m.py", "bidi\u202e.py", "percent%0A.py",
        "::error file=x,line=1::owned.py", "quote\"'<&>.py", "  blanks .py", "del\x7f.py", "zero\u200b.py"]  # fmt: skip
CODE = "import time\n\nasync def f():\n    time.sleep(1)  # \x1b[31m\u202e ::error::owned \x9b\n\nasync def g\u0301():\n    time.sleep(1)\n"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in EVIL:
        (tmp_path / name).write_text(CODE, encoding="utf-8")
        (tmp_path / f"broken {name}").write_text("def\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("extra", [[], ["--diff"], ["--statistics"]], ids=["report", "diff", "statistics"])
@pytest.mark.parametrize("name", FORMATS)
def test_no_control_character_reaches_the_reader(name: str, extra: list[str], tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--isolated", "--color=never", f"--output-format={name}", *extra, "."]) == cli.ERROR
    said = capsys.readouterr()
    for text in (said.err, "" if "--diff" in extra else said.out):
        assert CONTROL.findall(text.replace("\t", "")) == []
    if extra:
        return
    if name in ("json", "sarif", "gitlab"):
        json.loads(said.out)
    elif name == "json-lines":
        assert all(json.loads(line)["type"] for line in said.out.splitlines())
    elif name == "junit":
        ET.fromstring(said.out)
    elif name == "github":
        assert all(line.startswith("::") and "file=x," not in line.split("::")[1] for line in said.out.splitlines())
        assert len(said.out.splitlines()) == 3 * len(EVIL)  # two findings in each file, and one that does not parse


def _of_json(shown: str) -> list[str]:
    document = json.loads(shown)
    return [each["path"] for each in (*document["findings"], *document["errors"])]


def _of_json_lines(shown: str) -> list[str]:
    return [json.loads(line)["path"] for line in shown.splitlines()]


def _of_gitlab(shown: str) -> list[str]:
    return [each["location"]["path"] for each in json.loads(shown)]


def _of_sarif(shown: str) -> list[str]:
    (run,) = json.loads(shown)["runs"]
    places = [each["locations"][0] for each in (*run["results"], *run["invocations"][0]["toolExecutionNotifications"])]
    return [unquote(place["physicalLocation"]["artifactLocation"]["uri"]) for place in places]


@pytest.mark.parametrize(
    ("name", "paths_of"),
    [("json", _of_json), ("json-lines", _of_json_lines), ("gitlab", _of_gitlab), ("sarif", _of_sarif)],
    ids=["json", "json-lines", "gitlab", "sarif"],
)
def test_names_are_given_as_they_are(name: str, paths_of: Callable[[str], list[str]], tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / ".git").mkdir()  # the root that addresses begin at
    cli.run(["--isolated", f"--output-format={name}", "."])
    assert set(paths_of(capsys.readouterr().out)) == {*EVIL, *(f"broken {name}" for name in EVIL)}


def test_arguments_are_data_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (["\x1b[31m.py"], ["--select", "\x1b[31m"], ["--\x1b[31m"], ["--config", "\x1b[31m\n"]):
        assert cli.run(arguments) == cli.ERROR
        assert CONTROL.findall(capsys.readouterr().err) == []
