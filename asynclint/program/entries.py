"""Functions that frameworks call: which of them run on the event loop, by a decorator or by the method of a class that they override."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program.values import ClassValue, External, FunctionValue, Scope

if TYPE_CHECKING:
    from asynclint.program import Program
    from asynclint.program.values import FunctionKey

_FAMILY = 40  # subclasses of a class that are looked at: a method may be mixed into a framework's class by one of them


class Entries:
    """The catalog's entries that run on the loop, asked about one function at a time."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._methods: dict[str, set[str]] = {}  # name of a method -> the classes that have it
        self._prefixes: dict[str, set[str]] = {}  # the same for names that begin alike
        self._decorators: set[str] = set()
        for path, entry in program.catalog.entries.items():
            if entry.sync_runs != "loop":
                continue
            owner, _, name = path.rpartition(".")
            if entry.decorator:
                self._decorators.add(path)
            elif name.endswith("*"):
                self._prefixes.setdefault(name[:-1], set()).add(owner)
            else:
                self._methods.setdefault(name, set()).add(owner)

    def runner(self, key: FunctionKey) -> str:
        """The name of the decorator, or of the method of a framework, by which a function is run on the loop; else ""."""
        function = self._program.function(key)
        if function.decorators:
            found = self._decorator(key)
            if found:
                return found
        if function.owner >= 0 and (self._overridden(function.name) and self._is_override(key)):
            return function.name
        return ""

    def _decorator(self, key: FunctionKey) -> str:
        program, function = self._program, self._program.function(key)
        scope = Scope(key[0], max(function.parent, 0), function.owner)
        for ref in function.decorators:
            target = ref[1] if ref.__class__ is tuple and ref[0] == "call" else ref
            for value in program.evaluate(target, scope):
                if isinstance(value, (External, FunctionValue)) and program.qualified(value) in self._decorators:
                    return f"@{f.last_name(target)}"
        return ""

    def _overridden(self, name: str) -> set[str]:
        """The framework's classes with a method of this name."""
        found = set(self._methods.get(name, ()))
        for prefix, owners in self._prefixes.items():
            if name.startswith(prefix):
                found |= owners
        return found

    def _is_override(self, key: FunctionKey) -> bool:
        resolver, catalog = self._program.resolver, self._program.catalog
        function = self._program.function(key)
        owners, klass = self._overridden(function.name), ClassValue(key[0], function.owner)
        return any(
            isinstance(base, External) and not owners.isdisjoint(catalog.ancestry(base.path))
            for k in (klass, *resolver.below(klass)[:_FAMILY])
            for base in resolver.mro(k)
        )
