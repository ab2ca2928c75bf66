"""Which functions of the project forward a callable to an offload or to the loop, found backward from the catalog's names.

Only call sites of names that are known to take a callable are resolved; a function that forwards one adds its own name, until no name is new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program.forwards import Taken
from asynclint.program.values import ClassValue, External

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from asynclint.index.facts import Call, Ref
    from asynclint.program import Program
    from asynclint.program.values import FunctionKey


class Takers:
    """The callables that run one of their arguments at one kind of place, and the calls that hand one over."""

    def __init__(self, program: Program, known: Mapping[str, int | str], fits: Callable[[int], bool]) -> None:
        """`known` are those of the catalog, with the argument; `fits` tells whether places are of the kind."""
        self._program = program
        self._known = known
        self._fits = fits
        self._own: set[FunctionKey] = set()
        self.names: frozenset[str] = frozenset()  # of all of them, and the names they are bound to
        self._find()

    def _find(self) -> None:
        program = self._program
        wanted = program.catalog.names(self._known)
        while wanted - self.names:
            names = program.with_aliases(wanted) - self.names
            self.names |= names | wanted
            found: set[FunctionKey] = set()
            for module in program.modules_using(names):
                facts = program.facts(module)
                for number in facts.calls_of(names):
                    if facts.calls.raw[number][0]:
                        found.update(self._forwarders(module, facts.calls[number], number))
            self._own |= found
            wanted = {name for key in found for name in self._names_of(key)}

    def _names_of(self, key: FunctionKey) -> Iterator[str]:
        function = self._program.function(key)
        if function.name == "__init__" and function.owner >= 0:
            resolver = self._program.resolver
            value = ClassValue(key[0], function.owner)
            yield from (resolver.klass(k).name for k in (value, *resolver.below(value)))
        else:
            yield function.name

    def _forwarders(self, module: int, call: Call, number: int) -> Iterator[FunctionKey]:
        """The functions around a call, new among the takers, one of whose parameters the call hands over."""
        program = self._program
        around = [n for n in self._around(module, call.function) if (module, n) not in self._own]
        if not around or not any(self._may_be_given(ref, module, call.function) for _, ref in call.arguments):
            return
        if not any(self._takes(value) for value in program.callees(module, number)):
            return
        for outer in around:
            function = program.function((module, outer))
            for n, param in enumerate(function.params):
                if param.kind != f.VAR_KEYWORD and (n or function.owner < 0):
                    ways = [Taken(param.name)] if param.kind != f.VAR_POSITIONAL else [Taken(param.name, k) for k in range(3)]
                    if any(self._fits(program.resolver.forwards.runs((module, outer), taken)) for taken in ways):
                        yield (module, outer)
                        break

    def _around(self, module: int, number: int) -> Iterator[int]:
        """A function, those around it, and the constructor of the class whose method one of them is."""
        program = self._program
        while number > 0:
            function = program.function((module, number))
            if len(function.params) > (function.owner >= 0):
                yield number
            if function.owner >= 0:
                for ref in program.facts(module).classes[function.owner].bindings.get("__init__", ()):
                    if ref.__class__ is tuple and ref[0] == "def" and ref[1] != number:
                        yield ref[1]
            number = function.parent

    def _takes(self, value: object) -> bool:
        if isinstance(value, External):
            return value.path in self._known
        return any(function.key in self._own for function in self._program.resolver.forwards.entered(value))  # type: ignore[arg-type]

    def _may_be_given(self, ref: Ref, module: int, number: int) -> bool:
        """Whether an argument may be, or run, a parameter: no name of the module, no method."""
        if ref.__class__ is not str:
            return ref.__class__ is tuple and ref[0] in ("def", "call", "item", "or")
        head, _, last = ref.partition(".")
        while number > 0:
            function = self._program.function((module, number))
            if not last and (head in function.bindings or any(param.name == head for param in function.params)):
                return True
            if last and function.owner >= 0:
                return True
            number = function.parent
        return False

    # -- calls

    def sites(self) -> Iterator[tuple[int, Call, Ref]]:
        """The call sites that hand something over: module, call and what is handed over."""
        program = self._program
        for module in program.modules_using(self.names):
            facts = program.facts(module)
            for number in facts.calls_of(self.names):
                call = facts.calls[number]
                if call.arguments:
                    for value in program.callees(module, number):
                        if self._takes(value):
                            for n, places in program.resolver.forwards.handed(value, call.arguments):
                                if self._fits(places):
                                    yield module, call, call.arguments[n][1]
