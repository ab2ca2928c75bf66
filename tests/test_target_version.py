"""The oldest Python of a project, from the files in which projects say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from asynclint.config import load
from asynclint.options import ConfigError
from asynclint.target_version import oldest, required

SETUP = "import setuptools\nsetuptools.setup(name='x', python_requires={})\n"


@pytest.mark.parametrize(
    ("specifier", "version"),
    [
        (">=3.8", (3, 8)),
        (">=3.7.2,<4.0", (3, 7)),
        ("~=3.9.1", (3, 9)),
        ("==3.8.*", (3, 8)),
        ("^3.8", (3, 8)),
        ("~3.9", (3, 9)),
        ("3.9.*", (3, 9)),
        ("~2.7 || ^3.6", (3, 6)),
        (">=2.7, !=3.0.*, !=3.1.*, !=3.2.*", (3, 3)),
        (">= 3.8 <3.13", (3, 8)),
        (">=3.8,!=3.8.0", (3, 8)),
        ("<4", None),
        (">=3", None),
        ("*", None),
        ("==2.7.*", None),
        ("", None),
    ],
)
def test_a_specifier_has_an_oldest_python(specifier: str, version: tuple[int, int] | None) -> None:
    assert oldest(specifier) == version


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("pyproject.toml", '[project]\nrequires-python="==3.9.*"\n', (3, 9)),
        ("pyproject.toml", '[project]\n# requires-python = ">=3.12"\nrequires-python = ">=3.8"\n', (3, 8)),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.8"\n', (3, 8)),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = {version = ">=3.7,<4"}\n', (3, 7)),
        ("pyproject.toml", '[tool.poetry.group.dev.dependencies]\npython = "^3.8"\n', None),
        ("setup.cfg", "[options]\npython_requires = >=3.7\n", (3, 7)),
        ("setup.cfg", "[options]\npython_requires =\n    >=3.7\n    <4\n", (3, 7)),
        ("setup.cfg", "[metadata]\npython-requires = >=3.6\n", (3, 6)),
        ("setup.cfg", "[metadata]\nclassifiers =\n    Programming Language :: Python :: 3\n    Programming Language :: Python :: 3.9\n"
                      "    Programming Language :: Python :: 3.7\n", (3, 7)),
        ("setup.py", SETUP.format("'>=3.7'"), (3, 7)),
        ("setup.py", "REQUIRED = '>=3.6.0'\nfrom setuptools import setup\nsetup(python_requires=REQUIRED)\n", (3, 6)),
        ("setup.py", "MIN = '3.8'\nfrom setuptools import setup\nsetup(python_requires=f'>={MIN}')\n", (3, 8)),
        ("setup.py", "from setuptools import setup\noptions = {'python_requires': '>=3.8,<4.0'}\nsetup(**options)\n", (3, 8)),
        ("setup.py", "from setuptools import setup\noptions = dict(python_requires='>=3.8')\nsetup(**options)\n", (3, 8)),
        ("setup.py", SETUP.format("open('x').read()"), None),
        ("setup.py", "python_requires = '>=3.6'\n", None),
        ("setup.py", "setup(python_requires=" + "(" * 5000 + "\n", None),
        (".python-version", "3.9.18\n", (3, 9)),
        (".python-version", "# local\n3.12.1\n3.9\n", (3, 9)),
        (".python-version", "pypy3.9-7.3.11\n", (3, 9)),
    ],
)  # fmt: skip
def test_a_project_says_its_oldest_python(tmp_path: Path, name: str, text: str, version: tuple[int, int] | None) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    assert required(str(tmp_path)) == version


def test_what_a_tool_enforces_comes_before_what_is_told(tmp_path: Path) -> None:
    (tmp_path / ".python-version").write_text("3.13\n", encoding="utf-8")
    assert required(str(tmp_path)) == (3, 13)
    (tmp_path / "setup.py").write_text(SETUP.format("'>=3.9'") + "# Programming Language :: Python :: 3.4\n", encoding="utf-8")
    assert required(str(tmp_path)) == (3, 9)
    (tmp_path / "setup.cfg").write_text("[options]\npython_requires = >=3.8\n", encoding="utf-8")
    assert required(str(tmp_path)) == (3, 8)
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.7"\n', encoding="utf-8")
    assert required(str(tmp_path)) == (3, 7)


def test_nothing_of_a_setup_file_runs(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text("open('ran', 'w')\n" + SETUP.format("'>=3.7'"), encoding="utf-8")

    assert load([str(tmp_path)]).target_version == (3, 7)
    assert not (tmp_path / "ran").exists()


def test_the_repository_around_a_folder_says_it_too(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "setup.cfg").write_text("[options]\npython_requires = >=3.8\n", encoding="utf-8")
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "pyproject.toml").write_text("[tool.asynclint]\n", encoding="utf-8")

    assert load([str(tmp_path / "part")]).target_version == (3, 8)


def test_a_device_in_the_place_of_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "setup.py").symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match=r"setup\.py: `requires-python` cannot be read: not a regular file"):
        required(str(tmp_path))


def test_a_folder_in_the_place_of_a_file_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "setup.py").mkdir()
    assert required(str(tmp_path)) is None
