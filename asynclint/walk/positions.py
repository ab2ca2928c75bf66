"""libcst nodes <-> positions, by ordinal.

The n-th node of a kind in a pre-order walk over libcst's tree is the n-th of that kind in a source-order walk over the standard library's tree, which
knows its place in the text. That is exact and far cheaper than libcst's own position provider, which renders the whole module.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

import libcst as cst

from asynclint.index.order import children

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asynclint.walk.elide import Part

TWINS: dict[type[cst.CSTNode], tuple[type[ast.AST], ...]] = {
    cst.Call: (ast.Call,),
    cst.Attribute: (ast.Attribute,),
    cst.Await: (ast.Await,),
    cst.With: (ast.With, ast.AsyncWith),
    cst.For: (ast.For, ast.AsyncFor),
    cst.CompFor: (ast.comprehension,),
    cst.FunctionDef: (ast.FunctionDef, ast.AsyncFunctionDef),
    cst.ClassDef: (ast.ClassDef,),
    cst.Lambda: (ast.Lambda,),
    cst.Expr: (ast.Expr,),
    cst.Assign: (ast.Assign,),
    cst.AnnAssign: (ast.AnnAssign,),
    cst.Return: (ast.Return,),
    cst.Yield: (ast.Yield, ast.YieldFrom),
    cst.If: (ast.If,),
    cst.While: (ast.While,),
    cst.ExceptHandler: (ast.ExceptHandler,),
    cst.ExceptStarHandler: (ast.ExceptHandler,),
    cst.NamedExpr: (ast.NamedExpr,),
}

NESTING = 400  # levels of syntax; libcst's parser recurses, and takes some kilobytes of stack a level
_BRANCHES = 8  # of an `elif` chain, that take as much of the stack as one level
_GROUP = {kind: twins[0] for twins in TWINS.values() for kind in twins}

_SKIPPED = frozenset(
    [
        "leading_lines",
        "lines_after_decorators",
        "header",
        "footer",
        "leading_whitespace",
        "trailing_whitespace",
        "lpar",
        "rpar",
        "lbracket",
        "rbracket",
        "lbrace",
        "rbrace",
        "comma",
        "semicolon",
        "equal",
        "colon",
        "star",
        "dot",
        "attr",
        "operator",
        "asynchronous",
        "indent",
        "encoding",
        "default_indent",
        "default_newline",
        "has_trailing_newline",
        "annotation_colon",
        "whitespace_before",
        "whitespace_after",
        "asname",
        "names",
        "evaluated_name",
        "tilde_or_caret",
        "value_lpar",
        "prefix",
        "start",
        "end",
        "conversion",
        "keyword_token",
    ]
)
_ORDER: dict[type[cst.CSTNode], tuple[str, ...]] = {
    cst.FunctionDef: ("decorators", "type_parameters", "params", "returns", "body"),
    cst.ClassDef: ("decorators", "type_parameters", "bases", "keywords", "body"),
    cst.Parameters: ("posonly_params", "params", "star_arg", "kwonly_params", "star_kwarg"),
    cst.Param: ("annotation", "default"),
    cst.IfExp: ("body", "test", "orelse"),
    cst.Arg: ("value",),
    cst.AsName: (),
    cst.Attribute: ("value",),
    cst.CompFor: ("target", "iter", "ifs", "inner_for_in"),
    cst.For: ("target", "iter", "body", "orelse"),
    cst.MatchCase: ("pattern", "guard", "body"),
    cst.WithItem: ("item", "asname"),
    cst.ExceptHandler: ("type", "body"),
    cst.ExceptStarHandler: ("type", "body"),
    cst.Import: (),
    cst.ImportFrom: (),
    cst.Global: (),
    cst.Nonlocal: (),
    cst.Name: (),
    cst.FormattedStringExpression: ("expression", "format_spec"),
    cst.Slice: ("lower", "upper", "step"),
    cst.Yield: ("value",),
    cst.From: ("item",),
    cst.Raise: ("exc", "cause"),
}
_FIELDS: dict[type[cst.CSTNode], tuple[str, ...]] = {}


def fields_of(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a kind of node that hold code, in the order of the text."""
    known = _FIELDS.get(kind)
    if known is None:
        known = _ORDER.get(kind)
        if known is None:
            names = [name for name in kind.__dataclass_fields__ if name not in _SKIPPED and not name.startswith("whitespace_")]
            known = tuple(names)
        _FIELDS[kind] = known
    return known


