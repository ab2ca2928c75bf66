"""The quick ways to look at what is installed see what the standard library sees."""

from __future__ import annotations

import importlib.metadata
import pkgutil
import sys
import zipfile
from pathlib import Path

import asynclint.rules
import pytest

from asynclint import installed


@pytest.mark.parametrize("group", ["asynclint.rules", "pytest11", "console_scripts", "no.such.group"])
def test_entry_points_are_those_of_the_metadata(group: str) -> None:
    assert installed.entry_points(group) == sorted({(point.name, point.value) for point in importlib.metadata.entry_points(group=group)})


def test_the_first_of_several_versions_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version, value in (("1", "one"), ("2", "two")):
        folder = tmp_path / version / f"Some_Thing-{version}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Name: some-thing\nVersion: {version}\n")
        (folder / "entry_points.txt").write_text(f"[other]\nx = y\n\n[a.group]\n# a comment\nname = {value}\n")
    monkeypatch.setattr("sys.path", [str(tmp_path / "2"), str(tmp_path / "missing"), str(tmp_path / "1")])

    assert installed.entry_points("a.group") == [("name", "two")]


def test_an_archive_on_the_path_is_left_to_the_standard_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "plugin.zip", "w") as archive:
        archive.writestr("plugin-1.dist-info/METADATA", "Name: plugin\nVersion: 1\n")
        archive.writestr("plugin-1.dist-info/entry_points.txt", "[a.group]\nname = plugin\n")
    monkeypatch.setattr("sys.path", [str(tmp_path / "plugin.zip"), *sys.path])

    assert installed.entry_points("a.group") == [("name", "plugin")]


def test_module_names_are_those_of_pkgutil(tmp_path: Path) -> None:
    for name in ("__init__.py", "one.py", "package/__init__.py", "data/readme.txt", "note.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    assert installed.module_names([str(tmp_path)]) == ["one", "package"]
    assert installed.module_names(asynclint.rules.__path__) == [info.name for info in pkgutil.iter_modules(asynclint.rules.__path__)]
