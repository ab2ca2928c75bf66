"""Which calls give a task handle that nobody else keeps, and which give a coroutine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program.decorators import decorating_coroutine
from asynclint.program.effects import Site
from asynclint.program.values import External, FunctionValue, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.program import Program
    from asynclint.program.values import FunctionKey, Values

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


class Tasks:
    """The call sites whose value is a task handle or a coroutine."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.spawns: dict[Site, Site | None] = {}  # call site -> the spawning site inside the called function (None: it spawns itself)
        self._coroutines: dict[int, list[int]] = {}
        self._find_spawns()

    # -- tasks

    def _find_spawns(self) -> None:
        program = self._program
        wanted = program.catalog.names(program.catalog.tasks)
        expanded: set[str] = set()
        inner: dict[FunctionKey, Site] = {}
        while wanted - expanded:
            names = program.with_aliases(wanted) - expanded
            expanded |= names | wanted
            reached: list[FunctionKey] = []
            for module in program.modules_using(names):
                facts = program.facts(module)
                for number in facts.calls_of(names):
                    call = facts.calls[number]
                    site = Site(module, call.function, number)
                    if (module, call.function) in program.contexts.at_exit:
                        continue
                    source = self._spawned_by(program.callees(module, number), inner)
                    if source is None:
                        continue
                    self.spawns[site] = source[0]
                    key = (module, call.function)
                    if key not in inner and self.hands_out(site, call):
                        inner[key] = site
                        reached.append(key)
            wanted = {program.function(key).name for key in reached}

    def _spawned_by(self, values: Values, inner: dict[FunctionKey, Site]) -> tuple[Site | None] | None:
        for value in values:
            if isinstance(value, External) and value.path in self._program.catalog.tasks:
                return (None,)
            if isinstance(value, FunctionValue) and value.key in inner:
                return (inner[value.key],)
        return None

    def hands_out(self, site: Site, call: f.Call) -> bool:
        """Whether a sync function returns the handle made at a site and does not keep it itself."""
        function = self._program.function((site.module, site.function))
        if function.is_async or site.function == 0 or function.flags & f.LAMBDA:
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
        for name, refs in self._program.function((site.module, site.function)).bindings.items():
            if any(ref.__class__ is tuple and ref[0] == "call" and ref[1] == made[1] for ref in refs):
                return name
        return ""

    def is_passed_on(self, module: int, function: int, name: str) -> bool:
        """Whether a local name is an argument of a call or assigned to an attribute or item: someone may keep it."""
        program = self._program
        for number in program.calls_of((module, function)):
            if any(_mentions(ref, name) for _, ref in program.call(module, number).arguments):
                return True
        for klass in program.facts(module).classes:
            for pairs in klass.attributes.values():
                if any(number == function and _mentions(ref, name) for number, ref in pairs):
                    return True
        bindings = program.function((module, function)).bindings
        return any(_mentions(ref, name) for other, refs in bindings.items() if other != name for ref in refs)

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
        if not call.flags & (f.USED | f.CONSUMED) or f.last_name(call.callee) not in self._program.coroutine_names:
            return False
        return self.makes_coroutine(self._program.callees(module, number))

    def makes_coroutine(self, values: Values) -> bool:
        """Whether calling the values surely makes a coroutine: all of them are coroutine functions."""
        return bool(values) and all(self._is_coroutine_function(value) for value in values)

    def _is_coroutine_function(self, value: object) -> bool:
        program = self._program
        if isinstance(value, External):
            return value.path in program.catalog.coroutines
        if not isinstance(value, FunctionValue):
            return False
        function = program.function(value.key)
        if decorating_coroutine(program.resolver, value):
            return True
        return function.is_async and not function.is_generator and all(self.preserves(ref, value) for ref in function.decorators)

    def preserves(self, ref: f.Ref, value: FunctionValue) -> bool:
        """Whether a decorator is known to leave a coroutine function one."""
        program = self._program
        function = program.function(value.key)
        target = ref[1] if ref.__class__ is tuple and ref[0] == "call" else ref
        found = program.evaluate(target, Scope(value.module, max(function.parent, 0), function.owner))
        return bool(found) and all(isinstance(v, External) and v.path in _PRESERVING for v in found)


def _mentions(ref: f.Ref, name: str) -> bool:
    if ref.__class__ is str:
        return bool(ref == name)
    return ref.__class__ is tuple and ref[0] not in ("const", "import") and any(_mentions(part, name) for part in _parts(ref))


def _parts(ref: f.Ref) -> Iterable[f.Ref]:
    if ref[0] == "call":
        yield from (argument for _, argument in ref[2])
    else:
        yield from ref[1:]
