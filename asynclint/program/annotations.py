"""What annotations admit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.program.values import Awaitable, ClassValue, External, ExternalInstance, Instance, Many, Parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.index.facts import Ref
    from asynclint.program.names import Resolver
    from asynclint.program.values import Scope, Value

_OPTIONAL = frozenset({"Optional", "Union", "Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly", "InitVar"})
_FIRST_ONLY = frozenset({"Annotated"})
_SEQUENCES = frozenset(
    [
        "list",
        "List",
        "set",
        "Set",
        "frozenset",
        "FrozenSet",
        "tuple",
        "Tuple",
        "deque",
        "Deque",
        "Sequence",
        "MutableSequence",
        "Iterable",
        "Iterator",
        "Collection",
        "Generator",
        "AbstractSet",
        "AsyncIterator",
        "AsyncIterable",
        "AsyncGenerator",
        "WeakSet",
    ]
)
_TUPLES = frozenset({"tuple", "Tuple"})
_MAPPINGS = frozenset(
    ["dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict", "WeakValueDictionary", "WeakKeyDictionary", "ChainMap"]
)
_AWAITABLES = frozenset({"Awaitable", "Coroutine"})


def without_parameters(ref: Ref) -> Ref:
    """`Base[T]` -> `Base`."""
    return ref[1] if ref.__class__ is tuple and ref[0] == "item" else ref


def annotated(resolver: Resolver, ref: Ref, scope: Scope) -> Iterable[Value]:
    """The values that an annotation admits."""
    if ref is None:
        return ()
    if ref.__class__ is tuple:
        kind = ref[0]
        if kind == "op":
            return [*annotated(resolver, ref[2], scope), *annotated(resolver, ref[3], scope)] if ref[1] == "|" else ()
        if kind == "item":
            return _parametrised(resolver, ref, scope)
        if kind in ("const", "type", "many"):
            return ()
    found: list[Value] = []
    for value in resolver.evaluate(ref, scope):
        if isinstance(value, ClassValue):
            found.append(Instance(value))
        elif isinstance(value, External):
            if value.path in ("typing.Self", "typing_extensions.Self"):
                owner = resolver.facts(scope.module).functions[scope.function].owner
                found += [Instance(ClassValue(scope.module, owner))] if owner >= 0 else []
            elif value.path not in ("typing.Any", "builtins.object"):
                found.append(ExternalInstance(value.path))
    return found


def _parametrised(resolver: Resolver, ref: Ref, scope: Scope) -> Iterable[Value]:
    base, key = ref[1], ref[2]
    keys = (key[1:] if key.__class__ is tuple and key[0] == "many" else (key,)) or (None,)  # `tuple[()]` has none
    name = base.rpartition(".")[2] if base.__class__ is str else ""
    if name in _OPTIONAL:
        return [value for k in (keys[:1] if name in _FIRST_ONLY else keys) for value in annotated(resolver, k, scope)]
    if name in ("Type", "type"):
        return resolver.evaluate(keys[0], scope)
    if name in _TUPLES and len(keys) > 1 and keys[1] != ("const", ...):
        return (Parts(tuple(tuple(annotated(resolver, k, scope)) for k in keys)),)
    if name in _SEQUENCES:
        return (Many(tuple(annotated(resolver, keys[0], scope))),)
    if name in _MAPPINGS:
        return (Many(tuple(annotated(resolver, keys[-1], scope)), None, tuple(annotated(resolver, keys[0], scope)) if len(keys) == 2 else ()),)
    if name in _AWAITABLES:
        return (Awaitable(tuple(annotated(resolver, keys[-1], scope))),)
    if name in ("Callable", "Literal"):
        return ()
    return annotated(resolver, base, scope)
