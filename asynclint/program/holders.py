"""Which modules may hold an object of a type of which every method counts: their calls have to be looked at whatever their names are."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from asynclint.program import types
from asynclint.program.values import Awaitable, ExternalInstance, FunctionValue, Manager, Many, Scope

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from asynclint.program import Program
    from asynclint.program.values import Value

    Receivers = frozenset[str]


class Holders:
    """The modules that may call methods of objects of some types: those that import what gives such objects, those that call a function of such a
    module which returns one, and those that use the name of an attribute of such a module, or of an object made there, which is one.
    """

    def __init__(self, program: Program, paths: Collection[str]) -> None:
        self._program = program
        self._paths = frozenset(paths)
        self._given = {module: self._giving(module) for module in program.names if self._is_near(module)} if paths else {}

    def replace(self, module: int) -> bool:
        """Look at a module again, whose facts have changed; whether it gives more than before, so that others may hold an object by another name."""
        before = self._names()
        self._given.pop(module, None)
        if self._is_near(module):
            self._given[module] = self._giving(module)
        return any(new - old for new, old in zip(self._names(), before, strict=True))

    def find(self, modules: Iterable[int]) -> dict[int, Receivers]:
        """Those of the modules that may, and the last names of what they may call methods on, none for any name."""
        if not self._given:
            return {}
        program = self._program
        attributes, functions = self._names()
        receivers, called = program.with_aliases(attributes), program.with_aliases(functions)
        found: dict[int, Receivers] = {}
        for module in modules:
            names = program.names.get(module)
            if names is not None and (module in self._given or not called.isdisjoint(names.called)):
                found[module] = frozenset()
            elif names is not None and any(map(receivers.intersection, names.receivers.values())):
                found[module] = receivers
        return found

    def _is_near(self, module: int) -> bool:
        names = self._program.names.get(module)
        return bool(self._paths) and names is not None and not self._roots.isdisjoint(names.imports)

    @cached_property
    def _roots(self) -> set[str]:
        return self._program.catalog.leading_to(self._paths)

    def _giving(self, module: int) -> tuple[frozenset[str], frozenset[str]]:
        return frozenset(_attributes(self._program, module, self._paths)), frozenset(_functions(self._program, module, self._paths))

    def _names(self) -> tuple[frozenset[str], frozenset[str]]:
        """The names of attributes and functions of all modules that give such objects."""
        given = self._given.values()
        return frozenset[str]().union(*(each[0] for each in given)), frozenset[str]().union(*(each[1] for each in given))


def _attributes(program: Program, module: int, paths: Collection[str]) -> Iterator[str]:
    facts = program.facts(module)
    outside = Scope(module, 0)
    for name, refs in facts.functions[0].bindings.items():
        if any(_is_one(program, program.evaluate(ref, outside), paths) for ref in refs):
            yield name
    for klass in facts.classes:
        for name, pairs in klass.attributes.items():
            if any(_is_one(program, program.evaluate(ref, Scope(module, number)), paths) for number, ref in pairs):
                yield name


def _functions(program: Program, module: int, paths: Collection[str]) -> Iterator[str]:
    for number, function in enumerate(program.facts(module).functions):
        if number and _is_one(program, types.call_function(program.resolver, FunctionValue(module, number)), paths):
            yield function.name


def _is_one(program: Program, values: Iterable[Value], paths: Collection[str]) -> bool:
    for value in values:
        if isinstance(value, ExternalInstance) and any(path in paths for path in program.catalog.ancestry(value.path)):
            return True
        if isinstance(value, (Awaitable, Manager, Many)) and _is_one(program, value.items, paths):
            return True
    return False
