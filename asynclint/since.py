"""What changed since a git revision: the lines of tracked files that differ from it, and all of untracked files.

git is run in the working tree with fixed options, so that no configuration changes what its output looks like or makes it run another program. What
git itself takes for granted stays: the configuration of the user and of the clone (filters such as that of Git LFS). A repository that is part of the
files of another one brings a configuration of its own, and is not used.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache, cached_property
from typing import TYPE_CHECKING, TypeVar

from asynclint import pool
from asynclint.options import ConfigError
from asynclint.source import NOTEBOOK, Source, SourceError
from asynclint.source.notebook import Notebook

if TYPE_CHECKING:
    from asynclint.model import Finding

_CONFIGURATION = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.quotePath=true",
    "safe.bareRepository=explicit",
)
_SAFE = ("--no-pager", *(word for each in _CONFIGURATION for word in ("-c", each)))
T = TypeVar("T")
_SECONDS = 300.0  # of processor time for one file, which has been linted before
_EVERY_LINE = range(1, 1 << 31)
_EVERYTHING = (1, 1 << 31, 1 << 31)  # a function that is all header: what changed in its file may be why something is found
_DIFF = (
    *("diff", "--unified=0", "--inter-hunk-context=0", "--find-renames", "--irreversible-delete", "--text", "--no-color"),
    *("--ignore-submodules=all", "--no-ext-diff", "--no-textconv", "--no-relative", "--src-prefix=a/", "--dst-prefix=b/"),
)


class Changes:
    """The changes of the repository that holds `folder` since the revision `ref`; `ref...` means since the branch left it.

    Raises ConfigError where there is no git, no repository or no such revision.
    """

    def __init__(self, ref: str, folder: str) -> None:
        _check_not_embedded(folder)
        self._folder = folder
        self.top = os.path.realpath(os.fsdecode(self._asked("rev-parse", "--show-toplevel")).rstrip("\n"))
        self._folder = self.top
        self._lines = dict(_changed_lines(self._asked(*_DIFF, self._commit(ref), "--")))
        self._untracked = self._files("--others", "--exclude-standard")
        self._functions: dict[str, Sequence[tuple[int, int, int]]] = {}
        self._names: dict[str, str] = {}
        self._in_cells: dict[str, Sequence[int]] = {}

    def _commit(self, ref: str) -> str:
        name = ref.removesuffix("...")
        found = (
            _git(self._folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}") if name[:1] not in ("", "-") else None
        )
        if found is None or found.returncode:
            raise ConfigError(f"--since: `{ref}` is not a revision of {self.top}; a shallow clone may lack it")
        commit = found.stdout.decode("ascii").split()[-1]
        if name == ref:
            return commit
        base = _git(self._folder, "merge-base", commit, "HEAD")
        if base.returncode:
            raise ConfigError(f"--since: `{name}` and `HEAD` have no common ancestor")
        return base.stdout.decode("ascii").strip()

    def _asked(self, *arguments: str) -> bytes:
        done = _git(self._folder, *arguments)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip() or f"`git {arguments[0]}` failed"
            if "not a git repository" in said:
                said = f"`{self._folder}` is not in a git repository"
            raise ConfigError(f"--since: {said.splitlines()[0].removeprefix('fatal: ')}")
        return done.stdout

    def _files(self, *which: str) -> frozenset[str]:
        return frozenset(os.fsdecode(name) for name in self._asked("ls-files", "-z", *which).split(b"\0") if name)

    @cached_property
    def _tracked(self) -> frozenset[str]:
        return self._files("--cached")

    # -- questions

    def caused(self, finding: Finding) -> bool:
        """Whether a change may be why this is found: it, a step of its chain, or the header of the function that it stands in lies on a changed line.

        All of a file counts as changed that is new to git, or of which git knows nothing.
        """
        name = self._name(finding.path)
        if name in self._untracked or name not in self._tracked:
            return True
        changed = self._changed(finding.path)
        if changed:
            first, last = self._header(finding.path, finding.span.start.line)
            if _meets(changed, finding.span.start.line, finding.span.end.line) or _meets(changed, first, last):
                return True
        return any(self._touches(frame.path, frame.line) for frame in finding.chain)

    def _touches(self, path: str, line: int) -> bool:
        name = self._name(path)
        return name in self._untracked or _meets(self._changed(path), line, line)

    def _changed(self, path: str) -> Sequence[int]:
        """The changed lines of a file; of a notebook those of its text."""
        name = self._name(path)
        if path.endswith(NOTEBOOK) and name in self._lines and path not in self._in_cells:
            self._in_cells[path] = _guarded(lambda: list(_in_cells(path, set(self._lines[name]))), _EVERY_LINE)
        return self._in_cells.get(path, self._lines.get(name, []))

    def _name(self, path: str) -> str:
        """A path as git has it; a link is itself, not what it leads to."""
        if path not in self._names:
            folder, name = os.path.split(os.path.abspath(path))
            self._names[path] = os.path.relpath(os.path.join(os.path.realpath(folder), name), self.top).replace(os.sep, "/")
        return self._names[path]

    def _header(self, path: str, line: int) -> tuple[int, int]:
        """The lines of decorators and signature of the innermost function around a line; none where there is none."""
        if path not in self._functions:
            self._functions[path] = _guarded(lambda: list(_functions(path)), [_EVERYTHING])
        around = [(first, body - 1, first) for first, body, end in self._functions[path] if first <= line <= end]
        return max(around, key=lambda each: each[2])[:2] if around else (0, 0)


def _guarded(work: Callable[[], Sequence[T]], lost: Sequence[T]) -> Sequence[T]:
    """What another process finds in a file, and what is said of it where that process is lost with it."""
    try:
        return pool.alone(lambda _: work(), None, limit=_SECONDS)
    except pool.Failure:
        return lost


def _in_cells(path: str, changed: set[int]) -> Iterator[int]:
    """The lines of a notebook's text that stand on changed lines of the file."""
    with suppress(SourceError):
        notebook = Source.read(path)
        if isinstance(notebook, Notebook):
            yield from (line for line in range(1, len(notebook.line_starts) + 1) if notebook.place(line).file_line in changed)


