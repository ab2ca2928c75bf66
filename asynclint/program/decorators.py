"""What decorators make of functions: the project's own ones replace them by functions that may or may not run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.program.values import External, FunctionValue, Scope
from asynclint.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asynclint.index.facts import Call, Ref
    from asynclint.program import Program
    from asynclint.program.names import Resolver

_HANDS_ON = frozenset({"functools.partial", "functools.wraps", "functools.update_wrapper"})


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


def wrapping(program: Program, value: FunctionValue) -> Wrapping:
    """What calling a sync function with decorators runs in its place."""
    wrappers: list[FunctionValue] = []
    for decorator, functions in replacements(program.resolver, value):
        sync = [v for v in functions if v.module == decorator.module and not program.resolver.function(v).is_async]
        if len(sync) == 1 and _is_inside(program, sync[0], decorator):
            wrappers += sync
            if not _runs_what_it_wraps(program, sync[0], decorator):
                return Wrapping(tuple(wrappers), False)
    return Wrapping(tuple(wrappers), True)


def _is_inside(program: Program, value: FunctionValue, decorator: FunctionValue) -> bool:
    """Whether a function is defined in another one of its module."""
    number = value.number
    while number > 0 and number != decorator.number:
        number = program.facts(value.module).functions[number].parent
    return number == decorator.number


def _runs_what_it_wraps(program: Program, wrapper: FunctionValue, decorator: FunctionValue) -> bool:
    """Whether a wrapper, when called, calls what its decorator was given, and does not hand it to a thread."""
    outer = program.function(decorator.key)
    place = 1 if outer.owner >= 0 and not program.resolver.is_decorated(outer, decorator.module, "staticmethod") else 0
    if len(outer.params) <= place or wrapper.key == decorator.key:
        return True
    wrapped = outer.params[place].name
    own = [program.call(wrapper.module, number) for number in program.calls_of(wrapper.key)]
    if any(call.callee == wrapped for call in own):
        return True
    if any(_is_offload(program, wrapper, call) for call in own):
        return False
    inside = [
        program.call(wrapper.module, number)
        for n in range(wrapper.number, len(program.facts(wrapper.module).functions))
        if _is_inside(program, FunctionValue(wrapper.module, n), wrapper)
        for number in program.calls_of((wrapper.module, n))
    ]
    return any(call.callee == wrapped or wrapped in _names([ref for _, ref in call.arguments]) for call in inside)


def _is_offload(program: Program, wrapper: FunctionValue, call: Call) -> bool:
    values = program.evaluate(call.callee, Scope(wrapper.module, call.function))
    return any(isinstance(value, External) and value.path in program.catalog.offloads for value in values)


def _names(refs: Iterable[Ref]) -> set[str]:
    """The names that stand in Refs."""
    found: set[str] = set()
    for ref in refs:
        if ref.__class__ is str:
            found.add(ref)
        elif ref.__class__ is tuple and ref[0] not in ("const", "type", "import"):
            found |= _names(part for part in ref[1:] if part.__class__ is str or part.__class__ is tuple)
    return found
