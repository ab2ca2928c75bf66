"""Whether an attribute or a container ever changes after it was made, anywhere in the program."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.index.refs import ref
from asynclint.program.values import FunctionValue, Instance

if TYPE_CHECKING:
    from asynclint.fix.occurrences import Use
    from asynclint.fix.touches import Path, View
    from asynclint.program.values import ClassValue

_MANY = 40  # modules that read an attribute of the same name: then it is one of many things, and taken for one that changes
_MAKING = frozenset({"__init__", "__new__", "__post_init__", "__set_name__", "__init_subclass__", "__setstate__"})


class Mutability:
    """Answers for one function, kept for the whole program."""

    def __init__(self, view: View) -> None:
        self._view, self._program = view, view.program

    def is_rebound(self, path: Path, owners: tuple[ClassValue, ...] = ()) -> bool:
        """Whether something is assigned to an attribute of this name outside of constructors, or what it holds is changed; with `owners` known, of
        an instance of one of these classes, or of one that is not known. The same for a global.
        """
        is_global = len(path) == 2 and path[0].startswith("m:")
        return self._ask(path[-1], owners, content=is_global) or (is_global and self._is_declared(path[-1]))

    def _is_declared(self, name: str) -> bool:
        """Whether a function declares a name global."""
        memory, key = self._view.touches.declared, (self._view.key[0], name)
        known = memory.get(key)
        if known is None:
            known = memory[key] = self._find_declaration(name)
        return known

    def _find_declaration(self, name: str) -> bool:
        trees = self._view.touches.occurrences
        modules = {self._view.key[0], *self._importing(name)}
        return any(
            isinstance(node, ast.Global) and name in node.names
            for use in trees.of(name, sorted(modules))
            if isinstance(use.node, ast.Name) and isinstance(use.node.ctx, ast.Store)
            for frame in use.above
            if isinstance(frame, (ast.FunctionDef, ast.AsyncFunctionDef))
            for node in ast.walk(frame)
        )

    def is_changed(self, path: Path) -> bool:
        """Whether the container at a path is changed in place by anybody: one that is put in its place harms no loop."""
        name = path[-1] if len(path) > 1 else path[0].rpartition(":")[2]
        return name == "[]" or self._ask(name, (), content=True)

    def _ask(self, name: str, owners: tuple[ClassValue, ...], *, content: bool) -> bool:
        memory, key = self._view.touches.mutable, (self._view.key[0], name, owners, content)
        known = memory.get(key)
        if known is None:
            known = memory[key] = self._find(name, owners, content=content)
        return known

    def _find(self, name: str, owners: tuple[ClassValue, ...], *, content: bool) -> bool:
        modules = {self._view.key[0], *self._program.modules_reading((name,)), *self._importing(name)}
        if len(modules) > _MANY:
            return True
        uses = self._view.touches.occurrences.of(name, sorted(modules))
        return any(self._changes(use, content=content) and self._is_of(use, owners) for use in uses)

    def _is_of(self, use: Use, owners: tuple[ClassValue, ...]) -> bool:
        """Whether the owner of an attribute may be an instance of one of some classes."""
        if not owners or not isinstance(use.node, ast.Attribute):
            return True
        values = self._program.evaluate(ref(use.node.value), use.scope)
        classes = [value.klass for value in values if isinstance(value, Instance)]
        resolver = self._program.resolver
        return not classes or any(one in resolver.mro(other) or other in resolver.mro(one) for one in classes for other in owners)

    def _importing(self, name: str) -> set[int]:
        """The modules that import a name as it is."""
        wanted = {module for module in self._program.names if name in self._program.names[module].receivers}
        return wanted if len(wanted) <= _MANY else set()

    def _changes(self, use: Use, *, content: bool) -> bool:
        changes = self._program.catalog.names(self._program.catalog.changes)
        above: Any = use.above[-1] if use.above else None
        node: Any = use.node
        function = next((each.name for each in reversed(use.above) if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))), "")
        if isinstance(above, ast.Attribute) and above.value is node:
            call = use.above[-2] if len(use.above) > 1 else None
            return above.attr in changes and isinstance(call, ast.Call) and call.func is above and function not in _MAKING
        if isinstance(above, ast.Subscript) and above.value is node and not isinstance(above.ctx, ast.Load):
            return function not in _MAKING and function != ""
        if isinstance(above, ast.AugAssign) and above.target is node:
            return function not in _MAKING and function != ""
        if isinstance(above, (ast.Assign, ast.AnnAssign)) and above.value is node:
            return self._is_changed_by_name(above, use, changes)
        if not content and isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            return function not in _MAKING
        if isinstance(above, ast.Call) and node in above.args and content:
            return self._is_given_on(above, use)
        return False

    def _is_given_on(self, call: ast.Call, use: Use) -> bool:
        """Whether a call may change what it is given: a function of the program that changes the parameter does."""
        for value in self._program.evaluate(ref(call.func), use.scope):
            if isinstance(value, FunctionValue) and use.node in call.args:
                names = [param.name for param in self._program.function(value.key).params][1 if value.receiver is not None else 0 :]
                position = call.args.index(use.node)
                written = {path for kind, path in self._view.touches.of(value.key).accesses if kind == "write"}
                if position < len(names) and (f"p:{names[position]}",) in written:
                    return True
        return False

    @staticmethod
    def _is_changed_by_name(assign: Any, use: Use, changes: frozenset[str]) -> bool:
        """Whether a local name of a container is used to change it."""
        targets = assign.targets if isinstance(assign, ast.Assign) else [assign.target]
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        frame = next((each for each in reversed(use.above) if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))), None)
        for node in ast.walk(frame) if frame is not None else ():
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names and node.attr in changes:
                return True
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in names and not isinstance(node.ctx, ast.Load):
                return True
        return False
