"""What the code right around a call does with its value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asynclint.index.refs import is_plain

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
        own = name in _METHODS or name.startswith(("cr_", "__"))
        return "" if own else f"has no attribute `{name}`"
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
    if kind in ("Return", "IfExp") and (kind == "Return" or parent.test is not node):
        return _returned(ctx)
    return "is always true" if _is_tested(ctx, node) else ""


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
    if node.__class__.__name__ != "Return" or function.is_generator or not is_plain(function.returns):
        return ""
    twin = ctx.twin(ctx.function_node)  # type: ignore[arg-type]
    return f"is returned where `{ctx.text_of(twin.returns)}` is declared"


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
