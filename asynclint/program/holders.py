"""Which modules may hold an object of a type of which every method counts: their calls have to be looked at whatever their names are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.program import types
from asynclint.program.values import Awaitable, ExternalInstance, FunctionValue, Manager, Many, Scope

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from asynclint.program import Program
    from asynclint.program.values import Value


def modules_holding(program: Program, paths: Collection[str]) -> dict[int, frozenset[str]]:
    """The modules that may call methods of objects of these types, and the last names of what they may call them on, none for any name. Modules that
    import what gives such objects, those that call a function of such a module which returns one, and those that use the name of an
    attribute of such a module, or of an object made there, which is one.
    """
    if not paths:
        return {}
    roots = program.catalog.leading_to(paths)
    near = [module for module, names in program.names.items() if not roots.isdisjoint(names.imports)]
    attributes, functions = set[str](), set[str]()
    for module in near:
        attributes.update(_attributes(program, module, paths))
        functions.update(_functions(program, module, paths))
    receivers = program.with_aliases(attributes)
    found = dict.fromkeys((n for n, names in program.names.items() if any(map(receivers.intersection, names.receivers.values()))), receivers)
    found.update(dict.fromkeys([*near, *program.modules_using(program.with_aliases(functions))], frozenset[str]()))
    return found


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
