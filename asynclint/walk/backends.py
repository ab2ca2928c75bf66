"""Which library runs a coroutine: by what it is handed to, by what its callers are handed to, by what modules import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.index.names import SEND
from asynclint.program.values import Awaitable, Bound, External, ExternalInstance, FunctionValue, Many, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asynclint.index.facts import Call, Ref
    from asynclint.program import Program
    from asynclint.program.values import FunctionKey, Value
    from asynclint.walk.sources import Sources

KNOWN = ("asyncio", "trio", "anyio")  # those in whose words fixes are written; of several imported by a module, the first
BY_HAND = "by hand"  # the program sends into the coroutine itself
SEVERAL = ""  # libraries run it that have no words in common
_ANY = "anyio"  # its awaitables work in asyncio and in trio
_REACH = 200  # callers that are looked at
_MODULES = 200  # importing modules that are
_FORWARDING = 4  # functions that hand a parameter on to one another


class Backends:
    """The libraries that run the coroutines of a program, asked for one function at a time."""

    def __init__(self, program: Program, sources: Sources) -> None:
        self._program, self._sources = program, sources
        self._foreign = {runner.backend for runner in program.catalog.runners.values()} - {"asyncio"}
        self._foreign &= program.import_roots
        self._handed: dict[FunctionKey, set[str]] = {}  # function -> the backends of what it, or its coroutine, is given to
        self._drivers: dict[tuple[FunctionKey, str], str] = {}  # what forwards a parameter to a runner -> its backend
        self._has_driver = False
        self._importers: dict[str, set[int]] | None = None
        self._found: dict[FunctionKey, str] = {}
        self._find_drivers()
        if self._foreign or self._has_driver:
            self._find_handed()
        self._running = set[str]().union(*self._handed.values())

    @classmethod
    def shared(cls, program: Program, sources: Sources) -> Backends:
        """Those of all who look at the same texts."""
        known = sources.kept.get(cls.__name__)
        if not isinstance(known, cls) or known._program is not program:
            known = sources.kept[cls.__name__] = cls(program, sources)
        return known

    def of(self, key: FunctionKey) -> str:
        """The library in whose words a function awaits: one of `KNOWN`, another one for which nothing can be written, `BY_HAND`, or `SEVERAL`."""
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = self._of(key)
        return known

    def _of(self, key: FunctionKey) -> str:
        own, program_imports = imported(self._program, key[0]), self._program.import_roots
        if not self._foreign and not self._has_driver:
            return first(own)
        if own and _decided(own, self._running or own, True) == first(own):
            return first(own)  # nothing in the program runs coroutines that would have it otherwise
        surely, near = self._runners(key)
        if surely:
            return _decided(own, surely, _ANY in self._foreign)
        if own:
            return first(own) if own.intersection(KNOWN) else min(own)
        seen = near or self._by_importers(key[0])
        if seen:
            return _in_common(seen)
        if self._has_driver and program_imports.isdisjoint((*KNOWN, *self._foreign)):
            return BY_HAND  # else it is there for a few coroutines, which are given to it
        only = self._foreign & {"trio", "anyio", "curio"}  # a reactor of Twisted may be there beside a loop of asyncio
        return next(iter(only)) if len(only) == 1 and "asyncio" not in program_imports else "asyncio"

    # -- what runs a function

    def _runners(self, start: FunctionKey) -> tuple[set[str], set[str]]:
        """The backends of what a function, or one that calls it, is handed to; and those that the modules of its callers import."""
        program = self._program
        surely, near = set[str](), set[str]()
        seen, todo = {start}, [start]
        while todo and len(seen) < _REACH:
            key = todo.pop(0)
            handed = self._handed.get(key)
            if handed:
                surely |= handed
            name = program.function(key).name
            for module, number, functions in program.calls_named(program.with_aliases((name,))):
                caller = (module, program.call(module, number).function)
                if caller not in seen and any(value.key == key for value in functions):
                    seen.add(caller)
                    if program.function(caller).is_async:
                        near |= imported(program, module) if module != start[0] else set()
                    todo.append(caller)
        return surely, near

    def _find_handed(self) -> None:
        """Find the functions of the project whose coroutines are given to what runs them, directly or through a function of the project."""
        program, runners = self._program, self._program.catalog.runners
        names = program.catalog.names(runners)
        for module in program.modules_using(program.with_aliases(names)):
            for number in program.facts(module).calls_of(program.with_aliases(names)):
                call = program.call(module, number)
                for value in program.callees(module, number):
                    runner = runners.get(value.path) if isinstance(value, External) else None
                    if runner is not None and runner.coroutine != -1:
                        self._hand(module, call, _argument(call, runner.coroutine), runner.backend)
        for _ in range(_FORWARDING):
            before = len(self._drivers), len(self._handed)
            self._follow_drivers()
            if (len(self._drivers), len(self._handed)) == before:
                break

    def _follow_drivers(self) -> None:
        program = self._program
        for ((home, function), name), backend in list(self._drivers.items()):
            facts = program.function((home, function))
            places = [n for n, param in enumerate(facts.params) if param.name == name]
            for module, number, functions in program.calls_named(program.with_aliases((facts.name,))) if places else ():
                for value in functions:
                    if value.key == (home, function):
                        place = places[0] - program.resolver.forwards.is_bound(value)
                        call = program.call(module, number)
                        given = _argument(call, place)
                        self._hand(module, call, given if given is not None else _argument(call, name), backend)

    def _hand(self, module: int, call: Call, given: Ref, backend: str) -> None:
        """Note that a call gives something to what runs coroutines in a backend."""
        called = given[1] if given.__class__ is tuple and given[0] == "call" else given
        if called.__class__ is str and "." not in called:
            owner = self._with_parameter(module, call.function, called)
            if owner is not None:
                self._drivers.setdefault((owner, called), backend)
        scope = Scope(module, call.function)
        values = self._program.evaluate(given, scope)
        for function in _functions(values):
            self._handed.setdefault(function, set()).add(backend)
        if given.__class__ is tuple and given[0] == "call":
            for function in _functions(self._program.evaluate(given[1], scope)):
                self._handed.setdefault(function, set()).add(backend)

    def _with_parameter(self, module: int, function: int, name: str) -> FunctionKey | None:
        """The function around a place whose parameter a name is."""
        functions = self._program.facts(module).functions
        while function > 0:
            if any(param.name == name for param in functions[function].params):
                return (module, function)
            if name in functions[function].bindings:
                return None
            function = functions[function].parent
        return None

    def _find_drivers(self) -> None:
        """Find what sends into coroutines by hand: `coroutine.send(None)`, where the end of the coroutine, a `StopIteration`, is caught."""
        program = self._program
        for module in program.modules_using((SEND,)):
            for number in program.facts(module).calls_of((SEND,)):
                call = program.call(module, number)
                receiver = call.callee.rpartition(".")[0] if call.callee.__class__ is str else ""
                if not receiver or len(call.arguments) != 1 or call.arguments[0][0] or call.flags & f.AWAITED:
                    continue
                scope = Scope(module, call.function)
                values = program.evaluate(receiver, scope)
                is_coroutine = any(isinstance(value, Awaitable) for value in values)
                is_unknown = all(isinstance(value, ExternalInstance) and value.path.endswith("()") for value in values)
                if not is_unknown and not is_coroutine:  # `deque.popleft()` is whatever that gives
                    continue
                if call.arguments[0][1] != ("const", None) and "StopIteration" not in self._sources.get(module).text:
                    continue
                for value in values:
                    if isinstance(value, Awaitable) and value.function is not None:
                        self._handed.setdefault(value.function.key, set()).add(BY_HAND)
                owner = self._with_parameter(module, call.function, receiver) if "." not in receiver else None
                if owner is not None:
                    self._drivers[(owner, receiver)] = BY_HAND
                self._has_driver = True

    # -- what modules import

    def _by_importers(self, module: int) -> set[str]:
        """The backends that the modules import which import a module, or which import those that import none."""
        program = self._program
        if self._importers is None:
            self._importers = {}
            for each in sorted(program.names):
                for stem in self._imports(each):
                    self._importers.setdefault(stem, set()).add(each)
        found, seen, todo = set[str](), {module}, [module]
        while todo and len(seen) < _MODULES:
            for importer in sorted(self._importers.get(program.resolver.stems[todo.pop(0)], ())):
                if importer not in seen:
                    seen.add(importer)
                    own = imported(program, importer)
                    found |= own
                    if not own:
                        todo.append(importer)
        return found

    def _imports(self, module: int) -> Iterator[str]:
        """The stems of the modules of the project that a module imports."""
        resolver, facts = self._program.resolver, self._program.facts(module)
        for function in facts.functions:
            for refs in function.bindings.values():
                for ref in refs:
                    if ref.__class__ is tuple and ref[0] == "import":
                        stem = resolver.stem_of_import(ref, module)
                        if stem is not None:
                            yield stem
                            if ref[2]:
                                yield f"{stem}/{ref[2]}"
        for name, level in facts.stars:
            stem = resolver.stem_of_import(("import", name, "", level), module)
            if stem is not None:
                yield stem


def imported(program: Program, module: int) -> set[str]:
    """The libraries for async work that a module imports; for a module of one of them that imports none, its own."""
    backends = {runner.backend for runner in program.catalog.runners.values()}
    names = program.names.get(module)
    return (backends & names.imports if names is not None else set[str]()) or ({program.module_name(module).partition(".")[0]} & backends)


def first(names: Iterable[str]) -> str:
    """The one of several libraries in whose words fixes are written."""
    names = set(names)
    return next((name for name in KNOWN if name in names), "asyncio")


def _decided(own: set[str], surely: set[str], has_any: bool) -> str:
    """The library in whose words a function awaits that is run by some (`surely`), in a module that imports some (`own`)."""
    if BY_HAND in surely:
        return BY_HAND
    if not surely <= set(KNOWN):
        return min(surely) if len(surely) == 1 else SEVERAL
    fitting = next((name for name in KNOWN if name in own and (name == _ANY or surely <= {name, _ANY})), "")
    if fitting:
        return fitting
    if len(surely) == 1:
        return next(iter(surely))
    return _ANY if has_any else SEVERAL


def _in_common(seen: set[str]) -> str:
    """The library whose words all of some understand."""
    if len(seen) == 1:
        return next(iter(seen))
    return _ANY if _ANY in seen and seen <= set(KNOWN) else SEVERAL


def _argument(call: Call, which: int | str) -> Ref:
    """The argument of a call at a position, or with a name."""
    for number, (keyword, ref) in enumerate(call.arguments):
        if keyword == "*" and isinstance(which, int):
            return None
        if keyword == which or (keyword is None and number == which):
            return ref
    return None


def _functions(values: Iterable[Value]) -> Iterator[FunctionKey]:
    """The functions of the project that values are, that made them, or that they call."""
    for value in values:
        if isinstance(value, FunctionValue):
            yield value.key
        elif isinstance(value, Awaitable):
            if value.function is not None:
                yield value.function.key
        elif (isinstance(value, Bound) and value.calls) or isinstance(value, Many):
            yield from _functions(value.items)
