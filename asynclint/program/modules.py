"""Which file an import means: source roots, packages, namespace packages, several distributions in one tree."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from asynclint.source import NOTEBOOK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_INIT = "/__init__"


def stem_of(path: str) -> str:
    """An absolute path without suffix; that of a package's `__init__` is the package's folder. Nothing imports a notebook, which keeps its suffix."""
    if path.endswith(NOTEBOOK):
        return path
    stem = os.path.splitext(path)[0]
    return stem[: -len(_INIT)] if stem.endswith(_INIT) else stem


def _is_package(path: str) -> bool:
    return path.rpartition(".")[0].endswith(_INIT)


class Modules:
    """The files of the project by what they are called in imports.

    A *stem* is the absolute path of a module without its suffix, of a package its folder: so a stem is a module's identity whatever name an
    import gives it. A folder that is not itself a regular package may be a source root for what lies in it; the configuration's `src` folders
    always are. Absolute imports look for a root whose path is nearest to the importing file. Source of the rules: the import system's
    reference, and PEP 420 for packages without `__init__.py`. Of a package and a module of one name the import system finds the package; what it
    never finds has its whole path as stem.
    """

    def __init__(self, paths: Sequence[str], sources: Iterable[str] = ()) -> None:
        """Take absolute paths of files, `/` between their parts, and absolute paths of the configured source roots."""
        self.stems: dict[str, int] = {}
        self.folders: set[str] = set()
        self._packages: set[str] = set()
        self._sources = tuple(sources)
        self._found: dict[tuple[str, str], str | None] = {}
        for number, path in sorted(enumerate(paths), key=lambda each: not _is_package(each[1])):
            stem = stem_of(path)
            if stem in self.stems:  # nobody can import it
                stem = path
            elif _is_package(path):
                self._packages.add(stem)
            self.stems[stem] = number
        for path in paths:
            folder = os.path.dirname(path)
            while folder and folder not in self.folders and folder != "/":
                self.folders.add(folder)
                folder = os.path.dirname(folder)
        self._roots: dict[str, list[str]] = {}
        for stem in [*self.stems, *(self.folders - self.stems.keys())]:
            root, _, name = stem.rpartition("/")
            if root not in self._packages and name.isidentifier():
                self._roots.setdefault(name, []).append(root)

    def name_of(self, stem: str) -> str:
        """The dotted name of the module with a stem, for people: from its topmost package, or from a configured source root."""
        for source in self._sources:
            if stem.startswith(source + "/"):
                return stem[len(source) + 1 :].replace("/", ".")
        root = os.path.dirname(stem)
        while root in self._packages:
            root = os.path.dirname(root)
        return stem[len(root) + 1 :].replace("/", ".")

    def named(self, module: str) -> list[str]:
        """The stems of all modules and packages that imports may mean by a dotted name."""
        path = module.replace(".", "/")
        stems = [f"{root}/{path}" for root in self._roots.get(module.partition(".")[0], ())]
        return [stem for stem in stems if self.exists(stem)]

    def relative(self, stem: str, module: str, level: int) -> str | None:
        """The stem meant by `from ..module import` in the module `stem`, or None where the project has no such file."""
        folder = stem if stem in self._packages else os.path.dirname(stem)
        for _ in range(level - 1):
            folder = os.path.dirname(folder)
        found = f"{folder}/{module.replace('.', '/')}" if module else folder
        return found if self.exists(found) else None

    def absolute(self, stem: str, module: str) -> str | None:
        """The stem meant by `import module` in the module `stem`, or None where it lies outside the project."""
        top = module.partition(".")[0]
        key = (os.path.dirname(stem), module)
        if key not in self._found:
            found = None
            for root in self._candidates(key[0], top):
                candidate = f"{root}/{module.replace('.', '/')}"
                if self.exists(candidate):
                    found = candidate
                    break
            self._found[key] = found
        return self._found[key]

    def exists(self, stem: str) -> bool:
        """Whether the project has a module, package or namespace package of that stem."""
        return stem in self.stems or stem in self.folders

    def _candidates(self, folder: str, top: str) -> list[str]:
        """The roots that may hold the top-level name, best first."""
        roots = self._roots.get(top)
        if not roots:
            return []
        configured = [root for root in roots if root in self._sources]
        if top in sys.stdlib_module_names:
            return configured
        usable = [root for root in roots if f"{root}/{top}" in self._packages or (folder + "/").startswith(root + "/")]
        usable.sort(key=lambda root: (-len(os.path.commonpath((root or "/", folder))), len(root)))
        return configured + usable
