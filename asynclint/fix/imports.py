"""The imports and module-level declarations that fixed code needs, as edits that add each once, where isort and black would have it."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from asynclint.model import Declaration, Edit, Fix, Import
from asynclint.source import Source

_STDLIB, _THIRD_PARTY, _RELATIVE, _DECLARATIONS = range(4)  # the order of sections in a file
_END_OF_STATEMENT: Final = re.compile(r"[ \t\f]*(?:;[ \t\f]*)?(?:#.*)?", re.DOTALL)
_CONTINUED: Final = re.compile(r"[ \t\f]*(?:;[ \t\f]*)?\\")
_FIRST_LINES: Final = re.compile(r"#!|[ \t\f]*#.*?coding[:=]")
_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where new statements go: on lines of their own before `line`, or, if the line is shared with other statements, `inline` at an offset.

    `before` and `after` say how many blank lines have to stand there.
    """

    line: int
    inline: int
    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True)
class _Addition:
    section: int
    key: tuple[bool, str]
    text: str


def whole(fix: Fix, source: Callable[[str], Source | None]) -> tuple[Edit, ...] | None:
    """All edits of a fix, also those for the imports and declarations that it needs, for who applies it by itself; None where these cannot be had.

    `source` gives the text of a path, or None where it cannot be read.
    """
    added = needed(fix, source)
    return None if added is None else (*fix.edits, *added)


def needed(fix: Fix, source: Callable[[str], Source | None]) -> tuple[Edit, ...] | None:
    """The edits for the imports and declarations that a fix needs; None where these cannot be had. `source` as above."""
    edits: list[Edit] = []
    for path in sorted({*(each.path for each in fix.imports), *(each.path for each in fix.declarations)}):
        text = source(path)
        if text is None:
            return None
        more = additions(text, [i for i in fix.imports if i.path == path], [d for d in fix.declarations if d.path == path])
        if isinstance(more, str):
            return None
        edits += more
    return tuple(edits)


def additions(source: Source, imports: Iterable[Import], declarations: Iterable[Declaration]) -> tuple[Edit, ...] | str:
    """The edits that give `source` these imports and declarations, or the reason why it cannot have them.

    What the file has already is not added again. An import counts if it binds the plain name at the top level for certain: not under an alias, not
    under `if TYPE_CHECKING`. The reason is that a name means something else in this module. Raises SyntaxError if `source` does not parse.
    """
    body = source.tree().body
    wanted = list(dict.fromkeys(declarations))
    missing: list[Import] = []
    head = _head(body)
    reach = head if wanted else _leading(body)
    for request in sorted(set(imports)):
        if reason := _shadowed(source, body, request):
            return reason
        if not any(_provides(statement, request) for statement in (body[:head] if wanted else body)):
            missing.append(request)
    spots: defaultdict[_Spot, list[_Addition]] = defaultdict(list)
    for addition in _import_lines(missing):
        spots[_import_spot(source, body, reach, addition)].append(addition)
    for declaration in wanted:
        present = _declared(source, body, declaration)
        if isinstance(present, str):
            return present
        if not present:
            spots[_declaration_spot(source, body, head)].append(_Addition(_DECLARATIONS, (False, ""), declaration.text))
    return tuple(_edits(source, spots))


# What is there already


def _shadowed(source: Source, body: Sequence[ast.stmt], request: Import) -> str:
    name = request.name or request.module.partition(".")[0]
    for bound, node in _bindings(body, request):
        if bound == name and not (isinstance(node, ast.Import | ast.ImportFrom) and _imports(node, request, loosely=True)):
            return f"`{name}` means something else in this module ({source.named(node.lineno)})"
    return ""


def _provides(statement: ast.stmt, request: Import) -> bool:
    """Whether a top-level statement binds what is requested; the body of a `try` does, since the module works only with what it tries to import."""
    statements = statement.body if isinstance(statement, ast.Try) else [statement]
    return any(isinstance(node, ast.Import | ast.ImportFrom) and _imports(node, request) for node in statements)


def _imports(node: ast.Import | ast.ImportFrom, request: Import, loosely: bool = False) -> bool:
    """Whether an import binds the plain name of what is requested; `loosely`, `import os` and `import os.path` count for each other."""
    if isinstance(node, ast.ImportFrom):
        names = {alias.name for alias in node.names if alias.asname in {None, alias.name}}
        return bool(request.name) and _module(node) == request.module and request.name in names
    if request.name:
        return False
    top = request.module.partition(".")[0]
    for alias in node.names:
        if alias.asname is not None:
            if alias.asname == alias.name == request.module:
                return True
        elif alias.name == request.module or alias.name.startswith(request.module + ".") or (loosely and alias.name.partition(".")[0] == top):
            return True
    return False


