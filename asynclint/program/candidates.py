"""Which of several candidates is meant, as what the code does with a value tells: only what can be awaited is awaited, and so for `async with`,
`async for`, `with` and `for`. A candidate of which nobody knows stays; so do all, where none fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program.results import AENTER, AITER, AWAIT, ENTER, ITER, admitted, can, gives
from asynclint.program.values import External, FunctionValue, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asynclint.index.facts import Call
    from asynclint.program.names import Resolver
    from asynclint.program.values import Value, Values

_METHODS = (
    (f.AWAITED, AWAIT),
    (f.ENTERED_ASYNC, AENTER),
    (f.CONSUMED_ASYNC, AITER),
    (f.ENTERED, ENTER),
    (f.CONSUMED, ITER),
)
_ASKING = f.AWAITED | f.ENTERED_ASYNC | f.CONSUMED_ASYNC | f.ENTERED | f.CONSUMED


def asked(flags: int) -> str:
    """The method that the value of a call must have, as the flags of the call tell; "" where they ask for none."""
    return next((method for flag, method in _METHODS if flags & flag), "") if flags & _ASKING else ""


def is_for_awaiting(resolver: Resolver, module: int, call: Call) -> bool:
    """Whether a call stands as the argument of another one that wants something to await: `asyncio.wait_for(f(), 1)`."""
    start, end, scope = (call.line, call.column), (call.end_line, call.end_column), Scope(module, call.function)
    calls = resolver.facts(module).calls
    for number in resolver.calls_of((module, call.function)):
        other = calls[number]
        if not ((other.line, other.column) <= start and end <= (other.end_line, other.end_column)):
            continue
        for place, (keyword, ref) in enumerate(other.arguments):
            if keyword == "*" and ref.__class__ is tuple and ref[0] == "many" and len(ref) > 1:
                ref = ref[1]  # of a comprehension
            if ref.__class__ is tuple and ref[0] == "call" and ref[1] == call.callee:
                return any(_awaits(resolver, value, other.arguments, place) for value in resolver.evaluate(other.callee, scope))
    return False


def _awaits(resolver: Resolver, value: Value, arguments: Sequence[tuple[str | None, object]], place: int) -> bool:
    """Whether what is called wants something to await for an argument, as the annotation of the parameter says."""
    if isinstance(value, External):
        if value.path in resolver.catalog.tasks and not place:
            return True
        functions = [known for known in resolver.stubs.functions(value.path) if isinstance(known, FunctionValue)]
    else:
        functions = [value] if isinstance(value, FunctionValue) else []
    keyword = arguments[place][0] if arguments[place][0] != "*" else None
    for each in functions:
        function = resolver.function(each)
        is_bound = function.owner >= 0 and not resolver.is_decorated(function, each.module, "staticmethod")
        for number, param in enumerate(function.params):
            at = place + is_bound
            is_given = keyword == param.name if keyword else number == at or (param.kind == f.VAR_POSITIONAL and number <= at)
            outside = Scope(each.module, max(function.parent, 0), function.owner)
            if is_given and any(can(resolver, known, AWAIT) for known in admitted(resolver, param.annotation, outside)):
                return True
    return False


def meant(resolver: Resolver, values: Values, method: str) -> Values:
    """Of what may be called, what gives something that has the method."""
    if not method or not any(_runs(resolver, value) for value in values):
        return values
    return _fitting(values, [_gives(resolver, value, method) for value in values])


def _runs(resolver: Resolver, value: Value) -> bool:
    """Whether calling a value may run something there and then, so that it matters whether it is meant."""
    if isinstance(value, FunctionValue):
        return not resolver.function(value).is_async
    return not isinstance(value, External) or resolver.catalog.block(value.path) is not None


def _gives(resolver: Resolver, value: Value, method: str) -> bool | None:
    """Whether what a call gives has the method; of what is outside the project, and does not block, nobody needs to know."""
    return gives(resolver, value, method) if not isinstance(value, External) or _runs(resolver, value) else None


def having(resolver: Resolver, values: Iterable[Value], method: str) -> Values:
    """Of what a value may be, what has the method."""
    values = tuple(values)
    return _fitting(values, [can(resolver, value, method) for value in values]) if len(values) > 1 else values


def _fitting(values: Values, verdicts: list[bool | None]) -> Values:
    """The values that may fit, or all where none does."""
    return tuple(value for value, verdict in zip(values, verdicts, strict=True) if verdict is not False) or values
