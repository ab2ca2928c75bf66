"""What a callable that an object keeps, or that a function is given, may be: the functions that the project puts there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.index.refs import ref
from asynclint.program import types
from asynclint.program.values import Bound, ClassValue, External, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asynclint.fix.occurrences import Occurrences
    from asynclint.program import Program
    from asynclint.program.values import FunctionKey, Values

    Callable = FunctionKey | str  # a function of the project, or the path of another one

_ADDING = frozenset({"append", "add", "insert", "appendleft", "setdefault", "extend", "update", "put", "put_nowait"})
_MODULES = 400  # modules that are looked through
_DEPTH = 4  # functions through which a callable is handed


class Hooks:
    """The callables that are kept somewhere, by the names of what keeps them."""

    def __init__(self, program: Program, occurrences: Occurrences) -> None:
        self._program, self._occurrences = program, occurrences
        self._known: dict[object, frozenset[Callable]] = {}

    def candidates(self, callee: ast.expr, scope: Scope, tree: Any) -> frozenset[Callable]:
        """What a call of an unknown callable may run: functions of the project, and the paths of others."""
        if isinstance(callee, (ast.Subscript, ast.Call, ast.Starred)):
            inner = callee.func if isinstance(callee, ast.Call) else callee.value
            inner = inner.value if isinstance(callee, ast.Call) and isinstance(inner, ast.Attribute) else inner
            return self.candidates(inner, scope, tree)
        if isinstance(callee, ast.Attribute):
            return self._kept(callee.attr)
        if not isinstance(callee, ast.Name):
            return frozenset()
        found = self._of_parameter(scope, callee.id, 0)
        for node in ast.walk(tree):
            if isinstance(node, (ast.For, ast.comprehension)) and _is_named([node.target], callee.id):
                found |= self._in_container(node.iter, scope)
            elif isinstance(node, ast.Assign) and _is_named(node.targets, callee.id):
                found |= self._in_container(node.value, scope)
        return found

    def _in_container(self, node: ast.expr, scope: Scope) -> frozenset[Callable]:
        """The functions in what a loop goes through."""
        while isinstance(node, (ast.Call, ast.Subscript, ast.Starred)):
            given = node.args[:1] if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else []
            node = given[0] if given else node.func if isinstance(node, ast.Call) else node.value
            if isinstance(node, ast.Attribute) and node.attr in ("items", "values", "get", "copy"):
                node = node.value
        if isinstance(node, ast.Attribute):
            return self._kept(node.attr)
        if isinstance(node, ast.Name):
            return self._of_parameter(scope, node.id, 0) | self._kept(node.id)
        return frozenset()

    def _kept(self, name: str) -> frozenset[Callable]:
        """The functions that an attribute or global of a name is bound to, or that are put into it."""
        known = self._known.get(name)
        if known is None:
            self._known[name] = frozenset()
            near = sorted(self._program.names)
            uses = self._occurrences.of(name, near) if len(near) <= _MODULES else ()
            put = [(value, use.scope) for use in uses for value in _put(use.node, use.above)]
            known = self._known[name] = frozenset(each for value, scope in put for each in self._functions(value, scope, 0))
        return known

    def _functions(self, value: ast.expr, scope: Scope, depth: int) -> Iterator[Callable]:
        yield from self._callables(self._program.evaluate(ref(value), scope))
        if isinstance(value, (ast.Dict, ast.List, ast.Tuple, ast.Set)):
            for each in value.values if isinstance(value, ast.Dict) else value.elts:
                yield from self._functions(each, scope, depth)
        elif isinstance(value, (ast.BoolOp, ast.IfExp)):
            for each in value.values if isinstance(value, ast.BoolOp) else (value.body, value.orelse):
                yield from self._functions(each, scope, depth)
        elif isinstance(value, ast.Name):
            yield from self._of_parameter(scope, value.id, depth)

    def _callables(self, values: Values) -> Iterator[Callable]:
        yield from (each.key for each in self._program.contexts.functions(values))
        for value in values:
            if isinstance(value, External):
                yield value.path
            elif isinstance(value, Bound) and value.calls:
                yield from (each.path for each in value.items if isinstance(each, External))

    def _of_parameter(self, scope: Scope, name: str, depth: int) -> frozenset[Callable]:
        """The functions that are handed over for a parameter of a function."""
        key = (scope.module, scope.function, name)
        known = self._known.get(key)
        if known is None:
            self._known[key] = frozenset()
            function = self._program.function((scope.module, scope.function))
            if depth > _DEPTH or not any(param.name == name for param in function.params):
                return frozenset()
            known = self._known[key] = frozenset(self._handed((scope.module, scope.function), name, depth))
        return known

    def _handed(self, key: FunctionKey, name: str, depth: int) -> Iterator[Callable]:
        program = self._program
        function = program.function(key)
        is_bound = function.owner >= 0 and not program.resolver.is_decorated(function, key[0], "staticmethod")
        place = next(n for n, param in enumerate(function.params) if param.name == name) - is_bound
        made = ClassValue(key[0], function.owner) if function.name == "__init__" and function.owner >= 0 else None
        classes = {made, *program.resolver.below(made)} if made is not None else set()
        wanted = {program.resolver.klass(each).name for each in classes if each is not None} | ({function.name} - {"__init__"})
        names = program.with_aliases(wanted | ({"__init__"} if made is not None else set()))
        for module in program.modules_using(names):
            facts = program.facts(module)
            for number in facts.calls_of(names):
                if not any(value in classes or getattr(value, "key", None) == key for value in program.callees(module, number)):
                    continue
                call = facts.calls[number]
                given = types.argument(call.arguments, place) or types.argument(call.arguments, name)
                scope = Scope(module, call.function)
                yield from self._callables(program.evaluate(given, scope))
                if given.__class__ is str and "." not in given:
                    yield from self._of_parameter(scope, given, depth + 1)


def _is_named(targets: Iterable[ast.expr], name: str) -> bool:
    """Whether a name is one of those in some targets."""
    return any(isinstance(each, ast.Name) and each.id == name for target in targets for each in ast.walk(target))


def _put(node: Any, above: tuple[Any, ...]) -> Iterator[ast.expr]:
    """What a statement binds a name or attribute to, or puts into it."""
    parent = above[-1]
    if isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) and parent.value is not None and parent.value is not node:
        yield parent.value
    elif isinstance(parent, (ast.Tuple, ast.List)) and len(above) > 1 and isinstance(above[-2], ast.Assign) and parent in above[-2].targets:
        value = above[-2].value
        is_same = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(parent.elts)
        yield value.elts[parent.elts.index(node)] if is_same else value  # type: ignore[attr-defined]
    elif isinstance(parent, ast.Subscript) and len(above) > 1 and isinstance(above[-2], ast.Assign) and parent in above[-2].targets:
        yield above[-2].value
    elif isinstance(parent, ast.Attribute) and parent.attr in _ADDING and len(above) > 1 and isinstance(above[-2], ast.Call):
        yield from above[-2].args
