"""The call sites that may matter, resolved on demand: those whose last name is that of something known to block, and what each of them runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program.callees import Callees
from asynclint.program.grouped import FIRST, MODULE, Grouped
from asynclint.program.holders import Holders
from asynclint.program.primitives import Receivers, primitives
from asynclint.program.values import ClassValue, External, FunctionValue, Instance, Scope, Super
from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from asynclint.program import Program
    from asynclint.program.known import Block
    from asynclint.program.values import FunctionKey, Value

Callers = dict["Site", "ClassValue | None"]  # with the class of what a method is called on, if it is one
OF_ITSELF = ("__init__", "cls", "__class__", f.INSTANCE)  # its own classes as a class calls them: `cls()`, `type(self)()`
_SOMETHING: Receivers = frozenset()  # anything, but not nothing: a method that is not bound to a plain name
_OF_THE_CLASS = frozenset({"__init__", "__new__", "__post_init__", "__enter__", "__exit__", "__call__", "__iter__", "__next__"})


@record(frozen=True, slots=True)
class Site:
    """Where something is run: the n-th call of a module, or (`call` -1) the reading of a property by a dotted name in a function."""

    module: int
    function: int
    call: int
    load: str = ""


class Calls(Callees):
    """The resolved call sites, and what runs what."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._expanded: dict[str, Receivers] = {}  # names of which every call site has been resolved, or every one with a receiver
        self._resolved: dict[int, set[int]] = {}  # the calls that have been resolved, by module
        self._callers: Grouped[FunctionKey, Callers] = Grouped(FIRST)
        self._called_in: dict[int, set[FunctionKey]] = {}  # by module, the functions that have callers there
        self._direct: Grouped[Site, list[Block]] = Grouped(MODULE)
        self._handing: dict[FunctionKey, dict[FunctionKey, None]] = {}  # generator functions -> functions that return what they give
        self._handed: dict[FunctionKey, dict[FunctionKey, None]] = {}  # the other way round
        self._primitive: dict[str, Receivers] = {}
        self._spread: Grouped[FunctionKey, None] = Grouped(FIRST)  # functions of which all that may run them has been resolved
        self._read: set[str] = set()  # names of properties whose reads have been resolved

    def _find(self) -> None:
        self._primitive = primitives(self._program)
        self._expand(self._primitive)
        self._expand_functions(self._program.marks.blocking())
        self._holders = Holders(self._program, self._program.catalog.every)
        self._resolve_held(self._program.names)
        for module in self._inside.callers():
            self._resolve_all(module, None)

    def _resolve_held(self, modules: Iterable[int]) -> None:
        for module, receivers in self._holders.find(modules).items():
            self._resolve_all(module, receivers)

    def _resolve_all(self, module: int, receivers: Receivers) -> None:
        names = self._program.names[module].called
        self._resolve_calls(module, names, dict.fromkeys(names, receivers))

    def _resolve_known(self, module: int, wanted: dict[str, Receivers]) -> None:
        receivers = self._program.names[module].receivers
        self._resolve_calls(module, [n for n in receivers if n in wanted and any(_admits(wanted[n], r) for r in receivers[n])], wanted)

    def _forget(self, module: int, numbers: Mapping[int, int]) -> None:
        """Forget the calls of a module, and follow its functions to their new numbers."""

        def renamed(key: FunctionKey) -> FunctionKey | None:
            return key if key[0] != module else (module, numbers[key[1]]) if key[1] in numbers else None

        self._resolved.pop(module, None)
        for site in self._direct.of(module):
            del self._direct[site]
        moved: dict[FunctionKey, Callers] = {}
        for key in dict.fromkeys((*self._callers.of(module), *self._called_in.get(module, ()))):
            sites = self._callers.pop(key)
            for site in sites if key[0] == module else ():
                self._called_in[site.module].discard(key)
            new = renamed(key)
            if new is not None:
                moved[new] = {site: receiver for site, receiver in sites.items() if site.module != module}
        self._callers.update(moved)
        self._called_in.pop(module, None)
        for key, sites in moved.items():
            for site in sites if key[0] == module else ():
                self._called_in[site.module].add(key)
        for table in (self._handing, self._handed):
            old = dict(table)
            table.clear()
            for key, others in old.items():
                new = renamed(key)
                if new is not None:
                    table[new] = {other: None for each in others if (other := renamed(each)) is not None}
        for outer in [key for key in self._handed if key[0] == module]:
            for key in self._handed.pop(outer):
                self._handing.get(key, {}).pop(outer, None)
        self._wrappings.clear()  # made again from evaluations that are remembered
        for key in self._spread.of(module):
            del self._spread[key]
        self._inside.forget_project()

    def _callers_in(self, module: int) -> dict[FunctionKey, Callers]:
        called = self._called_in.get(module, ())
        return {key: {site: receiver for site, receiver in self._callers[key].items() if site.module == module} for key in called}

    def _expand_handing(self, keys: Iterable[FunctionKey]) -> None:
        """Resolve the calls of the functions that return what one of these generator functions gives."""
        done: dict[FunctionKey, None] = {}
        new = {outer: None for key in keys for outer in self._handing.get(key, ())}
        while new:
            done.update(new)
            self._expand_functions(new)
            new = {outer: None for key in new for outer in self._handing.get(key, ()) if outer not in done}
            new |= {outer: None for key in keys for outer in self._handing.get(key, ()) if outer not in done}

    def _expand_functions(self, keys: Iterable[FunctionKey]) -> None:
        """Resolve what may run one of these functions: calls of their names and of the names of what they implement, reads of properties."""
        program, resolver = self._program, self._program.resolver
        called, methods, read = set(), set(), set()
        for key in keys:
            if key in self._spread:
                continue
            self._spread[key] = None
            function = program.function(key)
            if function.owner >= 0 and any(map(f.is_property_decorator, function.decorators)):
                read.add(function.name)
                continue
            if function.flags & f.LAMBDA:
                called |= {f.LAMBDA_NAME, *(name for number, name in program.lambdas(key[0]) if number == key[1])}
            elif function.owner < 0:
                called.add(function.name)
            elif function.name != "__init__":
                methods.add(function.name)
            if function.owner >= 0 and function.name in _OF_THE_CLASS:
                value = ClassValue(key[0], function.owner)
                family = (value, *resolver.below(value))
                called |= {resolver.klass(k).name for k in family}
                if function.name == "__call__":
                    bases = [base for base in resolver.mro(value) if isinstance(base, ClassValue)]
                    called |= {f.INSTANCE, *(f"{resolver.klass(k).name}{f.INSTANCE}" for k in (*family, *bases))}
                for module in sorted({k.module for k in family if k.module in program.names}):
                    self._resolve_calls(module, OF_ITSELF, dict.fromkeys(OF_ITSELF))
                if function.name in ("__enter__", "__exit__"):
                    called |= program.entered_names
            if function.parent > 0:
                self._add_decorated(key, called, methods)
        spellings = program.spellings(called, methods)
        self._expand({name: None if plain else _SOMETHING for name, plain in spellings.items()})
        self._expand({f"{display}{f.ITEM}": None for name in spellings for display in program.displays.get(name, ())})
        self._read |= read
        for module in program.modules_reading(read):
            for number, loads in enumerate(program.facts(module).loads):
                for dotted in loads:
                    if not read.isdisjoint(dotted.split(".")[1:]):
                        self._resolve_load(module, number, dotted, read)

    def _add_decorated(self, key: FunctionKey, called: set[str], methods: set[str]) -> None:
        """The names of what a function may stand in for, because a decorator returns it."""
        program, module, number = self._program, key[0], self._program.function(key).parent
        if not any(f.mentions(ref, program.function(key).name) for ref in program.function((module, number)).values):
            return
        outer: set[str] = set()
        while number > 0:
            function = program.function((module, number))
            outer.add(function.name)
            if function.owner >= 0:
                outer.add(program.facts(module).classes[function.owner].name)
            number = function.parent
        for name in program.with_renamed(outer):
            for decorated, is_method in program.decorated.get(name, ()):
                (methods if is_method else called).add(decorated)

    def _expand(self, wanted: dict[str, Receivers]) -> None:
        """Resolve every call site with one of these names, on a receiver that may be meant."""
        program = self._program
        new = {name: receivers for name, receivers in wanted.items() if self._is_wider(name, receivers)}
        self._expanded.update((name, receivers) for name, receivers in new.items() if not receivers)
        for module in program.modules_using(new):
            receivers = program.names[module].receivers
            here = [n for n in new.keys() & receivers.keys() if any(_admits(new[n], r) for r in receivers[n])]
            if here:
                self._resolve_calls(module, here, new)

    def _is_wider(self, name: str, receivers: Receivers) -> bool:
        """Whether calls of a name are wanted on receivers on which they have not all been resolved."""
        return name not in self._expanded or (self._expanded[name] is not None and self._expanded[name] is not receivers)

    def _resolve_calls(self, module: int, names: Iterable[str], wanted: dict[str, Receivers]) -> None:
        facts = self._program.facts(module)
        called = facts.called()
        resolved = self._resolved.setdefault(module, set())
        for number in sorted({number for n in names if n in called for number, r in zip(*called[n], strict=True) if _admits(wanted[n], r)}):
            call = facts.calls[number]
            if call.function and number not in resolved and not call.flags & f.GUARDED:
                resolved.add(number)
                try:
                    self._resolve(Site(module, call.function, number), call)
                except RecursionError:  # one call that nobody can follow is no reason to check nothing
                    self._program.tangled.append((module, call.line))
                    self._program.resolver.give_up()

    def _resolve(self, site: Site, call: f.Call) -> None:
        scope = Scope(site.module, call.function)
        values = self._program.callees(site.module, site.call)
        if call.flags & f.RETURNED:
            self._note_handing(site, values)
        targets = list(self.targets(values, call.flags))
        if self._inside.is_undecided(site, targets) or (targets and call.flags & f.LAZY and self._is_postponed(site, call)):
            return
        for target in targets:
            if isinstance(target, FunctionValue):
                self._take(target, site)
            elif self._inside.hides(site, target):
                continue
            elif self.blocks(target, call, scope) and not (target.kind == "wait" and _has_asynchronous(values)):
                self._direct.setdefault(site, []).append(target)

    def _take(self, target: FunctionValue, site: Site) -> None:
        """Note that a site runs a function: what the user says of it counts, not its body."""
        if target.key not in self._said:
            if site.call < 0 or self._inside.admits(site, target):
                self._add_caller(target, site)
            return
        block = self._said[target.key]
        if block is not None and (site.call < 0 or self.blocks(block, self._program.call(site.module, site.call), Scope(site.module, site.function))):
            self._direct.setdefault(site, []).append(block)

    def _add_caller(self, target: FunctionValue, site: Site) -> None:
        callers = self._callers.setdefault(target.key, {})
        self._called_in.setdefault(site.module, set()).add(target.key)
        callers[site] = target.receiver if callers.get(site, target.receiver) == target.receiver else None

    def _note_handing(self, site: Site, values: Iterable[Value]) -> None:
        """Note that a function returns what a generator function gives, itself or through other functions."""
        outer = (site.module, site.function)
        for value in values:
            if isinstance(value, FunctionValue) and value.key != outer and not self._program.function(value.key).is_async:
                inner = {value.key: None} if self._program.function(value.key).is_generator else self._handed.get(value.key, {})
                for key in inner:
                    self._handing.setdefault(key, {})[outer] = None
                    self._handed.setdefault(outer, {})[key] = None

    def _is_postponed(self, site: Site, call: f.Call) -> bool:
        """Whether nobody on the spot iterates the generator expression that a call stands in, as far as the function at hand tells."""
        program, start, end = self._program, (call.line, call.column), (call.end_line, call.end_column)
        for number in reversed(program.calls_of((site.module, site.function))):
            other = program.call(site.module, number)
            if number < site.call and not other.flags & f.LAZY and (other.line, other.column) <= start and end <= (other.end_line, other.end_column):
                values = program.callees(site.module, number)
                return any(isinstance(value, External) and value.path in program.catalog.offloads for value in values)
        return True

    def _resolve_load(self, module: int, number: int, dotted: str, wanted: set[str]) -> None:
        parts = dotted.split(".")
        for n in range(1, len(parts)):
            if parts[n] in wanted:
                base: f.Ref = ".".join(parts[:n]) if parts[0] != "super()" else ("call", "super", ())
                for value in self._program.resolver.evaluate(base, Scope(module, number)):
                    if isinstance(value, (Instance, Super)):
                        for target in self._program.property_functions(value, parts[n]):
                            self._take(target, Site(module, number, -1, ".".join(parts[: n + 1])))


def _has_asynchronous(values: Iterable[Value]) -> bool:
    """Whether one of the callees is asyncio's: of a future of either kind, the one on an event loop is its own."""
    return any(isinstance(value, External) and value.path.startswith("asyncio.") for value in values)


def _admits(allowed: Receivers, receiver: str) -> bool:
    return allowed is None or (receiver in allowed if allowed else receiver != "")