def _bindings(body: Sequence[ast.stmt], request: Import) -> Iterator[tuple[str, ast.stmt | ast.expr | ast.excepthandler | ast.pattern]]:
    """All names bound in a module's scope, with the nodes that bind them; not what stands in for `request` when its import fails."""
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Global):
                        yield from ((name, inner) for name in inner.names)
                continue
            case ast.Lambda():
                continue
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    yield alias.asname or alias.name.partition(".")[0], node
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name, node
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name, node
            case ast.Try() if _provides(node, request):
                stack += [*node.finalbody, *node.orelse, *node.body]
                continue
        stack += reversed(list(ast.iter_child_nodes(node)))


def _declared(source: Source, body: Sequence[ast.stmt], declaration: Declaration) -> bool | str:
    """Whether the module has this declaration, or the reason why it cannot: its name is taken."""
    wanted = ast.parse(declaration.text).body[0]
    name, value = _assignment(wanted)
    if not name:
        return ast.dump(wanted) in map(ast.dump, body)
    present = False
    for bound, node in _bindings(body, Import(declaration.path, "")):
        if bound == name:
            if not any(_assignment(statement) == (name, value) for statement in body):
                return f"`{name}` means something else in this module ({source.named(node.lineno)})"
            present = True
    return present


def _assignment(statement: ast.stmt) -> tuple[str, str]:
    """The name and the value of `name = value` or `name: annotation = value`; a pair of empty texts for any other statement."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return name, ast.dump(value)
    return "", ""


# The shape of the module


def _head(body: Sequence[ast.stmt]) -> int:
    """How many statements lead the module, up to the last import: docstring, `__future__`, imports, and dunder names between them."""
    end = _floor(body)
    for index, statement in enumerate(body[end:], end):
        if isinstance(statement, ast.Import | ast.ImportFrom):
            end = index + 1
        elif not _is_dunder(statement):
            break
    return end


def _leading(body: Sequence[ast.stmt]) -> int:
    """How many statements stand before the first function or class."""
    return next((index for index, statement in enumerate(body) if isinstance(statement, _DEFINITIONS)), len(body))


def _floor(body: Sequence[ast.stmt]) -> int:
    """How many statements nothing may precede: the docstring and `from __future__` imports."""
    floor = 0
    for index, statement in enumerate(body):
        match statement:
            case ast.Expr(value=ast.Constant(value=str())) if index == 0:
                floor = 1
            case ast.ImportFrom(module="__future__"):
                floor = index + 1
            case _:
                break
    return floor


def _is_dunder(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name.startswith("__") and name.endswith("__")
    return False


def _module(node: ast.Import | ast.ImportFrom) -> str:
    return "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name


def _section(module: str) -> int:
    if module.startswith("."):
        return _RELATIVE
    return _STDLIB if module.partition(".")[0] in sys.stdlib_module_names else _THIRD_PARTY


def _key(node: ast.Import | ast.ImportFrom) -> tuple[bool, str]:
    """What isort sorts a section by: plain imports first, then by module."""
    return isinstance(node, ast.ImportFrom), _module(node).lower()


# Where things go


def _import_lines(requests: Iterable[Import]) -> Iterator[_Addition]:
    names: defaultdict[str, list[str]] = defaultdict(list)
    for request in requests:
        if request.name:
            names[request.module].append(request.name)
        else:
            yield _Addition(_section(request.module), (False, request.module.lower()), f"import {request.module}")
    for module, imported in names.items():
        yield _Addition(_section(module), (True, module.lower()), f"from {module} import {', '.join(imported)}")


def _import_spot(source: Source, body: Sequence[ast.stmt], reach: int, new: _Addition) -> _Spot:
    floor = _floor(body)
    found = [node for node in body[floor:reach] if isinstance(node, ast.Import | ast.ImportFrom)]
    if not found:
        return _spot_at_head(source, body, floor)
    if not any(_section(_module(node)) == new.section for node in found):
        for node in found:
            if _section(_module(node)) > new.section:
                return _spot_before(source, node, before=int(node is not found[0]), after=1)
        return _spot_behind(source, body, found[-1], before=1)
    block, interleaved = _block(source, found, new)
    previous: ast.stmt | None = None
    for node in block:
        if _key(node)[interleaved:] > new.key[interleaved:]:
            return _spot_before(source, node) if previous is None else _spot_behind(source, body, previous)
        previous = node
    return _spot_behind(source, body, block[-1])


def _block(source: Source, found: Sequence[ast.Import | ast.ImportFrom], new: _Addition) -> tuple[list[ast.Import | ast.ImportFrom], bool]:
    """The imports among which a new one is sorted in: those of its section without a blank line between them, and whether plain and from mix."""
    blocks: list[list[ast.Import | ast.ImportFrom]] = []
    last: ast.stmt | None = None
    for node in found:
        if last is None or any(_is_blank(source, line) for line in range((last.end_lineno or last.lineno) + 1, node.lineno)):
            blocks.append([])
        last = node
        if _section(_module(node)) == new.section:
            blocks[-1].append(node)
    alike = next((block for block in blocks if any(isinstance(node, ast.ImportFrom) == new.key[0] for node in block)), None)
    block = alike or next(block for block in blocks if block)
    styles = [isinstance(node, ast.ImportFrom) for node in block]
    return block, styles != sorted(styles)


def _declaration_spot(source: Source, body: Sequence[ast.stmt], head: int) -> _Spot:
    if head == _floor(body):
        return _spot_at_head(source, body, head)
    return _spot_behind(source, body, body[head - 1], before=1, after=_blank_lines_before(body, head))


def _spot_at_head(source: Source, body: Sequence[ast.stmt], floor: int) -> _Spot:
    """Where the first import of a module goes: behind docstring, `__future__` imports, shebang, coding cookie and license."""
    after = _blank_lines_before(body, floor)
    if floor:
        spot = _spot_behind(source, body, body[floor - 1], before=1, after=after)
        blank = spot.inline < 0 and spot.line < len(source.line_starts) and _is_blank(source, spot.line)
        return _Spot(spot.line + 1, -1, 1, after) if blank else spot
    if not body:
        return _Spot(len(source.line_starts) + (not _is_blank(source, len(source.line_starts))), -1, 1, 0)
    first = 1 + max((line for line in (1, 2) if _FIRST_LINES.match(source.line_text(line))), default=0)
    line = min([body[0].lineno, *(node.lineno for node in getattr(body[0], "decorator_list", ()))])
    while line > first and not source.opens(line - 1) and source.line_text(line - 1).lstrip(" \t\f").startswith("#"):
        line -= 1
    return _Spot(line, -1, 0, after)


def _blank_lines_before(body: Sequence[ast.stmt], index: int) -> int:
    """How many blank lines black wants between imports and the statement at `index`."""
    return 2 if index < len(body) and isinstance(body[index], _DEFINITIONS) else 1


def _spot_before(source: Source, node: ast.stmt, before: int = 0, after: int = 0) -> _Spot:
    start = source.offset_at(node.lineno, node.col_offset)
    alone = not source.text[source.line_starts[node.lineno - 1] : start].strip(" \t\f")
    return _Spot(node.lineno, -1 if alone else start, before, after)


def _spot_behind(source: Source, body: Sequence[ast.stmt], node: ast.stmt, before: int = 0, after: int = 0) -> _Spot:
    line, column = node.end_lineno or node.lineno, node.end_col_offset or 0
    rest = source.line_text(line)[source.position(source.offset_at(line, column)).column - 1 :]
    while _CONTINUED.fullmatch(rest):
        line += 1
        rest = source.line_text(line)
    if _END_OF_STATEMENT.fullmatch(rest):
        return _Spot(line + 1, -1, before, after)
    return _spot_before(source, body[body.index(node) + 1])


# From spots to edits


def _edits(source: Source, spots: dict[_Spot, list[_Addition]]) -> Iterator[Edit]:
    """One insert for each place, whatever goes there."""
    places: defaultdict[tuple[int, int], list[_Spot]] = defaultdict(list)
    for spot in sorted(spots, key=lambda spot: min(addition.section for addition in spots[spot])):
        places[spot.line, spot.inline].append(spot)
    for (line, inline), group in sorted(places.items()):
        added = sorted((addition for spot in group for addition in spots[spot]), key=lambda addition: (addition.section, addition.key))
        if inline >= 0:
            yield Edit(source.path, source.span(inline, inline), "".join(f"{addition.text}; " for addition in added))
        else:
            yield _insert_lines(source, _Spot(line, -1, group[0].before, group[-1].after), added)


def _insert_lines(source: Source, spot: _Spot, added: Sequence[_Addition]) -> Edit:
    newline = source.newline
    lines: list[str] = []
    for index, addition in enumerate(added):
        if index and addition.section != added[index - 1].section:
            lines.append("")
        lines += addition.text.splitlines()
    starts = source.line_starts
    above = spot.line - 1
    while above and _is_blank(source, above):
        above -= 1
    if above:
        lines[:0] = [""] * (spot.before - (spot.line - 1 - above))
    below = spot.line
    while below < len(starts) and _is_blank(source, below):
        below += 1
    if below < len(starts) or (below == len(starts) and not _is_blank(source, below)):
        lines += [""] * (spot.after - (below - spot.line))
    if spot.line > len(starts):  # the last line has no newline, and gets none
        return Edit(source.path, source.span(len(source.text), len(source.text)), "".join(newline + line for line in lines))
    offset = starts[spot.line - 1]
    return Edit(source.path, source.span(offset, offset), "".join(line + newline for line in lines))


def _is_blank(source: Source, line: int) -> bool:
    return not source.line_text(line).strip(" \t\f")
