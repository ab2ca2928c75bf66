"""All facts -> answers: the whole program, and the questions that rules may ask of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.index.module import ModuleFacts
from asynclint.program.answers import Answers
from asynclint.program.candidates import asked, is_for_awaiting, meant
from asynclint.program.contexts import Contexts
from asynclint.program.effects import Effects
from asynclint.program.environment import Environment
from asynclint.program.libraries import EMPTY, Libraries, is_outside, name_of
from asynclint.program.locks import Locks
from asynclint.program.marks import Marks
from asynclint.program.names import Resolver
from asynclint.program.places import is_loop_callback, is_offload
from asynclint.program.results import AWAIT
from asynclint.program.takers import Takers
from asynclint.program.tasks import Tasks
from asynclint.program.values import ExternalInstance, FunctionValue, Scope, Super

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from asynclint.index.facts import Call, Function
    from asynclint.index.module import Packed
    from asynclint.index.names import Names
    from asynclint.program.calls import Site
    from asynclint.program.catalog import Catalog
    from asynclint.program.known import Lock
    from asynclint.program.modules import Modules
    from asynclint.program.values import FunctionKey, Instance, Value, Values


class Program:
    """The linked program. Facts are unpacked when first looked at; everything is computed once and on demand."""

    def __init__(
        self,
        paths: Sequence[str],
        packed: Mapping[int, Packed],
        names: Mapping[int, Names],
        modules: Modules,
        catalog: Catalog,
        environment: Environment | None = None,
    ) -> None:
        """`paths` as the user sees them; `packed` facts and `names` by number of the module (those that could not be read are missing)."""
        self.paths = list(paths)  # modules outside the project that are asked for are added
        self.catalog = catalog
        self.modules = modules
        self.names = names
        self._packed = packed
        self.tangled: list[tuple[int, int]] = []  # module and line of calls that could not be followed to their end
        self._owned = False
        self._facts: dict[int, ModuleFacts] = {}
        self._by_name = _inverted({n: names[n].called for n in names})
        self._by_load = _inverted({n: names[n].loaded for n in names})
        self._aliases: dict[str, set[str]] = {}
        self._renamed: dict[str, set[str]] = {}
        for n in names:
            for name, other in names[n].aliases:
                self._aliases.setdefault(name, set()).add(other)
            for name, other in names[n].renamed:
                self._renamed.setdefault(name, set()).add(other)
        self._calls_named: dict[frozenset[str], dict[int, list[tuple[int, tuple[FunctionValue, ...]]]]] = {}
        self._closures: dict[frozenset[str], frozenset[str]] = {}
        self._bases: dict[str, list[tuple[int, int]]] | None = None
        stems = {number: stem for stem, number in modules.stems.items()}
        numbered = [stems[n] for n in range(len(paths))]
        self.libraries = Libraries(environment or Environment(), self.paths, numbered, self._facts)
        self.resolver = Resolver(modules, numbered, self.facts, catalog, self.subclasses_named, self.libraries)

    @cached_property
    def effects(self) -> Effects:
        """What blocks."""
        return Effects(self)

    @cached_property
    def contexts(self) -> Contexts:
        """What runs where."""
        return Contexts(self)

    @cached_property
    def offloads(self) -> Takers:
        """What runs an argument in a thread."""
        return Takers(self, {**{path: o.callable for path, o in self.catalog.offloads.items()}, **self.catalog.wrappers}, is_offload)

    @cached_property
    def callbacks(self) -> Takers:
        """What runs an argument as a callback of the loop."""
        return Takers(self, self.catalog.loop_callbacks, is_loop_callback)

    @cached_property
    def marks(self) -> Marks:
        """What the user says of functions."""
        return Marks(self)

    @cached_property
    def tasks(self) -> Tasks:
        """What gives handles and coroutines."""
        return Tasks(self)

    @cached_property
    def locks(self) -> Locks:
        """What holds a lock."""
        return Locks(self)

    def answers(self) -> dict[str, object]:
        """What has been computed so far that another process with the same program may `adopt`."""
        return {name: vars(self)[name] for name in _SHARED if name in vars(self)}

    def adopt(self, answers: Mapping[str, object]) -> None:
        """Take over what another process has computed, and this one has not."""
        for name, answer in answers.items():
            if isinstance(answer, Answers):
                answer.belong_to(self)
            vars(self).setdefault(name, answer)

    # -- facts

    def facts(self, module: int) -> ModuleFacts:
        """The facts of a module; empty ones for a module that could not be read."""
        known = self._facts.get(module)
        if known is None:
            packed = self._packed.get(module)
            known = self._facts[module] = ModuleFacts.unpack(packed) if packed is not None else EMPTY
        return known

    def function(self, key: FunctionKey) -> Function:
        """The facts of a function."""
        return self.facts(key[0]).functions[key[1]]

    def calls_of(self, key: FunctionKey) -> list[int]:
        """The numbers of the calls that a function's own frame makes."""
        return self.resolver.calls_of(key)

    def is_outside(self, module: int) -> bool:
        """Whether a module is one of a library: it is looked through, and never reported on."""
        return module >= self.libraries.first

    def order(self, key: FunctionKey) -> tuple[str, FunctionKey]:
        """Sorts functions, those of libraries by the place of their file: their modules are numbered as they happen to be asked for."""
        return (self.paths[key[0]], (0, key[1])) if self.is_outside(key[0]) else ("", key)

    def call(self, module: int, number: int) -> Call:
        """The facts of a call site."""
        return self.facts(module).calls[number]

    # -- another version of a module (see `replace`)

    def set_facts(self, module: int, facts: ModuleFacts, names: Names) -> None:
        """Take the facts of a module in the place of those it has; what was found out stays."""
        if not self._owned:  # until now they are those of whoever linked the program
            self.names, self._owned = {**self.names}, True
        self._facts[module], self.names[module] = facts, names  # type: ignore[index]

    def prepare(self) -> None:
        """Find out now what `replace` and rules ask for, while nobody waits."""
        _ = self.loop_effects, self.losing_functions, self.locks, self.coroutine_names
        self.tasks.is_started("")
        self.resolver.prepare()

    def add_names(self, module: int, old: Names | None) -> bool:
        """Take in the names of a module that had others. Names that it no longer has stay: they only say where to look. Whether something is now
        bound to a name that it was not bound to before.
        """
        names = self.names[module]
        for table, new, known in ((self._by_name, names.called, old and old.called), (self._by_load, names.loaded, old and old.loaded)):
            for name in new - (known or frozenset()):
                table.setdefault(name, []).append(module)
        if self._bases is not None and names.bases != (old.bases if old else ()):
            self._bases = None
        more = False
        for pairs, renamings in ((names.aliases, self._aliases), (names.renamed, self._renamed)):
            for name, other in pairs:
                if other not in renamings.get(name, ()):
                    renamings.setdefault(name, set()).add(other)
                    more = True
        if more:
            self._closures.clear()
        return more

    @cached_property
    def import_roots(self) -> set[str]:
        """The first parts of what the modules of the project import absolutely."""
        return {root for names in self.names.values() for root in names.imports}

    # -- names

    def with_aliases(self, names: Iterable[str]) -> frozenset[str]:
        """Names, and every other name that one of them is bound to anywhere in the program."""
        wanted = frozenset(names)
        known = self._closures.get(wanted)
        if known is None:
            known = self._closures[wanted] = self._with_aliases(wanted)
        return known

    def with_renamed(self, names: Iterable[str]) -> set[str]:
        """Names, and those that imports give them."""
        return {other for name in names for other in (name, *self._renamed.get(name, ()))}

    def is_rebound(self, name: str) -> bool:
        """Whether something of this name is bound to the same name elsewhere: `get = session.get` in a module or class."""
        return name in self._aliases.get(name, ())

    def _with_aliases(self, names: frozenset[str]) -> frozenset[str]:
        found, level = set(names), set(names)
        for _ in range(_RENAMINGS):
            level = {other for name in level for other in self._aliases.get(name, ())} - found
            found |= level
        return frozenset(found)

    def modules_using(self, names: Iterable[str]) -> list[int]:
        """The modules with a call whose last name is one of these."""
        return sorted({module for name in names for module in self._by_name.get(name, ())})

    def calls_named(self, names: frozenset[str]) -> Iterator[tuple[int, int, tuple[FunctionValue, ...]]]:
        """The calls with one of these last names that call functions of the program: module, number, and the functions."""
        known = self._calls_named.setdefault(names, {})
        for module in self.modules_using(names):
            found = known.get(module)
            if found is None:
                calls = ((number, self.callees(module, number)) for number in self.facts(module).calls_of(names))
                functions = ((number, tuple(value for value in values if isinstance(value, FunctionValue))) for number, values in calls)
                found = known[module] = [(number, values) for number, values in functions if values]
            for number, values in found:
                yield module, number, values

    def forget_calls(self, module: int, *, renumbered: bool) -> None:
        """Forget what `calls_named` remembers of a module whose facts have changed and, where its functions are `renumbered`, of them."""
        if renumbered:
            self._calls_named.clear()
        for known in self._calls_named.values():
            known.pop(module, None)

    def modules_reading(self, names: Iterable[str]) -> list[int]:
        """The modules that read an attribute of one of these names."""
        return sorted({module for name in names for module in self._by_load.get(name, ())})

    def spellings(self, functions: Iterable[str], methods: Iterable[str]) -> dict[str, bool]:
        """The last names that calls of functions and methods of these names are written with, and whether also without a receiver: a method
        needs one, unless it is bound to a name.
        """
        names = self.with_aliases({*functions, *methods})
        plain = {other for name in names for other in self._aliases.get(name, ())}.union(functions)
        return {name: name in plain for name in sorted(names)}

    @cached_property
    def coroutine_names(self) -> dict[str, bool]:
        """The names of all coroutine functions, of the program and the catalog, of functions that return a coroutine, and the names they are bound
        to, as `spellings`.
        """
        functions, methods = self.tasks.coroutine_givers
        return {**self.spellings(functions, methods), **self.async_names}

    @cached_property
    def async_names(self) -> dict[str, bool]:
        """The names of all that is a coroutine function itself, as `spellings`."""
        functions = {name for names in self.names.values() for name in names.coroutines}
        methods = {name for names in self.names.values() for name in names.coroutine_methods}
        return self.spellings(functions | self.catalog.names(self.catalog.coroutines), methods)

    def calls_in(self, module: int, wanted: Collection[str], spellings: Mapping[str, bool]) -> list[int]:
        """The calls of a module with one of the names `wanted`, as far as `spellings` tells that they can be meant."""
        if module not in self.names:
            return []
        receivers = self.names[module].receivers
        names = [name for name in wanted if name in spellings and name in receivers and (spellings[name] or any(receivers[name]))]
        if not names:
            return []
        called = self.facts(module).called()
        sites = ((number, spellings[name] or receiver) for name in names for number, receiver in zip(*called[name], strict=True))
        return sorted({number for number, meant in sites if meant})

    @cached_property
    def offload_names(self) -> frozenset[str]:
        """The names of what runs an argument in a thread, of the catalog and the project, and the names they are bound to."""
        return self.offloads.names

    @cached_property
    def cancellation_names(self) -> frozenset[str]:
        """The names by which the exceptions of cancellation are caught, also in groups: `ERRORS = (CancelledError, OSError)`. "" is for `except:`."""
        found = self.with_aliases(self.catalog.names(self.catalog.cancellations))
        groups = {bound for names in self.names.values() for part, bound in names.groups if part in found}
        return found | self.with_aliases(groups) | {""}

    @cached_property
    def decorated(self) -> dict[str, set[tuple[str, bool]]]:
        """Last names of decorators -> the sync functions that have them: name, and whether it is a method."""
        found: dict[str, set[tuple[str, bool]]] = {}
        for names in self.names.values():
            for decorator, name, is_method in names.decorated:
                found.setdefault(decorator, set()).add((name, is_method))
        return found

    @cached_property
    def displays(self) -> dict[str, set[str]]:
        """Last names of what stands in a display -> the names that modules, classes and attributes give to the display."""
        found: dict[str, set[str]] = {}
        for names in self.names.values():
            for part, bound in names.groups:
                found.setdefault(part, set()).add(bound)
        return found

    def lambdas(self, module: int) -> tuple[tuple[int, str], ...]:
        """The numbers of the lambdas of a module that have names, and the names."""
        return self.names[module].lambdas if module in self.names else ()

    @cached_property
    def entered_names(self) -> frozenset[str]:
        """The last names of all calls that are items of a sync `with`."""
        return frozenset(name for names in self.names.values() for name in names.entered)

    def subclasses_named(self, name: str) -> list[tuple[int, int]]:
        """The classes (module, number) one of whose bases is written with this last name, or another name bound to it."""
        if self._bases is None:
            self._bases = {}
            for module in sorted(self.names):
                for number, bases in enumerate(self.names[module].bases):
                    for base in bases:
                        self._bases.setdefault(base, []).append((module, number))
        found: list[tuple[int, int]] = []
        for alias in (name, *self._renamed.get(name, ())):
            found += self._bases.get(alias, ())
        return sorted(set(found))

    # -- questions

    @cached_property
    def loop_effects(self) -> dict[int, dict[tuple[str, bool], set[int]]]:
        """Per module, the (kind, whether direct) of what call sites and property reads that run on the loop are reported for, and the numbers of the
        functions that hold them.
        """
        return self._loop_effects(self.effects.sites)

    def renew_loop_effects(self, module: int) -> None:
        """Find the effects on the loop again, of a module whose facts have changed."""
        self.loop_effects.pop(module, None)
        self.loop_effects.update(self._loop_effects(self.effects.sites.of(module)))

    def _loop_effects(self, sites: Iterable[Site]) -> dict[int, dict[tuple[str, bool], set[int]]]:
        found: dict[int, dict[tuple[str, bool], set[int]]] = {}
        for site in sites:
            if not self.is_outside(site.module) and self.contexts.on_loop((site.module, site.function)):
                effect = self.effects.worst(site)
                if effect is not None:
                    found.setdefault(site.module, {}).setdefault((effect.kind, effect.is_direct), set()).add(site.function)
        return found

    @cached_property
    def losing_functions(self) -> dict[int, set[int]]:
        """Per module, the functions that may lose a task handle: dropped, bound to a local name or container, returned by a lambda, or made by a bare
        callback.
        """
        return self._losing_functions(None)

    def renew_losing_functions(self, module: int) -> None:
        """Find them again in a module whose facts have changed."""
        self.losing_functions.pop(module, None)
        self.losing_functions.update(self._losing_functions(module))

    def _losing_functions(self, only: int | None) -> dict[int, set[int]]:
        losing = f.ASSIGNED | f.LAMBDA_BODY
        found: dict[int, set[int]] = {}
        for site in self.tasks.spawns if only is None else self.tasks.spawns.of(only):
            if self.call(site.module, site.call).flags & losing or self.tasks.is_dropped(site) or self.tasks.local_container(site):
                found.setdefault(site.module, set()).add(site.function)
        makers = self.tasks.maker_names
        callbacks = self.with_aliases(self.catalog.names(self.catalog.loop_callbacks))
        for module in self.modules_using(callbacks) if only is None else (only,):
            facts = self.facts(module)
            for number in facts.calls_of(callbacks):
                if any(f.callable_name(ref) in makers for _, ref in facts.calls[number].arguments):
                    found.setdefault(module, set()).add(facts.calls[number].function)
        return found

    def lock_of(self, value: Value) -> Lock | None:
        """The lock type that a value is an instance of, if it is one that blocks its thread."""
        if isinstance(value, ExternalInstance):
            return next((self.catalog.locks[path] for path in self.catalog.ancestry(value.path) if path in self.catalog.locks), None)
        return None

    def evaluate(self, ref: f.Ref, scope: Scope) -> Values:
        """What an expression may stand for."""
        return self.resolver.evaluate(ref, scope)

    def callees(self, module: int, number: int) -> Values:
        """What a call site calls: of several candidates those whose value can be awaited, entered or iterated as it is there."""
        call = self.call(module, number)
        values = self.resolver.evaluate(call.callee, Scope(module, call.function))
        return meant(self.resolver, values, self.asked(module, call, values)) if len(values) > 1 else values

    def asked(self, module: int, call: Call, values: Values) -> str:
        """The method that the value of a call of one of several candidates must have, as the place of the call tells; "" where it may be anything."""
        method = asked(call.flags)
        if method or not any(isinstance(value, FunctionValue) and self.function(value.key).is_async for value in values):
            return method
        return AWAIT if is_for_awaiting(self.resolver, module, call) else ""

    def property_functions(self, value: Instance | Super, name: str) -> list[FunctionValue]:
        """The functions that run when the attribute of an instance, or of `super()`, is read."""
        return self.resolver.property_getters(value.klass, name, above=isinstance(value, Super))

    def module_name(self, module: int) -> str:
        """The dotted name of a module, for messages."""
        stem = self.resolver.stems[module]
        return name_of(stem) if is_outside(stem) else self.modules.name_of(stem)

    def qualified(self, value: Value) -> str:
        """A value's dotted name, for messages."""
        if isinstance(value, FunctionValue):
            return f"{self.module_name(value.module)}.{self.function(value.key).qualname}"
        return str(getattr(value, "path", value))


_SHARED = ("offloads", "callbacks", "tasks", "locks", "coroutine_names", "async_names", "losing_functions")
_RENAMINGS = 3  # a class may be the default of a parameter that is assigned to an attribute; names that wander further are data


def _inverted(names: dict[int, frozenset[str]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for module in sorted(names):
        for name in names[module]:
            found.setdefault(name, []).append(module)
    return found
