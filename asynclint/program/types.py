"""How each kind of Ref is evaluated, and what calls, annotations and containers give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asynclint.program.annotations import annotated
from asynclint.program.decorators import decorating_coroutine
from asynclint.program.derived import DERIVED, derived
from asynclint.program.places import DEFERRED, is_offload
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
    Parts,
    Scope,
    Super,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from asynclint.index.facts import Function, Ref
    from asynclint.program.catalog import Catalog
    from asynclint.program.names import Resolver
    from asynclint.program.values import Value, Values

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
        elif kind is ExternalInstance:
            type_ = resolver.catalog.result(f"{value.path}.__call__", value.path)  # type: ignore[union-attr]
            found += of_type(resolver.catalog, type_) if type_ else ()
    return found


def call_function(resolver: Resolver, value: FunctionValue) -> Iterable[Value]:
    """What calling a function of the project gives, its decorators considered."""
    function = resolver.function(value)
    decorators = resolver.decorators(function, value.module) if function.decorators else []
    if function.is_generator:
        items = tuple(v for m in _return_annotation(resolver, value) if isinstance(m, Many) for v in m.items)
        if not items:
            items = tuple(v for ref in function.yields for v in resolver.evaluate(ref, Scope(value.module, value.number)))
        if any(path in MANAGERS or path in ASYNC_MANAGERS for path in decorators):
            return (Manager(items, value),)
        return (Many(items, value),)
    if function.is_async:
        return (Awaitable(tuple(returned(resolver, value)), value),)
    for wrapper in decorating_coroutine(resolver, value):
        return (Awaitable(tuple(returned(resolver, value)), wrapper),)
    if function.decorators and (any(path in resolver.catalog.wrappers for path in decorators) or resolver.forwards.is_moved(value)):
        return (Awaitable(tuple(returned(resolver, value))),)
    return returned(resolver, value)


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
    found = [v for ref in function.values for v in _given(resolver, value, function, ref, scope)]
    return found or _promised(resolver, value, function)


def _given(resolver: Resolver, value: FunctionValue, function: Function, ref: Ref, scope: Scope) -> Iterable[Value]:
    """What a `return` gives: of `self` and `cls()` an instance of the class that the method was called on."""
    if value.receiver is not None and value.receiver.number != function.owner and function.params:
        known = function.bindings.get(ref, ()) if ref.__class__ is str else ()
        source = known[0] if len(known) == 1 else ref
        first = function.params[0].name
        is_class = resolver.is_decorated(function, value.module, "classmethod")
        if source == first and not is_class and not resolver.is_decorated(function, value.module, "staticmethod"):
            return (Instance(value.receiver),)
        if source.__class__ is tuple and source[0] == "call" and source[1] == (first if is_class else f"{first}.__class__"):
            return (Instance(value.receiver),)
    return resolver.evaluate(ref, scope)


def _promised(resolver: Resolver, value: FunctionValue, function: Function) -> Iterable[Value]:
    """What the annotation of an overridden method says, where the method itself has none."""
    if function.owner < 0 or function.returns is not None or not function.values:
        return ()
    for base in resolver.mro(ClassValue(value.module, function.owner))[1:]:
        for ref in resolver.klass(base).bindings.get(function.name, ()) if isinstance(base, ClassValue) else ():
            if ref.__class__ is tuple and ref[0] == "def":
                found = list(_return_annotation(resolver, FunctionValue(base.module, ref[1])))  # type: ignore[union-attr]
                if found:
                    return found
    return ()


def _call_external(resolver: Resolver, value: External, arguments: Any, scope: Scope) -> Iterable[Value]:
    path, catalog = value.path, resolver.catalog
    first = next((ref for keyword, ref in arguments if keyword is None), None)
    if path in ("functools.partial", "functools.partialmethod"):
        return (Bound(resolver.evaluate(first, scope), True),)
    if path == "builtins.super":
        owner = resolver.class_around(scope)
        return (Super(owner),) if owner else ()
    if path in ("typing.cast", "typing_extensions.cast"):
        return annotated(resolver, first, scope)
    if path == "builtins.getattr" and len(arguments) > 1 and arguments[1][1].__class__ is tuple and arguments[1][1][0] == "const":
        return resolver.attribute(resolver.evaluate(first, scope), str(arguments[1][1][1]), scope)
    if path == "builtins.type" and len(arguments) == 1:
        return [v.klass for v in resolver.evaluate(first, scope) if isinstance(v, Instance)]
    if path in DERIVED:
        return derived(resolver, path, [ref for keyword, ref in arguments if keyword is None], scope)
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
        elif isinstance(value, Parts):
            found += [item for part in value.parts for item in part]
        elif isinstance(value, ExternalInstance):
            type_ = resolver.catalog.trait(value.path, "items")
            found += of_type(resolver.catalog, type_) if type_ else ()
        elif isinstance(value, Instance):
            for name in ("__iter__", "__getitem__"):
                for method in resolver.instance_attribute(value.klass, name):
                    if isinstance(method, FunctionValue):
                        results = call_function(resolver, method)
                        found += _steps(resolver, results) if name == "__iter__" else results
    return found


def _steps(resolver: Resolver, values: Iterable[Value]) -> list[Value]:
    """What the iterators give that `__iter__` gives."""
    found: list[Value] = []
    for value in values:
        if isinstance(value, Many):
            found += value.items
        elif isinstance(value, Instance):
            for method in resolver.instance_attribute(value.klass, "__next__"):
                found += call_function(resolver, method) if isinstance(method, FunctionValue) else ()
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
    if name in ("values", "copy"):
        return (Bound((value,), False),)
    if name == "items":
        return (Bound((Many((Parts((value.keys, value.items)),)),), False),)
    return (External(f"builtins.list.{name}"),)


# -- the kinds of Ref

_Evaluator = "Callable[[Resolver, Any, Scope], Iterable[Value]]"


def _attribute(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return resolver.attribute(resolver.evaluate(ref[1], scope), ref[2], scope)


def _call(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    callees = resolver.evaluate(ref[1], scope)
    found = call(resolver, callees, ref[2], scope)
    if len(ref[2]) > 1 and any(isinstance(value, Bound) and not value.calls for value in callees):
        return [*found, *resolver.evaluate(argument(ref[2], 1), scope)]  # `d.get(key, default)`
    return found


def _item(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    base = resolver.evaluate(ref[1], scope)
    classes = [value for value in base if isinstance(value, (ClassValue, External))]  # `Generic[T]` is the class itself
    place = ref[2][1] if ref[2].__class__ is tuple and ref[2][0] == "const" and ref[2][1].__class__ is int else None
    return [*classes, *(iterated(resolver, base) if place is None else part(resolver, base, place))]


def part(resolver: Resolver, values: Iterable[Value], place: int) -> list[Value]:
    """What subscripting or unpacking the values gives at one place."""
    found: list[Value] = []
    for value in values:
        if isinstance(value, Parts):
            found += value.parts[place] if -len(value.parts) <= place < len(value.parts) else ()
        else:
            found += iterated(resolver, (value,))
    return found


def _await(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    base = ref[1]
    found = awaited(resolver.stubs.typed(resolver.evaluate(base, scope)))
    return found or (_result_of_offload(resolver, base, scope) if base.__class__ is tuple and base[0] == "call" and base[2] else ())


def _result_of_offload(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    """What awaiting a call of an offload of the project gives: what the function returns that it is given."""
    found: list[Value] = []
    for value in resolver.evaluate(ref[1], scope):
        for number, (keyword, given) in enumerate(ref[2] if isinstance(value, FunctionValue) else ()):
            functions = resolver.evaluate(given, scope) if keyword not in ("*", "**") else ()
            if any(isinstance(v, (FunctionValue, Bound)) for v in functions):
                places = resolver.forwards.place(value, ref[2], number)
                if is_offload(places) and not places & DEFERRED:
                    found += call(resolver, functions, (), scope)
    return found


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
    is_async = ref[0] == "aenter"
    values = resolver.having(resolver.evaluate(ref[1], scope), "__aenter__" if is_async else "__enter__")
    return entered(resolver, values, is_async=is_async)


def _iterate(resolver: Resolver, ref: Any, scope: Scope) -> Iterable[Value]:
    return iterated(resolver, resolver.having(resolver.evaluate(ref[1], scope), "__aiter__" if ref[0] == "aiter" else "__iter__"))


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
    return part(resolver, values, ref[2]) if len(values) <= 1 else ()


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
