"""Which calls give a task handle that nobody else keeps, and which give a coroutine."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.index.refs import is_plain
from asynclint.program.answers import Answers
from asynclint.program.calls import Site
from asynclint.program.decorators import decorating_coroutine, keeps_coroutine
from asynclint.program.grouped import FIRST, MODULE, Grouped
from asynclint.program.values import Bound, ClassValue, External, FunctionValue, Scope

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Set

    from asynclint.program import Program
    from asynclint.program.values import FunctionKey, Value, Values

ADDERS = frozenset({"append", "add", "appendleft", "insert"})  # methods of containers
_PRESERVING = frozenset(
    [
        "builtins.staticmethod",
        "builtins.classmethod",
        "abc.abstractmethod",
        "typing.override",
        "typing_extensions.override",
        "typing.final",
        "functools.wraps",
        "typing.no_type_check",
        "typing_extensions.deprecated",
        "warnings.deprecated",
    ]
)


class Tasks(Answers):
    """The call sites whose value is a task handle or a coroutine."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.spawns: Grouped[Site, Site | None] = Grouped(MODULE)  # call -> the spawning site in the called function (None: itself)
        self.makers: Grouped[FunctionKey, Site] = Grouped(FIRST)  # functions that give a task which they do not keep -> the site inside
        self._coroutines: dict[int, list[int]] = {}
        self._started: dict[int, frozenset[str]] = {}  # by module, the names of coroutine functions whose coroutines are given to task makers
        self._all_started: frozenset[str] | None = None  # the same of all modules, once asked for
        self.givers: Grouped[FunctionKey, None] = Grouped(FIRST)  # sync functions that return a coroutine
        self._names: frozenset[str] = frozenset()  # of all that gives a task
        self._spellings: dict[str, bool] = {}  # and of all that gives a coroutine, see `Program.spellings`
        self._async_names: Mapping[str, bool] = {}  # those that are among them
        self._find_spawns()

    # -- tasks

    def _find_spawns(self) -> None:
        self._look_for(self._program.catalog.names(self._program.catalog.tasks))

    def _look_for(self, wanted: Set[str]) -> None:
        """Find the calls of what has one of these names and gives a task, and those of what hands such a task out."""
        program = self._program
        while wanted - self._names:
            names = program.with_aliases(wanted) - self._names
            self._names |= names | wanted
            wanted = {program.function(key).name for key in self._note(program.modules_using(names), names)}

    def _note(self, modules: Iterable[int], names: Collection[str]) -> list[FunctionKey]:
        """Note the calls of these names that give a task; the functions that hand one out and were not known to."""
        program = self._program
        reached: list[FunctionKey] = []
        for module in modules:
            facts = program.facts(module)
            for number in facts.calls_of(names):
                call = facts.calls[number]
                site = Site(module, call.function, number)
                if (module, call.function) in program.contexts.at_exit:
                    continue
                source = self._spawned_by(program.callees(module, number), call.flags)
                if source is None:
                    continue
                self.spawns[site] = source[0]
                key = (module, call.function)
                if key not in self.makers and self.hands_out(site, call):
                    self.makers[key] = site
                    reached.append(key)
        return reached

    def replace(self, module: int) -> bool:
        """Look at a module again, whose facts have changed. Whether that was possible: not where it gave others tasks or coroutines, or now does."""
        if self.makers.of(module) or self.givers.of(module):
            return False
        for site in self.spawns.of(module):
            del self.spawns[site]
        self._coroutines.pop(module, None)
        self._started.pop(module, None)
        self._all_started = None
        if self._note((module,), self._names):
            return False
        if "coroutine_givers" not in vars(self):
            return True
        if self._program.async_names is not self._async_names:
            self._async_names = self._program.async_names
            self._spellings = {**self._spellings, **self._async_names}
        return not self._givers_in((module,), self._spellings)

    def _spawned_by(self, values: Values, flags: int) -> tuple[Site | None] | None:
        for value in values:
            if isinstance(value, External) and value.path in self._program.catalog.tasks:
                return (None,)
            if not isinstance(value, FunctionValue) or value.key not in self.makers:
                continue
            if flags & f.AWAITED or not self._program.function(value.key).is_async:  # else it gives only a coroutine
                return (self.makers[value.key],)
        return None

    def makes_task(self, value: Value) -> bool:
        """Whether calling a value gives a task that nobody else keeps: a task maker, or a function that hands out what one makes."""
        if isinstance(value, Bound):
            return value.calls and any(map(self.makes_task, value.items))
        if isinstance(value, External):
            return value.path in self._program.catalog.tasks
        return isinstance(value, FunctionValue) and value.key in self.makers and not self._program.function(value.key).is_async

    def is_started(self, name: str) -> bool:
        """Whether the coroutine of a coroutine function with this last name is given to a task maker."""
        if self._all_started is None:
            self._all_started = frozenset[str]().union(*map(self._started_in, self.spawns.modules()))
        return name in self._all_started

    def _started_in(self, module: int) -> frozenset[str]:
        known = self._started.get(module)
        if known is None:
            arguments = (ref for site in self.spawns.of(module) for _, ref in self._program.call(module, site.call).arguments)
            names = (f.last_name(ref[1]) for ref in arguments if ref.__class__ is tuple and ref[0] == "call")
            known = self._started[module] = frozenset(names)
        return known

    @cached_property
    def maker_names(self) -> frozenset[str]:
        """The names of all that `makes_task`."""
        program = self._program
        return program.with_aliases({*program.catalog.names(program.catalog.tasks), *(program.function(key).name for key in self.makers)})

    def is_dropped(self, site: Site) -> bool:
        """Whether the task that a call gives is dropped at once."""
        flags, source = self._program.call(site.module, site.call).flags, self.spawns[site]
        awaited = source is not None and self._program.function((source.module, source.function)).is_async
        return bool(flags & (f.RESULT_DISCARDED if awaited else f.DISCARDED))

    def hands_out(self, site: Site, call: f.Call) -> bool:
        """Whether a function returns the handle made at a site and does not keep it itself."""
        function = self._program.function((site.module, site.function))
        if function.is_generator or site.function == 0 or function.flags & f.LAMBDA:
            return False
        if call.flags & f.RETURNED:
            return True
        if not call.flags & f.ASSIGNED:
            return False
        name = self.bound_name(site)
        return name in function.values and not self.is_passed_on(site.module, site.function, name)

    def bound_name(self, site: Site) -> str:
        """The local name that the value of a call is bound to, or ""."""
        call = self._program.call(site.module, site.call)
        made = ("call", call.callee, call.arguments)
        similar = ""
        for name, refs in self._program.function((site.module, site.function)).bindings.items():
            for bound in refs:
                ref = bound[2] if bound.__class__ is tuple and bound[0] == "declared" else bound
                if ref == made:
                    return name
                if not similar and ref.__class__ is tuple and ref[0] == "call" and ref[1] == made[1]:
                    similar = name  # the arguments of one of them may be cut short
        return similar

    def local_container(self, site: Site) -> str:
        """The name of a container, made by the function itself, that the value of a call is put into, or ""."""
        program = self._program
        call, function = program.call(site.module, site.call), program.function((site.module, site.function))
        if call.flags & (f.AWAITED | f.RETURNED | f.DISCARDED | f.ASSIGNED):
            return ""

        def is_meant(ref: f.Ref) -> bool:
            return ref.__class__ is tuple and ref[0] == "call" and ref[1] == call.callee

        for name, refs in function.bindings.items():
            if any(ref.__class__ is tuple and ref[0] == "many" and any(map(is_meant, ref[1:])) for ref in refs):
                return name
        for number in program.calls_of((site.module, site.function)):
            other = program.call(site.module, number)
            name = other.callee.rpartition(".")[0] if other.callee.__class__ is str else ""
            if f.last_name(other.callee) in ADDERS and name in function.bindings and any(is_meant(ref) for _, ref in other.arguments):
                return name
        return ""

    def is_passed_on(self, module: int, function: int, name: str) -> bool:
        """Whether a local name is an argument of a call or assigned to an attribute or item: someone may keep it."""
        program = self._program
        for number in program.calls_of((module, function)):
            if any(f.mentions(ref, name) for _, ref in program.call(module, number).arguments):
                return True
        for klass in program.facts(module).classes:
            for pairs in klass.attributes.values():
                if any(number == function and f.mentions(ref, name) for number, ref in pairs):
                    return True
        bindings = program.function((module, function)).bindings
        return any(f.mentions(ref, name) for other, refs in bindings.items() if other != name for ref in refs)

    # -- coroutines

    def coroutine_sites(self, module: int) -> list[int]:
        """The calls of a module that make a coroutine and drop it."""
        known = self._coroutines.get(module)
        if known is None:
            known = self._coroutines[module] = self._coroutine_sites(module)
        return known

    def _coroutine_sites(self, module: int) -> list[int]:
        program = self._program
        dropped = program.names[module].dropped if module in program.names else ()
        return [
            number
            for number in program.calls_in(module, dropped, program.coroutine_names)
            if program.call(module, number).flags & f.DISCARDED and self.makes_coroutine(program.callees(module, number))
        ]

    def uses_coroutine(self, module: int, number: int) -> bool:
        """Whether a call makes a coroutine whose value may be used as if it were the result."""
        call = self._program.call(module, number)
        if not call.flags & (f.USED | f.CONSUMED | f.ASSIGNED) and not (call.flags & f.RETURNED and self.returns_value((module, call.function))):
            return False
        if f.last_name(call.callee) not in self._program.coroutine_names:
            return False
        return self.makes_coroutine(self._program.callees(module, number))

    def returns_value(self, key: FunctionKey) -> bool:
        """Whether whoever awaits a coroutine function gets what nobody awaits once more: a framework does, or a class is declared."""
        program, function = self._program, self._program.function(key)
        if not function.is_async or function.is_generator:
            return False
        if any(path in program.catalog.entries for path in program.resolver.decorators(function, key[0])):
            return True
        return self._is_value(function.returns, Scope(key[0], max(function.parent, 0), function.owner))

    def _is_value(self, declared: f.Ref, scope: Scope) -> bool:
        """Whether an annotation names classes only, of the project or builtin, whose instances nobody can await."""
        if is_plain(declared):
            return True
        if declared.__class__ is tuple and declared[0] == "op":
            return self._is_value(declared[2], scope) and self._is_value(declared[3], scope)
        if declared.__class__ is tuple and declared[0] == "item":
            name = f.last_name(declared[1])
            members = declared[2][1:] if name == "Union" and declared[2].__class__ is tuple and declared[2][0] == "many" else declared[2:3]
            return name in ("Optional", "Union") and all(self._is_value(member, scope) for member in members)
        resolver = self._program.resolver
        found = resolver.evaluate(declared, scope) if declared.__class__ is str else ()
        return bool(found) and all(
            isinstance(value, ClassValue)
            and not resolver.instance_attribute_of_class(value, "__await__")
            and not any(isinstance(base, External) and base.path.startswith("typing") for base in resolver.mro(value))
            for value in found
        )

    def makes_coroutine(self, values: Values) -> bool:
        """Whether calling the values surely makes a coroutine: all of them are coroutine functions."""
        return bool(values) and all(self._is_coroutine_function(value) for value in values)

    def _is_coroutine_function(self, value: object) -> bool:
        program = self._program
        if isinstance(value, External):
            return value.path in program.catalog.coroutines
        if not isinstance(value, FunctionValue):
            return False
        if value.key in self.givers:
            return True
        function = program.function(value.key)
        wrappers = decorating_coroutine(program.resolver, value)
        if wrappers:
            return not any(program.function(wrapper.key).is_generator for wrapper in wrappers)
        if not function.is_async or function.is_generator:
            return False
        scope = Scope(value.module, max(function.parent, 0), function.owner)
        return all(self.preserves(ref, value) or keeps_coroutine(program.resolver, ref, scope) for ref in function.decorators)

    @cached_property
    def coroutine_givers(self) -> tuple[set[str], set[str]]:
        """The names of sync functions, and of sync methods, that return a coroutine wherever they return something."""
        program = self._program
        functions: set[str] = set()
        methods: set[str] = set()
        spellings = program.async_names
        while spellings:
            self._spellings = {**spellings, **self._spellings}
            found = self._givers_in(program.names, spellings) - self.givers.keys()
            self.givers.update(dict.fromkeys(found))
            named = [program.function(key) for key in found]
            new = ({each.name for each in named if each.owner < 0}, {each.name for each in named if each.owner >= 0})
            functions |= new[0]
            methods |= new[1]
            spellings = program.spellings(*new)
        return functions, methods

    def _givers_in(self, modules: Iterable[int], spellings: Mapping[str, bool]) -> set[FunctionKey]:
        """The functions of modules that return what a call of one of these names gives, and that is a coroutine."""
        program = self._program
        found: set[FunctionKey] = set()
        for module in modules:
            if spellings.keys().isdisjoint(program.names[module].returned):  # the other way round it would walk all spellings for each module
                continue
            facts = program.facts(module)
            for number in program.calls_in(module, program.names[module].returned & spellings.keys(), spellings):
                key = (module, facts.calls[number].function)
                if facts.calls[number].flags & f.RETURNED and key not in found and self._gives_coroutine(key):
                    found.add(key)
        return found

    def _gives_coroutine(self, key: FunctionKey) -> bool:
        function = self._program.function(key)
        if key in self.givers or key[1] == 0 or function.flags & (f.ASYNC | f.GENERATOR | f.LAMBDA) or function.decorators:
            return False
        calls = [ref[1] for ref in function.values if ref.__class__ is tuple and ref[0] == "call"]
        if len(calls) < len(function.values) or len(calls) >= f.VALUES:
            return False
        return all(self.makes_coroutine(self._program.evaluate(callee, Scope(*key))) for callee in calls)

    def preserves(self, ref: f.Ref, value: FunctionValue) -> bool:
        """Whether a decorator is known to leave a coroutine function one."""
        program = self._program
        function = program.function(value.key)
        target = ref[1] if ref.__class__ is tuple and ref[0] == "call" else ref
        found = program.evaluate(target, Scope(value.module, max(function.parent, 0), function.owner))
        return bool(found) and all(isinstance(v, External) and v.path in _PRESERVING for v in found)
