"""Containers that no code of the project changes, though all of it can reach them: a table of a module, a list that a constructor makes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.index.refs import ref
from asynclint.program.values import External, Package, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asynclint.fix.occurrences import Use
    from asynclint.fix.sharing import Sharing
    from asynclint.program.values import FunctionKey

_MODULES = 400  # modules that are looked through for the uses of one name
_READING = frozenset({"get", "items", "keys", "values", "copy", "index", "count", "union", "intersection", "difference", "issubset", "issuperset"})
_TESTS = (ast.Compare, ast.For, ast.AsyncFor, ast.comprehension, ast.FormattedValue)
_QUIET = frozenset(f"builtins.{name}" for name in ("len", "isinstance", "id", "hash", "bool", "type", "range", "print", "str", "repr"))
CHANGES, SAME_ITEMS, FROZEN = range(3)


class Constants:
    """What is known of the containers of a program; each answer is CHANGES, SAME_ITEMS (what is in it may change), or FROZEN."""

    def __init__(self, sharing: Sharing) -> None:
        self._sharing, self._program = sharing, sharing.program
        self._names: dict[tuple[int, str], int] = {}
        self._attributes: dict[tuple[int, int, str], int] = {}

    def of_name(self, name: str, module: int) -> int:
        """Whether a name of a module stands for something that nobody changes."""
        known = self._names.get((module, name))
        if known is None:
            self._names[(module, name)] = CHANGES
            known = self._names[(module, name)] = self._of_name(name, module)
        return known

    def _of_name(self, name: str, module: int) -> int:
        bound = self._program.facts(module).functions[0].bindings.get(name, ())
        imports = [each for each in bound if each.__class__ is tuple and each[0] == "import"]
        if imports:
            found = [self.of_name(each[2], number) for each in imports for number in self._defining(each, module)]
            return min(found, default=CHANGES) if len(imports) == len(bound) else CHANGES
        if bound and all(each.__class__ is tuple and each[0] in ("def", "class") for each in bound):
            return FROZEN
        frame = self._sharing.frame((module, 0))
        values = frame.bound().get(name, [])
        if len(values) != 1 or values[0][1] != "value" or frame.origin(values[0][0]).top:
            return CHANGES
        if _is_frozen(values[0][0]):
            return FROZEN
        return _made(values[0][0]) if self._is_only_read(name, self._near(module)) else CHANGES

    def _defining(self, import_: Any, module: int) -> Iterator[int]:
        """The modules that an import takes a name from."""
        for value in self._program.evaluate(("import", import_[1], "", import_[3]), Scope(module, 0)):
            if isinstance(value, Package) and value.stem in self._program.modules.stems:
                yield self._program.modules.stems[value.stem]

    def of_attribute(self, name: str, key: FunctionKey) -> int:
        """Whether an attribute of the receiver of a method is bound by `__init__`, or the class, to something of its own that nobody changes."""
        owner = self._program.function(key).owner
        if owner < 0:
            return CHANGES
        known = self._attributes.get((key[0], owner, name))
        if known is None:
            self._attributes[(key[0], owner, name)] = CHANGES
            known = self._attributes[(key[0], owner, name)] = self._of_attribute(name, key[0], owner)
        return known

    def _of_attribute(self, name: str, module: int, owner: int) -> int:
        near = self._near(module)
        uses = list(self._sharing.occurrences.of(name, near)) if near is not None else []
        stores = [use for use in uses if isinstance(use.node, ast.Attribute) and not isinstance(use.node.ctx, ast.Load)]
        stores += [use for use in uses if isinstance(use.node, ast.Name) and (use.scope.module, use.scope.klass) == (module, owner)]
        if not stores or not self._is_only_read(name, near):
            return CHANGES
        found = FROZEN
        for use in stores:
            key, statement = (use.scope.module, use.scope.function), use.above[-1]
            if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.value is None:
                return CHANGES
            if isinstance(use.node, ast.Attribute) and self._program.function(key).name != "__init__":
                return CHANGES
            if self._sharing.frame(key).origin(statement.value).top:
                return CHANGES
            found = min(found, FROZEN if _is_frozen(statement.value) else _made(statement.value))
        return found

    def _near(self, module: int) -> list[int] | None:
        """The modules that may use a name of a module: those of its topmost package, and those that import that; None where they are too many."""
        program = self._program
        top = program.module_name(module).partition(".")[0]
        names = sorted(program.names.items())
        found = [number for number, each in names if top in each.imports or program.module_name(number).partition(".")[0] == top]
        return found if len(found) <= _MODULES else None

    def _is_only_read(self, name: str, modules: Iterable[int] | None) -> bool:
        """Whether whatever is called so is only asked for its items, everywhere in some modules."""
        return modules is not None and all(self._reads(use) for use in self._sharing.occurrences.of(name, modules))

    def _reads(self, use: Use) -> bool:
        above = use.above[-1]
        if not isinstance(use.node.ctx, ast.Load):
            return isinstance(above, (ast.Assign, ast.AnnAssign)) and (use.scope.function == 0 or isinstance(use.node, ast.Attribute))
        if isinstance(above, ast.Attribute):
            outer = use.above[-2]
            return isinstance(outer, ast.Call) and outer.func is above and above.attr in _READING
        if isinstance(above, ast.Subscript):
            return isinstance(above.ctx, ast.Load) and above.value is use.node
        if isinstance(above, (ast.If, ast.While, ast.IfExp)):
            return above.test is use.node
        if isinstance(above, ast.UnaryOp):
            return isinstance(above.op, ast.Not)
        return isinstance(above, _TESTS) or (isinstance(above, ast.Call) and use.node is not above.func and self._only_reads(above, use.scope))

    def _only_reads(self, call: ast.Call, scope: Scope) -> bool:
        values = self._program.evaluate(ref(call.func), scope)
        catalog = self._program.catalog
        return bool(values) and all(
            isinstance(value, External)
            and (is_quiet(value.path) or any(not walk.changes for walk in catalog.walks(value.path)))
            and not any(part == "all" for _, part in catalog.shares(value.path))
            for value in values
        )


def is_quiet(path: str) -> bool:
    """Whether a callable neither changes nor keeps what it is given."""
    return path in _QUIET


def _is_frozen(node: Any) -> bool:
    """Whether an expression makes something that cannot be changed."""
    if isinstance(node, ast.Tuple):
        return all(map(_is_frozen, node.elts))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "frozenset":
        return True
    return isinstance(node, (ast.Constant, ast.JoinedStr))


def _made(node: Any) -> int:
    """FROZEN where nothing in what a display makes can be changed."""
    parts = node.values if isinstance(node, ast.Dict) else getattr(node, "elts", None)
    return FROZEN if parts is not None and all(each is not None and _is_frozen(each) for each in parts) else SAME_ITEMS
