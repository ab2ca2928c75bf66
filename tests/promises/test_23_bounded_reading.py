"""Promise 23: reading is bounded, whatever file it is: a plain message that names the file, exit code 2, and nothing of other files is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from asynclint.gitignore import GitIgnore
from asynclint.patterns import any_exact, glob_below
from asynclint.reading import CONFIGURATION_LIMIT

SLEEPS = "import time\nasync def f():\n    time.sleep(1)\n"
FOUND = "good.py:3:5: ASL101"
NAMES = ("pyproject.toml", "asynclint.toml", ".asynclint.toml")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs pipes and devices in the file system")


class Project:
    """A folder with a file that has a finding."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("good.py", SLEEPS)

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8", newline="")

    def plant(self, path: str, kind: str) -> None:
        """Put what must not be read in the place of a file."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        if kind == "fifo":
            os.mkfifo(self.folder / path)
        elif kind == "device":
            (self.folder / path).symlink_to("/dev/zero")
        else:
            with open(self.folder / path, "wb") as file:
                file.truncate(300 * CONFIGURATION_LIMIT)

    def check(self, *arguments: str, **options: object) -> tuple[int, str]:
        """Exit code, and what is written to both streams."""
        command = [sys.executable, "-m", "asynclint", "--no-cache", "--output-format", "concise", *(arguments or (".",))]
        ran = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
        return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.mark.parametrize("kind", ["fifo", "device", "sparse"])
@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_that_cannot_be_read_is_told(project: Project, name: str, kind: str) -> None:
    project.plant(name, kind)
    code, told = project.check()
    assert (code, told.count("\n")) == (2, 1)
    assert f"{name}: cannot be read: " in told


def test_so_is_one_that_only_says_which_python_is_meant(project: Project) -> None:
    project.plant("pyproject.toml", "device")
    code, told = project.check("--isolated", ".")
    assert code == 2 and "pyproject.toml: `requires-python` cannot be read: not a regular file" in told
    code, told = project.check("--isolated", "--target-version", "3.11", ".")
    assert code == 1 and FOUND in told


@pytest.mark.parametrize("kind", ["fifo", "device", "sparse"])
def test_a_baseline_that_cannot_be_read_is_told(project: Project, kind: str) -> None:
    project.write("pyproject.toml", "")
    project.plant(".asynclint-baseline.json", kind)
    code, told = project.check()
    assert (code, told.count("\n")) == (2, 1)
    assert ".asynclint-baseline.json: cannot be read: " in told


@pytest.mark.parametrize("kind", ["fifo", "device", "sparse"])
@pytest.mark.parametrize("place", ["", "below/"])
def test_an_ignore_file_is_never_passed_over_in_silence(project: Project, place: str, kind: str) -> None:
    (project.folder / ".git").mkdir()
    project.plant(f"{place}.gitignore", kind)
    code, told = project.check()
    assert code == 2 and FOUND in told
    assert f"{place}.gitignore: error: cannot be read: " in told


@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_neither_is_one_above_of_what_is_linted(project: Project, kind: str) -> None:
    (project.folder / ".git").mkdir()
    project.plant(".gitignore", kind)
    project.write("below/b.py", SLEEPS)
    code, told = project.check("below")
    assert code == 2 and "below/b.py:3:5: ASL101" in told and ".gitignore: error: cannot be read: not a regular file" in told


@pytest.mark.parametrize("kind", ["fifo", "device", "sparse"])
@pytest.mark.parametrize("name", ["b.py", "b.ipynb"])
def test_a_source_that_cannot_be_read_hides_no_other(project: Project, name: str, kind: str) -> None:
    project.plant(name, kind)
    code, told = project.check()
    assert code == 2 and FOUND in told and f"{name}: error: " in told


def test_a_library_that_cannot_be_read_is_unknown(project: Project) -> None:
    packages = ".venv/lib/python3.11/site-packages"
    project.write("pyproject.toml", "")
    project.write(".venv/pyvenv.cfg", "version = 3.11.0\n")
    project.plant(f"{packages}/one.py", "device")
    project.plant(f"{packages}/two/__init__.py", "fifo")
    project.plant(f"{packages}/two-1.dist-info/entry_points.txt", "fifo")
    project.write("b.py", "import one, two\nasync def g():\n    one.run()\n    two.run()\n")
    code, told = project.check()
    assert code == 1 and FOUND in told


def test_a_stray_that_is_a_link_is_not_followed(project: Project) -> None:
    project.plant(".asynclint-999999-ab.good.py.new", "device")
    project.write(".asynclint-999999-ab.good.py.old", "x")
    assert project.check("--fix", ".")[0] == 0
    assert "await asyncio.sleep(1)" in (project.folder / "good.py").read_text()


# -- what a file says


@pytest.mark.parametrize(
    "text",
    [
        "select = " + "[" * 500 + "]" * 500,
        "select = " + "[" * 100_000,
        "select = " + "{a = " * 5_000 + "1" + "}" * 5_000,
        "a." * 100_000 + "b = 1",
        "jobs = " + "9" * 5_000,
        "jobs = " + "9" * 4_000,
        "jobs = 0x" + "f" * 6_000,
        "timeout = " + "9" * 4_000,
        "timeout = inf",
        "select = 0x" + "f" * 6_000,
    ],
    ids=["deep", "deeper", "tables", "dotted", "digits", "large", "hex", "seconds", "inf", "wrong type"],
)
def test_a_configuration_without_measure_is_an_error(project: Project, text: str) -> None:
    project.write("asynclint.toml", text)
    code, told = project.check()
    assert (code, told.count("\n")) == (2, 1)
    assert "asynclint.toml: " in told and "crashed" not in told and len(told) < 500


@pytest.mark.parametrize("text", ['{"version": ' + "9" * 5_000 + "}", '{"a": ' * 100_000, "[" * 100_000, "9" * 5_000])
def test_a_baseline_without_measure_is_an_error(project: Project, text: str) -> None:
    project.write("pyproject.toml", "")
    project.write(".asynclint-baseline.json", text)
    code, told = project.check()
    assert (code, told.count("\n")) == (2, 1)
    assert ".asynclint-baseline.json: is no baseline: " in told


def test_a_python_version_without_measure_is_none(project: Project) -> None:
    project.write("pyproject.toml", f'[project]\nrequires-python = ">=3.{"9" * 5_000}"\n')
    code, told = project.check()
    assert code == 1 and FOUND in told


def test_standard_input_has_an_end(project: Project) -> None:
    with open("/dev/zero", "rb") as endless:
        command = [sys.executable, "-m", "asynclint", "--isolated", "-"]
        ran = subprocess.run(command, cwd=project.folder, stdin=endless, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (2, "error: standard input has more than 134,217,728 bytes\n")


# -- globs

DEEP = "/".join(["a" * 60] * 20) + f"/{'a' * 200}.py"
GLOBS = [
    "*a" * 12 + "*b",
    "?*" * 40 + "b",
    "*[a-z]" * 30 + "!",
    "**/" * 20 + "zzz",
    "**/*a*/" * 20 + "z",
    "*" * 3_000 + "b",
    "/".join(["*a*a*"] * 40),
]


@pytest.mark.parametrize("glob", GLOBS)
@pytest.mark.parametrize("match", [lambda glob: glob_below(glob).match(DEEP), lambda glob: any_exact([glob, glob]).match(DEEP)])
def test_globs_of_a_configuration_take_linear_time(glob: str, match: Callable[[str], object], in_time: Callable[[], None]) -> None:
    assert match(glob) is None
    in_time()


@pytest.mark.parametrize("glob", GLOBS)
def test_globs_of_git_take_linear_time(glob: str, in_time: Callable[[], None]) -> None:
    assert GitIgnore(glob.encode()).verdict(DEEP.encode(), False) is None
    in_time()


@pytest.fixture
def in_time() -> Callable[[], None]:
    """Fails where the process has worked for more than a second since the test began."""
    began = os.times()

    def check() -> None:
        now = os.times()
        assert now.user + now.system - began.user - began.system < 1

    return check


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*a*b", ["ab", "aab", "xaybab"], ["ba", "abc", "a"]),
        ("a*/b*c*/d", ["ax/bcc/d", "a/bc/d"], ["a/b/d", "a/x/bc/d"]),
        ("**/a*a/**/b", ["aa/b", "x/aba/y/z/b"], ["a/b", "aa/c"]),
        ("a/**/b*/**/c", ["a/b/c", "a/x/bb/y/c"], ["a/c", "b/a/b/c"]),
    ],
)
def test_what_stands_between_wildcards_is_found(pattern: str, matching: list[str], others: list[str]) -> None:
    exact = any_exact([pattern, "[x&&y||z~~]"])
    assert [path for path in (*matching, *others) if exact.match(path)] == matching
    assert [path for path in (*matching, *others) if GitIgnore(f"/{pattern}".encode()).verdict(path.encode(), False)] == matching


_IGNORED = b"\n".join(
    [
        rb"# a comment",
        rb"*.py[co]",
        rb"!keep.pyc",
        rb"/top",
        rb"dir/",
        rb"a/**/z",
        rb"b**/c",
        rb"x[!a-c]x",
        rb"[[:upper:]]1",
        rb"[[:nope:]]2",
        rb"[]-]3",
        rb"[a-",
        rb"\#hash",
        rb"\!bang",
        rb"blank\ ",
        rb"trailing   ",
        rb"back\\slash",
        rb"mid/dle",
        rb"**/deep/*",
        rb"***/many",
        rb"?.txt",
        rb"f\*",
    ]
)
_PATHS = [
    *(
        "m.pyc",
        "keep.pyc",
        "top",
        "s/top",
        "dir",
        "dir/f",
        "s/dir/f",
        "a/z",
        "a/b/z",
        "a/b/c/z",
        "s/a/z",
        "bb/c",
        "b/x/c",
        "b/c",
        "xdx",
        "xax",
        "x/x",
    ),
    *("A1", "a1", "n2", "]3", "-3", "a3", "[a-", "a", "#hash", "!bang", "blank ", "blank", "trailing", "trailing   ", "back\\slash", "mid/dle"),
    *("s/mid/dle", "deep/f", "s/deep/f", "s/t/deep/f", "deep", "s/many", "many", "q.txt", "qq.txt", "\u00e9.txt", "f*", "fx"),
]


def test_a_gitignore_means_what_git_takes_it_for(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes(_IGNORED)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    asked = "\0".join(_PATHS).encode()
    command = ["git", "check-ignore", "--no-index", "-z", "--stdin", "-v", "-n"]
    answers = subprocess.run(command, cwd=tmp_path, input=asked, capture_output=True, check=True).stdout.split(b"\0")[:-1]
    git = {answers[n + 3].decode(): bool(answers[n]) and not answers[n + 2].startswith(b"!") for n in range(0, len(answers), 4)}
    patterns = GitIgnore(_IGNORED)

    def is_ignored(path: str) -> bool:
        parts = path.encode().split(b"/")
        return any(patterns.verdict(b"/".join(parts[:n]), n < len(parts)) for n in range(1, len(parts) + 1))

    assert {path: is_ignored(path) for path in _PATHS} == git
    assert 15 < sum(git.values()) < len(_PATHS) - 10


# -- streams and options of Python


def test_closed_standard_input_is_told(project: Project) -> None:
    ran = subprocess.run(["sh", "-c", f"exec {sys.executable} -m asynclint --no-cache - <&-"], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (2, "error: standard input is closed\n")


def test_a_working_directory_that_has_vanished_is_told(project: Project) -> None:
    (project.folder / "gone").mkdir()
    command = f"rmdir ../gone; exec {sys.executable} -I -m asynclint --no-cache ."
    ran = subprocess.run(["sh", "-c", command], cwd=project.folder / "gone", capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (2, "error: the working directory does not exist any more; change to one that does\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [["."], ["--output-format", "json", "."], ["-v", "."], ["--diff", "."], ["rule", "ASL101"], ["--help"]])
def test_what_can_be_written_nowhere_is_an_error(project: Project, arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "asynclint", *arguments]
        assert subprocess.run(command, cwd=project.folder, stdout=full, stderr=full, timeout=60).returncode == 2


@pytest.mark.parametrize("level", ["1", "2"])
def test_a_python_without_docstrings_checks_and_explains(project: Project, level: str) -> None:
    optimized = {**os.environ, "PYTHONOPTIMIZE": level}
    code, told = project.check(env=optimized)
    assert code == 1 and FOUND in told
    command = [sys.executable, "-m", "asynclint", "rule", "ASL101"]
    plain, stripped = (subprocess.run(command, capture_output=True, timeout=60, env=env).stdout for env in (dict(os.environ), optimized))
    assert plain == stripped and b"## Why is this bad?" in plain


# -- lines and numbers of sources


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa" + " " * 150_000 + "x",
        "# noqa: A1" + ", " * 70_000,
        "# asynclint: ignore[ASL999]" + " " * 150_000 + "x",
        "# asynclint: ignore[a" + " " * 150_000 + "x",
        "# x" + " " * 150_000 + "# asynclint: ignore[ASL999]" + " " * 150_000 + "#1 y",
    ],
)
def test_a_comment_takes_linear_time(project: Project, comment: str) -> None:
    project.write("b.py", f"import time\nasync def g():\n    time.sleep(1)  {comment}\n")
    code, told = project.check("--config", "timeout=10", ".")
    assert code in (1, 2) and FOUND in told and "took longer" not in told


def test_comment_lines_take_linear_time(project: Project) -> None:
    project.write("b.py", "# asynclint: file-ignore[ASL101]\n" + "#\n" * 40_000 + SLEEPS)
    code, told = project.check("--config", "timeout=20", ".")
    assert code == 1 and FOUND in told and "b.py" not in told


def test_numbers_of_thousands_of_digits(project: Project) -> None:
    number = "0x" + "f" * 10_000
    project.write("b.py", f"import time\nX = {number}\nasync def g(a={number}):\n    time.sleep({number})\n    open('x', buffering={number})\n")
    code, told = project.check()
    assert code == 1 and FOUND in told and "b.py:4:5: ASL101" in told
