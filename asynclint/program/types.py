"""How each kind of Ref is evaluated, and what calls, annotations and containers give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asynclint.program.values import (
    Awaitable,
    Bound,
    ClassValue,
    External,
    ExternalInstance,
    FunctionValue,
    Instance,
    Manager,
    Many,
    Scope,
    Super,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from asynclint.index.facts import Ref
    from asynclint.program.catalog import Catalog
    from asynclint.program.names import Resolver
    from asynclint.program.values import Value, Values

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
_MAPPINGS = frozenset(
    ["dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict", "WeakValueDictionary", "WeakKeyDictionary", "ChainMap"]
)
_AWAITABLES = frozenset({"Awaitable", "Coroutine"})
_GIVES_ITEM = frozenset({"get", "pop", "setdefault", "popleft", "popitem", "__getitem__"})
MANAGERS = frozenset({"contextlib.contextmanager"})
ASYNC_MANAGERS = frozenset({"contextlib.asynccontextmanager"})


def of_type(catalog: Catalog, type_: str) -> Values:
    """A value of a type as the catalog spells it: a path, `iter:TYPE` or `await:TYPE`."""
    head, _, path = type_.rpartition(":")
    values: Values = (ExternalInstance(catalog.canonical(path)),) if path and path != "None" else ()
    for wrapper in reversed(head.split(":")) if head else ():
        values = (Awaitable(values),) if wrapper == "await" else (Many(values),)
    return values


def without_parameters(ref: Ref) -> Ref:
    """`Base[T]` -> `Base`."""
    return ref[1] if ref.__class__ is tuple and ref[0] == "item" else ref


# -- annotations


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
    keys = key[1:] if key.__class__ is tuple and key[0] == "many" else (key,)
    name = base.rpartition(".")[2] if base.__class__ is str else ""
    if name in _OPTIONAL:
        return [value for k in (keys[:1] if name in _FIRST_ONLY else keys) for value in annotated(resolver, k, scope)]
    if name in ("Type", "type"):
        return resolver.evaluate(keys[0], scope)
    if name in _SEQUENCES:
        return (Many(tuple(annotated(resolver, keys[0], scope))),)
    if name in _MAPPINGS:
        return (Many(tuple(annotated(resolver, keys[-1], scope))),)
    if name in _AWAITABLES:
        return (Awaitable(tuple(annotated(resolver, keys[-1], scope))),)
    if name in ("Callable", "Literal"):
        return ()
    return annotated(resolver, base, scope)


# -- calls


def call(resolver: Resolver, values: Iterable[Value], arguments: Any, scope: Scope) -> Iterable[Value]:
    """What calling the values gives."""
    found: list[Value] = []
    for value in values:
        kind = value.__class__
        if kind is ClassValue:
            found.append(Instance(value))  # type: ignore[arg-type]
        elif kind is FunctionValue:
            found += call_function(resolver, value)  # type: ignore[arg-type]
        elif kind is External:
            found += _call_external(resolver, value, arguments, scope)  # type: ignore[arg-type]
        elif kind is Bound:
            found += call(resolver, value.items, (), scope) if value.calls else value.items  # type: ignore[union-attr]
        elif kind is Instance:
            inner = [v for v in resolver.instance_attribute(value.klass, "__call__") if isinstance(v, FunctionValue)]  # type: ignore[union-attr]
            found += call(resolver, inner, arguments, scope)
    return found


def call_function(resolver: Resolver, value: FunctionValue) -> Iterable[Value]:
    """What calling a function of the project gives, its decorators considered."""
    function = resolver.function(value)
    decorators = resolver.decorators(function, value.module) if function.decorators else []
    if function.is_generator:
        items = tuple(v for ref in function.yields for v in resolver.evaluate(ref, Scope(value.module, value.number)))
        if not items:
            items = tuple(v for m in _return_annotation(resolver, value) if isinstance(m, Many) for v in m.items)
        if any(path in MANAGERS or path in ASYNC_MANAGERS for path in decorators):
            return (Manager(items, value),)
        return (Many(items),)
    if function.is_async:
        return (Awaitable(tuple(returned(resolver, value)), value),)
    for wrapper in decorating_coroutine(resolver, value):
        return (Awaitable(tuple(returned(resolver, value)), wrapper),)
    if any(path in resolver.catalog.wrappers for path in decorators):
        return (Awaitable(tuple(returned(resolver, value))),)
    return returned(resolver, value)


def decorating_coroutine(resolver: Resolver, value: FunctionValue) -> list[FunctionValue]:
    """The coroutine functions by which decorators of the project replace a sync function."""
    function = resolver.function(value)
    scope = Scope(value.module, max(function.parent, 0), function.owner)
    found = []
    for ref in function.decorators:
        for decorator in resolver.evaluate(ref, scope):
            if isinstance(decorator, FunctionValue):
                inner = resolver.function(decorator)
                results = [v for r in inner.values for v in resolver.evaluate(r, Scope(decorator.module, decorator.number))]
                functions = [v for v in results if isinstance(v, FunctionValue)]
                if all(resolver.function(v).is_async for v in functions):  # else it depends on what is decorated
                    found += functions
    return found


def _return_annotation(resolver: Resolver, value: FunctionValue) -> Iterable[Value]:
    function = resolver.function(value)
    return annotated(resolver, function.returns, Scope(value.module, max(function.parent, 0), function.owner))


def returned(resolver: Resolver, value: FunctionValue) -> Iterable[Value]:
    """What the `return` statements of a function give: by its annotation, else by the returned expressions."""
    function = resolver.function(value)
    if function.returns is not None:
        if function.returns in ("Self", "typing.Self", "typing_extensions.Self") and value.receiver is not None:
            return (Instance(value.receiver),)
        found = list(_return_annotation(resolver, value))
        if found:
            return found
    scope = Scope(value.module, value.number)
    return [v for ref in function.values for v in resolver.evaluate(ref, scope)]


def _call_external(resolver: Resolver, value: External, arguments: Any, scope: Scope) -> Iterable[Value]:
    path, catalog = value.path, resolver.catalog
    first = next((ref for keyword, ref in arguments if keyword is None), None)
    if path in ("functools.partial", "functools.partialmethod"):
        return (Bound(resolver.evaluate(first, scope), True),)
    if path == "builtins.super":
        owner = _owner(resolver, scope)
        return (Super(owner),) if owner else ()
    if path in ("typing.cast", "typing_extensions.cast"):
        return annotated(resolver, first, scope)
    if path == "builtins.getattr" and len(arguments) > 1 and arguments[1][1].__class__ is tuple and arguments[1][1][0] == "const":
        return resolver.attribute(resolver.evaluate(first, scope), str(arguments[1][1][1]))
    if path == "builtins.type" and len(arguments) == 1:
        return [v.klass for v in resolver.evaluate(first, scope) if isinstance(v, Instance)]
    if path in ("builtins.list", "builtins.tuple", "builtins.set", "builtins.sorted", "builtins.iter", "builtins.reversed"):
        return (Many(tuple(iterated(resolver, resolver.evaluate(first, scope)))),)
    if path == "builtins.next":
        return iterated(resolver, resolver.evaluate(first, scope))
    if path in ("collections.defaultdict", "weakref.WeakValueDictionary") and first is not None:
        return (Many(tuple(call(resolver, resolver.evaluate(first, scope), (), scope))),)
    if path in ("asyncio.wait_for", "asyncio.shield", "asyncio.create_task", "asyncio.ensure_future") and first is not None:
        inner = awaited(resolver.evaluate(first, scope))
        result = catalog.result(path, value.receiver)
        return (Awaitable(tuple(inner)), *(of_type(catalog, result) if result else ()))
    offload = catalog.offloads.get(path)
    if offload is not None and offload.awaits:
        return (Awaitable(tuple(call(resolver, resolver.evaluate(argument(arguments, offload.callable), scope), (), scope))),)
    conditions, special = catalog.when.get(path, ((), ""))
    if any(condition.holds(arguments) for condition in conditions):
        return of_type(catalog, special)
    type_ = (not arguments and catalog.bare.get(path)) or catalog.result(path, value.receiver)
    if type_:
        return of_type(catalog, type_)
    if value.receiver and not catalog.types.get(path):
        return (ExternalInstance(f"{path}()"),)
    return (ExternalInstance(path),)


def argument(arguments: Any, which: int | str) -> Ref:
    """The argument at a position or of a keyword; None where it is not given or hidden by `*`."""
    for n, (keyword, ref) in enumerate(arguments):
        if keyword == "*" and isinstance(which, int):
            return None
        if keyword == which or (keyword is None and n == which):
            return ref
    return None


def _owner(resolver: Resolver, scope: Scope) -> ClassValue | None:
    """The class of the nearest method around a scope."""
    number = scope.function
    while number > 0:
        function = resolver.facts(scope.module).functions[number]
        if function.owner >= 0:
            return ClassValue(scope.module, function.owner)
        number = function.parent
    return None


# -- parts of values


def awaited(values: Iterable[Value]) -> list[Value]:
    """What awaiting the values gives."""
    return [item for value in values if isinstance(value, Awaitable) for item in value.items]


def iterated(resolver: Resolver, values: Iterable[Value]) -> list[Value]:
    """What iterating or subscripting the values gives."""
    found: list[Value] = []
    for value in resolver.stubs.typed(tuple(values)):
        if isinstance(value, Many):
            found += value.items
        elif isinstance(value, ExternalInstance):
            type_ = resolver.catalog.trait(value.path, "items")
            found += of_type(resolver.catalog, type_) if type_ else ()
        elif isinstance(value, Instance):
            for name in ("__iter__", "__getitem__"):
                for method in resolver.instance_attribute(value.klass, name):
                    if isinstance(method, FunctionValue):
                        results = call_function(resolver, method)
                        found += [v for r in results if isinstance(r, Many) for v in r.items] if name == "__iter__" else results
    return found


def entered(resolver: Resolver, values: Iterable[Value], *, is_async: bool) -> list[Value]:
    """What `with` (`async with`) binds."""
    found: list[Value] = []
    for value in resolver.stubs.typed(tuple(values)):
        if isinstance(value, Manager):
            found += value.items
        elif isinstance(value, ExternalInstance):
            found += of_type(resolver.catalog, resolver.catalog.trait(value.path, "async_enter" if is_async else "enter"))
        elif isinstance(value, Instance):
            methods = resolver.instance_attribute(value.klass, "__aenter__" if is_async else "__enter__")
            results: list[Value] = []
            for method in methods:
                if isinstance(method, FunctionValue):
                    results += call_function(resolver, method)
            if is_async:
                results = awaited(results)
            found += results or [value]
    return found


def container_method(value: Many, name: str) -> Values:
    """The methods of a container that give its items."""
    if name in _GIVES_ITEM:
        return (Bound(value.items, False),)
    if name in ("values", "copy", "items"):
        return (Bound((value,) if name != "items" else (Many((Many(value.items),)),), False),)
    return (External(f"builtins.list.{name}"),)


# -- the kinds of Ref

_Evaluator = "Callable[[Resolver, Any, Scope], Iterable[Value]]"


def _attribute(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return resolver.attribute(resolver.evaluate(ref[1], scope), ref[2])


def _call(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return call(resolver, resolver.evaluate(ref[1], scope), ref[2], scope)


def _item(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    base = resolver.evaluate(ref[1], scope)
    classes = [value for value in base if isinstance(value, (ClassValue, External))]  # `Generic[T]` is the class itself
    return [*classes, *iterated(resolver, base)]


def _await(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return awaited(resolver.stubs.typed(resolver.evaluate(ref[1], scope)))


def _type(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return (ExternalInstance(f"builtins.{ref[1]}"),)


def _constant(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return () if ref[1] is None else (ExternalInstance(f"builtins.{type(ref[1]).__name__}"),)


def _many(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return (Many(tuple(dict.fromkeys(value for part in ref[1:] for value in resolver.evaluate(part, scope)))),)


def _either(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return [value for part in ref[1:] for value in resolver.evaluate(part, scope)]


def _operation(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    left, right = resolver.evaluate(ref[2], scope), resolver.evaluate(ref[3], scope)
    if ref[1] == "|":
        return [*left, *right]
    found: list[Value] = []
    for value in (*left, *right):
        if isinstance(value, ExternalInstance):
            type_ = resolver.catalog.operator(value.path, ref[1])
            found += of_type(resolver.catalog, type_) if type_ else ()
    return found


def _enter(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return entered(resolver, resolver.evaluate(ref[1], scope), is_async=ref[0] == "aenter")


def _iterate(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return iterated(resolver, resolver.evaluate(ref[1], scope))


def _unpack(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    base = ref[1]
    if base.__class__ is tuple and base[0] == "call":  # a function that returns a tuple display: its n-th part
        parts: list[Value] = []
        for value in resolver.evaluate(base[1], scope):
            if isinstance(value, FunctionValue) and not resolver.function(value).is_async:
                for result in resolver.function(value).values:
                    if result.__class__ is tuple and result[0] == "many" and len(result) > ref[2] + 1:
                        parts += resolver.evaluate(result[ref[2] + 1], Scope(value.module, value.number))
        if parts:
            return parts
    values = resolver.evaluate(base, scope)
    return iterated(resolver, values) if len(values) <= 1 else ()


def _annotation(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return annotated(resolver, ref[1], scope)


def _declared(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    """`x: T = value`: what the value is, and what T admits beyond it: a value of a type outside the project says more than a base of its type."""
    values = resolver.evaluate(ref[2], scope)
    bases = {path for value in values if isinstance(value, ExternalInstance) for path in resolver.catalog.ancestry(value.path)}
    return [*values, *(v for v in annotated(resolver, ref[1], scope) if not (isinstance(v, ExternalInstance) and v.path in bases))]


def _imported(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return resolver.imported(ref[1], ref[2], ref[3], scope)


def _defined(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return (FunctionValue(scope.module, ref[1]),)


def _class(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return (ClassValue(scope.module, ref[1]),)


EVALUATORS: dict[str, Callable[[Resolver, Any, Scope], Iterable[Value]]] = {
    "attr": _attribute,
    "call": _call,
    "item": _item,
    "await": _await,
    "type": _type,
    "const": _constant,
    "many": _many,
    "or": _either,
    "op": _operation,
    "enter": _enter,
    "aenter": _enter,
    "iter": _iterate,
    "aiter": _iterate,
    "unpack": _unpack,
    "ann": _annotation,
    "declared": _declared,
    "import": _imported,
    "def": _defined,
    "class": _class,
}
