"""The suspension points of a piece of a coroutine."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from asynclint.walk.locals import FRAMES, outside

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_POINTS = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)


def suspensions(nodes: Iterable[ast.AST]) -> list[Any]:
    """The nodes among statements at which the frame that runs them may be suspended, in order of the text: `await`, `async for`, `async with`,
    the `yield` of an asynchronous generator, and asynchronous comprehensions. Nested functions are other frames, but for their defaults and
    decorators; so are generator expressions, but for the first iterable.
    """
    found: list[Any] = []
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, _POINTS) or (isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp)) and any(g.is_async for g in node.generators)):
            found.append(node)
        if isinstance(node, FRAMES):
            stack += outside(node)
        elif isinstance(node, ast.GeneratorExp):
            stack.append(node.generators[0].iter)
        else:
            stack += ast.iter_child_nodes(node)
    return sorted(found, key=lambda n: (n.lineno, n.col_offset))


@lru_cache(maxsize=4)
def own_nodes(node: ast.AST) -> Sequence[ast.AST]:
    """The nodes that run in the frame of a function, or of a part of one; the node itself first. Of a function there is often more than one thing to
    be asked.
    """
    return own_nodes_of_part(node)


def own_nodes_of_part(node: ast.AST) -> Sequence[ast.AST]:
    """The same, for what is asked about once: small parts would take the place of the functions in memory."""
    found, stack = [], [node]
    while stack:
        current = stack.pop()
        found.append(current)
        if current is node or not isinstance(current, FRAMES):
            stack += ast.iter_child_nodes(current)
    return found
