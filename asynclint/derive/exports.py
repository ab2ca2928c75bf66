"""The public names of a distribution: which functions and classes its users reach by which dotted paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.derive.distributions import VENDORED
from asynclint.program.values import ClassValue, FunctionValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asynclint.program import Program
    from asynclint.program.values import Value


class Exports:
    """The spellings of what a distribution defines. The shortest is the one that summaries use."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._count = len(program.paths)
        self._names = [program.module_name(n) for n in range(self._count)]
        self.spellings: dict[FunctionValue | ClassValue, list[str]] = {}
        for module in range(self._count):
            if self._is_public(self._names[module]):
                for name in sorted(self._bound(module, frozenset())):
                    self._add(module, name)
        for paths in self.spellings.values():
            paths.sort(key=lambda path: (path.count("."), len(path), path))

    def is_own(self, value: Value) -> bool:
        """Whether a value is a function or class of the distribution."""
        return isinstance(value, (FunctionValue, ClassValue)) and value.module < self._count

    def path(self, value: FunctionValue | ClassValue) -> str:
        """The path of a function or class: as users write it, else where it is defined; "" where nobody may name it."""
        spellings = self.spellings.get(_plain(value))
        if spellings:
            return spellings[0]
        name = self._names[value.module]
        facts = self._program.facts(value.module)
        row = facts.classes[value.number] if isinstance(value, ClassValue) else facts.functions[value.number]
        if "<" in row.qualname or any(part.startswith("_") for part in row.qualname.split(".")) or not VENDORED.isdisjoint(name.split(".")):
            return ""
        return f"{name}.{row.qualname}" if row.parent <= 0 else ""

    @staticmethod
    def _is_public(module: str) -> bool:
        parts = module.split(".")
        return not any(part.startswith("_") for part in parts) and VENDORED.isdisjoint(parts)

    def _bound(self, module: int, seen: frozenset[int]) -> Iterator[str]:
        """The public names that a module binds, those of star imports included."""
        facts = self._program.facts(module)
        yield from (name for name in facts.functions[0].bindings if not name.startswith("_"))
        for star, level in facts.stars:
            stem = self._program.resolver.stem_of_import(("import", star, "", level), module)
            number = self._program.modules.stems.get(stem or "")
            if number is not None and number not in seen:
                yield from self._bound(number, seen | {number})

    def _add(self, module: int, name: str) -> None:
        resolver = self._program.resolver
        stem = resolver.stems[module]
        is_package = self._program.paths[module].endswith("/__init__.py")
        values = [value for value in resolver.member(stem, name) if isinstance(value, (FunctionValue, ClassValue)) and self.is_own(value)]
        for value in values if len(values) == 1 else ():  # else it is one on this platform, and another on that
            if is_package or value.module == module or not self._is_public(self._names[value.module]):
                spellings = self.spellings.setdefault(_plain(value), [])
                if f"{self._names[module]}.{name}" not in spellings:
                    spellings.append(f"{self._names[module]}.{name}")


def _plain(value: FunctionValue | ClassValue) -> FunctionValue | ClassValue:
    return FunctionValue(value.module, value.number) if isinstance(value, FunctionValue) else value
