"""What the code right around a call does with its value."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.index.refs import is_plain
from asynclint.walk.leaving import parents_of
from asynclint.walk.suspensions import own_nodes

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.walk.context import Context

_TAKERS = frozenset(  # builtins that no coroutine can be given, or that make a text of it
    f"builtins.{name}"
    for name in (
        *("len", "int", "float", "bool", "str", "repr", "print", "abs", "round", "format"),
        *("list", "tuple", "set", "frozenset", "dict", "sorted", "sum", "any", "all", "min", "max", "next", "enumerate", "zip"),
    )
)
_OPERATORS = {
    "Add": "+",
    "Subtract": "-",
    "Multiply": "*",
    "Divide": "/",
    "Modulo": "%",
    "FloorDivide": "//",
    "BitOr": "|",
    "BitAnd": "&",
    "Power": "**",
}
_METHODS = frozenset({"send", "throw", "close"})  # of a coroutine


def use_of_coroutine(ctx: Context, node: cst.Call) -> str:
    """How the value of a call, if it is a coroutine, is used as if it were the result: "is tested, ..."; "" where it is not, or nobody knows."""
    parent: Any = ctx.ancestors[-1]
    kind = parent.__class__.__name__
    if kind == "Attribute":
        name = parent.attr.value
        return "" if _is_own(name) else f"has no attribute `{name}`"
    if kind == "Subscript":
        return "cannot be subscripted" if parent.value is node else ""
    if kind == "FormattedStringExpression":
        return "is formatted in its place"
    if kind in ("Comparison", "ComparisonTarget"):
        return _comparison(ctx, node)
    if kind in ("BinaryOperation", "AugAssign"):
        return f"cannot be an operand of {_symbol(parent)}"
    if kind == "UnaryOperation" and parent.operator.__class__.__name__ != "Not":
        return "cannot be an operand"
    if kind in ("For", "CompFor"):
        return "cannot be iterated" if parent.iter is node and parent.asynchronous is None else ""
    if kind == "Arg":
        return _argument(ctx, parent)
    if kind == "Assign":
        return _use_of_name(ctx, parent)
    if kind in ("Return", "IfExp") and (kind == "Return" or parent.test is not node):
        return _returned(ctx)
    return "is always true" if _is_tested(ctx, node) else ""


def _is_own(name: str) -> bool:
    """Whether a coroutine has an attribute."""
    return name in _METHODS or name.startswith(("cr_", "__"))


def _symbol(parent: Any) -> str:
    name = parent.operator.__class__.__name__.removesuffix("Assign")
    return f"`{_OPERATORS[name]}`" if name in _OPERATORS else "an operator"


def _comparison(ctx: Context, node: cst.Call) -> str:
    """A comparison by identity is none of values."""
    parents = [each for each in reversed(ctx.ancestors[-2:]) if each.__class__.__name__ in ("Comparison", "ComparisonTarget")]
    operators = []
    for parent in parents:
        if parent.__class__.__name__ == "ComparisonTarget":
            operators.append(parent.operator)  # type: ignore[attr-defined]
        elif parent.left is node:  # type: ignore[attr-defined]
            operators.append(parent.comparisons[0].operator)  # type: ignore[attr-defined]
    kinds = {operator.__class__.__name__ for operator in operators}
    return "" if not kinds or kinds & {"Is", "IsNot"} else "is compared in its place"


def _returned(ctx: Context) -> str:
    """What is returned by a function that says that it returns a value of a builtin type."""
    node: Any = next((above for above in reversed(ctx.ancestors) if above.__class__.__name__ != "IfExp"), None)
    function = ctx.program.function(ctx.function)
    if (
        node.__class__.__name__ != "Return"
        or function.is_generator
        or not (is_plain(function.returns) or ctx.program.tasks.returns_value(ctx.function))
    ):
        return ""
    return _as_returned(ctx)


def _as_returned(ctx: Context) -> str:
    declared = ctx.twin(ctx.function_node).returns  # type: ignore[arg-type]
    if declared is None:
        return "is returned to a framework, which awaits only the call of this function"
    return f"is returned where `{ctx.text_of(declared)}` is declared"


def _use_of_name(ctx: Context, parent: Any) -> str:
    """How the only name that a value is bound to is used as if it were the result, wherever it is read; "" where some reading may await it."""
    assignment = ctx.twin(parent)
    if ctx.function_node is None or len(assignment.targets) != 1 or not isinstance(assignment.targets[0], ast.Name):
        return ""
    name, whole = assignment.targets[0].id, ctx.twin(ctx.function_node)
    names, own, others = ctx.once("names", whole, lambda: _names(whole))
    nodes = names.get(name, [])
    reads = [node for node in nodes if isinstance(node.ctx, ast.Load)]
    if name in others or not reads or len(nodes) != len(reads) + 1 or any(id(node) not in own for node in nodes):
        return ""
    parents = parents_of(whole)
    uses = [_use_of_read(ctx, node, parents[node]) for node in reads]
    return f"is bound to `{name}`, which {uses[0]}" if all(uses) else ""


def _names(whole: ast.AST) -> tuple[dict[str, list[ast.Name]], set[int], set[str]]:
    """The nodes of each name in a function, the ids of the nodes in its own frame, and the names that are not its own: parameters and the like."""
    nodes: dict[str, list[ast.Name]] = {}
    others: set[str] = set()
    for node in ast.walk(whole):
        if isinstance(node, ast.Name):
            nodes.setdefault(node.id, []).append(node)
        elif isinstance(node, ast.arg):
            others.add(node.arg)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            others.update(node.names)
    return nodes, {id(node) for node in own_nodes(whole)}, others


def _use_of_read(ctx: Context, node: ast.Name, parent: Any) -> str:
    """How one reading of a name, if it is a coroutine, uses it as if it were the result."""
    if isinstance(parent, ast.Attribute):
        return "" if _is_own(parent.attr) else f"has no attribute `{parent.attr}`"
    if isinstance(parent, ast.Subscript):
        return "cannot be subscripted" if parent.value is node else ""
    if isinstance(parent, ast.FormattedValue):
        return "is formatted in its place"
    if isinstance(parent, ast.For):
        return "cannot be iterated" if parent.iter is node else ""
    if isinstance(parent, (ast.If, ast.While, ast.IfExp)) or (isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not)):
        return "is always true" if isinstance(parent, ast.UnaryOp) or parent.test is node else ""
    if isinstance(parent, ast.Return):
        function = ctx.program.function(ctx.function)
        return _as_returned(ctx) if not function.is_generator and ctx.program.tasks.returns_value(ctx.function) else ""
    return ""


def _argument(ctx: Context, parent: Any) -> str:
    if len(ctx.ancestors) < 2 or ctx.ancestors[-2].__class__.__name__ != "Call":
        return ""
    if parent.star:
        return "cannot be iterated"
    call: Any = ctx.ancestors[-2]
    if parent.keyword is not None:
        return ""
    if call.func.__class__.__name__ == "Attribute" and call.func.attr.value == "format" and call.func.value.__class__.__name__.endswith("String"):
        return "is formatted in its place"
    paths = ctx.callee_paths(call)
    first = call.args[0] is parent
    if len(paths) == 1 and (paths[0] in _TAKERS or (paths[0] == "json.dumps" and first)):
        return f"is no value for `{ctx.name(call)}()`"
    return ""


def _is_tested(ctx: Context, node: cst.Call) -> bool:
    """Whether a value is tested for truth, also as a part of a larger test."""
    child: Any = node
    for parent in reversed(ctx.ancestors):
        kind = parent.__class__.__name__
        if kind in ("If", "While", "IfExp", "Assert", "CompIf"):
            return parent.test is child  # type: ignore[attr-defined]
        if kind == "UnaryOperation":
            return True
        if kind != "BooleanOperation":
            return False
        if parent.left is child:  # type: ignore[attr-defined]
            return True
        child = parent
    return False


def updates_shared(ctx: Context) -> bool:
    """Whether the node at hand is what an attribute or item is updated with, `self.n += ...`: that is read before the value is there."""
    parent: Any = ctx.ancestors[-1]
    return bool(parent.__class__.__name__ == "AugAssign" and parent.target.__class__.__name__ != "Name")
