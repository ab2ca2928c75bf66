"""The parts of a call that have to be evaluated before it is made elsewhere, and the call with names in their place."""

from __future__ import annotations

import ast
import builtins
import keyword
from typing import TYPE_CHECKING, Any

from asynclint.model import Withheld
from asynclint.program.values import ClassValue, External, FunctionValue, Package

if TYPE_CHECKING:
    from asynclint.walk.context import Context

_STEM = "source"


def lifted(ctx: Context, call: ast.Call) -> tuple[str, list[tuple[str, str]]]:
    """The text of a call, made of names only where it was made of more, and these names with the expressions that they stand for. Raises Withheld
    where the text is not plain.
    """
    parts: list[ast.expr] = [call.func.value] if isinstance(call.func, ast.Attribute) and not _is_named(ctx, call.func) else []
    parts += [each.value if isinstance(each, ast.Starred) else each for each in call.args]
    parts += [each.value for each in call.keywords]
    parts = [each for each in parts if not _is_plain(ctx, each)]
    text, start = ctx.text_of(call), ctx.span_of(call).start.offset
    taken = {each.id for each in ast.walk(call) if isinstance(each, ast.Name)} | set(dir(builtins))
    given: list[tuple[str, str]] = []
    for each in parts:
        name = _name(ctx, each, taken)
        taken.add(name)
        given.append((name, ctx.text_of(each)))
    for each, (name, shown) in sorted(zip(parts, given, strict=True), key=lambda pair: -ctx.span_of(pair[0]).start.offset):
        span = ctx.span_of(each)
        if "#" in shown:
            raise Withheld("an argument has a comment; write the rewrite by hand")
        text = text[: span.start.offset - start] + name + text[span.end.offset - start :]
    return text, given


def _is_named(ctx: Context, function: ast.Attribute) -> bool:
    """Whether a callable is named by its module or class: `os.walk`."""
    values = ctx.evaluate(function.value)
    return bool(values) and all(isinstance(value, (Package, External, ClassValue, FunctionValue)) for value in values)


def _is_plain(ctx: Context, node: Any) -> bool:
    """Whether it makes no difference where an expression is evaluated: a constant, a name, a module's attribute, and `Path(name)` of these."""
    if isinstance(node, (ast.Constant, ast.Name)):
        return True
    if isinstance(node, ast.Attribute):
        return _is_named(ctx, node)
    if isinstance(node, ast.BinOp):
        return _is_plain(ctx, node.left) and _is_plain(ctx, node.right)
    if isinstance(node, ast.JoinedStr):
        return all(isinstance(each, ast.Constant) or (isinstance(each, ast.FormattedValue) and _is_plain(ctx, each.value)) for each in node.values)
    if isinstance(node, (ast.List, ast.Tuple)):
        return all(_is_plain(ctx, each) for each in node.elts)
    if isinstance(node, ast.Call):
        values = ctx.evaluate(node.func)
        is_outside = bool(values) and all(isinstance(each, External) and not ctx.program.catalog.knows_place(each.path) for each in values)
        inner = [*node.args, *(each.value for each in node.keywords)]
        receiver = isinstance(node.func, ast.Name) or (isinstance(node.func, ast.Attribute) and _is_plain(ctx, node.func.value))
        return is_outside and receiver and all(not isinstance(each, ast.Starred) and _is_plain(ctx, each) for each in inner)
    return False


def _name(ctx: Context, node: ast.expr, taken: set[str]) -> str:
    """A name for what an expression gives: that of the attribute, method or class that it comes from."""
    last = node
    while isinstance(last, (ast.Call, ast.Subscript)):
        last = last.func if isinstance(last, ast.Call) else last.value
    said = last.attr if isinstance(last, ast.Attribute) else last.id if isinstance(last, ast.Name) and last is not node else ""
    if isinstance(last, ast.Attribute) and last is not node and _is_named(ctx, last) and not said[:1].isupper():
        said = ""  # a function of a module says what it does
    stem = said.strip("_").lower()
    stem = stem if stem.isidentifier() and not keyword.iskeyword(stem) else _STEM
    return next(name for n in range(1, 1000) if (name := stem if n == 1 else f"{stem}_{n}") not in taken)
