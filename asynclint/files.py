"""Discovery: from the paths that the user gave to the files to lint."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from asynclint.config import Settings
from asynclint.model import Problem
from asynclint.patterns import any_exact, glob_below
from asynclint.reading import CONFIGURATION_LIMIT, read_regular
from asynclint.record import record
from asynclint.source import NOTEBOOK

if TYPE_CHECKING:
    from asynclint.gitignore import GitIgnore


@record(frozen=True, slots=True)
class SourceFile:
    """A file to lint: its path as shown (as the user gave it, `/` between parts), its absolute path, and what the file system says of it."""

    path: str
    absolute: str
    size: int
    mtime_ns: int
    ctime_ns: int = 0
    inode: int = 0

    @property
    def state(self) -> tuple[int, int, int, int]:
        """What is another where the content is: size, times of change (of the content, which anybody can set, and of anything) and inode."""
        return self.size, self.mtime_ns, self.ctime_ns, self.inode

    def is_still(self, status: os.stat_result) -> bool:
        """Whether the file system says the same of the file now; of files in a folder Windows tells no inode."""
        now = state_of(status)
        return now == self.state or (not self.inode and now[:3] == self.state[:3])


def state_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """`SourceFile.state` of a file of which the file system says this. On Windows the third is when it was made."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def discover(paths: Iterable[str], settings: Settings) -> tuple[list[SourceFile], list[Problem]]:
    """The files to lint under `paths`, sorted, each once; and one problem for everything that cannot be linted.

    Directories are searched for `*.py` and `*.ipynb`; files that are named are taken whatever their suffix, unless `force-exclude` says otherwise.
    """
    named = sorted({_shown(path) for path in paths})
    search = _Search(settings)
    for path in named:
        search.add(path)
    if not search.found and not search.problems and not search.passed_over:
        search.problems = [Problem(path, 0, 0, "no Python files found") for path in named]
    return sorted(search.found.values(), key=lambda file: file.path), sorted(search.problems)


def surroundings(paths: Sequence[str], given: Iterable[SourceFile], settings: Settings) -> list[SourceFile]:
    """The files of the project beside the `given` ones, sorted, where one of the `paths` is a file or a part of a package, which is not judged
    without the rest; else, and outside of projects, none. What cannot be linted is passed over.
    """
    if not settings.is_project or not any(map(_is_part, paths)):
        return []
    search = _Search(settings)
    search.walk(_shown(settings.root if all(map(os.path.isabs, paths)) else os.path.relpath(settings.root)))
    known = {os.path.realpath(file.absolute) for file in given}
    return sorted((file for real, file in search.found.items() if real not in known), key=lambda file: file.path)


def _is_part(path: str) -> bool:
    return not os.path.isdir(path) or os.path.isfile(os.path.join(os.path.dirname(os.path.abspath(path)), "__init__.py"))


def is_excluded(path: str, settings: Settings, *, is_directory: bool = False) -> bool:
    """Whether the path, or a directory that it lies in, is excluded by a pattern; `.gitignore` files are not asked."""
    relative = settings.relative(path) + ("/" if is_directory else "")
    return any(glob_below(pattern).match(relative) for pattern in (*settings.exclude, *settings.extend_exclude))


