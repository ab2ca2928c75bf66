"""Classes and their bases, and the decorators of functions: what the facts tell directly, once the names in them are known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from asynclint.index import facts as f
from asynclint.program.annotations import without_parameters
from asynclint.program.grouped import MODULE, Grouped
from asynclint.program.values import ClassValue, External, FunctionValue, Instance, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asynclint.index.facts import Class, Function, Ref
    from asynclint.program.values import Values


class Classes(ABC):
    """What a resolver knows of classes."""

    def __init__(self, facts: Any, subclasses: Any) -> None:
        """`facts(n)` gives the facts of module n; `subclasses(name)` the (module, class) pairs that name a class of that last name as base."""
        self.facts = facts
        self.subclasses_named = subclasses
        self._mro: Grouped[ClassValue, tuple[ClassValue | External, ...]] = Grouped(MODULE)
        self._below: Grouped[ClassValue, tuple[ClassValue, ...]] = Grouped(MODULE)

    @abstractmethod
    def evaluate(self, ref: Ref, scope: Scope) -> Values:
        """What a Ref may stand for in a scope."""

    @abstractmethod
    def instance_attribute_of_class(self, klass: ClassValue, name: str) -> Values:
        """An attribute of the instances of a class, as its methods and class-level values give it."""

    # -- plain access

    def function(self, value: FunctionValue | tuple[int, int]) -> Function:
        """The facts of a function."""
        module, number = value.key if isinstance(value, FunctionValue) else value
        return self.facts(module).functions[number]  # type: ignore[no-any-return]

    def klass(self, value: ClassValue) -> Class:
        """The facts of a class."""
        return self.facts(value.module).classes[value.number]  # type: ignore[no-any-return]

    # -- classes

    def mro(self, value: ClassValue) -> tuple[ClassValue | External, ...]:
        """A class and its bases, in the order in which attributes are looked up (depth first; a common base stands last)."""
        known = self._mro.get(value)
        if known is not None:
            return known
        self._mro[value] = (value,)
        klass = self.klass(value)
        scope = Scope(value.module, klass.parent, klass.outer)
        order: dict[ClassValue | External, None] = {value: None}
        for ref in klass.bases:
            for base in self.evaluate(without_parameters(ref), scope):
                if isinstance(base, ClassValue):
                    inherited: Iterable[ClassValue | External] = self.mro(base)
                elif isinstance(base, External):
                    inherited = (base,)
                else:
                    continue
                for item in inherited:
                    if item != value:
                        order.pop(item, None)
                        order[item] = None
        self._mro[value] = tuple(order)
        return self._mro[value]

    def below(self, value: ClassValue) -> tuple[ClassValue, ...]:
        """The direct and indirect subclasses of a class in the project."""
        known = self._below.get(value)
        if known is None:
            self._below[value] = ()
            found: dict[ClassValue, None] = {}
            for module, number in self.subclasses_named(self.klass(value).name):
                candidate = ClassValue(module, number)
                if candidate != value and candidate not in found and value in self.mro(candidate):
                    found[candidate] = None
                    found.update(dict.fromkeys(self.below(candidate)))
            known = self._below[value] = tuple(found)
        return known

    def class_around(self, scope: Scope) -> ClassValue | None:
        """The class of the nearest method around a scope."""
        if scope.klass >= 0:
            return ClassValue(scope.module, scope.klass)
        number = scope.function
        while number > 0:
            function = self.facts(scope.module).functions[number]
            if function.owner >= 0:
                return ClassValue(scope.module, function.owner)
            number = function.parent
        return None

    # -- decorators

    def decorating_functions(self, values: Values) -> Iterable[FunctionValue]:
        """The functions of the project that are called when a decorator is applied."""
        for value in values:
            if isinstance(value, FunctionValue):
                yield value
            elif isinstance(value, Instance):
                yield from self.decorating_functions(self.instance_attribute_of_class(value.klass, "__call__"))

    def decorators(self, function: Function, module: int) -> list[str]:
        """The canonical paths of a function's decorators from outside the project."""
        scope = Scope(module, max(function.parent, 0), function.owner)
        found = []
        for ref in function.decorators:
            target = ref[1] if ref.__class__ is tuple and ref[0] == "call" else ref
            found += [value.path for value in self.evaluate(target, scope) if isinstance(value, External)]
        return found

    def is_decorated(self, function: Function, module: int, name: str) -> bool:
        """Whether a builtin decorator (`staticmethod`, `classmethod`) is on a function."""
        return name in function.decorators and bool(function.decorators)

    def is_property(self, function: Function, module: int) -> bool:
        """Whether reading the attribute runs the function."""
        return any(map(f.is_property_decorator, function.decorators))
