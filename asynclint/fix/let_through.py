"""Rewrites that let a cancellation through: a narrower handler, or a `raise` at its end."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asynclint.model import Applicability, Edit, Fix, Withheld
from asynclint.program.values import External
from asynclint.walk.leaving import FALL

if TYPE_CHECKING:
    import libcst as cst

    from asynclint.walk.cancellation import Catch
    from asynclint.walk.context import Context


def let_through(ctx: Context, node: cst.ExceptHandler, catch: Catch) -> Fix:
    """Let a handler catch no cancellation where it also catches other things, else let it raise at its end. Raises Withheld."""
    handler: ast.ExceptHandler = ctx.twin(node)
    source = ctx.source
    start = ctx.span(node).start.offset
    everything = [each for each in catch.cancelling if _is_everything(ctx, each)]
    if handler.type is None or everything:
        if ctx.program.evaluate("Exception", ctx.scope) != (External("builtins.Exception"),):
            raise Withheld("`Exception` means something else here")
        if handler.type is None:
            edit = Edit(ctx.path, source.span(start + len("except"), start + len("except")), " Exception")
        else:
            edit = Edit(ctx.path, ctx.span_of(everything[0]), "Exception")
        return Fix("Catch `Exception`, which leaves cancellation alone", Applicability.UNSAFE, (edit,))
    if isinstance(handler.type, ast.Tuple) and len(catch.types) > len(catch.cancelling):
        return _without(ctx, handler.type, catch)
    if len(catch.types) != 1:
        raise Withheld("let the handler re-raise")
    if catch.ways != {FALL}:
        raise Withheld("the handler leaves the code around it; re-raise there with `raise`")
    if not isinstance(catch.types[0], (ast.Name, ast.Attribute, ast.Call)) or _is_group(ctx, catch.types[0]):
        raise Withheld("the handler catches other exceptions too; take the cancellation out of them")
    return _raise_at_end(ctx, handler)


def drop_suppressed(ctx: Context, catch: Catch) -> Fix:
    """Take the cancellation out of what a `suppress()` names. Raises Withheld."""
    if len(catch.types) == len(catch.cancelling):
        raise Withheld("only you know whose cancellation was meant: catch it, and re-raise where `asyncio.current_task().cancelling()` is not 0")
    if any(_is_everything(ctx, each) or _is_group(ctx, each) for each in catch.cancelling):
        raise Withheld("it suppresses other exceptions too; take the cancellation out of them")
    return Fix("Suppress no cancellation", Applicability.UNSAFE, _removed(ctx, catch))


def _is_everything(ctx: Context, type_: ast.expr) -> bool:
    return External("builtins.BaseException") in ctx.evaluate(type_)


def _is_group(ctx: Context, type_: ast.expr) -> bool:
    """Whether a name stands for several exceptions."""
    return not all(isinstance(value, External) for value in ctx.evaluate(type_)) and not isinstance(type_, ast.Call)


def _without(ctx: Context, group: ast.Tuple, catch: Catch) -> Fix:
    if any(_is_group(ctx, each) for each in catch.cancelling):
        raise Withheld("the handler catches other exceptions too; take the cancellation out of them")
    kept = [each for each in group.elts if each not in catch.cancelling]
    edits = (Edit(ctx.path, ctx.span_of(group), ctx.text_of(kept[0])),) if len(kept) == 1 else _removed(ctx, catch)
    return Fix("Catch no cancellation", Applicability.UNSAFE, edits)


def _removed(ctx: Context, catch: Catch) -> tuple[Edit, ...]:
    """The edits that take the cancelling members out of a row of at least two."""
    edits = []
    row = catch.types
    first = next(n for n, each in enumerate(row) if each not in catch.cancelling)
    if first:
        edits.append(Edit(ctx.path, ctx.source.span(ctx.span_of(row[0]).start.offset, ctx.span_of(row[first]).start.offset), ""))
    for before, each in zip(row[first:], row[first + 1 :], strict=False):
        if each in catch.cancelling:
            edits.append(Edit(ctx.path, ctx.source.span(ctx.span_of(before).end.offset, ctx.span_of(each).end.offset), ""))
    return tuple(edits)


def _raise_at_end(ctx: Context, handler: ast.ExceptHandler) -> Fix:
    source, last = ctx.source, handler.body[-1]
    title = "Re-raise the cancellation"
    if isinstance(last, ast.Pass):
        return Fix(title, Applicability.UNSAFE, (Edit(ctx.path, ctx.span_of(last), "raise"),))
    end, first = ctx.span_of(last).end, ctx.span_of(handler.body[0]).start
    indent = source.indentation(first.offset)
    if source.text[: first.offset].rpartition("\n")[2].rpartition("\r")[2] != indent:
        edit = Edit(ctx.path, source.span(end.offset, end.offset), "; raise")  # `except X: statement`
    else:
        rest = source.line_text(end.line)[end.column - 1 :].strip()
        if rest and not rest.startswith("#"):
            raise Withheld("the handler's last line holds more than its last statement; put `raise` below it")
        place = end.offset - (end.column - 1) + len(source.line_text(end.line))
        edit = Edit(ctx.path, source.span(place, place), f"{source.newline}{indent}raise")
    return Fix(title, Applicability.UNSAFE, (edit,))
