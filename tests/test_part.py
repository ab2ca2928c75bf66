"""Runs over single files: the project around them is known, and what is shown is what concerns them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from conftest import Indexed

from asynclint import check as check_room
from asynclint import cli

FILES = {
    "pyproject.toml": "[project]\nname = 'shop'\n",
    "shop/__init__.py": "",
    "shop/store.py": "from shop.disk import read\n\n\ndef load():\n    return read('x')\n",
    "shop/disk.py": "from pathlib import Path\n\n\ndef read(path):\n    return Path(path).read_text()\n",
    "shop/app.py": "from shop.store import load\n\n\nasync def main():\n    load()\n",
    "shop/jobs/__init__.py": "",
    "shop/jobs/nightly.py": "import time\nfrom shop.store import load\n\n\nasync def night():\n    time.sleep(1)\n    load()\n",
    "shop/clean.py": "async def nothing():\n    pass\n",
    "broken.py": "def\n",
}
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> dict[str, Any]:
        cli.run([*arguments, "--output-format=json"])
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return run


def places(found: dict[str, Any]) -> list[str]:
    return [f"{each['path']}:{each['span']['start']['line']}" for each in found["findings"]]


def test_helpers_in_other_files_are_followed(project: Path, run: Run) -> None:
    found = run("shop/app.py")

    assert places(found) == ["shop/app.py:5"]
    assert [frame["path"] for frame in found["findings"][0]["chain"]] == ["shop/app.py", "shop/store.py", "shop/disk.py"]
    assert (found["summary"]["files"], found["errors"]) == (1, [])  # what is wrong with the others is no matter of this run


def test_a_helper_shows_the_coroutines_that_it_stops(project: Path, run: Run) -> None:
    """Else a change that makes a helper block would pass, and whoever touches a coroutine next would be to blame."""
    assert places(run("shop/disk.py")) == ["shop/app.py:5", "shop/jobs/nightly.py:7"]
    assert places(run("shop/clean.py")) == []


@pytest.mark.parametrize("paths", [["shop/app.py"], ["shop/disk.py"], ["shop/jobs/nightly.py", "shop/store.py"], ["shop/jobs"], ["shop/clean.py"]])
def test_a_part_finds_what_the_whole_finds_there(paths: Sequence[str], project: Path, run: Run) -> None:
    def concerns(finding: dict[str, Any]) -> bool:
        return any(frame["path"].startswith(path) for frame in ({"path": finding["path"]}, *finding["chain"]) for path in paths)

    expected = [(each["path"], each["span"], each["code"], each["chain"], each["fingerprint"]) for each in run(".")["findings"] if concerns(each)]
    assert [(each["path"], each["span"], each["code"], each["chain"], each["fingerprint"]) for each in run(*paths)["findings"]] == expected


def test_a_part_of_a_package_is_judged_with_the_rest(project: Path, run: Run) -> None:
    assert places(run("shop/jobs")) == ["shop/jobs/nightly.py:6", "shop/jobs/nightly.py:7"]


def test_only_what_was_asked_for_is_fixed(project: Path, run: Run) -> None:
    before = {path: path.read_bytes() for path in project.rglob("*.py")}
    (finding, _) = run("shop/store.py", "--fix")["findings"]
    assert finding["fix"] is None
    assert finding["no_fix"] == "its fix changes `shop/app.py`, not among the files that were asked for"
    assert {path: path.read_bytes() for path in project.rglob("*.py")} == before

    assert run("shop/app.py", "--fix")["summary"]["fixed"] == 1
    changed = [path.name for path, content in before.items() if path.read_bytes() != content]
    assert changed == ["app.py"]
    assert run("shop/app.py")["findings"] == []


LOCKED = {
    "pyproject.toml": "",
    "locks.py": "import threading\n\n\nclass Shop:\n    def __init__(self):\n        self.lock = threading.Lock()\n",
    "use.py": "import asyncio\nfrom locks import Shop\n\n\nasync def f(shop: Shop):\n    with shop.lock:\n        await asyncio.sleep(1)\n",
}


def test_a_fix_of_several_files_wants_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    for name, text in LOCKED.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)

    (finding,) = run("use.py", "--fix")["findings"]
    assert finding["code"] == "ASL201"
    assert finding["no_fix"] == "its fix changes `locks.py`, not among the files that were asked for"
    assert run("use.py", "locks.py", "--fix")["findings"] == []
    assert "self.lock = asyncio.Lock()" in (tmp_path / "locks.py").read_text()


def test_standard_input_is_a_file_of_its_project(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    unsaved = FILES["shop/app.py"].replace("\n\n\n", "\n\n\n# one more line\n\n\n")
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(unsaved.encode())))

    assert places(run("-", "--stdin-filename", "shop/app.py")) == ["shop/app.py:8"]


def test_paths_are_shown_as_they_were_given(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (finding,) = run(str(project / "shop/app.py"))["findings"]
    assert [frame["path"] for frame in finding["chain"]] == [str(project / name) for name in ("shop/app.py", "shop/store.py", "shop/disk.py")]

    monkeypatch.chdir(project / "shop")
    (finding,) = run("app.py")["findings"]
    assert [frame["path"] for frame in finding["chain"]] == ["app.py", "../shop/store.py", "../shop/disk.py"]


def test_a_file_without_functions_needs_nothing_around(project: Path, run: Run, indexed: Indexed) -> None:
    (project / "shop/names.py").write_text("import time  # noqa: ASL101\n\n\nclass Names:\n    wait = time.sleep(1)\n")

    found = run("shop/names.py", "shop/__init__.py")

    assert [each["code"] for each in found["findings"]] == ["ASL901"]
    assert indexed == ["shop/__init__.py", "shop/names.py"]


def test_what_is_excluded_is_not_around(project: Path, run: Run) -> None:
    assert run("shop/app.py", "--extend-exclude=disk.py")["findings"] == []


@pytest.mark.parametrize("paths", [["."], ["shop"], ["broken.py", "."]])
def test_whole_trees_have_nothing_around(paths: Sequence[str], project: Path, run: Run, indexed: Indexed) -> None:
    (project / "more.py").write_text("X = 1\n")

    run(*paths)

    assert ("more.py" in indexed) == ("." in paths)


def test_a_script_without_a_suffix_finds_its_helpers(project: Path, run: Run) -> None:
    """As pre-commit hands them over, since it knows Python by the first line too."""
    (project / "etc.d").mkdir()
    (project / "etc.d/helper.py").write_text(FILES["shop/disk.py"])
    (project / "etc.d/tool").write_text("#!/usr/bin/env python3\nfrom helper import read\n\n\nasync def main():\n    read('x')\n")

    assert places(run("etc.d/tool")) == ["etc.d/tool:6"]


def test_a_stub_beside_its_module_hides_nothing(project: Path, run: Run) -> None:
    (project / "shop/store.pyi").write_text("def load() -> str: ...\n")

    assert places(run("shop/app.py", "shop/store.pyi")) == ["shop/app.py:5"]


def test_without_a_project_there_is_nothing_around(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lib.py").write_text(FILES["shop/disk.py"])
    (tmp_path / "app.py").write_text("from lib import read\n\n\nasync def main():\n    read('x')\n")
    monkeypatch.chdir(tmp_path)
    assert run("app.py")["findings"] == []

    (tmp_path / "setup.cfg").write_text("")
    assert places(run("app.py")) == ["app.py:5"]

    monkeypatch.setenv("HOME", str(tmp_path))  # of dotfiles that git keeps
    assert run("app.py")["findings"] == []


# ---------------------------------------------------------------------------------------------------------- the cache


def test_what_is_around_comes_from_the_cache(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, indexed: Indexed) -> None:
    monkeypatch.setattr(check_room, "WORTH_KEEPING", 0)
    for path in project.rglob("*.py"):
        os.utime(path, ns=(1_000_000_000, 1_000_000_000))

    first = run("shop/app.py")
    assert len(indexed) == len(FILES) - 1
    indexed.clear()
    assert run("shop/app.py") == first
    assert indexed == []
    assert places(run("shop/disk.py")) == ["shop/app.py:5", "shop/jobs/nightly.py:7"]
    assert indexed == ["broken.py"]  # there are no facts of it to keep
    indexed.clear()
    (project / "shop/app.py").write_text(FILES["shop/app.py"] + "    load()\n")
    assert places(run("shop/app.py")) == ["shop/app.py:5", "shop/app.py:6"]
    assert sorted(indexed) == ["broken.py", "shop/app.py"]
    indexed.clear()
    run("shop", "--fix")
    assert indexed == ["shop/app.py", "shop/jobs/nightly.py"]  # once they were fixed
    run("shop/clean.py")
    assert sorted(indexed) == ["broken.py", "shop/app.py", "shop/app.py", "shop/jobs/nightly.py", "shop/jobs/nightly.py"]


def test_standard_input_has_the_cache_too(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, indexed: Indexed) -> None:
    monkeypatch.setattr(check_room, "WORTH_KEEPING", 0)
    (project / "broken.py").unlink()
    for path in project.rglob("*.py"):
        os.utime(path, ns=(1_000_000_000, 1_000_000_000))

    for number in range(3):
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(FILES["shop/app.py"].encode() + b"    load()\n" * number)))
        assert len(places(run("-", "--stdin-filename", "shop/app.py"))) == 1 + number
        assert len(indexed) == (1 if number else len(FILES) - 2)
        indexed.clear()
    assert places(run("shop/app.py")) == ["shop/app.py:5"]  # as it is on disk
    assert indexed == ["shop/app.py"]


def test_what_is_unresolved_is_that_of_the_part(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "shop/app.py").write_text(FILES["shop/app.py"] + "    missing()\n")
    (project / "shop/more.py").write_text("async def more():\n    missing()\n")

    assert cli.run(["--show-unresolved", "shop/app.py"]) == 0

    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("shop/app.py:6:5: missing()")
    assert shown[1] == "2 calls on the loop that are not awaited, 1 of them unresolved"  # `load()` is known
