"""Which local names of a function tell of something that is found out in it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asynclint.fix.timeline import Timeline


class Tellers:
    """The local names of a function whose values come, also by way of other names, from one of its nodes."""

    def __init__(self, timeline: Timeline) -> None:
        self._of_node: dict[int, list[list[str]]] = {}  # by the id of a node: what is bound to an expression with it
        self._of_name: dict[str, list[list[str]]] = {}
        for moment in timeline.moments:
            node: Any = moment.node
            pairs: list[tuple[Any, Any]] = []
            if isinstance(node, ast.Assign):
                pairs = [(target, node.value) for target in node.targets]
            elif isinstance(node, (ast.AnnAssign, ast.NamedExpr, ast.AugAssign)) and node.value is not None:
                pairs = [(node.target, node.value)]
            elif isinstance(node, (ast.For, ast.comprehension)):
                pairs = [(node.target, node.iter)]
            for target, value in pairs:
                bound = [each.id for each in ast.walk(target) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
                for each in ast.walk(value):
                    self._of_node.setdefault(id(each), []).append(bound)
                    if isinstance(each, ast.Name):
                        self._of_name.setdefault(each.id, []).append(bound)

    def by(self, node: Any) -> set[str]:
        """The names whose values come from a node."""
        found: set[str] = set()
        todo = [name for bound in self._of_node.get(id(node), ()) for name in bound]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += [other for bound in self._of_name.get(name, ()) for other in bound]
        return found
