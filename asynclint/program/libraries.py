"""Modules outside the project that were asked for, numbered after the project's own: so all that works on a module works on them.

Their stems are made up, of a mark and the dotted name: `<library>/requests/adapters`, `<stub>/shelve`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asynclint.index.module import ModuleFacts
from asynclint.program.environment import facts_of_file

if TYPE_CHECKING:
    from asynclint.program.environment import Environment

LIBRARY, STUB = "<library>", "<stub>"
EMPTY = ModuleFacts([("<module>", "", -1, -1, 0, (), (), None, (), (), {}, 1, 0, 1)], (), (), (), ())


class Libraries:
    """The modules of an environment, and the stubs of the standard library."""

    def __init__(self, environment: Environment, paths: list[str], stems: list[str], facts: dict[int, ModuleFacts]) -> None:
        """`paths`, `stems` and `facts` are those of the project's modules; each module that is asked for is appended to them."""
        self.first = len(paths)  # the number of the first module that is not of the project
        self.are_known = bool(environment.folders)
        self._environment = environment
        self._paths, self._stems, self._facts = paths, stems, facts
        self._numbers: dict[str, int] = {}

    def number(self, stem: str) -> int | None:
        """The number of the module with a stem; None where there is none, or where it cannot be read."""
        file = self._file(stem)
        if not file:
            return None
        number = self._numbers.get(stem)
        if number is None:
            number = self._numbers[stem] = len(self._paths)
            self._paths.append(_shown(file))
            self._stems.append(stem)
            self._facts[number] = facts_of_file(file) or EMPTY
        return number

    def exists(self, stem: str) -> bool:
        """Whether there is a module of that stem; it is not read."""
        return self._file(stem) is not None

    def holds(self, module: str) -> bool:
        """Whether a module, by dotted name, is one of an installed package."""
        return self._environment.locate(module) is not None

    def absolute(self, stem: str, module: str, level: int) -> str:
        """The dotted name of what `from ..module import` means in the module of a library."""
        name = name_of(stem)
        for _ in range(level - (os.path.basename(self._file(stem) or "").startswith("__init__.")) if level else 0):
            name = name.rpartition(".")[0]
        return (f"{name}.{module}" if module else name) if level else module

    def _file(self, stem: str) -> str | None:
        module = name_of(stem)
        return self._environment.locate(module) if stem.startswith(LIBRARY) else self._environment.stub(module)


def stem_of(mark: str, module: str) -> str:
    """The stem of a module outside the project."""
    return f"{mark}/{module.replace('.', '/')}"


def name_of(stem: str) -> str:
    """The dotted name of the module with such a stem."""
    return stem.partition("/")[2].replace("/", ".")


def is_outside(stem: str) -> bool:
    """Whether a stem is that of a module outside the project."""
    return stem.startswith("<")


def _shown(path: str) -> str:
    """A path as chains show it: relative where it lies below the working directory."""
    below = os.path.join(os.getcwd(), "")
    return path[len(below) :] if path.startswith(below) else path
