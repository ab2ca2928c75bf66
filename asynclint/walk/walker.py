"""One iterative pass over a module's libcst tree that hands every node to the rules that asked for its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import libcst as cst

    from asynclint.walk.context import Context
    from asynclint.walk.rule import Rule

    Visitor = Callable[[Any, Context], None]
    Dispatch = Mapping[str, tuple[tuple[Rule, Visitor], ...]]


def dispatch(rules: Iterable[Rule]) -> Dispatch:
    """Method name (`visit_Call`, `leave_With`) -> the rules that have it, in order of code."""
    table: dict[str, list[tuple[Rule, Visitor]]] = {}
    for rule in sorted(rules, key=lambda r: r.code):
        for name in dir(rule):
            if name.startswith(("visit_", "leave_")):
                table.setdefault(name, []).append((rule, getattr(rule, name)))
    return {name: tuple(found) for name, found in table.items()}


def walk(root: cst.CSTNode, children: Mapping[int, list[cst.CSTNode]], table: Dispatch, ctx: Context) -> None:
    """Visit every node that holds code, parents before children; `ctx.ancestors` is the path above the node at hand.

    `children` gives the children of a node by its `id`, the last one first.
    """
    visits: dict[type, tuple[tuple[Rule, Visitor], ...]] = {}
    leaves = {name[6:]: found for name, found in table.items() if name.startswith("leave_")}
    stack: list[cst.CSTNode | None] = [root]  # None: everything below the last ancestor has been visited
    ancestors = ctx.ancestors
    while stack:
        node = stack.pop()
        if node is None:
            node = ancestors.pop()
            for rule, visit in leaves.get(node.__class__.__name__, ()):
                ctx.rule = rule
                visit(node, ctx)
            continue
        kind = node.__class__
        found = visits.get(kind)
        if found is None:
            found = visits[kind] = table.get(f"visit_{kind.__name__}", ())
        for rule, visit in found:
            ctx.rule = rule
            visit(node, ctx)
        below = children.get(id(node))
        if below is not None or kind.__name__ in leaves:
            ancestors.append(node)
            stack.append(None)
            stack += below or ()
