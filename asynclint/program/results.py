"""What a call may give, and what can be done with that: called, awaited, entered, iterated. Asked for where something has to be proven, so that
what nobody knows counts: it is None among the values, beside what is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.index.refs import BUILTIN
from asynclint.program import types
from asynclint.program.annotations import without_parameters
from asynclint.program.decorators import decorating_coroutine
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
    Package,
    Parts,
    Scope,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.index.facts import Function, Ref
    from asynclint.program.names import Resolver
    from asynclint.program.values import Value, Values

Possible = list["Value | None"]

CALL, AWAIT, ENTER, AENTER, ITER, AITER = "__call__", "__await__", "__enter__", "__aenter__", "__iter__", "__aiter__"
_ASYNC = (AWAIT, AENTER, AITER)
NONE = ExternalInstance("types.NoneType")
UNKNOWN: Possible = [None]
_STEPS = 6  # functions that return what others return, aliases of aliases
_BASES = 12  # types of stubs whose bases are in other stubs
_PLAIN = frozenset(f"builtins.{name}" for name in BUILTIN) | {NONE.path}
_TYPING = ("typing.", "typing_extensions.")
_ANYTHING = frozenset({"Any", "object", "TypeVar", "NewType", "Union", "Optional", "Callable", "Type", "type"})
_FIRST = frozenset({"Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly"})
_AS_IT_IS = frozenset({"staticmethod", "classmethod", "abstractmethod", "overload", "override", "final"})
_SHAPELESS = frozenset({"Generic", "Protocol"})


def results(resolver: Resolver, value: Value, steps: int = _STEPS) -> Possible:
    """What calling a value may give."""
    if isinstance(value, FunctionValue):
        return _of_function(resolver, value, steps) if steps else UNKNOWN
    if isinstance(value, ClassValue):
        made_anew = any(isinstance(k, ClassValue) and "__new__" in resolver.klass(k).bindings for k in resolver.mro(value))
        return UNKNOWN if made_anew else [Instance(value)]
    if isinstance(value, External):
        return _of_external(resolver, value, steps)
    if isinstance(value, Instance):
        methods = resolver.instance_attribute_of_class(value.klass, CALL)
        return [result for method in methods for result in results(resolver, method, steps - 1)] if steps else UNKNOWN
    if isinstance(value, Bound) and value.items:
        return [result for item in value.items for result in results(resolver, item, steps - 1)] if value.calls and steps else [*value.items]
    return UNKNOWN


def can(resolver: Resolver, value: Value | None, method: str) -> bool | None:
    """Whether a value has one of the methods by which the language calls, awaits, enters and iterates; None where nobody knows."""
    if isinstance(value, Instance):
        return _instance_has(resolver, value.klass, method)
    if isinstance(value, ExternalInstance):
        if value.path in _PLAIN:
            return None if method == ITER else False
        if method in (ENTER, ITER):
            return None  # most types of the standard library can be, and their stubs need not be read
        verdict = _stub_has(resolver, value.path, method)
        known = resolver.catalog.types.get(value.path)
        if method == CALL and verdict is None and known is not None and not known.callable:
            return False
        return False if verdict is None and method in _ASYNC and resolver.catalog.has_blocking_methods(value.path) else verdict
    if isinstance(value, Awaitable):
        return method == AWAIT
    if isinstance(value, Manager):
        is_async = resolver.function(value.function).is_async
        return method in (CALL, AENTER if is_async else ENTER)
    if isinstance(value, Many) and value.function is not None:
        return method == (AITER if resolver.function(value.function).is_async else ITER)
    if isinstance(value, (Many, Parts)):
        return True if method == ITER else None if method == AITER else False
    return True if method == CALL and isinstance(value, (FunctionValue, ClassValue, External, Bound)) else None


def gives(resolver: Resolver, value: Value, method: str) -> bool | None:
    """The same of what calling a value gives: True where something that it may give has the method, False where all has not."""
    if isinstance(value, External) and method in _ASYNC and resolver.catalog.block(value.path) is not None:
        return False  # what waits in its thread gives a result, and nothing to wait for
    verdicts = [can(resolver, result, method) for result in results(resolver, value)]
    return True if True in verdicts else None if None in verdicts or not verdicts else False


# -- functions


def _of_function(resolver: Resolver, value: FunctionValue, steps: int) -> Possible:
    function = resolver.function(value)
    as_it_is = all(_is_kept(resolver, value, ref) for ref in function.decorators)
    if function.is_generator:
        made = list(types.call_function(resolver, value))
        return [*made] if as_it_is or any(isinstance(each, Manager) for each in made) else UNKNOWN
    if function.is_async:
        return [Awaitable((), value)] if as_it_is else [Awaitable((), value), None]
    if not as_it_is:
        awaited = [*decorating_coroutine(resolver, value), *(v for v in types.call_function(resolver, value) if isinstance(v, Awaitable))]
        return [Awaitable(()), None] if awaited else UNKNOWN
    if function.returns is not None:
        return admitted(resolver, function.returns, Scope(value.module, max(function.parent, 0), function.owner), steps)
    if function.flags & f.STUB or len(function.values) >= f.VALUES:
        return UNKNOWN
    return [found for ref in function.values for found in _possible(resolver, ref, Scope(value.module, value.number), steps)] or [NONE]


def _is_kept(resolver: Resolver, value: FunctionValue, decorator: Ref) -> bool:
    """Whether a decorator surely leaves what a function gives as it is."""
    function = resolver.function(value)
    target = decorator[1] if decorator.__class__ is tuple and decorator[0] == "call" else decorator
    if f.last_name(target) not in _AS_IT_IS:
        return target.__class__ is tuple and target[0] == "import" and decorator == f.mark(target[2], decorator[2][0][1][1])
    found = resolver.evaluate(target, Scope(value.module, max(function.parent, 0), function.owner))
    return bool(found) and all(isinstance(v, External) and v.path.startswith(("builtins.", "abc.", *_TYPING)) for v in found)


def _of_external(resolver: Resolver, value: External, steps: int) -> Possible:
    catalog, path = resolver.catalog, value.path
    offload = catalog.offloads.get(path)
    if (offload is not None and offload.awaits) or path in catalog.coroutines:
        return [Awaitable(())]
    special = catalog.when.get(path, ((), ""))[1]
    told = [type_ for type_ in (catalog.result(path, value.receiver), catalog.bare.get(path), special) if type_]
    if told:
        return [result for type_ in told for result in (types.of_type(catalog, type_) or [NONE])]
    found: Possible = []
    for known in resolver.stubs.functions(path):
        found += [Instance(known)] if isinstance(known, ClassValue) else results(resolver, known, steps - 1)
    return found or UNKNOWN


# -- expressions


def _possible(resolver: Resolver, ref: Ref, scope: Scope, steps: int) -> Possible:
    """What an expression may stand for."""
    if ref.__class__ is str and steps:
        return _named(resolver, ref, scope, steps)
    if ref.__class__ is not tuple or not steps:
        return UNKNOWN
    kind = ref[0]
    if kind == "const":
        return [NONE if ref[1] is None else ExternalInstance(f"builtins.{type(ref[1]).__name__}")]
    if kind == "type":
        return [ExternalInstance(f"builtins.{ref[1]}")]
    if kind == "many":
        return [Many(())]
    if kind == "or":
        return [found for part in ref[1:] for found in _possible(resolver, part, scope, steps)]
    if kind == "op":
        parts = [found for part in ref[2:] for found in _possible(resolver, part, scope, steps)]
        return parts if all(isinstance(part, ExternalInstance) and part.path in _PLAIN for part in parts) else UNKNOWN
    if kind == "call":
        callees = meant_by(resolver, ref[1], scope, steps)
        return [found for callee in callees for found in (results(resolver, callee, steps - 1) if callee else UNKNOWN)]
    if kind == "declared":
        return [*admitted(resolver, ref[1], scope, steps), *_possible(resolver, ref[2], scope, steps)]
    if kind == "ann":
        return admitted(resolver, ref[1], scope, steps)
    if kind == "attr":
        return [found for value in _possible(resolver, ref[1], scope, steps - 1) for found in _attribute(resolver, value, ref[2], steps)]
    return [*resolver.evaluate(ref, scope)] if kind in ("def", "class") else UNKNOWN


def _named(resolver: Resolver, name: str, scope: Scope, steps: int) -> Possible:
    """What a name may stand for: a parameter or local of the function at hand, or a definition."""
    head, _, last = name.partition(".")
    function = resolver.facts(scope.module).functions[scope.function] if scope.function else None
    if function is None or not (head in function.bindings or any(param.name == head for param in function.params)):
        return meant_by(resolver, name, scope, steps)
    found = [each for ref in function.bindings.get(head, ()) for each in _possible(resolver, ref, scope, steps - 1)]
    for param in function.params:
        if param.name == head:
            found += _given(resolver, function, head, scope, steps)
    if not last:
        return found
    return [each for value in found for each in _attribute(resolver, value, last, steps)]


def _given(resolver: Resolver, function: Function, name: str, scope: Scope, steps: int) -> Possible:
    """What callers may give for a parameter."""
    n, param = next((n, param) for n, param in enumerate(function.params) if param.name == name)
    if n == 0 and function.owner >= 0 and not resolver.is_decorated(function, scope.module, "staticmethod"):
        klass = ClassValue(scope.module, function.owner)
        return [klass if resolver.is_decorated(function, scope.module, "classmethod") else Instance(klass)]
    if param.kind in (f.VAR_POSITIONAL, f.VAR_KEYWORD) or param.annotation is None:
        return UNKNOWN
    outside = Scope(scope.module, max(function.parent, 0), function.owner)
    default = [] if param.default is None else _possible(resolver, param.default, outside, steps - 1)
    return [*admitted(resolver, param.annotation, outside, steps), *default]


def _attribute(resolver: Resolver, value: Value | None, name: str, steps: int) -> Possible:
    """What an attribute of a value may stand for: a method, those that override it included, or what is assigned to it."""
    head, _, last = name.partition(".")
    if last:
        return [each for inner in _attribute(resolver, value, head, steps) for each in _attribute(resolver, inner, last, steps)]
    if isinstance(value, (Instance, ClassValue)):
        return _of_class(resolver, value if isinstance(value, ClassValue) else value.klass, name, steps)
    return [*resolver.attribute((value,), name)] or UNKNOWN if value is not None else UNKNOWN


def _of_class(resolver: Resolver, klass: ClassValue, name: str, steps: int) -> Possible:
    found: Possible = []
    for owner in (*resolver.mro(klass), *resolver.below(klass)):
        if not isinstance(owner, ClassValue):
            continue
        facts = resolver.klass(owner)
        assigned = [
            each for number, ref in facts.attributes.get(name, ()) for each in _possible(resolver, ref, Scope(owner.module, number), steps - 1)
        ]
        bound: Possible = []
        for ref in facts.bindings.get(name, ()):
            is_function = ref.__class__ is tuple and ref[0] == "def"
            if is_function and resolver.is_property(resolver.function((owner.module, ref[1])), owner.module):
                return UNKNOWN
            if is_function:
                bound.append(FunctionValue(owner.module, ref[1], klass))
            else:
                bound += _possible(resolver, ref, Scope(owner.module, facts.parent, owner.number), steps - 1)
        found += [*assigned, *bound]
    return found or UNKNOWN


def meant_by(resolver: Resolver, ref: Ref, scope: Scope, steps: int = _STEPS) -> Possible:
    """What a callee may stand for, where names are bound to definitions: each of them counts."""
    if ref.__class__ is not str or not steps:
        return _possible(resolver, ref, scope, steps) if ref.__class__ is tuple and ref[0] in ("def", "class", "or", "attr") else UNKNOWN
    head, _, last = ref.partition(".")
    number = scope.function
    while number > 0:
        function = resolver.facts(scope.module).functions[number]
        if head in function.bindings or any(param.name == head for param in function.params):
            break
        number = function.parent
    if number > 0 and number == scope.function:
        return _named(resolver, ref, scope, steps) if steps > 1 else UNKNOWN
    if number > 0:
        return meant_by(resolver, ref, Scope(scope.module, number), steps - 1)
    if last:
        return [each for value in _bound(resolver, head, scope, steps) for each in _attribute(resolver, value, last, steps)]
    return _bound(resolver, head, scope, steps)


def _bound(resolver: Resolver, name: str, scope: Scope, steps: int) -> Possible:
    """What a name of a module, or a builtin, may stand for."""
    refs = resolver.facts(scope.module).functions[0].bindings.get(name)
    home = Scope(scope.module, 0)
    if refs is None:
        return [*resolver.evaluate(name, home)] or UNKNOWN
    found: Possible = []
    for ref in refs:
        kind = ref[0] if ref.__class__ is tuple else ""
        if kind == "import":
            found += _imported(resolver, ref, home, steps)
        elif kind in ("def", "class", "or", "call", "const", "type", "many", "ann", "declared") or ref.__class__ is str:
            found += _possible(resolver, ref, home, steps - 1)
        else:
            found += UNKNOWN
    return found


def _imported(resolver: Resolver, ref: Ref, scope: Scope, steps: int) -> Possible:
    values: Values = resolver.evaluate(ref, scope)
    number = resolver.number_of_import(ref, scope.module) if ref[2] else None
    if number is not None and ref[2] in resolver.facts(number).functions[0].bindings and not any(isinstance(v, Package) for v in values):
        return _bound(resolver, ref[2], Scope(number, 0), steps - 1) if steps else UNKNOWN
    return [*values] or UNKNOWN


# -- annotations


def admitted(resolver: Resolver, ref: Ref, scope: Scope, steps: int = _STEPS) -> Possible:
    """The values that an annotation admits."""
    if ref == ("const", None):
        return [NONE]
    if not steps or (ref.__class__ is tuple and ref[0] not in ("op", "item", "attr")):
        return UNKNOWN
    if ref.__class__ is tuple and ref[0] == "op":
        return [found for part in ref[2:] for found in admitted(resolver, part, scope, steps)] if ref[1] == "|" else UNKNOWN
    if ref.__class__ is tuple and ref[0] == "item":
        name, keys = _special(resolver, ref[1], scope), ref[2]
        parts: Iterable[Ref] = keys[1:] if keys.__class__ is tuple and keys[0] == "many" else (keys,)
        if name in ("Optional", "Union"):
            return [*(found for part in parts for found in admitted(resolver, part, scope, steps)), *([NONE] if name == "Optional" else [])]
        if name in _FIRST:
            return admitted(resolver, next(iter(parts), None), scope, steps)
        if name == "Literal":
            return [_literal(part) for part in parts]
        return admitted(resolver, ref[1], scope, steps)
    aliases = _aliases(resolver, ref, scope) if ref.__class__ is str else []
    if aliases:
        return [found for part, home in aliases for found in admitted(resolver, part, home, steps - 1)]
    name = _special(resolver, ref, scope)
    if name in ("List", "Dict", "Set", "FrozenSet", "Tuple"):
        return [ExternalInstance(f"builtins.{name.lower()}")]
    if name == "Self" and scope.klass >= 0:
        return [Instance(ClassValue(scope.module, scope.klass))]
    if name in _ANYTHING:
        return UNKNOWN
    return [each for value in _types(resolver, ref, scope, steps) for each in _instances(value)]


def _aliases(resolver: Resolver, name: str, scope: Scope) -> list[tuple[Ref, Scope]]:
    """What a name of a module stands for that is bound to nothing but annotations: `Result = Union[bool, Awaitable[bool]]`."""
    for _ in range(_STEPS):
        home = Scope(scope.module, 0)
        refs = [ref for ref in resolver.facts(scope.module).functions[0].bindings.get(name, ()) if ref != ("ann", "TypeAlias")]
        if refs and all(ref.__class__ is tuple and ref[0] in ("item", "op") for ref in refs):
            return [(ref, home) for ref in refs]
        if len(refs) != 1 or refs[0].__class__ is not tuple or refs[0][0] != "import" or not refs[0][2]:
            return []
        number = resolver.number_of_import(refs[0], scope.module)
        if number is None:
            return []
        name, scope = refs[0][2], Scope(number, 0)
    return []


def _special(resolver: Resolver, ref: Ref, scope: Scope) -> str:
    """The name of a form of `typing`, or of a builtin that has no instances of its own, that an annotation names; else ""."""
    for value in resolver.evaluate(ref, scope):
        if isinstance(value, External) and value.path.startswith((*_TYPING, "collections.abc.Callable", "builtins.type", "builtins.object")):
            return value.path.rpartition(".")[2]
    return ""


def _types(resolver: Resolver, ref: Ref, scope: Scope, steps: int) -> Possible:
    if scope.klass >= 0 and ref.__class__ is str and ref.partition(".")[0] in resolver.facts(scope.module).classes[scope.klass].bindings:
        return [*resolver.evaluate(ref, scope)] or UNKNOWN
    return meant_by(resolver, ref, Scope(scope.module, scope.function), steps) if ref.__class__ is str else UNKNOWN


def _instances(value: Value | None) -> Possible:
    if isinstance(value, ClassValue):
        return [Instance(value)]
    return [ExternalInstance(value.path)] if isinstance(value, External) else UNKNOWN


def _literal(ref: Ref) -> Value | None:
    """What a part of `Literal[...]` stands for; a string there reads as a name, as one does in other annotations."""
    if ref.__class__ is str:
        return None if "." in ref else ExternalInstance("builtins.str")
    return ExternalInstance(f"builtins.{type(ref[1]).__name__}") if ref.__class__ is tuple and ref[0] == "const" and ref[1] is not None else None


# -- classes


def _has(resolver: Resolver, klass: ClassValue, method: str, steps: int = _BASES) -> bool | None:
    """Whether a class or one of its bases has a method; None where a base is not known."""
    verdict: bool | None = False
    for owner in resolver.mro(klass):
        if isinstance(owner, ClassValue):
            if method in resolver.klass(owner).bindings or (method == ITER and "__getitem__" in resolver.klass(owner).bindings):
                return True
            if not _knows_bases(resolver, owner):
                verdict = None
        elif owner.path in _PLAIN or owner.path == "builtins.object" or _is_shapeless(owner.path):
            continue
        else:
            found = [_has(resolver, base, method, steps - 1) if steps else None for base in _classes(resolver, owner.path)]
            if True in found:
                return True
            verdict = None if None in found or not found else verdict
    return verdict


def _instance_has(resolver: Resolver, klass: ClassValue, method: str) -> bool | None:
    """The same of what is known to be an instance of the class or of what is below it; a protocol admits anything that has its methods."""
    verdict = _has(resolver, klass, method)
    if verdict is False:
        is_protocol = any(f.last_name(without_parameters(base)) == "Protocol" for base in resolver.klass(klass).bases)
        if is_protocol or any(_has(resolver, other, method) is not False for other in resolver.below(klass)):
            return None
    return verdict


def _is_shapeless(path: str) -> bool:
    return path.startswith(_TYPING) and path.rpartition(".")[2] in _SHAPELESS


def _classes(resolver: Resolver, path: str) -> list[ClassValue]:
    """The classes of the standard library's stubs that a path stands for."""
    return [value for value in resolver.stubs.definitions(path) if isinstance(value, ClassValue)]


def _knows_bases(resolver: Resolver, klass: ClassValue) -> bool:
    """Whether all bases of a class are known, and no decorator but those of the standard library may put something else in its place."""
    facts = resolver.klass(klass)
    scope = Scope(klass.module, facts.parent, facts.outer)
    for ref in facts.bases:
        found = resolver.evaluate(without_parameters(ref), scope)
        if not found or not all(isinstance(base, (ClassValue, External)) for base in found):
            return False
    targets = (ref[1] if ref.__class__ is tuple and ref[0] == "call" else ref for ref in facts.decorators)
    values = [value for ref in targets for value in resolver.evaluate(ref, scope) or (None,)]
    return all(isinstance(value, External) and resolver.stubs.definitions(value.path) for value in values)


def _stub_has(resolver: Resolver, path: str, method: str) -> bool | None:
    """Whether instances of a type of the standard library have a method, by its stub."""
    verdicts = [_instance_has(resolver, klass, method) for klass in _classes(resolver, path)]
    return True if True in verdicts else None if None in verdicts or not verdicts else False
