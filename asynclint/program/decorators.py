"""What decorators make of functions: the project's own ones replace them by functions that may or may not run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.program.values import FunctionValue, Scope
from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asynclint.index.facts import Ref
    from asynclint.program import Program
    from asynclint.program.names import Resolver


@record(frozen=True, slots=True)
class Wrapping:
    """What calling a decorated function runs: the functions that its decorators put in its place, and whether these run it itself."""

    wrappers: tuple[FunctionValue, ...]
    runs_it: bool


def decorating_coroutine(resolver: Resolver, value: FunctionValue) -> list[FunctionValue]:
    """The coroutine functions by which decorators of the project replace a sync function."""
    found = []
    for _, functions in replacements(resolver, value):
        if all(resolver.function(v).is_async for v in functions):  # else it depends on what is decorated
            found += functions
    return found


def is_replaced(resolver: Resolver, value: FunctionValue) -> bool:
    """Whether decorators replace a sync function by something that does not run its body when it is called."""
    function = resolver.function(value)
    if not function.decorators:
        return False
    if any(path in resolver.catalog.wrappers for path in resolver.decorators(function, value.module)):
        return True
    return bool(decorating_coroutine(resolver, value)) or resolver.forwards.is_moved(value)


def replacements(resolver: Resolver, value: FunctionValue) -> Iterator[tuple[FunctionValue, list[FunctionValue]]]:
    """The decorators of a function that are functions of the project, the outermost first, each with the functions that it may return."""
    function = resolver.function(value)
    scope = Scope(value.module, max(function.parent, 0), function.owner)
    for ref in function.decorators:
        for decorator in resolver.decorating_functions(resolver.evaluate(ref, scope)):
            inner = resolver.function(decorator)
            results = [v for r in inner.values for v in resolver.evaluate(r, Scope(decorator.module, decorator.number))]
            yield decorator, [v for v in results if isinstance(v, FunctionValue)]


def keeps_coroutine(resolver: Resolver, ref: Ref, scope: Scope) -> bool:
    """Whether a decorator of the project makes a coroutine function of a coroutine function, on every path: it gives it back, or a function in its
    place that is one too or that returns what it gives.
    """
    values = resolver.evaluate(ref, scope)
    decorators = list(resolver.decorating_functions(values))
    return bool(decorators) and len(decorators) == len(values) and all(_keeps(resolver, decorator) for decorator in decorators)


def _keeps(resolver: Resolver, decorator: FunctionValue) -> bool:
    function = resolver.function(decorator)
    bound = function.owner >= 0 and not resolver.is_decorated(function, decorator.module, "staticmethod")
    if function.is_async or function.is_generator or function.decorators or len(function.params) <= bound:
        return False
    taken, scope = function.params[bound].name, Scope(decorator.module, decorator.number)
    for ref in function.values:
        if ref == taken:
            continue
        wrappers = resolver.evaluate(ref, scope)
        if not wrappers or not all(isinstance(v, FunctionValue) and v.module == decorator.module and _gives(resolver, v, taken) for v in wrappers):
            return False
    return bool(function.values)


def _gives(resolver: Resolver, wrapper: FunctionValue, taken: str) -> bool:
    """Whether calling a wrapper of a coroutine function, known inside by a name, gives a coroutine: its own one or that of what it wraps."""
    function = resolver.function(wrapper)
    if function.is_async or function.is_generator:
        return function.is_async and not function.is_generator
    returned = [each for ref in function.values for each in (function.bindings.get(ref, (ref,)) if ref.__class__ is str else (ref,))]
    own = taken in function.bindings or any(param.name == taken for param in function.params)
    return bool(returned) and not own and all(ref.__class__ is tuple and ref[0] == "call" and ref[1] == taken for ref in returned)


def wrapping(program: Program, value: FunctionValue) -> Wrapping:
    """What calling a sync function with decorators runs in its place."""
    resolver = program.resolver
    wrappers: list[FunctionValue] = []
    runs_it = not is_replaced(resolver, value)
    for decorator, functions in replacements(resolver, value):
        sync = [v for v in functions if v.module == decorator.module and not resolver.function(v).is_async]
        if len(sync) == 1 and _is_inside(program, sync[0], decorator):
            wrappers += sync
            if not resolver.forwards.hands_back(decorator, sync[0]):
                return Wrapping(tuple(wrappers), False)
    return Wrapping(tuple(wrappers), runs_it)


def _is_inside(program: Program, value: FunctionValue, decorator: FunctionValue) -> bool:
    """Whether a function is defined in another one of its module."""
    number = value.number
    while number > 0 and number != decorator.number:
        number = program.facts(value.module).functions[number].parent
    return number == decorator.number
