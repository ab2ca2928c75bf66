"""Which code runs in threads, and how often: handed over by the program, called by a framework, or by what runs there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.program.values import Bound, ClassValue, External, FunctionValue, Many, Scope
from asynclint.walk.leaving import parents_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from asynclint.index.facts import Call
    from asynclint.program import Program
    from asynclint.program.values import FunctionKey, Value
    from asynclint.walk.sources import Sources

_REACH = 200  # callers that are looked at
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FRAMES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Handing(NamedTuple):
    """A call that gives something to a thread: its module and number, what it gives, and whether that may run several times."""

    module: int
    call: Call
    value: Value
    several: bool


class InThreads:
    """What runs in threads in a program, found when first asked for."""

    def __init__(self, program: Program, sources: Sources) -> None:
        self._program, self._sources = program, sources
        self.handings = list(self._handings())
        self._handed = {each.value.key for each in self.handings if isinstance(each.value, FunctionValue)}
        self._parents: dict[int, Mapping[ast.AST, ast.AST]] = {}
        self._calls: dict[int, dict[tuple[int, int, int, int], ast.AST]] = {}

    @classmethod
    def shared(cls, program: Program, sources: Sources) -> InThreads:
        """Those of all who look at the same texts."""
        known = sources.kept.get(cls.__name__)
        if not isinstance(known, cls) or known._program is not program:
            known = sources.kept[cls.__name__] = cls(program, sources)
        return known

    def _handings(self) -> Iterator[Handing]:
        program = self._program
        for module, call, ref in program.offloads.sites():
            rows = [
                program.catalog.offloads[value.path]
                for value in program.evaluate(call.callee, Scope(module, call.function))
                if isinstance(value, External) and value.path in program.catalog.offloads
            ]
            for value in _flat(program.evaluate(ref, Scope(module, call.function))):
                yield Handing(module, call, value, not rows or any(row.each for row in rows))

    def runs(self, key: FunctionKey) -> str:
        """The name of the function through which a function runs in a thread, or "" where nothing is known to run it there. A coroutine runs on a
        loop, wherever that is.
        """
        program = self._program
        seen, todo = {key}, [key]
        while todo and len(seen) < _REACH:
            here = todo.pop(0)
            if program.function(here).is_async or here[1] == 0:
                continue
            if here in self._handed or self._is_entry(here):
                return program.function(here).qualname
            for module, number, functions in program.calls_named(program.with_aliases((program.function(here).name,))):
                caller = (module, program.call(module, number).function)
                if caller not in seen and any(value.key == here for value in functions):
                    seen.add(caller)
                    todo.append(caller)
        return ""

    def _is_entry(self, key: FunctionKey) -> bool:
        """Whether a framework, or the language, calls a function in a thread."""
        program, function = self._program, self._program.function(key)
        entries = program.catalog.entries
        for ref in function.decorators:
            target = ref[1] if ref.__class__ is tuple and ref[0] == "call" else ref
            for value in program.evaluate(target, Scope(key[0], max(function.parent, 0), function.owner)):
                entry = entries.get(value.path) if isinstance(value, External) else None
                if entry is not None and entry.sync_runs == "thread":
                    return True
        if function.owner < 0:
            return False
        bases = (base.path for base in program.resolver.mro(ClassValue(key[0], function.owner)) if isinstance(base, External))
        found = (entries.get(f"{path}.{function.name}") for base in bases for path in program.catalog.ancestry(base))
        return any(entry is not None and entry.sync_runs == "thread" for entry in found)

    # -- how often

    def times(self, module: int, call: Call, depth: int = 6) -> int:
        """How often a call is made in one run of the program: 0, 1, or 2 for more often. What nobody calls is called once, if it takes no arguments:
        it is where the program begins.
        """
        found = self._times_of((module, call.function), depth)
        return 2 if found and self._is_in_loop(module, call) else found

    def _times_of(self, key: FunctionKey, depth: int) -> int:
        program = self._program
        if key[1] == 0:
            return 1
        if not depth:
            return 2
        function = program.function(key)
        found = 0
        for module, number, functions in program.calls_named(program.with_aliases((function.name,))):
            if any(value.key == key for value in functions) and program.call(module, number).function != key[1]:
                found += self.times(module, program.call(module, number), depth - 1)
        for each in self.handings:
            if isinstance(each.value, FunctionValue) and each.value.key == key:
                found += 2 if each.several else self.times(each.module, each.call, depth - 1)
        if not found:
            is_entry = self._is_entry(key)
            found = 1 if function.owner < 0 and not function.params and not is_entry else 2
        return min(found, 2)

    def _is_in_loop(self, module: int, call: Call) -> bool:
        place = (call.line, call.column, call.end_line, call.end_column)
        if module not in self._parents:
            tree = self._sources.tree(module)
            self._parents[module] = parents_of(tree)
            self._calls[module] = {_place(node): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        parents, node = self._parents[module], self._calls[module].get(place)
        while node is not None and not isinstance(node, _FRAMES):
            above = parents.get(node)
            if isinstance(above, _LOOPS) and not (isinstance(above, (ast.For, ast.AsyncFor)) and node is above.iter):
                return True
            node = above
        return False


def _place(node: Any) -> tuple[int, int, int, int]:
    return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def _flat(values: Iterable[Value]) -> Iterator[Value]:
    """Values, and in the place of a `partial` or a display what is in it."""
    for value in values:
        if (isinstance(value, Bound) and value.calls) or isinstance(value, Many):
            yield from _flat(value.items)
        else:
            yield value
