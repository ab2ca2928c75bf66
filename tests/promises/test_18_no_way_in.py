"""Promise 18, the ways in: the action, `python -m`, our own processes, and git never run what a repository brings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from asynclint import python_process

ROOT = Path(__file__).parent.parent.parent
STEPS: list[dict[str, Any]] = YAML(typ="safe").load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
BOMB = "import sys\nopen({marker!r}, 'a').write(__name__ + chr(10))\nprint('RAN', __name__, file=sys.stderr)\n"
MODULES = [
    *("shlex", "tomli", "click", "subprocess", "linecache", "codecs", "tokenize", "textwrap", "warnings", "traceback", "pathspec", "rich", "libcst"),
    *("json", "venv", "pip", "ensurepip", "site", "sitecustomize", "usercustomize", "asyncio", "rules"),
]
PROGRAM = "import time\n\n\nasync def wait():\n    time.sleep(1)\n"


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What a module of the hostile repository makes when it runs."""
    return tmp_path / "RAN"


@pytest.fixture
def hostile(tmp_path: Path, marker: Path) -> Path:
    root = tmp_path / "hostile"
    root.mkdir()
    for name in MODULES:
        (root / f"{name}.py").write_text(BOMB.format(marker=str(marker)))
    (root / "pyproject.toml").write_text("[tool.asynclint]\n")
    (root / "app.py").write_text(PROGRAM)
    (root / "evil-1.dist-info").mkdir()
    (root / "evil-1.dist-info/entry_points.txt").write_text("[asynclint.rules]\nevil = shlex\n")
    return root


def runs_in(root: Path, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=root, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


def step(number: int, root: Path, temp: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A step of the action, as the runner starts it."""
    script = temp / f"step{number}.sh"
    script.write_text(STEPS[number]["run"])
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
    return runs_in(root, command, RUNNER_TEMP=str(temp), GITHUB_ACTION_PATH=str(temp / "action"), **environment)


@pytest.mark.parametrize("on_path", ["", "."], ids=["", "PYTHONPATH"])
def test_the_last_step_of_the_action_runs_nothing_of_the_repository(hostile: Path, marker: Path, tmp_path: Path, on_path: str) -> None:
    """Also not a module or a package that is called like ours."""
    if not Path(sys.prefix, "bin/python").exists():
        pytest.skip("not in a virtual environment")
    temp = tmp_path / "temp"
    temp.mkdir()
    (temp / "asynclint").symlink_to(sys.prefix)
    (hostile / "asynclint.py").write_text(BOMB.format(marker=str(marker)))
    (hostile / "asynclint").mkdir()
    for name in ("__init__.py", "__main__.py", "cli.py"):
        (hostile / "asynclint" / name).write_text(BOMB.format(marker=str(marker)))
    (hostile / "my file.py").write_text(PROGRAM)

    done = step(1, hostile, temp, ARGS="--select 'ASL101'", SRC="app.py 'my file.py'", PYTHONPATH=on_path)

    assert not marker.exists(), done.stderr
    assert (done.returncode, done.stderr) == (1, "")
    shown = [line.partition("file=")[2].partition(",")[0] for line in done.stdout.splitlines()]
    assert shown == ["app.py", "my file.py"]


def test_the_first_step_of_the_action_looks_at_nothing_of_the_repository(hostile: Path, marker: Path, tmp_path: Path) -> None:
    """A stand-in for Python notes how it is called; the version is found out by the real one."""
    temp, log, bin_ = tmp_path / "temp", tmp_path / "log", tmp_path / "bin"
    temp.mkdir()
    bin_.mkdir()
    stand_in = bin_ / "python"
    stand_in.write_text(
        f"""#!/bin/sh
echo "$PWD|$*" >> '{log}'
case "$*" in
    *venv*) for last in "$@"; do :; done; mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;;
    *pip*) ;;
    *) exec '{sys.executable}' "$@" ;;
esac
"""
    )
    stand_in.chmod(0o755)

    done = step(0, hostile, temp, VERSION="", PATH=f"{bin_}:{os.environ['PATH']}")

    assert (done.returncode, done.stderr) == (0, "")
    assert not marker.exists()
    calls = [line.split("|", 1) for line in log.read_text().splitlines()]
    assert [next(word for word in ("venv", "pip", "version_info") if word in call) for _, call in calls] == ["version_info", "venv", "pip"]
    assert all(call.startswith("-I ") for _, call in calls)
    assert {os.path.realpath(folder) for folder, _ in calls} == {os.path.realpath(temp)}


def test_python_m_forgets_the_working_directory(hostile: Path, marker: Path) -> None:
    """Before it imports anything; that Python itself finds asynclint elsewhere is another matter, see docs/security.md."""
    done = runs_in(hostile, [sys.executable, "-m", "asynclint", "--output-format=concise", "--show-fixes", "--diff", "."])
    assert not marker.exists(), done.stderr
    assert done.returncode == 1
    assert "+    await asyncio.sleep(1)" in done.stdout
    assert "ASL" in runs_in(hostile, [sys.executable, "-m", "asynclint", "rule", "ASL101"]).stdout
    assert not marker.exists()


@pytest.mark.parametrize("safe", [(), ("-P",)], ids=["", "safe path"])
def test_python_m_keeps_what_the_user_has_put_on_the_path(hostile: Path, safe: tuple[str, ...]) -> None:
    """Only the entry that `-m` made goes away; where there is none, as with -P or PYTHONSAFEPATH, none does."""
    if safe and sys.version_info < (3, 11):
        pytest.skip("Python 3.10 has no -P")
    for name in MODULES:
        (hostile / f"{name}.py").unlink()
    (hostile / "team.py").write_text("raise SystemError('the plugin runs')\n")
    (hostile / "pyproject.toml").write_text("[tool.asynclint]\nplugins = ['team']\n")
    command = [sys.executable, *safe, "-m", "asynclint", "app.py"]
    assert "No module named 'team'" in runs_in(hostile, command).stderr
    assert "the plugin runs" in runs_in(hostile, command, PYTHONPATH=str(hostile)).stderr


def test_our_own_processes_forget_the_working_directory(hostile: Path, marker: Path) -> None:
    """The language server's and those of --watch: Python 3.13 imports `linecache` before it runs what `-c` says."""
    done = runs_in(hostile, python_process.python("import sys, shlex, asynclint, tomli; print(sys.argv[1:])", "a b", "c"))
    assert not marker.exists(), done.stderr
    assert (done.stdout, done.stderr) == ("['a b', 'c']\n", "")


