"""Ref -> what it stands for: names through scopes and imports, attributes through classes, calls through what they return."""

from __future__ import annotations

import builtins
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from asynclint.index import facts as f
from asynclint.program import candidates, types
from asynclint.program.annotations import annotated, without_parameters
from asynclint.program.classes import Classes
from asynclint.program.forwards import Forwards
from asynclint.program.libraries import LIBRARY, STUB, is_outside, name_of, stem_of
from asynclint.program.stubs import Stubs
from asynclint.program.values import (
    ClassValue,
    External,
    ExternalInstance,
    FunctionValue,
    Instance,
    Many,
    Package,
    Scope,
    Super,
    modules_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from asynclint.index.facts import Function, Ref
    from asynclint.index.module import ModuleFacts
    from asynclint.program.catalog import Catalog
    from asynclint.program.libraries import Libraries
    from asynclint.program.modules import Modules
    from asynclint.program.values import Value, Values

_Result = TypeVar("_Result")
_BUILTINS = frozenset(dir(builtins))
_LIMIT = 24  # values of one expression that are followed; more is a registry of anything, and nothing can be said
_DEPTH = 60  # nested evaluations; deeper is a cycle through ever new values


class Resolver(Classes):
    """Evaluates Refs over all modules, memoised. Unknown is the empty tuple."""

    def __init__(self, modules: Modules, stems: list[str], facts: Any, catalog: Catalog, subclasses: Any, libraries: Libraries) -> None:
        """`facts(n)` gives the facts of module n; `subclasses(name)` the (module, class) pairs that name a class of that last name as base."""
        super().__init__(facts, subclasses)
        self.modules = modules
        self.stems = stems
        self.catalog = catalog
        self.forwards = Forwards(self)
        self._calls: dict[int, dict[int, list[int]]] = {}
        self.libraries = libraries
        self.stubs = Stubs(self)
        self._values: dict[int, dict[Any, Values]] = {}  # by the module of the scope
        self._looked_at: dict[int, int] = {}  # how many of the values of a module were looked at for modules that they name
        self._mentioning: dict[int, set[int]] = {}  # the modules among whose values one names a module, or did once
        self._active: dict[Any, int] = {}  # what is being evaluated, and how deep
        self._provisional: list[Any] = []
        self._lowest = 0

    def forget(self, module: int, *, renumbered: bool) -> None:
        """Forget what was found out in a module whose facts have changed and, where its functions or classes are `renumbered`, about them."""
        self._values.pop(module, None)
        self._looked_at.pop(module, None)
        self._calls.pop(module, None)
        self.forwards.forget(module)
        if not renumbered:
            for memory in (self._mro, self._below):
                for klass in memory.of(module):
                    del memory[klass]
            return
        self.prepare()
        for number in self._mentioning.pop(module, ()):
            values = self._values.get(number, {})
            for key in [key for key, found in values.items() if any(module in modules_of(value) for value in found)]:
                del values[key]
            self._looked_at[number] = len(values)
        for memory in (self._mro, self._below):
            for klass in [k for k, found in memory.items() if k.module == module or any(module in modules_of(each) for each in found)]:
                del memory[klass]

    def prepare(self) -> None:
        """Do now what `forget` needs, while nobody waits."""
        looked_at = self._looked_at
        for number, memory in self._values.items():
            if looked_at.get(number, 0) < len(memory):
                for values in islice(memory.values(), looked_at.get(number, 0), None):
                    for value in values:
                        for module in modules_of(value):
                            self._mentioning.setdefault(module, set()).add(number)
                looked_at[number] = len(memory)

    # -- plain access

    def calls_of(self, key: tuple[int, int]) -> list[int]:
        """The numbers of the calls that a function's own frame makes."""
        calls = self._calls.get(key[0])
        if calls is None:
            calls = self._calls[key[0]] = {}
            for number, raw in enumerate(self.facts(key[0]).calls.raw):
                calls.setdefault(raw[0], []).append(number)
        return calls.get(key[1], [])

    # -- evaluation

    def settle(self, compute: Callable[[], _Result]) -> tuple[_Result, bool]:
        """What is computed from evaluations, and whether it holds also after the evaluations that are under way."""
        outer, depth = self._lowest, len(self._active)
        self._lowest = depth
        result = compute()
        is_final = self._lowest >= depth
        self._lowest = min(outer, self._lowest)
        return result, is_final

    def give_up(self) -> None:
        """Forget the evaluations that an error has cut off."""
        for key in [*self._active, *self._provisional]:
            self._values[key[0].module].pop(key, None)
            self._looked_at.pop(key[0].module, None)
        self._active.clear()
        self._provisional.clear()
        self._lowest = 0

    def evaluate(self, ref: Ref, scope: Scope) -> Values:
        """What a Ref may stand for in a scope."""
        if ref is None:
            return ()
        key = (scope, ref)
        memory = self._values.get(scope[0])
        if memory is None:
            memory = self._values[scope[0]] = {}
        known = memory.get(key)
        if known is not None:
            started = self._active.get(key)
            if started is not None and started < self._lowest:
                self._lowest = started
            return known
        depth = len(self._active)
        if depth > _DEPTH:
            return ()
        outer, self._lowest = self._lowest, depth
        self._active[key] = depth
        memory[key] = ()  # a cycle adds nothing to itself
        found = self._dotted(ref, scope) if ref.__class__ is str else types.EVALUATORS[ref[0]](self, ref, scope)
        values = memory[key] = unique(found)
        del self._active[key]
        if self._lowest < depth:  # found inside a cycle that began further out: true only until that is finished
            self._provisional.append(key)
        elif self._provisional and depth == 0:
            for other in self._provisional:
                self._values[other[0].module].pop(other, None)
                self._looked_at.pop(other[0].module, None)
            self._provisional.clear()
        self._lowest = min(outer, self._lowest) if self._lowest < depth else outer
        return values

    def _dotted(self, name: str, scope: Scope) -> Iterable[Value]:
        head, _, last = name.rpartition(".")
        if not head:
            return self.lookup(last, scope)
        return self.attribute(self.evaluate(head, scope), last, scope)

    def lookup(self, name: str, scope: Scope) -> Iterable[Value]:
        """What a plain name stands for: class body, function, enclosing functions, module, star imports, builtins."""
        facts: ModuleFacts = self.facts(scope.module)
        if scope.klass >= 0:
            klass = facts.classes[scope.klass]
            if name in klass.bindings:
                return self._all(klass.bindings[name], scope)
        number = scope.function
        while number > 0:
            function = facts.functions[number]
            here = Scope(scope.module, number)
            if name in function.bindings:
                found = list(self._all(function.bindings[name], here))
                return found + list(self._parameter(function, name, here)) if self._has_parameter(function, name) else found
            if self._has_parameter(function, name):
                return self._parameter(function, name, here)
            number = function.parent
        return self.member(self.stems[scope.module], name, builtin=True)

    def _all(self, refs: tuple[Ref, ...], scope: Scope) -> Iterable[Value]:
        if len(refs) > _LIMIT:
            return ()
        return [value for ref in refs for value in self.evaluate(ref, scope)]

    @staticmethod
    def _has_parameter(function: Function, name: str) -> bool:
        return any(param.name == name for param in function.params)

    def _parameter(self, function: Function, name: str, scope: Scope) -> Iterable[Value]:
        """What a parameter may stand for: the receiver, the annotation, the default."""
        n, param = next((n, p) for n, p in enumerate(function.params) if p.name == name)
        if n == 0 and function.owner >= 0 and param.kind == f.POSITIONAL and not self.is_decorated(function, scope.module, "staticmethod"):
            klass = ClassValue(scope.module, function.owner)
            is_class = function.name in ("__new__", "__init_subclass__", "__class_getitem__")
            return (klass,) if is_class or self.is_decorated(function, scope.module, "classmethod") else (Instance(klass),)
        outside = Scope(scope.module, max(function.parent, 0))
        found = list(annotated(self, param.annotation, outside))
        if not (found and self._is_marker(param.default, outside)):
            found += self.evaluate(param.default, outside)
        if param.kind == f.VAR_POSITIONAL or param.kind == f.VAR_KEYWORD:
            return (Many(tuple(found)),)
        return found

    def _is_marker(self, default: Ref, scope: Scope) -> bool:
        """Whether the default of a parameter is there for a framework to read, which passes something else."""
        if default.__class__ is not tuple or default[0] != "call":
            return False
        return any(isinstance(value, External) and value.path in self.catalog.markers for value in self.evaluate(default[1], scope))

    def having(self, values: Values, method: str) -> Values:
        """Of what an expression may stand for, what can be entered or iterated as it is there."""
        return candidates.having(self, values, method)

    # -- modules

    def member(self, stem: str, name: str, *, builtin: bool = False, seen: frozenset[str] = frozenset()) -> Iterable[Value]:
        """What a name of a module stands for."""
        number = self.libraries.number(stem) if is_outside(stem) else self.modules.stems.get(stem)
        if number is not None:
            facts: ModuleFacts = self.facts(number)
            refs = facts.functions[0].bindings.get(name)
            if refs is not None:
                found = list(self._all(refs, Scope(number, 0)))
                if found or not any(ref.__class__ is tuple and ref[0] == "import" and ref[2] == name for ref in refs):
                    return self._taught(stem, name, found)  # else `from . import name` in a package itself, which means the submodule
            for module, level in facts.stars if not name.startswith("_") else ():
                target = self._stem(stem, module, level)
                if target is None and is_outside(stem):
                    continue
                if target is None:
                    path = f"{module}.{name}"
                    if level == 0 and self.catalog.knows(self.catalog.canonical(path)):
                        return (External(self.catalog.canonical(path)),)
                elif target not in seen:
                    found = list(self.member(target, name, seen=seen | {stem}))
                    if found:
                        return found
        if self.libraries.exists(f"{stem}/{name}") if is_outside(stem) else self.modules.exists(f"{stem}/{name}"):
            return (Package(f"{stem}/{name}"),)
        return (External(f"builtins.{name}"),) if builtin and name in _BUILTINS else ()

    def _taught(self, stem: str, name: str, found: list[Value]) -> Iterable[Value]:
        """What a name of a module was found to stand for, or, where that is nothing of the project's, what the user says of it."""
        if self.catalog.is_taught and not is_outside(stem) and all(isinstance(value, ExternalInstance) for value in found):
            path = f"{self.modules.name_of(stem)}.{name}"
            return (External(path),) if self.catalog.knows(path) else found
        return found

    def _stem(self, stem: str, module: str, level: int) -> str | None:
        if is_outside(stem):
            found = stem_of(stem.partition("/")[0], self.libraries.absolute(stem, module, level))
            return found if self.libraries.exists(found) else None
        return self.modules.relative(stem, module, level) if level else self.modules.absolute(stem, module)

    def stem_of_import(self, ref: Ref, module: int) -> str | None:
        """The stem of the module of the project that an import Ref names, or None."""
        return self._stem(self.stems[module], ref[1], ref[3])

    def number_of_import(self, ref: Ref, module: int) -> int | None:
        """The number of that module, if it could be read."""
        stem = self.stem_of_import(ref, module)
        if stem is None:
            return None
        return self.libraries.number(stem) if is_outside(stem) else self.modules.stems.get(stem)

    def imported(self, module: str, name: str, level: int, scope: Scope) -> Iterable[Value]:
        """What `import module` (name "") or `from module import name` binds."""
        home = self.stems[scope.module]
        if is_outside(home):
            return self._outside(self.libraries.absolute(home, module, level), name, is_stub=home.startswith(STUB))
        stem = self._stem(home, module, level)
        if stem is not None and not (level == 0 and not name and self._is_hidden(stem, module)):
            if not name:
                return (Package(stem),)
            found = self.member(stem, name)
            if found or stem in self.modules.stems:
                return found
        if level:
            return ()
        return self._outside(module, name)

    def _is_hidden(self, stem: str, module: str) -> bool:
        """Whether a folder without `__init__.py` has the name of a library, which is then what an import finds."""
        return stem not in self.modules.stems and (self.libraries.holds(module) or self.catalog.mentions(module))

    def _outside(self, module: str, name: str, *, is_stub: bool = False) -> Iterable[Value]:
        """What a module outside the project, or a name of it, stands for: what the catalog names is the catalog's, else the environment tells."""
        if self.libraries.are_known:
            self.catalog.extend((module.partition(".")[0],))
        whole = f"{module}.{name}" if name else module
        path = self.catalog.canonical(whole)
        if is_stub or not self.libraries.holds(module) or self.catalog.has_entry(path):
            return (External(path),)
        if not name:
            return (Package(stem_of(LIBRARY, module)),)
        if self.catalog.mentions(path) and not self.libraries.holds(whole):
            return (External(path),)
        return list(self.member(stem_of(LIBRARY, module), name)) or (External(path),)

    def _member_of(self, stem: str, name: str) -> Iterable[Value]:
        return self._outside(name_of(stem), name, is_stub=stem.startswith(STUB)) if is_outside(stem) else self.member(stem, name)

    # -- attributes

    def attribute(self, values: Values, name: str, scope: Scope | None = None) -> list[Value]:
        """What `value.name` may stand for, written in a scope."""
        found: list[Value] = []
        private = self.class_around(scope) if scope is not None and name.startswith("__") and not name.endswith("__") else None
        for value in values:
            kind = value.__class__
            if kind is External:
                found += self._attribute_of_external(value, name)  # type: ignore[arg-type]
            elif kind is ExternalInstance:
                found += self._external_attribute(value.path, name)  # type: ignore[union-attr]
            elif private is not None and kind in (Instance, ClassValue, Super):
                found += self.own_attribute(private, name, value if kind is ClassValue else value.klass)  # type: ignore[union-attr,arg-type]
            elif kind is Instance:
                found += self.instance_attribute(value.klass, name) if name != "__class__" else (value.klass,)  # type: ignore[union-attr]
            elif kind is Package:
                found += self._member_of(value.stem, name)  # type: ignore[union-attr]
            elif kind is ClassValue:
                found += self._class_attribute(value, name)  # type: ignore[arg-type]
            elif kind is Super:
                found += self._inherited(self.mro(value.klass)[1:], name, value.klass)  # type: ignore[union-attr]
            elif kind is Many:
                found += types.container_method(value, name)  # type: ignore[arg-type]
            elif kind is FunctionValue:
                found += [v for path in self._made_of(value) for v in self._external_attribute(path, name)]  # type: ignore[arg-type]
        return found

    def _made_of(self, value: FunctionValue) -> list[str]:
        """The types of what decorators from outside the project make of a function: `@app.task` makes a task of it."""
        function = self.function(value)
        paths = self.decorators(function, value.module) if function.decorators else ()
        return [type_ for type_ in map(self.catalog.result, paths) if type_ in self.catalog.types]

    def _external_attribute(self, path: str, name: str) -> Values:
        type_ = self.catalog.attribute(path, name)
        if type_:
            return types.of_type(self.catalog, type_)
        method = self.catalog.method(path, name)
        if name in self.catalog.last_names and path not in self.catalog.types and not self.catalog.knows(method):
            types_ = self.stubs.typed((ExternalInstance(path),))
            if types_ != (ExternalInstance(path),):
                return tuple(self.attribute(types_, name))
            inherited = [v for v in self.stubs.member(path, name) if isinstance(v, External) and self.catalog.knows(v.path)]
            method = inherited[0].path if inherited else method
        return (External(method, path),)

    def _attribute_of_external(self, value: External, name: str) -> Iterable[Value]:
        """An attribute of a thing outside; of an attribute of an instance, it is that of what a stub says it holds."""
        if value.receiver and not self.catalog.knows(value.path):
            held = self.stubs.attribute(value.receiver, value.path.rpartition(".")[2])
            if held:
                return self.attribute(held, name)
        return (External(self.catalog.canonical(f"{value.path}.{name}")),)

    def instance_attribute(self, klass: ClassValue, name: str) -> Iterable[Value]:
        """An attribute of an instance: what methods assign to it, class attributes, methods, properties; from the class or its bases."""
        found = list(self._inherited(self.mro(klass), name, klass))
        if found:
            return self._overridden(found, klass, name)
        below = self.below(klass)
        return [value for k in below for value in self.own_attribute(k, name, k)] if len(below) <= _LIMIT else ()

    def instance_attribute_of_class(self, klass: ClassValue, name: str) -> Values:
        """A method found on the class of an instance, not on the instance itself: how the language looks up `__init__` and its like."""
        return unique(self._overridden(list(self._inherited(self.mro(klass), name, klass)), klass, name))

    def property_getters(self, klass: ClassValue, name: str, *, above: bool = False) -> list[FunctionValue]:
        """The functions that run when an attribute of an instance is read; of its bases only if `above`."""
        for owner in self.mro(klass)[above:]:
            if isinstance(owner, ClassValue) and self._has(owner, name):
                found = self._getters(owner, name, klass)
                if not above and any(self.function(v).is_abstract for v in found) and self._few_below(klass):
                    return [v for k in self.below(klass) for v in self._getters(k, name, k) if not self.function(v).is_abstract] or found
                return found
        return []

    def _getters(self, owner: ClassValue, name: str, receiver: ClassValue) -> list[FunctionValue]:
        numbers = [ref[1] for ref in self.klass(owner).bindings.get(name, ()) if ref.__class__ is tuple and ref[0] == "def"]
        functions = [FunctionValue(owner.module, number, receiver) for number in numbers]
        return [v for v in functions if self.is_property(self.function(v), owner.module) and len(self.function(v).params) == 1]

    def _has(self, klass: ClassValue, name: str) -> bool:
        facts = self.klass(klass)
        return name in facts.bindings or name in facts.attributes

    # -- abstract methods

    def _overridden(self, found: list[Value], klass: ClassValue, name: str) -> list[Value]:
        """What a lookup on an instance found: for a method that only holds the place of others, the methods below the class that override it."""
        stubs = [value for value in found if isinstance(value, FunctionValue) and self._holds_a_place(self.function(value))]
        if not stubs or not self._few_below(klass):
            return found
        overrides: list[Value] = []
        for below in self.below(klass):
            own = self.own_attribute(below, name, below) if self._has(below, name) else ()
            overrides += [v for v in own if not (isinstance(v, FunctionValue) and self.function(v).is_abstract)]
        if any(isinstance(v, FunctionValue) and self.function(v).is_async for v in overrides):
            stubs = [value for value in stubs if self.function(value).is_async]  # else callers are ready for both, and nobody knows what runs
        dropped = [value for value in stubs if self._is_never_run(value, klass, name)]
        return [*(value for value in found if value not in dropped), *overrides] if overrides and dropped else found

    @staticmethod
    def _holds_a_place(function: Function) -> bool:
        return function.owner >= 0 and (bool(function.flags & f.STUB) or (bool(function.decorators) and function.is_abstract))

    def _is_never_run(self, value: FunctionValue, klass: ClassValue, name: str) -> bool:
        """Whether a method is declared abstract, stands in a protocol, or is overridden in every class below."""
        function, owner = self.function(value), ClassValue(value.module, self.function(value).owner)
        if function.is_abstract or any(f.last_name(without_parameters(base)) == "Protocol" for base in self.klass(owner).bases):
            return True
        return all(
            next((k for k in self.mro(below) if isinstance(k, ClassValue) and self._has(k, name)), owner) != owner for below in self.below(klass)
        )

    def _few_below(self, klass: ClassValue) -> bool:
        """Whether so few classes are directly below that they can all be followed."""
        return len(self.subclasses_named(self.klass(klass).name)) <= _LIMIT and len(self.below(klass)) <= _LIMIT

    # -- lookup in classes

    def _inherited(self, classes: Iterable[ClassValue | External], name: str, receiver: ClassValue) -> Iterable[Value]:
        for klass in classes:
            if isinstance(klass, External):
                path = self.catalog.method(klass.path, name)
                attribute = self.catalog.attribute(klass.path, name)
                if attribute:
                    return types.of_type(self.catalog, attribute)
                if self.catalog.knows(path) or klass.path in self.catalog.types:
                    return (External(path, klass.path),)
                continue
            found = list(self.own_attribute(klass, name, receiver))
            if found:
                return found
        return ()

    def own_attribute(self, value: ClassValue, name: str, receiver: ClassValue) -> Iterable[Value]:
        """What a class itself says of an attribute of its instances."""
        klass = self.klass(value)
        assigned = [v for number, ref in klass.attributes.get(name, ()) for v in self.evaluate(ref, Scope(value.module, number))]
        yield from assigned
        known = {path for v in assigned if isinstance(v, ExternalInstance) for path in self.catalog.ancestry(v.path)}
        scope = Scope(value.module, klass.parent, value.number)
        for ref in klass.bindings.get(name, ()):
            for found in self.evaluate(ref, scope):
                if isinstance(found, ExternalInstance) and found.path in known:
                    continue  # a base of what is assigned, which says more
                if isinstance(found, FunctionValue) and ref.__class__ is tuple and ref[0] == "def":
                    yield from self._bind(found, receiver)
                else:
                    yield found

    def _bind(self, value: FunctionValue, receiver: ClassValue) -> Iterable[Value]:
        function = self.function(value)
        bound = FunctionValue(value.module, value.number, receiver)
        if self.is_property(function, value.module):
            return types.returned(self, bound)
        return (bound,)

    def _class_attribute(self, klass: ClassValue, name: str) -> Iterable[Value]:
        return list(self._inherited(self.mro(klass), name, klass))


def unique(values: Iterable[Value]) -> Values:
    """The values without repetition, none of too many."""
    found = tuple(dict.fromkeys(values))
    return found if len(found) <= _LIMIT else ()