class _Search:
    """One search. `found` maps a path with its links resolved to the file; `passed_over`: a path that the user named was excluded."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.found: dict[str, SourceFile] = {}
        self.problems: list[Problem] = []
        self.passed_over = False
        patterns = (*settings.exclude, *settings.extend_exclude)
        self._only_names = all("/" not in pattern.rstrip("/") for pattern in patterns)
        self._excluded_names: dict[str, bool] = {}

    def is_excluded(self, path: str, name: str) -> bool:
        """Whether a path, relative to the root and ending with `/` for a directory, is excluded; `name` is its last part. Most names occur often."""
        if not self._only_names:
            return self.excluded.match(path) is not None
        known = self._excluded_names.get(name)
        if known is None:
            known = self._excluded_names[name] = self.excluded.match(name) is not None
        return known

    @cached_property
    def excluded(self) -> re.Pattern[str]:
        """What matches an excluded path; made when a directory is searched."""
        return any_exact((*self.settings.exclude, *self.settings.extend_exclude))

    def add(self, path: str) -> None:
        """Search a path that the user named."""
        try:
            status = os.stat(path)
        except OSError as error:
            self.problem(path, _reason(error))
            return
        is_directory = stat.S_ISDIR(status.st_mode)
        if self.settings.force_exclude and is_excluded(path, self.settings, is_directory=is_directory):
            self.passed_over = True
        elif is_directory:
            self.walk(path)
        else:
            self.take(path, os.path.abspath(path), os.path.realpath(path), status)

    def walk(self, top: str) -> None:
        """Search a directory, following no links to directories."""
        absolute = os.path.abspath(top)
        real = os.path.realpath(top)
        shown_from = "" if top == "." else top.rstrip("/") + "/"
        relative_from = "" if absolute == self.settings.root else self.settings.relative(absolute) + "/"
        respect = self.settings.respect_gitignore
        pending = [("", absolute, self.ignores_above(absolute) if respect else ())]
        while pending:
            below, directory, ignores = pending.pop()
            try:
                with os.scandir(directory) as entries:
                    listing = list(entries)
            except OSError as error:
                self.problem((shown_from + below).rstrip("/") or top, _reason(error))
                continue
            if respect and any(entry.name == ".gitignore" for entry in listing):
                ignores += self.ignores_of(directory, shown_from + below)
            empty = True
            for entry in listing:
                is_directory = entry.is_dir(follow_symlinks=False)
                if not is_directory and not entry.name.endswith(_SUFFIXES):
                    continue
                path = below + entry.name
                name = entry.name + "/" if is_directory else entry.name
                if self.is_excluded(relative_from + below + name, name) or (ignores and _is_ignored(ignores, entry.path, is_directory)):
                    continue
                empty = False
                if is_directory:
                    pending.append((path + "/", entry.path, ignores))
                else:
                    self.take_entry(shown_from + path, entry, real + entry.path[len(absolute) :])
            if empty and directory.endswith(".py"):
                self.problem((shown_from + below).rstrip("/"), "is a directory, not a Python file")

    def take_entry(self, path: str, entry: os.DirEntry[str], real: str) -> None:
        try:
            status = entry.stat()
        except OSError as error:
            self.problem(path, _reason(error))
            return
        if not entry.is_symlink():
            self.take(path, entry.path, real, status)
        elif not stat.S_ISDIR(status.st_mode):
            self.take(path, entry.path, os.path.realpath(entry.path), status)

    def take(self, path: str, absolute: str, real: str, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            self.problem(path, f"is {_KINDS.get(stat.S_IFMT(status.st_mode), 'a special file')}, not a regular file")
        elif status.st_size > self.settings.max_file_size and not path.endswith(NOTEBOOK):  # most of which is what its cells have printed
            self.problem(path, f"has {status.st_size} bytes, more than the {self.settings.max_file_size} of `max-file-size`")
        else:
            file = SourceFile(path, absolute, *state_of(status))
            known = self.found.setdefault(real, file)
            if (absolute != real, path) < (known.absolute != real, known.path):  # of several names, not a link if possible
                self.found[real] = file

    def ignores_above(self, directory: str) -> Ignores:
        """The `.gitignore` files above `directory`, which the user named, in its repository; none if they ignore it."""
        *folders, top = (directory, *_parents_in_repository(directory))
        ignores: Ignores = ()
        while folders:
            ignores += self.ignores_of(top, os.path.join(top, ""))
            top = folders.pop()
            if _is_ignored(ignores, top, is_directory=True):
                return ()
        return ignores

    def ignores_of(self, directory: str, shown: str) -> Ignores:
        """The `.gitignore` file of a directory, which is `shown` as this; one that cannot be read is a problem."""
        try:
            data = read_regular(os.path.join(directory, ".gitignore"), CONFIGURATION_LIMIT)
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            self.problem(f"{shown}.gitignore", f"cannot be read: {_reason(error)}; remove it, or use --no-respect-gitignore")
            return ()
        from asynclint.gitignore import GitIgnore

        return ((os.path.join(directory, ""), GitIgnore(data)),)

    def problem(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, 0, 0, message))


_SUFFIXES = (".py", NOTEBOOK)
_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def _shown(path: str) -> str:
    return os.path.normpath(path).replace(os.sep, "/")


def _reason(error: OSError) -> str:
    """What went wrong, in the words of the operating system, without a capital letter."""
    if error.errno == errno.ELOOP:
        return "is a symbolic link that leads to itself"
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]


# ---------------------------------------------------------------------------------------------------------- .gitignore

# The `.gitignore` files that hold for a directory, outermost first: the directory of each (ending with a separator) and what it says.
Ignores = tuple[tuple[str, "GitIgnore"], ...]


def _parents_in_repository(directory: str) -> list[str]:
    """The parents of `directory` up to the root of its repository, innermost first; none without a repository."""
    parents = []
    while not os.path.exists(os.path.join(directory, ".git")):
        if os.path.dirname(directory) == directory:
            return []
        directory = os.path.dirname(directory)
        parents.append(directory)
    return parents


def _is_ignored(ignores: Ignores, path: str, is_directory: bool) -> bool:
    """Whether git ignores the path, whose folders it does not ignore: the innermost file that says something decides."""
    for base, patterns in reversed(ignores):
        verdict = patterns.verdict(os.fsencode(path[len(base) :].replace(os.sep, "/")), is_directory)
        if verdict is not None:
            return verdict
    return False