def test_every_process_is_started_by_way_of_that() -> None:
    """Nobody writes the command line of a Python process himself."""
    files = [*(ROOT / "asynclint").rglob("*.py")]
    assert [file.name for file in files if "sys.executable" in file.read_text(encoding="utf-8")] == ["python_process.py"]


# -- git


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.email=a@example.org", "-c", "user.name=a")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def asynclint(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return runs_in(root, [sys.executable, "-m", "asynclint", "--no-cache", "--output-format=concise", *arguments], **environment)


@pytest.fixture
def outer(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("no git")
    root = tmp_path / "outer"
    root.mkdir()
    git(root, "init", "-q")
    (root / "a.py").write_text(PROGRAM)
    git(root, "add", "a.py")
    git(root, "commit", "-qm", "1")
    return root


@pytest.fixture
def embedded(outer: Path, marker: Path) -> Path:
    """A folder of a repository that is itself a bare repository, with a configuration that runs commands."""
    inner = outer / "inner"
    inner.mkdir()
    git(inner, "init", "-q", "--bare", ".")
    (inner / "b.py").write_text(PROGRAM)
    (inner / ".gitattributes").write_text("*.py filter=x diff=x\n")
    for key, value in {"core.bare": "false", "core.worktree": str(inner), "user.email": "a@example.org", "user.name": "a"}.items():
        git(inner, "--git-dir=.", "config", key, value)
    git(inner, "--git-dir=.", "--work-tree=.", "add", "b.py", ".gitattributes")
    git(inner, "--git-dir=.", "--work-tree=.", "commit", "-qm", "1")
    keys = (
        "filter.x.clean",
        "filter.x.smudge",
        "core.fsmonitor",
        "diff.external",
        "diff.x.command",
        "diff.x.textconv",
        "core.pager",
        "core.sshCommand",
    )
    for key in keys:
        git(inner, "--git-dir=.", "config", key, f"touch {marker}; cat")
    (inner / "pyproject.toml").write_text("[tool.asynclint]\n")
    (inner / "sub").mkdir()
    (inner / "sub/pyproject.toml").write_text("[tool.asynclint]\n")
    for path in (inner / "b.py", inner / "sub/c.py"):
        path.write_text(f"{PROGRAM}# changed\n")
    return inner


@pytest.mark.parametrize("path", ["inner", "inner/sub", "inner/b.py"])
def test_a_repository_among_the_files_is_not_used(outer: Path, embedded: Path, marker: Path, path: str) -> None:
    done = asynclint(outer, "--since", "HEAD", path)
    assert not marker.exists()
    assert done.returncode == 2
    assert done.stderr == f"error: --since: `{embedded}` is a bare repository, whose configuration may run programs; name files of a working tree\n"


def test_a_repository_that_lies_in_two_places_is_not_used(outer: Path, embedded: Path, marker: Path) -> None:
    """`commondir` says where objects, references and configuration are."""
    other = outer / "other"
    other.mkdir()
    shutil.copy(embedded / "HEAD", other)
    shutil.copy(embedded / "b.py", other)
    (other / "pyproject.toml").write_text("[tool.asynclint]\n")
    (other / "commondir").write_text("../inner\n")
    done = asynclint(outer, "--since", "HEAD", "other")
    assert done.returncode == 2
    assert "is a bare repository" in done.stderr
    assert not marker.exists()


def test_around_a_repository_among_the_files_git_is_asked(outer: Path, embedded: Path, marker: Path) -> None:
    (outer / "a.py").write_text(f"{PROGRAM}\n\nasync def more():\n    time.sleep(2)\n")
    done = asynclint(outer, "--since", "HEAD", "a.py")
    assert not marker.exists()
    assert [line.partition(" ")[0] for line in done.stdout.splitlines() if "ASL" in line] == ["a.py:9:5:"]


@pytest.mark.parametrize("key", ["core.fsmonitor", "core.hooksPath", "diff.external", "core.pager"])
def test_a_clone_that_is_configured_to_run_programs_runs_none_for_it(outer: Path, marker: Path, tmp_path: Path, key: str) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "fsmonitor-watchman", "post-checkout", "run"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {marker}\n")
        (hooks / name).chmod(0o755)
    git(outer, "config", key, str(hooks if key == "core.hooksPath" else hooks / "run"))
    (outer / "a.py").write_text(f"{PROGRAM}# changed\n")
    assert asynclint(outer, "--since", "HEAD", ".").returncode == 0
    assert not marker.exists()


@pytest.mark.parametrize("place", ["", "."])
def test_git_is_not_looked_for_in_the_working_directory(outer: Path, marker: Path, place: str) -> None:
    (outer / "git").write_text(f"#!/bin/sh\ntouch {marker}\n")
    (outer / "git").chmod(0o755)
    assert asynclint(outer, "--since", "HEAD", ".", PATH=f"{place}:{os.environ['PATH']}").returncode == 0
    assert not marker.exists()
