"""Libraries are looked through forward, from the calls that the project makes: each function that is reached has its own calls resolved, within
bounds. What blocks is then propagated back to the project as everything else is; what is found far from it is trusted less.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program.values import ClassValue, External, FunctionValue, Instance, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asynclint.program import Program
    from asynclint.program.calls import Site
    from asynclint.program.effects import Effect
    from asynclint.program.known import Block
    from asynclint.program.values import FunctionKey

_DEPTH = 8  # calls into a library that are followed
_REACH = 400  # functions of libraries that are looked through for one call of the project
_SURE = frozenset({"sleep", "process", "network", "database", "wait"})  # kinds that are believed however far away they are
_NEAR = 2  # calls inside a library after which a file or the console is believed
_NEVER = ("logging.", "warnings.", "importlib.")  # subclasses of what lies here may do anything, and what it does it does once


class Inside:
    """The functions of libraries that the project reaches."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._entered: list[FunctionKey] = []  # called by the project, and not yet looked at
        self._again: list[FunctionKey] = []  # known, and called by a site that was just found
        self._calls: dict[FunctionKey, dict[FunctionKey, None]] = {}
        self._depths: dict[FunctionKey, int] = {}  # how many calls further each was looked through

    def callers(self) -> list[int]:
        """The modules of the project that import a package of the environment."""
        program = self._program
        if not program.libraries.are_known:
            return []
        return [module for module in sorted(program.names) if self.is_caller(module)]

    def is_caller(self, module: int) -> bool:
        """Whether a module of the project imports a package of the environment."""
        program = self._program
        return program.libraries.are_known and any(map(program.libraries.holds, program.names[module].imports))

    def admits(self, site: Site, target: FunctionValue) -> bool:
        """Whether a call site is followed to a function; notes those of libraries. What a library calls back in the project is not its own doing."""
        program = self._program
        outside = program.is_outside(site.module)
        if not program.is_outside(target.module):
            return not outside
        if not outside and self._is_overridden(site):
            return False
        if outside:
            self._calls.setdefault((site.module, site.function), {})[target.key] = None
        elif target.key in self._depths:
            self._again.append(target.key)
        else:
            self._entered.append(target.key)
        return True

    def _is_overridden(self, site: Site) -> bool:
        """Whether a call site names a method of a library's class of which the project has its own version: who runs is then not known."""
        callee = self._program.call(site.module, site.call).callee
        if callee.__class__ is str:
            receiver, _, name = callee.rpartition(".")
        else:
            receiver, name = (callee[1], callee[2]) if callee[0] == "attr" else ("", "")
        if not receiver:
            return False
        resolver = self._program.resolver
        values = resolver.evaluate(receiver, Scope(site.module, site.function))
        kinds = [value if isinstance(value, ClassValue) else value.klass for value in values if isinstance(value, (ClassValue, Instance))]
        outside = {kind for kind in kinds if self._program.is_outside(kind.module)}
        return bool(outside) and any(not outside.isdisjoint(resolver.mro(klass)) for klass in self._definers.get(name, ()))

    @cached_property
    def _definers(self) -> dict[str, list[ClassValue]]:
        """The classes of the modules that import a package of the environment, by the names that their bodies bind."""
        found: dict[str, list[ClassValue]] = {}
        for module in self.callers():
            for number, klass in enumerate(self._program.facts(module).classes):
                for name in klass.bindings:
                    found.setdefault(name, []).append(ClassValue(module, number))
        return found

    def is_undecided(self, site: Site, targets: Iterable[FunctionValue | Block]) -> bool:
        """Whether a call inside a library runs one of several modules' functions: that of the platform, or of what is installed."""
        if not self._program.is_outside(site.module):
            return False
        return len({target.module for target in targets if isinstance(target, FunctionValue)}) > 1

    def hides(self, site: Site, block: Block) -> bool:
        """Whether a call inside a library passes arguments on, one of which may say that it shall not block."""
        if not block.unless or not self._program.is_outside(site.module):
            return False
        return any(keyword in ("*", "**") for keyword, _ in self._program.call(site.module, site.call).arguments)

    def path_in_catalog(self, value: FunctionValue) -> str:
        """The path of a function of a library that the catalog speaks for, it or its class; else ""."""
        program = self._program
        if not program.is_outside(value.module):
            return ""
        path = program.catalog.canonical(program.qualified(value))
        of_class = program.function(value.key).owner >= 0 and program.catalog.mentions(path.rpartition(".")[0])
        return path if of_class or program.catalog.has_entry(path) else ""

    def forget_project(self) -> None:
        """Forget what the classes of the project define."""
        vars(self).pop("_definers", None)

    def called_again(self) -> list[FunctionKey]:
        """The functions that were looked through before and have been called anew since this was last asked."""
        again, self._again = self._again, []
        return again

    def look(self) -> Iterator[tuple[FunctionKey, int]]:
        """The calls (function and number) inside the functions that the project has called since, and inside those that these call. Each must be
        resolved before the next is asked for.
        """
        while self._entered:
            level, budget = [self._entered.pop(0)], _REACH
            for depth in range(_DEPTH, 0, -1):
                further: dict[FunctionKey, None] = {}
                for key in level:
                    known = self._depths.get(key, 0)
                    if known >= depth or (not known and not budget):
                        continue
                    self._depths[key] = depth
                    if not known:
                        budget -= 1
                        yield from self._calls_in(key)
                    further.update(self._calls.get(key, {}))
                level = list(further)

    def _calls_in(self, key: FunctionKey) -> Iterator[tuple[FunctionKey, int]]:
        if not self._is_opaque(key):
            yield from ((key, number) for number in self._program.calls_of(key) if not self._program.call(key[0], number).flags & f.GUARDED)

    def _is_opaque(self, key: FunctionKey) -> bool:
        """Whether nothing is said of a function: what it does depends on how logging, warnings or imports are set up."""
        owner = self._program.function(key).owner
        if owner < 0:
            return False
        bases = self._program.resolver.mro(ClassValue(key[0], owner))
        return any(isinstance(base, External) and base.path.startswith(_NEVER) for base in bases)

    def is_cached(self, key: FunctionKey) -> bool:
        """Whether a function of a library answers from memory, as the name of a decorator of its own says."""
        names = (f.last_name(ref[1] if ref.__class__ is tuple and ref[0] == "call" else ref) for ref in self._program.function(key).decorators)
        return any("cache" in name or "memo" in name for name in names)

    def is_trusted(self, effect: Effect, conditional: bool) -> bool:
        """Whether an effect inside a library is believed."""
        if effect.kind in _SURE:
            return True
        return effect.kind in ("file", "console") and effect.depth < _NEAR and not conditional and not effect.block.path.startswith(_NEVER)
