"""What calling a value runs: functions of the project, and the primitives of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program import types
from asynclint.program.decorators import wrapping
from asynclint.program.inside import Inside
from asynclint.program.iterating import iterating
from asynclint.program.values import Bound, ClassValue, External, ExternalInstance, FunctionValue, Instance, Manager, Many, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.program import Program
    from asynclint.program.decorators import Wrapping
    from asynclint.program.known import Block
    from asynclint.program.values import FunctionKey, Value

MEMORY = frozenset({"io.StringIO", "io.BytesIO"})  # files that are none
_CONSUMED = f.CONSUMED | f.CONSUMED_LATER
_ENTERED = f.ENTERED | f.ENTERED_LATER
_PATHS = frozenset({"builtins.str", "pathlib.PurePath"})


class Callees:
    """What calls run now, in the thread at hand."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._wrappings: dict[FunctionKey, Wrapping] = {}
        self._inside = Inside(program)
        self._said = program.marks.said

    def targets(self, values: Iterable[Value], flags: int) -> Iterable[FunctionValue | Block]:
        """The sync functions of the project and the primitives that calling the values runs now."""
        catalog, resolver = self._program.catalog, self._program.resolver
        for value in values:
            if isinstance(value, External):
                block = catalog.block(value.path)
                if block is not None:
                    yield block
                if flags & _ENTERED:
                    block = catalog.blocks.get(f"{value.path}.__exit__") or catalog.blocks.get(f"{value.path}.__enter__")
                    if block is not None:
                        yield block
                block = iterating(catalog, value) if flags & _CONSUMED else None
                if block is not None:
                    yield block
            elif isinstance(value, FunctionValue):
                path = self._inside.path_in_catalog(value)
                if path and path in catalog.blocks:
                    yield catalog.blocks[path]
                elif not path:
                    yield from self._runs(value, flags)
                if not path and flags & (_CONSUMED | _ENTERED):
                    yield from self._runs_of_result(value, flags)
            elif isinstance(value, ClassValue):
                for name in ("__init__", "__post_init__"):
                    yield from self.targets(resolver.instance_attribute_of_class(value, name), flags & ~(_ENTERED | _CONSUMED))
                for base in resolver.mro(value):
                    if isinstance(base, External) and base.path in catalog.blocks:
                        yield catalog.blocks[base.path]
                yield from self._runs_of_instance(value, flags)
            elif isinstance(value, Instance):
                yield from self.targets(resolver.instance_attribute_of_class(value.klass, "__call__"), flags)
            elif isinstance(value, Bound) and value.calls:
                yield from self.targets(value.items, flags)

    def _runs(self, value: FunctionValue, flags: int) -> Iterable[FunctionValue]:
        """The function itself, if calling it runs its body in this thread now."""
        function = self._program.function(value.key)
        if function.is_async:
            return
        if value.key in self._said:
            yield value
            return
        needed = _CONSUMED if function.is_generator else 0
        if function.decorators:
            paths = self._program.resolver.decorators(function, value.module)
            if needed and not types.MANAGERS.isdisjoint(paths):
                needed = _ENTERED
            known = self.wrapping(value)
            yield from known.wrappers
            if not known.runs_it:
                return
        if not needed or flags & needed:
            yield value

    def wrapping(self, value: FunctionValue) -> Wrapping:
        """What calling a sync function with decorators runs in its place."""
        known = self._wrappings.get(value.key)
        if known is None:
            known = self._wrappings[value.key] = wrapping(self._program, value)
        return known

    def _runs_of_instance(self, klass: ClassValue, flags: int) -> Iterable[FunctionValue | Block]:
        """What entering or iterating an instance runs."""
        resolver = self._program.resolver
        for name in ("__enter__", "__exit__") if flags & _ENTERED else ():
            yield from self.targets(resolver.instance_attribute_of_class(klass, name), 0)
        if flags & _CONSUMED:
            yield from self.targets(resolver.instance_attribute_of_class(klass, "__iter__"), f.CONSUMED)
            yield from self._runs_of_iterator(klass)

    def _runs_of_iterator(self, klass: ClassValue) -> Iterable[FunctionValue | Block]:
        """What taking the next item of an iterator runs."""
        return self.targets(self._program.resolver.instance_attribute_of_class(klass, "__next__"), 0)

    def _runs_of_result(self, value: FunctionValue, flags: int) -> Iterable[FunctionValue | Block]:
        """What entering or iterating what a function returns runs, now that it has returned."""
        resolver, function = self._program.resolver, self._program.function(value.key)
        if function.is_async or function.is_generator:
            return
        scope = Scope(value.module, value.number)
        for result in dict.fromkeys((*types.call_function(resolver, value), *(v for ref in function.values for v in resolver.evaluate(ref, scope)))):
            if isinstance(result, Instance):
                is_iterator = function.name == "__iter__"  # it is asked for items, and not for an iterator once more
                yield from self._runs_of_iterator(result.klass) if is_iterator else self._runs_of_instance(result.klass, flags)
            elif isinstance(result, (Many, Manager)) and result.function is not None:
                yield from self._runs(result.function, flags)

    def blocks(self, block: Block, call: f.Call, scope: Scope) -> bool:
        """Whether a call of a primitive blocks, given its arguments."""
        if any(condition.holds(call.arguments) for condition in block.unless):
            return False
        if block.only_if and not any(condition.holds(call.arguments) for condition in block.only_if):
            return False
        if block.takes_file >= 0:
            values = self._program.resolver.evaluate(types.argument(call.arguments, block.takes_file), scope)
            return not any(self._is_any(value, MEMORY) for value in values)
        if block.takes_path >= 0:
            values = self._program.resolver.evaluate(types.argument(call.arguments, block.takes_path), scope)
            return any(self._is_any(value, _PATHS) for value in values)
        return True

    def _is_any(self, value: Value, paths: frozenset[str]) -> bool:
        """Whether a value is an instance of one of these types outside the project."""
        return isinstance(value, ExternalInstance) and not paths.isdisjoint(self._program.catalog.ancestry(value.path))
