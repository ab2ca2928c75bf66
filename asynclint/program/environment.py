"""Files of modules outside the project: the packages of an environment, and the standard library's stubs. Each is read when it is asked for."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from asynclint.index import extract
from asynclint.reading import read_regular, read_text
from asynclint.source import Source, SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asynclint.index.module import ModuleFacts

LARGEST = 2 * 1024 * 1024  # bytes of a file that is read; larger ones are tables made by programs
_SHIPS_STUBS = "typeshed_client"
_OLDEST = (3, 10)  # the first Python whose standard library is meant


class Environment:
    """The modules that a program may import from outside, by dotted name. A module's file is "" where it is a folder without `__init__`."""

    def __init__(self, folders: Sequence[str] = (), stubs: str | None = None) -> None:
        """`folders` hold installed packages; `stubs` is typeshed's folder of the standard library, found by itself where it is None."""
        self.folders = tuple(folders)
        self._stubs = stubs
        self._located: dict[str, str | None] = {}
        self._stub_files: dict[str, str | None] = {}
        self._versions: dict[str, bool] | None = None

    def locate(self, module: str) -> str | None:
        """The file of an installed module: its source, or its stub where the source is compiled; None where there is none."""
        if module not in self._located:
            top, _, rest = module.partition(".")
            found = None
            if self.folders and top not in sys.stdlib_module_names:
                found = next((file for folder in self.folders if (file := _file_in(folder, top, rest)) is not None), None)
            self._located[module] = found
        return self._located[module]

    def stub(self, module: str) -> str | None:
        """The stub of a module of the standard library, or None."""
        if module not in self._stub_files:
            self._stub_files[module] = self._stub(module)
        return self._stub_files[module]

    def _stub(self, module: str) -> str | None:
        if self._stubs is None:
            self._stubs = _stubs_folder()
        if self._versions is None:
            self._versions = _versions(os.path.join(self._stubs, "VERSIONS")) if self._stubs else {}
        name = module
        while name and name not in self._versions:
            name = name.rpartition(".")[0]
        stem = f"{self._stubs}/{module.replace('.', '/')}"
        return _existing(f"{stem}.pyi", f"{stem}/__init__.pyi") if name and self._versions[name] else None


def facts_of_file(path: str) -> ModuleFacts | None:
    """What the index knows of the file of a library; None where it cannot be read."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return _facts(path, (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)) if stat.st_size <= LARGEST else None


@lru_cache(maxsize=4096)  # of one run; the same file is asked for again after each round of fixes
def _facts(path: str, _state: tuple[int, int, int, int]) -> ModuleFacts | None:
    try:
        return extract(Source.from_bytes(path, read_regular(path, LARGEST)).tree())
    except (OSError, SourceError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _file_in(folder: str, top: str, rest: str) -> str | None:
    tail = f"/{rest.replace('.', '/')}" if rest else ""
    stem, stubs = f"{folder}/{top}{tail}", f"{folder}/{top}-stubs{tail}"
    file = _existing(f"{stem}/__init__.py", f"{stem}.py", f"{stubs}/__init__.pyi", f"{stubs}.pyi", f"{stem}/__init__.pyi", f"{stem}.pyi")
    return "" if file is None and os.path.isdir(stem) else file


def _existing(*paths: str) -> str | None:
    return next((path for path in paths if os.path.isfile(path)), None)


def _stubs_folder() -> str:
    """The folder of typeshed's stubs in the package that ships them; the package itself is not imported. "" where it is not installed."""
    spec = find_spec(_SHIPS_STUBS)
    return os.path.join(next(iter(spec.submodule_search_locations)), "typeshed") if spec and spec.submodule_search_locations else ""


def _versions(path: str) -> dict[str, bool]:
    """The modules that typeshed's `VERSIONS` lists, and whether a supported Python has them: `name: 3.0-3.11`, the end open or included."""
    found: dict[str, bool] = {}
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError):
        return found
    for line in lines:
        name, sign, versions = line.partition("#")[0].partition(":")
        last = versions.strip().partition("-")[2]
        if sign:
            found[name.strip()] = not last or tuple(map(int, last.split("."))) >= _OLDEST
    return found
