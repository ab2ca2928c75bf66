"""Where names stand in the modules of a program: the nodes, what is above each, and the scope in which it is read."""

from __future__ import annotations

import ast
import re
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.index import extract
from asynclint.model import Edit
from asynclint.program.values import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asynclint.program import Program
    from asynclint.program.values import FunctionKey
    from asynclint.source import Source
    from asynclint.walk.sources import Sources

FRAMES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_NAME = re.compile(r"[^\W\d][\w.:]*")


class Use(NamedTuple):
    """One occurrence of a name: its node (a name, an attribute, or a string), the nodes above it (outermost first), and where it runs."""

    node: Any
    above: tuple[Any, ...]
    scope: Scope
    source: Source

    @property
    def name(self) -> str:
        """The last name in it."""
        node = self.node
        return str(node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else re.split(r"[.:]", node.value)[-1])

    @property
    def line(self) -> int:
        """The line that it stands on."""
        return int(self.node.lineno)

    @property
    def place(self) -> str:
        """File and line, for reasons."""
        return self.source.where(self.line)

    def edit(self, start: int, end: int, text: str) -> Edit:
        """The replacement of a range of its file."""
        return Edit(self.source.path, self.source.span(start, end), text)


class _Tree:
    """One module's syntax tree: the way up from every node, and the nodes by the last name in them."""

    def __init__(self, tree: ast.Module, source: Source) -> None:
        self.tree, self.source = tree, source
        extract(tree)  # numbers the functions
        self.parents: dict[ast.AST, ast.AST] = {}
        self.names: dict[str, list[ast.AST]] = {}
        self.strings: dict[str, list[ast.AST]] = {}
        self.functions: dict[tuple[int, int], Any] = {}
        stack: list[Any] = [tree]
        while stack:
            node = stack.pop()
            self._note(node)
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
                stack.append(child)

    def _note(self, node: Any) -> None:
        if isinstance(node, ast.Name):
            self.names.setdefault(node.id, []).append(node)
        elif isinstance(node, ast.Attribute):
            self.names.setdefault(node.attr, []).append(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _NAME.fullmatch(node.value):
            self.strings.setdefault(re.split(r"[.:]", node.value)[-1], []).append(node)
        elif isinstance(node, FRAMES):
            self.functions[(node.lineno, node.col_offset)] = node

    def above(self, node: ast.AST) -> tuple[ast.AST, ...]:
        found = []
        while node in self.parents:
            node = self.parents[node]
            found.append(node)
        return tuple(reversed(found))


class Occurrences:
    """The occurrences of names in all modules of a program that were read, each module walked once."""

    def __init__(self, program: Program, sources: Sources) -> None:
        self._program, self._sources = program, sources
        self._trees: dict[int, _Tree] = {}

    @classmethod
    def shared(cls, program: Program, sources: Sources) -> Occurrences:
        """Those of all who look at the same texts."""
        known = sources.kept.get(cls.__name__)
        if not isinstance(known, cls) or known._program is not program:
            known = sources.kept[cls.__name__] = cls(program, sources)
        return known

    def of(self, name: str, modules: Iterable[int] | None = None) -> Iterator[Use]:
        """Every name and attribute of this name, in order of module and place."""
        for module in self._modules(name, modules):
            yield from self._uses(module, self._tree(module).names.get(name, ()))

    def strings(self, name: str) -> Iterator[Use]:
        """Every string that is this name, or a dotted name that ends with it."""
        for module in self._modules(name, None):
            yield from self._uses(module, self._tree(module).strings.get(name, ()))

    def function(self, key: FunctionKey) -> Any:
        """The node of a function of the program."""
        facts = self._program.function(key)
        return self._tree(key[0]).functions[(facts.line, facts.column)]

    def source(self, module: int) -> Source:
        """The text of a module."""
        return self._sources.get(module)

    @cached_property
    def exports(self) -> dict[str, list[tuple[int, ast.Constant]]]:
        """The names in the `__all__` of all modules, with the module and the string."""
        found: dict[str, list[tuple[int, ast.Constant]]] = {}
        for module in self._modules("__all__", None):
            for statement in self._tree(module).tree.body:
                if any(isinstance(node, ast.Name) and node.id == "__all__" for node in ast.walk(statement)):
                    for node in ast.walk(statement):
                        if isinstance(node, ast.Constant) and isinstance(node.value, str):
                            found.setdefault(node.value, []).append((module, node))
        return found

    def _modules(self, name: str, modules: Iterable[int] | None) -> Iterator[int]:
        for module in sorted(self._program.names if modules is None else modules):
            if name in self._sources.get(module).text:
                yield module

    def _tree(self, module: int) -> _Tree:
        known = self._trees.get(module)
        if known is None:
            known = self._trees[module] = _Tree(ast.parse(self._sources.get(module).text), self._sources.get(module))
        return known

    def _uses(self, module: int, nodes: Iterable[ast.AST]) -> Iterator[Use]:
        tree = self._tree(module)
        for node in sorted(nodes, key=_place):
            above = tree.above(node)
            yield Use(node, above, self._scope(module, (*above, node)), tree.source)

    def _scope(self, module: int, path: tuple[Any, ...]) -> Scope:
        """The scope in which the last node of a path is read: decorators, defaults and bases belong to the scope around."""
        function, klass = 0, -1
        for node, child in pairwise(path):
            if isinstance(node, FRAMES) and (child in node.body if isinstance(node.body, list) else child is node.body):
                function, klass = node.number_, -1  # type: ignore[union-attr]
            elif isinstance(node, ast.ClassDef) and child in node.body:
                klass = self._class(module, node)
        return Scope(module, function, klass)

    def _class(self, module: int, node: ast.ClassDef) -> int:
        classes = self._program.facts(module).classes
        return next(n for n, each in enumerate(classes) if (each.line, each.name) == (node.lineno, node.name))


def _place(node: Any) -> tuple[int, int]:
    return (node.end_lineno, node.end_col_offset)