def _functions(path: str) -> Iterator[tuple[int, int, int]]:
    """Of each function of a file its first line, the first line of its body and its last line."""
    try:
        tree = Source.read(path).tree()
    except (SourceError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            yield first, max(node.body[0].lineno, node.lineno + 1), node.end_lineno or node.lineno


def _meets(changed: Sequence[int], first: int, last: int) -> bool:
    """Whether one of the sorted lines lies in a range; none lies in (0, 0)."""
    at = bisect_left(changed, first)
    return at < len(changed) and changed[at] <= last


def _changed_lines(diff: bytes) -> Iterator[tuple[str, list[int]]]:
    """The new and changed lines of each file in a unified diff without context. Hunks are counted out: what they hold is not looked at."""
    lines = diff.split(b"\n")
    name = ""
    changed: list[int] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith(b"diff --git "):
            if changed:
                yield name, changed
            name, changed = "", []
        elif line.startswith(b"+++ "):
            name = _new_name(line[4:])
        elif line.startswith(b"@@ "):
            _, removed, added, *_ = line.split(b" ")
            first, number = _range(added)
            changed += range(first, first + number)
            skipped = _range(removed)[1] + number
            while skipped:
                skipped -= not lines[at].startswith(b"\\")  # `\ No newline at end of file`
                at += 1
    if changed:
        yield name, changed


def _range(text: bytes) -> tuple[int, int]:
    """`+12,3` as (12, 3); without a number of lines it is one."""
    first, _, number = text[1:].partition(b",")
    return int(first), int(number or 1)


def _new_name(text: bytes) -> str:
    """A path of a `+++` line: quoted as in C where it holds what is not plain, and followed by a tab where it holds a blank."""
    if text.startswith(b'"'):
        text = text.rstrip(b"\t")[1:-1].decode("unicode_escape").encode("latin-1")
    return os.fsdecode(text.rstrip(b"\t").removeprefix(b"b/"))


def _git(folder: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    if not os.path.isdir(folder):
        raise ConfigError(f"--since: `{folder}` is not in a git repository")
    git = _program(os.environ.get("PATH", os.defpath))
    if not git:
        raise ConfigError("--since: git is not installed")
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        return subprocess.run([git, *_SAFE, *arguments], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    except OSError as error:
        raise ConfigError(f"--since: git cannot be run: {error.strerror or error}") from error


@cache
def _program(path: str) -> str:
    """Where git is; "" where it is not. Relative places are passed over, and so is the working directory, where Windows looks first: the linted
    project could fill them.
    """
    name = "git.exe" if sys.platform == "win32" else "git"
    places = (os.path.join(place, name) for place in path.split(os.pathsep) if os.path.isabs(place))
    return next((place for place in places if os.path.isfile(place) and os.access(place, os.X_OK)), "")


def _check_not_embedded(folder: str) -> None:
    """Raise ConfigError where git would take a folder among the files of a repository for a repository: git before 2.38 does, whatever it is told."""
    place = os.path.realpath(folder)
    while True:
        if _looks_bare(place):
            raise ConfigError(f"--since: `{place}` is a bare repository, whose configuration may run programs; name files of a working tree")
        if os.path.lexists(os.path.join(place, ".git")) or os.path.dirname(place) == place:
            return
        place = os.path.dirname(place)


def _looks_bare(folder: str) -> bool:
    head, common, objects, refs = (os.path.lexists(os.path.join(folder, name)) for name in ("HEAD", "commondir", "objects", "refs"))
    return head and (common or (objects and refs))
