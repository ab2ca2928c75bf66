"""Whether code that nobody has seen may decide what a method call runs.

A public method of a public class may be overridden out of sight where there is code out of sight: in a package, which others import, and in a program
that runs code which is no module of it (`exec`, plugins that it imports by name, classes made at run time). Plain modules that do nothing of the kind
are all there is. A class or method whose name begins with an underscore, a `@final` one, and a class inside a function are the project's own; so is
the class of an object that is made where it is used.
"""

from __future__ import annotations

import ast
import os
from typing import TYPE_CHECKING

from asynclint.index import facts as f
from asynclint.index.refs import dotted, ref
from asynclint.program.values import ClassValue, External, FunctionValue, Instance, Scope

if TYPE_CHECKING:
    from asynclint.fix.occurrences import Occurrences
    from asynclint.index.facts import Ref
    from asynclint.program import Program
    from asynclint.program.values import Value

_CODE = "code"


class Overrides:
    """What is known of overrides, of all classes of a program."""

    def __init__(self, program: Program, occurrences: Occurrences) -> None:
        self._program, self._occurrences = program, occurrences
        self._unseen: bool | None = None
        self._open: dict[int, bool] = {}

    def reason(self, called: ast.expr, value: Value, scope: Scope) -> str:
        """Why calling an expression may run something else than a method of the project, or ""."""
        program, receiver = self._program, called
        if isinstance(value, Instance):
            methods = program.resolver.instance_attribute_of_class(value.klass, "__call__")
            return next((found for each in methods if isinstance(each, FunctionValue) and (found := self._reason(each, receiver, scope))), "")
        if not isinstance(value, FunctionValue) or not isinstance(called, ast.Attribute) or program.function(value.key).name.startswith("_"):
            return ""
        return self._reason(value, called.value, scope)

    def _reason(self, value: FunctionValue, receiver: ast.expr, scope: Scope) -> str:
        program = self._program
        function = program.function(value.key)
        if function.owner < 0 or program.is_outside(value.module):
            return ""
        if self._is_replaced(function.name, {value.module, scope.module}):
            return f"`{function.qualname}` is replaced by something else on some object"
        klass = ClassValue(value.module, function.owner)
        known = program.resolver.klass(klass)
        if known.name.startswith("_") or known.parent or any(map(self._is_final, ((known.decorators, value), (function.decorators, value)))):
            return ""
        if not self.is_open(value.module) or self._is_exact(receiver, scope):
            return ""
        return f"`{function.qualname}` is public, and may be overridden by code that is not seen here"

    def _is_replaced(self, name: str, modules: set[int]) -> bool:
        """Whether one of some modules binds an attribute of a name: `server.load = ...`."""
        return any(isinstance(use.node, ast.Attribute) and isinstance(use.node.ctx, ast.Store) for use in self._occurrences.of(name, modules))

    def _is_final(self, told: tuple[tuple[Ref, ...], FunctionValue]) -> bool:
        decorators, value = told
        given = [each for decorator in decorators for each in self._program.evaluate(decorator, Scope(value.module, 0))]
        return any(isinstance(each, External) and each.path in ("typing.final", "typing_extensions.final") for each in given)

    # -- code that is not seen

    def is_open(self, module: int) -> bool:
        """Whether code that is not seen may use what a module defines."""
        known = self._open.get(module)
        if known is None:
            folder = os.path.dirname(self._program.resolver.stems[module])
            own = self._program.resolver.stems[module]
            stems = self._program.modules.stems
            is_package = any(self._is_package(each) for each in (folder, own) if each in stems)
            known = self._open[module] = is_package or self._runs_unseen()
        return known

    def _is_package(self, stem: str) -> bool:
        return os.path.basename(self._program.paths[self._program.modules.stems[stem]]).startswith("__init__.")

    def _runs_unseen(self) -> bool:
        """Whether the project runs code that is no module of it, as far as is known."""
        if self._unseen is None:
            self._unseen = any(self._runs_unseen_in(module) for module in self._program.modules_using(self._program.catalog.names_aware(_CODE)))
        return self._unseen

    def _runs_unseen_in(self, module: int) -> bool:
        program = self._program
        facts, names = program.facts(module), program.catalog.names_aware(_CODE)
        if program.is_outside(module):
            return False
        return any(
            isinstance(value, External) and _CODE in program.catalog.aware(value.path, facts.calls[number].arguments)
            for number in facts.calls_of(names)
            for value in program.callees(module, number)
        )

    # -- objects whose class is known

    def _is_exact(self, receiver: ast.expr, scope: Scope) -> bool:
        """Whether an object is of just the class that it is made of."""
        if isinstance(receiver, ast.Call):
            return (isinstance(receiver.func, ast.Name) and receiver.func.id == "super") or self._is_made(ref(receiver), scope)
        name = dotted(receiver)
        if not name:
            return False
        program = self._program
        head, _, rest = name.partition(".")
        number = scope.function
        while number > 0:
            function = program.function((scope.module, number))
            if any(param.name == head for param in function.params):
                return self._is_made_attribute(rest, scope.module, function) if function.params[0].name == head and function.owner >= 0 else False
            if head in function.bindings:
                return not rest and all(self._is_made(each, Scope(scope.module, number)) for each in function.bindings[head])
            number = function.parent
        if any(isinstance(value, ClassValue) for value in program.evaluate(name, scope)):
            return True  # the class itself is named
        bound = program.facts(scope.module).functions[0].bindings.get(head, ())
        return bool(bound) and not rest and all(self._is_made(each, Scope(scope.module, 0)) for each in bound)

    def _is_made_attribute(self, name: str, module: int, function: f.Function) -> bool:
        if not name or "." in name:
            return False
        klass = self._program.facts(module).classes[function.owner]
        bound = [(Scope(module, number), each) for number, each in klass.attributes.get(name, ())]
        bound += [(Scope(module, klass.parent, function.owner), each) for each in klass.bindings.get(name, ())]
        return bool(bound) and all(self._is_made(each, scope) for scope, each in bound)

    def _is_made(self, made: Ref, scope: Scope) -> bool:
        if made.__class__ is tuple and made[0] == "declared":
            made = made[2]
        if made.__class__ is not tuple or made[0] != "call":
            return False
        values = self._program.evaluate(made[1], scope)
        return bool(values) and all(isinstance(value, ClassValue) for value in values) and made[1] != "cls"
