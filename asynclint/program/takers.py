"""Which functions of the project forward a callable to an offload or to the loop, found backward from the catalog's names.

Only call sites of names that are known to take a callable are resolved; a function that forwards one adds its own name, until no name is new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program.answers import Answers
from asynclint.program.forwards import Taken
from asynclint.program.values import ClassValue, External

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set

    from asynclint.index.facts import Call, Ref
    from asynclint.program import Program
    from asynclint.program.forwards import Arguments
    from asynclint.program.values import FunctionKey, Value


_RENAMINGS = 5  # local names of local names that are followed
_PLACES = 3  # items of a variadic parameter that may be a callable


class Takers(Answers):
    """The callables that run one of their arguments at one kind of place, and the calls that hand one over."""

    def __init__(self, program: Program, known: Mapping[str, int | str], fits: Callable[[int], bool]) -> None:
        """`known` are those of the catalog, with the argument; `fits` tells whether places are of the kind."""
        self._program = program
        self._known = known
        self._fits = fits
        self._own: dict[FunctionKey, set[Taken]] = {}
        self.names: frozenset[str] = frozenset()  # of all of them, and the names they are bound to
        self._find()

    def taken_by(self, key: FunctionKey) -> Set[Taken]:
        """What a function of the project takes to run it at such a place."""
        return self._own.get(key, frozenset())

    def _find(self) -> None:
        self._look_for(self._program.catalog.names(self._known))

    def _look_for(self, wanted: Set[str]) -> None:
        """Find the functions that forward to what has one of these names, and those that forward to them."""
        while wanted - self.names:
            names = self._program.with_aliases(wanted) - self.names
            self.names |= names | wanted
            wanted = {name for key in self._note(self._program.modules_using(names), names) for name in self._names_of(key)}

    def _note(self, modules: Iterable[int], names: Collection[str]) -> list[FunctionKey]:
        """Note the functions that hand over what they are given in calls of these names."""
        found: dict[FunctionKey, set[Taken]] = {}
        for module in modules:
            facts = self._program.facts(module)
            for number in facts.calls_of(names):
                if facts.calls.raw[number][0]:
                    for key, taken in self._forwarders(module, facts.calls[number], number):
                        found.setdefault(key, set()).add(taken)
        for key, ways in found.items():
            self._own.setdefault(key, set()).update(ways)
        return list(found)

    def replace(self, module: int) -> None:
        """Look at the functions of a module again, whose facts have changed."""
        for key in [key for key in self._own if key[0] == module]:
            del self._own[key]
        while found := self._note((module,), self.names):
            self._look_for({name for key in found for name in self._names_of(key)})

    def _names_of(self, key: FunctionKey) -> Iterator[str]:
        function = self._program.function(key)
        if function.name == "__init__" and function.owner >= 0:
            resolver = self._program.resolver
            value = ClassValue(key[0], function.owner)
            yield from (resolver.klass(k).name for k in (value, *resolver.below(value)))
        else:
            yield function.name

    def _forwarders(self, module: int, call: Call, number: int) -> Iterator[tuple[FunctionKey, Taken]]:
        """The functions around a call, one of whose parameters the call hands over, and that parameter."""
        program = self._program
        given = {name for _, ref in call.arguments for name in self._origins(ref, module, call.function, _RENAMINGS)}
        if not given:
            return
        values = program.callees(module, number)
        handed = {n for value in values for n in self.handed(value, call.arguments)}
        if not handed and not any(keyword == "*" for keyword, _ in call.arguments):
            return
        first = min(handed, default=0)
        given = {name for _, ref in call.arguments[first:] for name in self._origins(ref, module, call.function, _RENAMINGS)}
        for function, taken in sorted(given):
            if taken not in self._own.get((module, function), ()) and self._fits(program.resolver.forwards.runs((module, function), taken)):
                yield (module, function), taken

    def _origins(self, ref: Ref, module: int, number: int, depth: int) -> set[tuple[int, Taken]]:
        """The parameters of the functions around a place that an argument there may stand for, or call, as its text tells."""
        if not depth or ref is None:
            return set()
        if ref.__class__ is str:
            return self._named(ref, module, number, depth)
        if ref[0] == "def":
            calls = (self._program.call(module, n) for n in self._program.calls_of((module, ref[1])))
            refs = [(r, ref[1]) for call in calls for r in (call.callee, *(a for _, a in call.arguments))]
        elif ref[0] == "call":
            refs = [(r, number) for _, r in ref[2]]
        else:
            refs = [(r, number) for r in ref[1:] if r.__class__ is not int] if ref[0] in ("or", "item", "unpack") else []
        return {origin for r, n in refs for origin in self._origins(r, module, n, depth - 1)}

    def _named(self, name: str, module: int, number: int, depth: int) -> set[tuple[int, Taken]]:
        head, _, last = name.partition(".")
        facts = self._program.facts(module)
        while number > 0:
            function = facts.functions[number]
            if last and function.owner >= 0:
                return self._kept(last, module, function.owner, depth) if function.params and function.params[0].name == head else set()
            for n, param in enumerate(function.params):
                if param.name == head and not last and (n or function.owner < 0):
                    if param.kind == f.VAR_POSITIONAL:
                        return {(number, Taken(head, place)) for place in range(_PLACES)}
                    return {(number, Taken(head))} if param.kind != f.VAR_KEYWORD else set()
            if head in function.bindings and not last:
                return {origin for ref in function.bindings[head] for origin in self._origins(ref, module, number, depth - 1)}
            number = function.parent
        return set()

    def _kept(self, name: str, module: int, owner: int, depth: int) -> set[tuple[int, Taken]]:
        """The parameters of `__init__` that an attribute of the instance, or a method of it, may stand for."""
        klass = self._program.facts(module).classes[owner]
        found = {o for n, ref in klass.attributes.get(name, ()) for o in self._origins(ref, module, n, depth - 1)}
        methods = [ref for ref in klass.bindings.get(name, ()) if ref.__class__ is tuple and ref[0] == "def"]
        found |= {o for ref in methods for o in self._origins(ref, module, 0, depth - 1)}
        return {(n, taken) for n, taken in found if self._program.function((module, n)).name == "__init__"}

    def ways_of(self, module: int) -> dict[int, set[Taken]]:
        """What the functions of a module take of the kind, by number."""
        return {key[1]: ways for key, ways in self._own.items() if key[0] == module}

    # -- calls

    def handed(self, value: Value, arguments: Arguments) -> Iterator[int]:
        """The numbers of the arguments of a call that the called value runs at such a place."""
        forwards = self._program.resolver.forwards
        if isinstance(value, External):
            if value.path in self._known:
                which = self._known[value.path]
                for number, (keyword, _) in enumerate(arguments):
                    if keyword == "*" and isinstance(which, int):
                        break
                    if keyword == which or (keyword is None and number == which):
                        yield number
            return
        for function in forwards.entered(value):
            ways = self._own.get(function.key)
            for number, (keyword, _) in enumerate(arguments if ways else ()):
                if keyword not in ("*", "**") and ways and forwards.taken(function, arguments, number) in ways:
                    yield number

    def sites(self, only: int | None = None) -> Iterator[tuple[int, Call, Ref]]:
        """The call sites of one module, or of all, that hand something over: module, call and what is handed over."""
        program = self._program
        for module in program.modules_using(self.names) if only is None else (only,):
            facts = program.facts(module)
            for number in facts.calls_of(self.names):
                call = facts.calls[number]
                if call.arguments:
                    for value in program.callees(module, number):
                        for n in self.handed(value, call.arguments):
                            yield module, call, call.arguments[n][1]
