"""What builtins give that only hand on, or pick from, what they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.program import types
from asynclint.program.values import ExternalInstance, Many, Parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.index.facts import Ref
    from asynclint.program.names import Resolver
    from asynclint.program.values import Scope, Value

_SAME_ITEMS = frozenset(f"builtins.{name}" for name in ("list", "tuple", "set", "frozenset", "sorted", "iter", "reversed"))
_ONE_ITEM = frozenset({"builtins.next", "builtins.max", "builtins.min"})
_WRAPPERS = frozenset({"functools.update_wrapper"})
DERIVED = _SAME_ITEMS | _ONE_ITEM | _WRAPPERS | {"builtins.enumerate", "builtins.zip", "builtins.filter", "builtins.map"}


def derived(resolver: Resolver, path: str, arguments: list[Ref], scope: Scope) -> Iterable[Value]:
    """What one of the callables of `DERIVED` gives for its positional arguments."""
    given = [resolver.evaluate(ref, scope) for ref in arguments]
    if not given:
        return (Many(()),)
    if path in _WRAPPERS:
        return given[0]
    if path in _ONE_ITEM:
        if path != "builtins.next" and len(given) > 1:
            return [value for values in given for value in values]
        return types.iterated(resolver, given[0])
    if path == "builtins.map":
        return (Many(tuple(types.call(resolver, given[0], (), scope))),)
    if path == "builtins.filter":
        return (Many(tuple(types.iterated(resolver, given[-1]))),)
    items = [tuple(types.iterated(resolver, values)) for values in given]
    if path == "builtins.enumerate":
        return (Many((Parts(((ExternalInstance("builtins.int"),), items[0])),)),)
    if path == "builtins.zip":
        return (Many((Parts(tuple(items)),)),)
    return (Many(items[0]),)
