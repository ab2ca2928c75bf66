"""Which code runs on an event loop, and what must not leave its thread."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program import types
from asynclint.program.decorators import is_replaced
from asynclint.program.entries import Entries
from asynclint.program.grouped import FIRST, Grouped
from asynclint.program.places import RETURNED, is_loop_callback
from asynclint.program.values import Bound, External, FunctionValue, Many, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from asynclint.program import Program
    from asynclint.program.values import FunctionKey, Value

_ITERATOR = "__await__"
_REACH = 400  # functions that are looked through for hazards; more is unknown


class Contexts:
    """Where functions run."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._reasons: Grouped[FunctionKey, str] = Grouped(FIRST)
        self._handed_by: dict[int, set[FunctionKey]] = {}  # by module, the callbacks that it hands over
        self._callbacks: Grouped[FunctionKey, dict[int, str]] = Grouped(FIRST)  # the names of what takes each, by the module that hands it over
        self.at_exit: set[FunctionKey] = set()  # functions that run only when the interpreter ends, after every event loop
        self._entries = Entries(program)
        self._by_hand = self._runs_by_hand()
        self._find_callbacks()

    def on_loop(self, key: FunctionKey) -> bool:
        """Whether a function's own frame runs on an event loop: a coroutine, a callback of the loop, a method that the loop calls. Where the project
        runs coroutines by hand, only those of modules that import something asynchronous do.
        """
        if self._program.function(key).is_async:
            return not self._by_hand or self._is_asynchronous(key[0])
        return self.runner(key) != ""

    def _runs_by_hand(self) -> bool:
        """Whether the project keeps the iterator of an awaitable, `steps = coroutine.__await__()`, to run it without an event loop."""
        program = self._program
        calls = ((m, program.call(m, number)) for m in program.modules_using((_ITERATOR,)) for number in program.facts(m).calls_of((_ITERATOR,)))
        return any(call.flags & f.ASSIGNED and program.function((m, call.function)).name != _ITERATOR for m, call in calls)

    def _is_asynchronous(self, module: int) -> bool:
        """Whether a module imports asyncio, or a library of which the catalog knows coroutines, tasks or callbacks of a loop."""
        names = self._program.names.get(module)
        return names is not None and not names.imports.isdisjoint(self._asynchronous)

    @cached_property
    def _asynchronous(self) -> frozenset[str]:
        """The import roots of asyncio and of such libraries."""
        catalog = self._program.catalog
        tables: tuple[Iterable[str], ...] = (catalog.coroutines, catalog.tasks, catalog.loop_callbacks, catalog.entries)
        return frozenset(path.partition(".")[0] for table in tables for path in table) - (sys.stdlib_module_names - {"asyncio"})

    def runner(self, key: FunctionKey) -> str:
        """The name of what runs a sync function on the event loop, or "" if nothing is known to."""
        known = self._reasons.get(key)
        if known is None:
            known = self._reasons[key] = self._runner(key)
        return known

    def _runner(self, key: FunctionKey) -> str:
        function = self._program.function(key)
        if key[1] == 0 or function.is_async:
            return ""
        found = self._entries.runner(key) or self._taken(key)
        if found:
            return "" if is_replaced(self._program.resolver, FunctionValue(*key)) else found
        if not function.decorators:
            return ""
        places = self._program.resolver.forwards.decorated(FunctionValue(*key))
        return next((name for name, where in places if is_loop_callback(where) and not where & RETURNED), "")

    # -- callbacks

    def _find_callbacks(self, only: int | None = None) -> None:
        program = self._program
        for module, call, ref in program.callbacks.sites(only):
            for function in self.functions(program.evaluate(ref, Scope(module, call.function))):
                if not program.function(function.key).is_async:
                    self._hand(function.key, {module: f.last_name(call.callee)})
        for key in self._registered(program.catalog.exit_callbacks, only):
            if not program.modules_using((program.function(key).name,)):  # nobody else runs it
                self.at_exit.add(key)

    def _taken(self, key: FunctionKey, *, but: int = -1) -> str:
        """The name of what takes a function as a callback of the loop, or ""; what the module `but` hands over does not count."""
        by = self._callbacks.get(key)
        if not by or by.keys() == {but}:
            return ""
        return by[min(module for module in by if module != but)]

    def _hand(self, key: FunctionKey, by: Mapping[int, str]) -> None:
        """Note by which modules a callback is handed over."""
        for module, name in by.items():
            self._callbacks.setdefault(key, {}).setdefault(module, name)
            self._handed_by.setdefault(module, set()).add(key)

    def replace(self, module: int, numbers: Mapping[int, int]) -> bool:
        """Look at a module again, whose facts have changed; `numbers` are the old and the new ones of its functions. Whether other modules hand over
        and run what they did.
        """
        exits, by_hand = {key for key in self.at_exit if key[0] != module}, self._by_hand
        self._by_hand = self._runs_by_hand()
        before = {key: self._taken(key) for key in self._handed_by.pop(module, ())}
        for key in before:
            del self._callbacks[key][module]
        mine = {key: self._callbacks.pop(key) for key in self._callbacks.of(module)}
        for key, by in mine.items():
            for other in by:
                self._handed_by[other].discard(key)
        for (_, number), by in mine.items():
            if number in numbers:
                self._hand((module, numbers[number]), by)
        self.at_exit = {(key[0], numbers[key[1]]) if key[0] == module else key for key in self.at_exit if key[0] != module or key[1] in numbers}
        self._find_callbacks(module)
        known = {key: self._taken(key, but=module) for key in self._handed_by.get(module, ())} | before
        changed = [key for key, name in known.items() if key[0] != module and name != self._taken(key)]
        for key in (*self._reasons.of(module), *changed):
            self._reasons.pop(key, None)
        return not changed and by_hand == self._by_hand and exits == {key for key in self.at_exit if key[0] != module}

    def _registered(self, table: Mapping[str, int | str], only: int | None = None) -> Iterator[FunctionKey]:
        """The functions of the project that are passed to one of the callables of a table, by one module or by all."""
        program = self._program
        names = program.catalog.names(table)
        for module in program.modules_using(names) if only is None else (only,):
            facts = program.facts(module)
            for number in facts.calls_of(names):
                call = facts.calls[number]
                for value in program.callees(module, number):
                    if isinstance(value, External) and value.path in table:
                        ref = types.argument(call.arguments, table[value.path])
                        for function in self.functions(program.evaluate(ref, Scope(module, call.function))):
                            yield function.key

    def functions(self, values: Iterable[Value]) -> Iterable[FunctionValue]:
        """The functions of the project among values, also inside `functools.partial` and displays."""
        for value in values:
            if isinstance(value, FunctionValue):
                yield value
            elif (isinstance(value, Bound) and value.calls) or isinstance(value, Many):
                yield from self.functions(value.items)

    # -- hazards of moving a function into a thread

    def hazard(self, key: FunctionKey) -> str:
        """Why a sync function must not run in a thread ("" if nothing forbids it): it, or what it calls, needs the loop's own thread."""
        return self._search(key)[0]

    def doubt(self, key: FunctionKey) -> str:
        """Why it is not certain that a sync function may run in a thread, or ""."""
        return self._search(key)[1]

    def _search(self, start: FunctionKey) -> tuple[str, str]:
        program = self._program
        seen, todo, doubt = {start}, [start], ""
        if program.function(start).decorators:
            wrappers = [value.key for value in program.effects.wrapping(FunctionValue(*start)).wrappers]
            seen.update(wrappers)
            todo += wrappers
        while todo:
            key = todo.pop()
            function = program.function(key)
            if self._entries.runner(key):
                return f"`{function.qualname}` belongs on the event loop: `{self._entries.runner(key)}`", ""
            if function.is_generator and key == start:
                return "it is a generator, whose body runs where it is iterated", ""
            if function.flags & f.WRITES:
                doubt = doubt or f"`{function.qualname}` changes state that other code may share"
            for number in program.calls_of(key):
                call = program.call(key[0], number)
                values = program.callees(key[0], number)
                if not values and not doubt and not (key != start and self._is_given(key, call.callee)):
                    doubt = f"what `{f.last_name(call.callee) or 'a call'}` in `{function.qualname}` does is not known"
                for value in values:
                    if isinstance(value, External) and value.path in program.catalog.touches_loop:
                        return f"`{function.qualname}` uses `{value.path}`, which needs the thread of the event loop", ""
                    if isinstance(value, External) and not doubt and not _is_known(program, value.path):
                        doubt = f"what `{value.path}` in `{function.qualname}` does is not known"
                    if isinstance(value, External) and not doubt and value.path.startswith(_WHOLE_PROCESS):
                        doubt = f"`{value.path}` in `{function.qualname}` changes what the whole process sees"
                    block = program.catalog.block(value.path) if isinstance(value, External) else None
                    if block is not None and block.offload == "never":
                        return f"`{function.qualname}` uses `{block.path}`, which is bound to its thread", ""
                    if block is not None and block.offload == "unsafe":
                        doubt = doubt or f"`{block.path}` is not documented as thread-safe"
                for target in program.effects.targets(values, call.flags):
                    if isinstance(target, FunctionValue) and target.key not in seen:
                        seen.add(target.key)
                        todo.append(target.key)
            if len(seen) > _REACH:
                return "", doubt or "it reaches too much code to be sure"
        return "", doubt

    def _is_given(self, key: FunctionKey, callee: f.Ref) -> bool:
        """Whether a function calls what the function around it, a decorator, was given."""
        parent = self._program.function(key).parent
        return parent > 0 and any(param.name == callee for param in self._program.function((key[0], parent)).params)


_WHOLE_PROCESS = ("sys.path.", "sys.modules.", "importlib.reload", "os.chdir", "os.umask", "os.environ.update", "os.environ.pop", "os.putenv")


def _is_known(program: Program, path: str) -> bool:
    """Whether a callable outside the project is in the catalog, or of the standard library, where what the catalog leaves out is harmless."""
    return program.catalog.knows(path) or path.partition(".")[0] in sys.stdlib_module_names or path.startswith("builtins.")
