"""Discovery: which files a path stands for, and that nothing that cannot be linted goes unsaid."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from asynclint.config import Settings
from asynclint.files import discover


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(*paths: str) -> None:
    """Files, with the text after a `=`; directories where a path ends with `/`."""
    for entry in paths:
        name, _, text = entry.partition("=")
        path = Path(name)
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def found(*paths: str, **settings: object) -> list[str]:
    files, problems = discover(paths or (".",), Settings(root=os.getcwd(), **settings))  # type: ignore[arg-type]
    assert problems == []
    return [file.path for file in files]


def problems(paths: Iterable[str] = (".",), **settings: object) -> list[str]:
    return [f"{each.path}: {each.message}" for each in discover(paths, Settings(root=os.getcwd(), **settings))[1]]  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------------- what is found


def test_directories_are_searched_for_python_files() -> None:
    make("b.py", "a.py", "pkg/c.py", "pkg/stub.pyi", "pkg/notes.txt", "pkg/sub/d.py")

    assert found() == ["a.py", "b.py", "pkg/c.py", "pkg/sub/d.py"]


def test_paths_are_shown_as_they_were_given(inside: Path) -> None:
    make("pkg/a.py")

    assert found("./pkg/") == ["pkg/a.py"]
    assert found(str(inside / "pkg")) == [f"{inside}/pkg/a.py"]
    os.chdir("pkg")
    assert found("..") == ["../pkg/a.py"]


def test_each_file_once_whatever_the_order() -> None:
    make("pkg/a.py", "pkg/b.py")

    assert found("pkg/b.py", "pkg", "./pkg/a.py") == found("pkg", "pkg/a.py") == ["pkg/a.py", "pkg/b.py"]


def test_what_the_file_system_says_travels_along(inside: Path) -> None:
    make("a.py=x = 1\n")

    (file,) = discover(["."], Settings(root=str(inside)))[0]

    assert (file.absolute, file.size, file.mtime_ns) == (str(inside / "a.py"), 6, (inside / "a.py").stat().st_mtime_ns)


def test_a_named_file_is_taken_whatever_its_name_or_place() -> None:
    make("script", "build/gen.py", ".gitignore=*.py")

    assert found("script", "build/gen.py") == ["build/gen.py", "script"]


# ---------------------------------------------------------------------------------------------------------- what is passed over


def test_default_excludes_hold_at_any_depth() -> None:
    make("a.py", ".venv/x.py", "pkg/node_modules/x.py", "pkg/__pycache__/x.py", "build/x.py", "pkg/building/b.py", ".#a.py")

    assert found() == ["a.py", "pkg/building/b.py"]


def test_exclude_replaces_and_extend_exclude_adds() -> None:
    make("a.py", "build/x.py", "gen/y.py", "pkg/gen.py")

    assert found(exclude=("gen.py",)) == ["a.py", "build/x.py", "gen/y.py"]
    assert found(extend_exclude=("gen",)) == ["a.py", "pkg/gen.py"]
    assert found(extend_exclude=("/pkg/*.py", "gen/")) == ["a.py"]


def test_excludes_are_relative_to_the_root_not_to_the_path() -> None:
    make("src/gen/x.py", "src/pkg/src/gen/y.py", "src/z.py")

    assert found("src", extend_exclude=("src/gen",)) == ["src/pkg/src/gen/y.py", "src/z.py"]


def test_a_named_directory_is_searched_though_it_is_excluded() -> None:
    make("build/lib/x.py", "build/dist/y.py")

    assert found("build") == ["build/lib/x.py"]
    assert found("build/lib") == ["build/lib/x.py"]


def test_force_exclude_passes_over_named_paths_too() -> None:
    make("build/lib/x.py", "a.py")

    assert found("build/lib/x.py", "build", "a.py", force_exclude=True) == ["a.py"]
    assert found("build/lib/x.py", force_exclude=True) == []  # and that is no error: pre-commit names excluded files


def test_gitignore_files_are_respected() -> None:
    make(".git/", ".gitignore=/gen/\n*_pb2.py\n!keep_pb2.py\n", "gen/x.py", "pkg/gen/y.py", "pkg/a_pb2.py", "pkg/keep_pb2.py")
    make("pkg/.gitignore=local.py\n!a_pb2.py\n", "pkg/local.py", "local.py")

    assert found() == ["local.py", "pkg/a_pb2.py", "pkg/gen/y.py", "pkg/keep_pb2.py"]
    assert "gen/x.py" in found(respect_gitignore=False)


def test_gitignore_files_above_the_path_hold_up_to_the_repository() -> None:
    make(".gitignore=a.py", "repo/.git/", "repo/.gitignore=b.py", "repo/src/a.py", "repo/src/b.py", "repo/src/c.py")

    assert found("repo/src") == ["repo/src/a.py", "repo/src/c.py"]


def test_a_named_directory_is_searched_though_git_ignores_it() -> None:
    make(".git/", ".gitignore=out/\n", "out/a.py", "out/.gitignore=b.py", "out/b.py")

    assert found("out") == ["out/a.py"]


def test_a_gitignore_line_that_is_no_pattern_hides_no_other() -> None:
    make(".gitignore=!\na.py\n\\\n", "a.py", "b.py")

    assert found() == ["b.py"]


# ---------------------------------------------------------------------------------------------------------- links


def test_links_to_directories_are_not_followed() -> None:
    make("pkg/a.py")
    os.symlink("..", "pkg/loop")
    os.symlink("pkg", "again")
    os.symlink("pkg", "module.py")

    assert found() == ["pkg/a.py"]
    assert found("again") == ["again/a.py"]
    assert found("again", "pkg") == ["pkg/a.py"]


def test_of_a_file_and_links_to_it_the_file_is_taken() -> None:
    make("z.py", "elsewhere/y.txt")
    os.symlink("z.py", "a.py")
    os.symlink("elsewhere/y.txt", "b.py")

    assert found() == ["b.py", "z.py"]


def test_a_link_that_leads_nowhere_is_a_problem() -> None:
    make("a.py")
    os.symlink("b.py", "c.py")
    os.symlink("c.py", "b.py")
    os.symlink("missing.py", "d.py")

    assert problems() == [
        "b.py: is a symbolic link that leads to itself",
        "c.py: is a symbolic link that leads to itself",
        "d.py: no such file or directory",
    ]


# ---------------------------------------------------------------------------------------------------------- what cannot be linted


def test_a_missing_path_is_a_problem_and_hides_no_other() -> None:
    make("a.py")

    files, missing = discover(["nope.py", "a.py"], Settings(root=os.getcwd()))

    assert [file.path for file in files] == ["a.py"]
    assert [(each.path, each.line, each.message, each.code) for each in missing] == [("nope.py", 0, "no such file or directory", "ASL900")]


def test_no_files_is_a_problem() -> None:
    make("docs/notes.txt", "empty/")

    assert problems(["empty", "docs"]) == ["docs: no Python files found", "empty: no Python files found"]


def test_special_files_are_problems() -> None:
    os.mkfifo("pipe.py")
    make("a.py")

    assert problems() == ["pipe.py: is a pipe, not a regular file"]
    assert problems(["/dev/null"]) == ["/dev/null: is a device, not a regular file"]


def test_a_directory_named_like_a_file() -> None:
    make("x.py/", "discord.py/bot.py")

    files, wrong = discover(["."], Settings(root=os.getcwd()))

    assert [file.path for file in files] == ["discord.py/bot.py"]
    assert [f"{each.path}: {each.message}" for each in wrong] == ["x.py: is a directory, not a Python file"]


def test_a_file_above_the_limit_is_a_problem() -> None:
    make("a.py=12345")

    assert problems(max_file_size=4) == ["a.py: has 5 bytes, more than the 4 of `max-file-size`"]
    assert problems(max_file_size=5) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_directory_is_a_problem() -> None:
    make("a.py", "closed/b.py")
    os.chmod("closed", 0)
    try:
        assert problems() == ["closed: permission denied"]
    finally:
        os.chmod("closed", 0o700)
