"""Which of several candidates is meant, as what the code does with a value tells: only what can be awaited is awaited, and so for `async with`,
`async for`, `with` and `for`. A candidate of which nobody knows stays; so do all, where none fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.program.results import AENTER, AITER, AWAIT, ENTER, ITER, can, gives

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.program.names import Resolver
    from asynclint.program.values import Value, Values

_METHODS = (
    (f.AWAITED, AWAIT),
    (f.ENTERED_ASYNC, AENTER),
    (f.CONSUMED_ASYNC, AITER),
    (f.ENTERED, ENTER),
    (f.CONSUMED, ITER),
)


def asked(flags: int) -> str:
    """The method that the value of a call must have, as the flags of the call tell; "" where they ask for none."""
    return next((method for flag, method in _METHODS if flags & flag), "")


def meant(resolver: Resolver, values: Values, method: str) -> Values:
    """Of what may be called, what gives something that has the method."""
    if not method or len(values) < 2:
        return values
    verdicts = [gives(resolver, value, method) for value in values]
    return _fitting(values, verdicts)


def having(resolver: Resolver, values: Iterable[Value], method: str) -> Values:
    """Of what a value may be, what has the method."""
    values = tuple(values)
    return _fitting(values, [can(resolver, value, method) for value in values]) if len(values) > 1 else values


def _fitting(values: Values, verdicts: list[bool | None]) -> Values:
    """The values that may fit, or all where none does."""
    return tuple(value for value, verdict in zip(values, verdicts, strict=True) if verdict is not False) or values
