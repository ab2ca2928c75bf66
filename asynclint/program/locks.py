"""Which values hold a lock of threads or processes while they are entered, and which calls leave one held."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asynclint.index import facts as f
from asynclint.program.answers import Answers
from asynclint.program.values import External, ExternalInstance, FunctionValue, Instance, Manager, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asynclint.index.names import Names
    from asynclint.program import Program
    from asynclint.program.known import Lock
    from asynclint.program.values import FunctionKey, Value

_TAKES = frozenset({"acquire", "__enter__"})
_GIVES_BACK = frozenset({"release", "__exit__"})
_DEPTH = 8  # managers entered by managers


class Hop(NamedTuple):
    """A place in a helper at which it takes a lock, or enters or calls what does; `call` is the number of the call, -1 for an item of a `with`."""

    module: int
    function: int
    line: int
    column: int
    call: int = -1


class Held(NamedTuple):
    """A lock that is held, and the way through helpers to where it is taken; no hops where it is taken right there."""

    lock: Lock
    hops: tuple[Hop, ...] = ()


class Locks(Answers):
    """The locks that calls and managers of a program take on behalf of others."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.takers: dict[FunctionKey, Held] = {}  # sync functions that return with a lock held
        self._taking: dict[int, dict[int, Held]] = {}  # per module, the calls that leave a lock held
        self._looked_for: frozenset[str] = _GIVES_BACK  # names of calls that were looked at
        self._givers: set[str] = set(_GIVES_BACK)  # names of functions that give a lock back and take none
        self._find_givers()
        self._find_takers()

    # -- calls

    def taking(self, module: int) -> dict[int, Held]:
        """The calls of a module that leave a lock held, by number."""
        return self._taking.get(module, {})

    def concern(self, names: Names) -> bool:
        """Whether a module with these names has calls that say something of locks."""
        return not self._looked_for.isdisjoint(names.called)

    def gives_back(self, callee: f.Ref, values: Iterable[Value]) -> bool:
        """Whether a call may give a lock back, as far as names tell: its own, and those of what a function of the project calls."""
        if f.last_name(callee) in self._givers:
            return True
        names = [self._names_in(value.key) for value in values if isinstance(value, FunctionValue)]
        return any(each & self._givers and not each & _TAKES for each in names)

    def _find_givers(self) -> None:
        program = self._program
        for module in program.modules_using(_GIVES_BACK):
            facts = program.facts(module)
            for key in dict.fromkeys((module, facts.calls[number].function) for number in facts.calls_of(_GIVES_BACK)):
                if key[1] and not self._names_in(key) & _TAKES:
                    self._givers.add(program.function(key).name)

    def _names_in(self, key: FunctionKey) -> set[str]:
        program = self._program
        return {f.last_name(program.call(key[0], number).callee) for number in program.calls_of(key)}

    def _find_takers(self) -> None:
        program = self._program
        wanted: set[str] = set(_TAKES)
        seen: set[str] = set()
        keeping: dict[FunctionKey, bool] = {}  # whether a function that takes a lock hands it on
        while wanted:
            names = program.with_aliases(wanted) - seen
            seen |= names
            self._looked_for |= names
            wanted = set()
            for module in program.modules_using(names):
                facts = program.facts(module)
                for number in facts.calls_of(names):
                    held = self._left_by(module, number)
                    if held is None:
                        continue
                    self._taking.setdefault(module, {})[number] = held
                    key = (module, facts.calls[number].function)
                    if key not in keeping:
                        keeping[key] = self._hands_on(key)
                    if key not in self.takers and keeping[key]:
                        self.takers[key] = _through(held, self._call_hop(module, number))
                        wanted.add(program.function(key).name)

    def _hands_on(self, key: FunctionKey) -> bool:
        """Whether a function that takes a lock returns with it held: it gives none back, and runs when it is called."""
        function = self._program.function(key)
        if key[1] == 0 or function.flags & (f.ASYNC | f.GENERATOR | f.LAMBDA):
            return False
        return self._names_in(key).isdisjoint(self._givers)

    def _left_by(self, module: int, number: int) -> Held | None:
        """The lock that a call leaves held. A call that does not wait for it has somebody who thought of others."""
        call, catalog = self._program.call(module, number), self._program.catalog
        if call.flags & f.AWAITED:
            return None
        for value in self._program.callees(module, number):
            if isinstance(value, External):
                lock = self._of_method(value)
                block = catalog.blocks.get(value.path)
                if lock is not None and not (block is not None and any(condition.holds(call.arguments) for condition in block.unless)):
                    return Held(lock)
            elif isinstance(value, FunctionValue) and value.key in self.takers:
                return self.takers[value.key]
        return None

    def _of_method(self, value: External) -> Lock | None:
        """The lock type whose method takes the lock."""
        if value.path.rpartition(".")[2] not in _TAKES or not value.receiver:
            return None
        return self._program.lock_of(ExternalInstance(value.receiver))

    def _call_hop(self, module: int, number: int) -> Hop:
        call = self._program.call(module, number)
        return Hop(module, call.function, call.line, call.column, number)

    # -- managers

    def entered(self, values: Iterable[Value]) -> Iterator[Held]:
        """The locks that a `with` of one of the values holds. Where the first hop is a call in a generator, it is not known whether the lock is
        held when that yields.
        """
        return self._entered(values, _DEPTH)

    def _entered(self, values: Iterable[Value], depth: int) -> Iterator[Held]:
        for value in values if depth else ():
            lock = self._program.lock_of(value)
            if lock is not None:
                yield Held(lock)
            elif isinstance(value, Manager):
                yield from self._of_generator(value.function.key, depth)
            elif isinstance(value, Instance):
                for method in self._program.resolver.instance_attribute_of_class(value.klass, "__enter__"):
                    if isinstance(method, FunctionValue) and method.key in self.takers:
                        yield self.takers[method.key]
                    elif isinstance(method, External) and (lock := self._of_method(method)) is not None:
                        yield Held(lock)

    def _of_generator(self, key: FunctionKey, depth: int) -> Iterator[Held]:
        module, number = key
        facts = self._program.facts(module)
        for item in facts.withs:
            if item.function == number:
                for held in self._entered(self._program.evaluate(item.item, Scope(module, number)), depth - 1):
                    yield _through(held, Hop(module, number, item.line, item.column))
        taking = self.taking(module)
        for call in self._program.calls_of(key):
            if call in taking:
                yield _through(taking[call], self._call_hop(module, call))


def _through(held: Held, hop: Hop) -> Held:
    return Held(held.lock, (hop, *held.hops))
