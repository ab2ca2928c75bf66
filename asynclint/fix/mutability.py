"""Whether an attribute or a container ever changes after it was made, anywhere in the program."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asynclint.fix.occurrences import Use
    from asynclint.fix.touches import Path, View

_MANY = 40  # modules that read an attribute of the same name: then it is one of many things, and taken for one that changes
_MAKING = frozenset({"__init__", "__new__", "__post_init__", "__set_name__", "__init_subclass__", "__setstate__"})


class Mutability:
    """Answers for one function, kept for the whole program."""

    def __init__(self, view: View) -> None:
        self._view, self._program = view, view.program

    def is_rebound(self, name: str) -> bool:
        """Whether something is assigned to an attribute of this name outside of constructors, or what it holds is changed."""
        return self._ask(name, content=False)

    def is_changed(self, path: Path) -> bool:
        """Whether the container at a path is changed in place by anybody: one that is put in its place harms no loop."""
        name = path[-1] if len(path) > 1 else path[0].rpartition(":")[2]
        return name == "[]" or self._ask(name, content=True)

    def _ask(self, name: str, *, content: bool) -> bool:
        memory, key = self._view.touches.mutable, (self._view.key[0], name, content)
        known = memory.get(key)
        if known is None:
            known = memory[key] = self._find(name, content=content)
        return known

    def _find(self, name: str, *, content: bool) -> bool:
        modules = {self._view.key[0], *self._program.modules_reading((name,)), *self._importing(name)}
        if len(modules) > _MANY:
            return True
        return any(self._changes(use, content=content) for use in self._view.touches.occurrences.of(name, sorted(modules)))

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
            return not _is_plain(above)
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


def _is_plain(call: ast.Call) -> bool:
    """Whether a call is one that only looks at what it is given, as far as its name tells: it is a builtin, or a class."""
    name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return name in _LOOKING or name[:1].isupper()


_LOOKING = frozenset({"len", "list", "tuple", "set", "sorted", "print", "repr", "str", "any", "all", "sum", "min", "max", "enumerate", "zip", "iter", "bool", "dict", "isinstance", "frozenset", "reversed", "next", "map", "filter", "id", "join", "info", "debug", "warning", "error", "format"})
