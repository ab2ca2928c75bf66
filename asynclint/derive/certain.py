"""Whether a call runs whenever its function does, or what must not be passed for it to run, as the text of the function tells."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asynclint.index.facts import Call

_LEAVES = (ast.Return, ast.Continue, ast.Break, ast.Yield, ast.YieldFrom)
_PLATFORMS = {("sys", "platform"), ("os", "name"), ("platform", "system")}
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class Certain:
    """Asked about the calls of one module."""

    def __init__(self, tree: ast.Module) -> None:
        self._parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
        self._calls = {(n.lineno, n.col_offset, n.end_lineno, n.end_col_offset): n for n in self._parents if isinstance(n, ast.Call)}

    def runs(self, call: Call) -> bool:
        """Whether the call stands under no condition, in no loop and no handler, and behind nothing that may leave the function earlier."""
        node: ast.AST | None = self._calls.get((call.line, call.column, call.end_line, call.end_column))
        while node is not None and not isinstance(node, _SCOPES):
            parent = self._parents.get(node)
            if parent is None or not _keeps(parent, node):
                return False
            node = parent
        return node is not None

    def is_elsewhere(self, call: Call) -> bool:
        """Whether the call runs on one platform only: it stands under a test of `sys.platform`, `os.name` or the like, or behind one that leaves."""
        node: ast.AST | None = self._calls.get((call.line, call.column, call.end_line, call.end_column))
        while node is not None and not isinstance(node, _SCOPES):
            parent = self._parents.get(node)
            if isinstance(parent, (ast.If, ast.IfExp)) and node is not parent.test and any(map(_names_platform, ast.walk(parent.test))):
                return True
            block = getattr(parent, "body", None)
            earlier = block[: block.index(node)] if isinstance(block, list) and node in block else ()
            if any(isinstance(each, ast.If) and any(map(_names_platform, ast.walk(each.test))) and _may_leave(each) for each in earlier):
                return True
            node = parent
        return False

    def guards(self, call: Call) -> set[tuple[str, str]]:
        """The attributes, as (name, attribute), that tests around a call ask for."""
        node: ast.AST | None = self._calls.get((call.line, call.column, call.end_line, call.end_column))
        found: set[tuple[str, str]] = set()
        while node is not None and not isinstance(node, _SCOPES):
            parent = self._parents.get(node)
            if isinstance(parent, ast.If) and node is not parent.test:
                read = [part for part in ast.walk(parent.test) if isinstance(part, ast.Attribute)]
                found |= {(part.value.id, part.attr) for part in read if isinstance(part.value, ast.Name)}
            node = parent
        return found

    def is_remembered(self, call: Call) -> bool:
        """Whether the call runs only for what is not yet kept: under `if key in kept`, or where `kept[key]` failed, with `kept[...] = ` beside it."""
        node: ast.AST | None = self._calls.get((call.line, call.column, call.end_line, call.end_column))
        tested: set[str] = set()
        while node is not None and not isinstance(node, _SCOPES):
            parent = self._parents.get(node)
            if isinstance(parent, ast.If) and node is not parent.test:
                compares = [part for part in ast.walk(parent.test) if isinstance(part, ast.Compare) and isinstance(part.ops[0], (ast.In, ast.NotIn))]
                tested |= {ast.unparse(part.comparators[0]) for part in compares}
            elif isinstance(parent, ast.Try) and isinstance(node, ast.ExceptHandler):
                read = [part for statement in parent.body for part in ast.walk(statement) if isinstance(part, ast.Subscript)]
                tested |= {ast.unparse(part.value) for part in read}
            node = parent
        stored = [part for part in ast.walk(node) if isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store)] if node and tested else []
        return any(ast.unparse(part.value) in tested for part in stored)

    def absent(self, call: Call) -> set[str]:
        """The names that must be nothing for the call to run: it stands under `if name is None`, or in `name or call()`."""
        node: ast.AST | None = self._calls.get((call.line, call.column, call.end_line, call.end_column))
        found: set[str] = set()
        while node is not None and not isinstance(node, _SCOPES):
            parent = self._parents.get(node)
            if isinstance(parent, (ast.If, ast.IfExp)) and node is not parent.test:
                body = parent.body if isinstance(parent.body, list) else [parent.body]
                found.add(_tested(parent.test, is_none=node in body))
            elif isinstance(parent, ast.BoolOp) and isinstance(parent.op, ast.Or) and isinstance(parent.values[0], ast.Name):
                found |= {parent.values[0].id} if node is not parent.values[0] else set()
            node = parent
        return found - {""}


def _names_platform(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        node = node.func
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in _PLATFORMS


def _tested(test: ast.expr, *, is_none: bool) -> str:
    """The name that a test is about, which holds (or, not `is_none`: fails) where the name is nothing; or ""."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, ast.Name):
        return test.operand.id if is_none else ""
    if isinstance(test, ast.Name):
        return "" if is_none else test.id
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and len(test.ops) == 1:
        wanted = (ast.Is, ast.Eq) if is_none else (ast.IsNot, ast.NotEq)
        nothing = isinstance(test.comparators[0], ast.Constant) and test.comparators[0].value is None
        return test.left.id if nothing and isinstance(test.ops[0], wanted) else ""
    return ""


def _keeps(parent: ast.AST, child: ast.AST) -> bool:
    """Whether a part of a node runs whenever the node does."""
    if isinstance(parent, (ast.If, ast.While, ast.IfExp)):
        return child is parent.test
    if isinstance(parent, ast.BoolOp):
        return child is parent.values[0]
    if isinstance(parent, (ast.For, ast.comprehension)):
        return child is parent.iter
    if isinstance(parent, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return child is parent.generators[0] and not isinstance(parent, ast.GeneratorExp)
    if isinstance(parent, (ast.ExceptHandler, ast.AsyncFor)) or parent.__class__.__name__ in ("match_case", "TryStar"):
        return False
    blocks = [getattr(parent, name, ()) for name in ("body", "finalbody")]
    for block in blocks:
        if isinstance(block, list) and child in block:
            return not any(_may_leave(earlier) for earlier in block[: block.index(child)])
    return not isinstance(parent, ast.Try)


def _may_leave(statement: ast.AST) -> bool:
    todo = [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, _LEAVES):
            return True
        if not isinstance(node, _SCOPES):
            todo.extend(ast.iter_child_nodes(node))
    return False