_IS_NODE: dict[type, bool] = {}  # libcst's nodes are abstract classes, whose instance checks are slow


def _is_node(value: Any) -> bool:
    kind = value.__class__
    known = _IS_NODE.get(kind)
    if known is None:
        known = _IS_NODE[kind] = issubclass(kind, cst.CSTNode)
    return known


def children_of(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The children of a node that hold code, the last one first."""
    found: list[Any] = []
    if node.__class__ is cst.WithItem:  # the target of `as` is code, the other targets of AsName are names only
        asname = node.asname
        return [asname.name, node.item] if asname else [node.item]
    for name in _FIELDS.get(node.__class__) or fields_of(node.__class__):
        child = getattr(node, name)
        if child.__class__ in (tuple, list):
            found += [item for item in child if _is_node(item)]
        elif _is_node(child):
            found.append(child)
    found.reverse()
    return found


class TooDeep(Exception):
    """Syntax nested so deeply that libcst's parser would end the process."""

    def __init__(self, line: int) -> None:
        super().__init__(f"nested more than {NESTING} levels deep; split the expression, or exclude the file")
        self.line = line


def by_kind(tree: ast.Module, bodies: Mapping[ast.AST, Sequence[ast.AST]]) -> dict[type[ast.AST], list[ast.AST]]:
    """The nodes of the standard library's tree that have a twin in libcst's, by kind, in the order of the text. Of the module and the classes in
    `bodies`, only those statements are looked at. Raises TooDeep.
    """
    found: dict[type[ast.AST], list[ast.AST]] = {twins[0]: [] for twins in TWINS.values()}
    stack: list[tuple[ast.AST, int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        kind = _GROUP.get(node.__class__)
        if kind is not None:
            found[kind].append(node)
        if depth > NESTING * _BRANCHES:
            raise TooDeep(getattr(node, "lineno", 0))
        inner = children(node)
        if node in bodies:
            inner[: len(node.body)] = reversed(bodies[node])  # type: ignore[attr-defined]
        below = depth + _BRANCHES
        if node.__class__ is ast.If and len(node.orelse) == 1 and node.orelse[0].__class__ is ast.If:
            stack.append((inner.pop(0), depth + 1))  # most often an `elif`
        stack.extend([(child, below) for child in inner])
    return found


class Disagreement(Exception):
    """The two parsers do not see the same nodes, so no place is certain."""


class Places(NamedTuple):
    """A libcst tree and its nodes: the syntax node of each of a kind in `TWINS`, the number of each call, the children of each that has any."""

    root: cst.Module
    twins: dict[cst.CSTNode, Any]
    numbers: dict[cst.CSTNode, int]
    children: dict[int, list[cst.CSTNode]]  # by id: hashing a node of libcst costs a call


def match_part(tree: ast.Module, part: Part) -> Places:
    """Parse a part of a module with libcst, and pair its nodes with those of the standard library's tree of the whole. Raises TooDeep, Disagreement,
    and libcst's ParserSyntaxError.
    """
    syntax = by_kind(tree, part.bodies)  # before libcst's parser: deep syntax would end the process there
    return match(cst.parse_module(part.text), syntax, part)


def match(module: cst.Module, syntax: dict[type[ast.AST], list[ast.AST]], part: Part) -> Places:
    """Pair the nodes of the two trees. Raises Disagreement."""
    nodes: dict[type[ast.AST], list[cst.CSTNode]] = {kind: [] for kind in syntax}
    below: dict[int, list[cst.CSTNode]] = {}
    stack: list[cst.CSTNode] = [module]
    while stack:
        node = stack.pop()
        twins = TWINS.get(node.__class__)
        if twins is not None:
            nodes[twins[0]].append(node)
        inner = children_of(node)
        if inner:
            below[id(node)] = inner
            stack.extend(inner)
    found: dict[cst.CSTNode, Any] = {}
    for kind, ours in nodes.items():
        theirs = syntax[kind]
        if len(ours) != len(theirs):
            raise Disagreement(f"libcst sees {len(ours)} {kind.__name__} nodes where ast sees {len(theirs)}")
        found.update(zip(ours, theirs, strict=True))
    if len(nodes[ast.Call]) != len(part.calls):
        raise Disagreement(f"libcst sees {len(nodes[ast.Call])} calls where the index sees {len(part.calls)}")
    return Places(module, found, dict(zip(nodes[ast.Call], part.calls, strict=True)), below)
