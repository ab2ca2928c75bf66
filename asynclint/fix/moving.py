"""The text of a block that becomes a function: indented by one step, every string and comment as it was."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from asynclint.model import Withheld

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asynclint.model import Span
    from asynclint.source import Source


_ENDING: Final = re.compile(r"continue\b|\w+[ \t]*=[ \t]*(?!\s|\\)")


class Shape(NamedTuple):
    """The function that takes a block: its name, the call that runs it, what it is said to return, the names that it declares global and nonlocal
    and that it gives back; whether its own `return` is that of the coroutine; the `continue` statements that end it, and the assignment that does,
    because it binds all that is given back.
    """

    name: str
    call: str
    annotation: str
    free: tuple[str, ...]
    shared: tuple[str, ...]
    given: tuple[str, ...]
    returns: bool
    continues: tuple[ast.Continue, ...]
    last: ast.Assign | None = None


def edit(source: Source, function: Any, region: Sequence[ast.stmt], shape: Shape, *, first: bool) -> tuple[Span, str]:
    """The place of the statements `region` of a function, and the text of the function that takes them and of its call. `first`: nothing stands
    above them in their row. Raises Withheld where their text cannot be indented.
    """
    first_line, last_line = region[0].lineno, _last_line(source, region)
    start = source.line_starts[first_line - 1]
    end = source.line_starts[last_line] if last_line < len(source.line_starts) else len(source.text)
    newline = source.newline
    indent = source.indentation(source.offset_at(first_line, region[0].col_offset))
    step = _step(source, function)
    lines = [
        source.text[source.line_starts[n - 1] : source.line_starts[n] if n < len(source.line_starts) else end]
        for n in range(first_line, last_line + 1)
    ]
    ends: list[Any] = [*shape.continues, *([shape.last] if shape.last is not None else [])]
    for each in sorted(ends, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        offset = source.offset_at(each.lineno, each.col_offset) - source.line_starts[each.lineno - 1]
        line = lines[each.lineno - first_line]
        left = _ENDING.match(line, offset)
        if left is None:
            raise Withheld("the text of the block is not plain enough to be moved")
        lines[each.lineno - first_line] = f"{line[:offset]}return{' ' if each is shape.last else ''}{line[left.end() :]}"
    moved = _indented(lines, indent, step, newline)
    _require_same(region, moved, indent, newline, shape)
    result = f" -> {shape.annotation}" if shape.annotation else ""
    given = ", ".join(shape.given)
    head = [f"{indent}def {shape.name}(){result}:"]
    head += [f"{indent}{step}{word} {', '.join(names)}" for word, names in (("global", shape.free), ("nonlocal", shape.shared)) if names]
    tail = [f"{indent}{step}return {given}"] if given and shape.last is None else []
    tail += ["", f"{indent}{'return ' if shape.returns else f'{given} = ' if given else ''}{shape.call}"]
    above = source.line_text(first_line - 1).strip()
    blank = newline if above and not above.startswith("#") and not first else ""
    whole = lines[-1].endswith(("\n", "\r"))
    text = blank + "".join(f"{line}{newline}" for line in head) + moved + "".join(f"{line}{newline}" for line in tail)
    return source.span(start, end), text if whole else text[: -len(newline)]


def _last_line(source: Source, region: Sequence[ast.stmt]) -> int:
    """The last line of statements, comments below them that belong to the block by their indentation included."""
    last = region[-1].end_lineno or region[-1].lineno
    if len(region) > 1:
        return last
    depth = len(source.indentation(source.offset_at(region[0].lineno, region[0].col_offset)))
    line = last + 1
    while line <= len(source.line_starts):
        text = source.line_text(line)
        if text.strip():
            if not text.lstrip().startswith("#") or len(text) - len(text.lstrip()) <= depth:
                break
            last = line
        line += 1
    return last


def _step(source: Source, function: Any) -> str:
    """The white space by which the body of a function is indented."""
    outer = source.indentation(source.offset_at(function.lineno, function.col_offset))
    inner = source.indentation(source.offset_at(function.body[0].lineno, function.body[0].col_offset))
    if not inner.startswith(outer) or inner == outer:
        raise Withheld("the indentation of the function is not regular")
    return inner[len(outer) :]


def _indented(lines: Sequence[str], indent: str, step: str, newline: str) -> str:
    """Lines one step deeper; those that begin inside a string, and empty ones, as they are."""
    inside = _inside_strings(lines)
    parts = []
    for number, line in enumerate(lines, start=1):
        if number in inside or not line.strip():
            parts.append(line)
        elif line.startswith(indent):
            parts.append(f"{indent}{step}{line[len(indent) :]}")
        else:
            parts.append(f"{step}{line}")
    text = "".join(parts)
    return text if text.endswith(("\n", "\r")) else text + newline


def _inside_strings(lines: Sequence[str]) -> set[int]:
    """The numbers of the lines, from 1, that begin inside a string. Raises Withheld where Python's tokenizer stumbles."""
    plain = [line.rstrip("\r\n") + "\n" for line in lines]
    found: set[int] = set()
    opened: list[int] = []
    opening, closing = ({getattr(tokenize, f"{kind}STRING_{end}", -1) for kind in "FT"} for end in ("START", "END"))
    try:
        for token in tokenize.generate_tokens(io.StringIO("".join(plain)).readline):
            if token.type == tokenize.STRING:
                found.update(range(token.start[0] + 1, token.end[0] + 1))
            elif token.type in opening:
                opened.append(token.start[0])
            elif token.type in closing:
                found.update(range(opened.pop() + 1, token.end[0] + 1))
    except (tokenize.TokenError, SyntaxError) as error:
        raise Withheld("the text of the block is not plain enough to be moved") from error
    return found


def _require_same(region: Iterable[ast.stmt], moved: str, indent: str, newline: str, shape: Shape) -> None:
    """Raise Withheld where the moved text is not the same code."""
    head = f"if 1:{newline}{indent}def _():{newline}"
    before = [ast.dump(_Ended(shape).visit(deepcopy(each))) for each in region]
    try:
        tree: Any = ast.parse(head + moved)
    except SyntaxError as error:
        raise Withheld("the text of the block cannot be indented") from error
    after = [ast.dump(each) for each in tree.body[0].body[0].body]
    if before != after:
        raise Withheld("a string in the block would change with its indentation")


class _Ended(ast.NodeTransformer):
    """Puts a `return` in the place of the statements of a copy that end the function."""

    def __init__(self, shape: Shape) -> None:
        self._places = {(each.lineno, each.col_offset) for each in (*shape.continues, shape.last) if each is not None}

    def visit_Continue(self, node: ast.Continue) -> ast.stmt:
        return ast.Return(None) if (node.lineno, node.col_offset) in self._places else node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        return ast.Return(node.value) if (node.lineno, node.col_offset) in self._places else node
