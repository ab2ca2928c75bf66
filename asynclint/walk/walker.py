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


def walk(root: cst.CSTNode, children: Mapping[cst.CSTNode, list[cst.CSTNode]], table: Dispatch, ctx: Context) -> None:
    """Visit every node that holds code, parents before children; `ctx.ancestors` is the path above the node at hand.

    `children` gives the children of a node, the last one first.
    """
    leaves = {name[6:] for name in table if name.startswith("leave_")}
    stack: list[tuple[cst.CSTNode, bool]] = [(root, False)]
    ancestors = ctx.ancestors
    while stack:
        node, leaving = stack.pop()
        kind = node.__class__.__name__
        if leaving:
            ancestors.pop()
            for rule, visit in table.get(f"leave_{kind}", ()) if kind in leaves else ():
                ctx.rule = rule
                visit(node, ctx)
            continue
        for rule, visit in table.get(f"visit_{kind}", ()):
            ctx.rule = rule
            visit(node, ctx)
        below = children.get(node)
        if below is not None or kind in leaves:
            ancestors.append(node)
            stack.append((node, True))
            stack.extend((child, False) for child in below or ())
