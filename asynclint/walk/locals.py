"""Which names a piece of code binds and reads in the frame that runs it, and which ones functions inside keep."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Names = frozenset[str]

NOTHING: Names = frozenset()
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
FRAMES = (*FUNCTIONS, ast.ClassDef)  # what has a body that runs in another frame
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def parts(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a piece of code that run in its own frame, itself first: comprehensions, but no bodies of functions and classes."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack += outside(current) if isinstance(current, FRAMES) else list(ast.iter_child_nodes(current))


def outside(node: Any) -> list[ast.AST]:
    """What of a function or class runs where it is defined: decorators, defaults, annotations, bases."""
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *node.keywords]
    arguments = node.args
    found = [*arguments.defaults, *(default for default in arguments.kw_defaults if default is not None)]
    if isinstance(node, ast.Lambda):
        return found
    annotations = [arg.annotation for arg in parameters(node) if arg.annotation is not None]
    return [*node.decorator_list, *found, *annotations, *([node.returns] if node.returns is not None else [])]


def parameters(function: Any) -> list[ast.arg]:
    """All parameters of a function."""
    arguments = function.args
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [*found, *(each for each in (arguments.vararg, arguments.kwarg) if each is not None)]


def stored(nodes: Iterable[ast.AST]) -> Names:
    """The names that pieces of code bind or delete in their own frame."""
    return frozenset(name for _, name in stores_of(nodes))


def stores_of(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.AST, str]]:
    """The nodes that bind or delete names in the frame of pieces of code, and the names."""
    for top in nodes:
        every = list(parts(top))
        inner = {id(name) for each in every if isinstance(each, COMPREHENSIONS) for name in _targets(each)}
        for node in every:
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and id(node) not in inner:
                yield node, node.id
            else:
                yield from ((node, name) for name in _named(node))


def _named(node: Any) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        yield from (node.name,) if node.name else ()
    elif isinstance(node, ast.MatchMapping):
        yield from (node.rest,) if node.rest else ()


def _targets(comprehension: Any) -> Iterator[ast.Name]:
    return (name for each in comprehension.generators for name in ast.walk(each.target) if isinstance(name, ast.Name))


def read(nodes: Iterable[ast.AST]) -> Names:
    """The names that pieces of code read in their own frame, and those that functions and classes inside take from it."""
    found: set[str] = set()
    stack = list(nodes)
    while stack:
        node: Any = stack.pop()
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Store):  # `del` too needs something to be there
                found.add(node.id)
        elif isinstance(node, FUNCTIONS):
            found |= taken(node)
            stack += outside(node)
        elif isinstance(node, ast.ClassDef):
            found |= read(node.body)
            stack += outside(node)
        elif isinstance(node, COMPREHENSIONS):
            first, own = node.generators[0].iter, {name.id for name in _targets(node)}
            found |= read(each for each in ast.iter_child_nodes(node)) - own
            stack.append(first)
        else:
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                found.add(node.target.id)
            stack += ast.iter_child_nodes(node)
    return frozenset(found)


def taken(function: Any) -> Names:
    """The names that a function takes from the frames around it, to read or to bind them."""
    body = function.body if isinstance(function.body, list) else [function.body]
    free = declared(body, ast.Nonlocal)
    own = stored(body) | {arg.arg for arg in parameters(function)}
    return ((read(body) | stored(body)) - (own - free) | free) - declared(body, ast.Global)


def declared(nodes: Iterable[ast.AST], kind: type[ast.Nonlocal | ast.Global]) -> Names:
    """The names that statements of a frame declare nonlocal or global."""
    return frozenset(name for top in nodes for node in parts(top) if isinstance(node, kind) for name in node.names)


def kept(nodes: Iterable[ast.AST]) -> Names:
    """The names that functions, lambdas and generator expressions inside keep from the frame, and may read at any later time."""
    found: Names = NOTHING
    for top in nodes:
        for node in parts(top):
            if isinstance(node, FUNCTIONS):
                found |= taken(node)
            elif isinstance(node, ast.ClassDef):
                found |= kept(node.body)
            elif isinstance(node, ast.GeneratorExp):
                later = [node.elt, *node.generators[0].ifs, *node.generators[1:]]
                found |= read(later) - {name.id for name in _targets(node)}
    return found


def rebound_inside(nodes: Iterable[ast.AST]) -> Names:
    """The names of the frame that functions inside declare nonlocal."""
    inner = (node for top in nodes for node in parts(top) if isinstance(node, (*FUNCTIONS, ast.ClassDef)))
    return frozenset(name for function in inner for node in ast.walk(function) if isinstance(node, ast.Nonlocal) for name in node.names)
