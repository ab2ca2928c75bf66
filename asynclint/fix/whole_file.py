"""`with path.open() as f: text = f.read()` is `path.read_text()`, where it is the same."""

from __future__ import annotations

import ast
import io
import tokenize
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.fix.threads import thread
from asynclint.model import Import
from asynclint.program.values import External, ExternalInstance

if TYPE_CHECKING:
    from asynclint.model import Span
    from asynclint.walk.context import Context

_METHODS = {"r": "read_text", "rt": "read_text", "tr": "read_text", "rb": "read_bytes", "br": "read_bytes"}
_OPTIONS = {"read_text": frozenset({"encoding", "errors"}), "read_bytes": frozenset[str]()}
_POSTFIX = (ast.Name, ast.Attribute, ast.Call, ast.Subscript)


class Reading(NamedTuple):
    """The call that reads a whole file in a thread, the place and text of the statement that takes the block's, and its imports."""

    call: str
    span: Span
    text: str
    imports: tuple[Import, ...]


def reading(ctx: Context, block: ast.With) -> Reading | None:
    """What a block becomes that only reads the whole of one file; None for any other block. The name of the file must not be read later."""
    item, statement = block.items[0], block.body[0]
    if len(block.items) > 1 or len(block.body) > 1 or not isinstance(item.optional_vars, ast.Name) or not isinstance(item.context_expr, ast.Call):
        return None
    if not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Return)) or statement.lineno != statement.end_lineno:
        return None
    value = statement.value
    reads = isinstance(value, ast.Call) and ast.dump(value.func) == ast.dump(ast.parse(f"{item.optional_vars.id}.read", mode="eval").body)
    if not reads or value.args or value.keywords or _named(statement) == item.optional_vars.id:  # type: ignore[union-attr]
        return None
    read = _opened(ctx, item.context_expr)
    source, first = ctx.source, block.lineno
    end = ctx.span_of(block).end.offset
    rest = source.text[end : source.line_starts[statement.lineno] if statement.lineno < len(source.line_starts) else len(source.text)]
    if read is None or rest.strip() or _has_comment(source.text[source.line_starts[first - 1] : end]):
        return None
    path, arguments, imports = read
    worker = thread(ctx, keywords=bool(arguments), plain=True)
    call = worker.run(f"{path}{arguments}")
    head = source.text[ctx.span_of(statement).start.offset : ctx.span_of(value).start.offset]
    return Reading(call, ctx.span_of(block), head + call, (*worker.imports, *imports))


def _named(statement: Any) -> str:
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    return next((target.id for target in targets if isinstance(target, ast.Name)), "")


def _opened(ctx: Context, call: ast.Call) -> tuple[str, str, list[Import]] | None:
    """The method that reads what a call opens, its arguments, and the imports that it needs; None where another kind of reading is meant."""
    callees, given = ctx.evaluate(call.func), list(call.args)
    imports: list[Import] = []
    if callees == (External("builtins.open"),) and given and not isinstance(given[0], ast.Starred):
        place = given.pop(0)
        text = _receiver(ctx, place)
        if isinstance(place, ast.Constant) and isinstance(place.value, str) and place.value and not place.value.endswith(("/", "\\")):
            text, imports = f"Path({text})", [Import(ctx.path, "pathlib", "Path")]
        elif not _is_path(ctx, place):
            return None
    elif isinstance(call.func, ast.Attribute) and call.func.attr == "open" and _is_path(ctx, call.func.value):
        text = _receiver(ctx, call.func.value)
    else:
        return None
    options: dict[str, ast.expr] = {keyword.arg or "**": keyword.value for keyword in call.keywords}
    mode: Any = given.pop(0) if given else options.pop("mode", ast.Constant("r"))
    if given or not isinstance(mode, ast.Constant) or mode.value not in _METHODS or "mode" in options:
        return None
    method = _METHODS[mode.value]
    if not options.keys() <= _OPTIONS[method]:
        return None
    return f"{text}.{method}", "".join(f", {name}={ctx.text_of(value)}" for name, value in options.items()), imports


def _receiver(ctx: Context, expression: ast.expr) -> str:
    text = ctx.text_of(expression)
    return text if isinstance(expression, (*_POSTFIX, ast.Constant)) else f"({text})"


def _is_path(ctx: Context, expression: ast.expr) -> bool:
    values = ctx.evaluate(expression)
    return bool(values) and all(isinstance(value, ExternalInstance) and value.path in ("pathlib.Path", "pathlib.PosixPath") for value in values)


def _has_comment(text: str) -> bool:
    try:
        return any(token.type == tokenize.COMMENT for token in tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return True
