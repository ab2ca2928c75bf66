"""Which names of a function are still read after a statement, and which ones a piece of code surely binds."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.walk.locals import COMPREHENSIONS, FUNCTIONS, NOTHING, read, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asynclint.walk.locals import Names

    Swallows = Callable[[ast.With | ast.AsyncWith], bool]  # whether a context manager may end an exception

_LOOPS = (ast.While, ast.For, ast.AsyncFor)
_NOTED = (ast.With, ast.Return)
_TRIES: tuple[Any, ...] = (ast.Try, getattr(ast, "TryStar", ast.Try))


class Live(NamedTuple):
    """The names that may still be read where a statement is left: over its end, by an exception, `return`, `break` and `continue`."""

    after: Names = NOTHING
    raised: Names = NOTHING
    returned: Names = NOTHING
    broken: Names = NOTHING
    continued: Names = NOTHING

    def and_(self, other: Live) -> Live:
        """What is live in either of two ways to get there."""
        return Live(*(one | two for one, two in zip(self, other, strict=True)))


def live_around(function: ast.FunctionDef | ast.AsyncFunctionDef, swallows: Swallows) -> dict[ast.stmt, Live]:
    """The names that are live where each `with` and each `return` of a function is left."""
    search = _Search(swallows)
    search.row(function.body, Live())
    return search.found


def exposed(statements: Sequence[ast.stmt], swallows: Swallows) -> Names:
    """The names that statements may read before they bind them."""
    return _Search(swallows).row(statements, Live())


class _Search:
    """A backward walk that notes what is live around statements."""

    def __init__(self, swallows: Swallows) -> None:
        self.swallows = swallows
        self.found: dict[ast.stmt, Live] = {}

    def row(self, statements: Sequence[ast.stmt], live: Live) -> Names:
        """The names that are live before a row of statements."""
        for statement in reversed(statements):
            if isinstance(statement, _NOTED):
                known = self.found.get(statement)
                self.found[statement] = known.and_(live) if known is not None else live
            live = live._replace(after=self.before(statement, live) | live.raised)
        return live.after

    def before(self, node: Any, live: Live) -> Names:
        """The names that are live before one statement."""
        kind = node.__class__
        if kind is ast.Return:
            return read([node]) | live.returned
        if kind is ast.Raise:
            return read([node]) | live.raised
        if kind is ast.Break:
            return live.broken
        if kind is ast.Continue:
            return live.continued
        if kind is ast.If:
            return read([node.test]) | self.row(node.body, live) | self.row(node.orelse, live)
        if kind in _LOOPS:
            return self._loop(node, live)
        if kind in (ast.With, ast.AsyncWith):
            inner = live._replace(raised=live.raised | live.after) if self.swallows(node) else live
            return self._items(node.items, self.row(node.body, inner))
        if kind in _TRIES:
            return self._try(node, live)
        if kind is ast.Match:
            return live.after.union(*(self._case(case, live) for case in node.cases)) | read([node.subject])
        return live.after - bound(node) | read([node])

    def _loop(self, node: Any, live: Live) -> Names:
        leaving = self.row(node.orelse, live)
        head = leaving | (read([node.test]) if isinstance(node, ast.While) else NOTHING)
        for _ in range(2):  # what the second round adds, every later one adds again
            inside = self.row(node.body, live._replace(after=head, broken=live.after, continued=head))
            head |= inside if isinstance(node, ast.While) else inside - stored([node.target]) | read([node.target])
        return head if isinstance(node, ast.While) else head | read([node.iter])

    def _case(self, case: ast.match_case, live: Live) -> Names:
        guard = read([case.guard]) if case.guard is not None else NOTHING
        return (self.row(case.body, live) | guard) - stored([case.pattern]) | read([case.pattern])

    def _items(self, items: Sequence[ast.withitem], live: Names) -> Names:
        for item in reversed(items):
            if item.optional_vars is not None:
                live = live - stored([item.optional_vars]) | read([item.optional_vars])
            live = live - _computed(item.context_expr) | read([item.context_expr])
        return live

    def _try(self, node: Any, live: Live) -> Names:
        last = Live(*(self.row(node.finalbody, live._replace(after=way)) for way in live))
        caught = last.raised
        for handler in node.handlers:
            body = self.row(handler.body, last)
            caught |= (body - {handler.name} if handler.name else body) | (read([handler.type]) if handler.type is not None else NOTHING)
        return self.row(node.body, last._replace(after=self.row(node.orelse, last), raised=caught))


def bound(node: ast.AST) -> Names:
    """The names that a simple statement binds or deletes whenever it runs to its end."""
    if isinstance(node, ast.Assign):
        return stored(node.targets) | _computed(node.value)
    if isinstance(node, ast.AnnAssign):
        return stored([node.target]) | _computed(node.value) if node.value is not None else NOTHING
    if isinstance(node, ast.AugAssign):
        return stored([node.target]) | _computed(node.value)
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Delete)):
        return stored([node])
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return frozenset({node.name})
    return _computed(node.value) if isinstance(node, ast.Expr) else NOTHING


def _computed(node: ast.AST) -> Names:
    """The names that an expression binds by `:=` whenever it is computed."""
    if isinstance(node, (*FUNCTIONS, *COMPREHENSIONS)):
        return NOTHING
    if isinstance(node, ast.BoolOp):
        return _computed(node.values[0])
    if isinstance(node, ast.IfExp):
        return _computed(node.test)
    if isinstance(node, ast.Compare):
        return _computed(node.left) | _computed(node.comparators[0])
    own = frozenset({node.target.id}) if isinstance(node, ast.NamedExpr) else NOTHING
    return own.union(*map(_computed, ast.iter_child_nodes(node)))


def surely_bound(statements: Sequence[ast.stmt], swallows: Swallows, known: Names = NOTHING) -> Names | None:
    """The names that are bound for certain behind the end of statements, given what is `known` to be before; None where the end is never reached."""
    after: Names | None = known
    for statement in statements:
        after = _behind(statement, swallows, known)
        if after is None:
            return None
        known = after
    return after


def _behind(node: Any, swallows: Swallows, known: Names) -> Names | None:
    kind = node.__class__
    if kind in (ast.Return, ast.Raise, ast.Break, ast.Continue):
        return None
    if kind is ast.If:
        known |= _computed(node.test)
        return _common(surely_bound(node.body, swallows, known), surely_bound(node.orelse, swallows, known))
    if kind in _LOOPS:
        return known - _deleted(node)
    if kind in (ast.With, ast.AsyncWith):
        known = known.union(*(_computed(item.context_expr) for item in node.items))
        known |= stored(item.optional_vars for item in node.items if item.optional_vars is not None)
        inside = surely_bound(node.body, swallows, known)
        return _common(known - _deleted(node), inside) if swallows(node) else inside
    if kind in _TRIES:
        before = known - _deleted(node)
        body = surely_bound(node.body, swallows, known)
        found = surely_bound(node.orelse, swallows, body) if body is not None else None
        for handler in node.handlers:
            handled = surely_bound(handler.body, swallows, before)
            found = _common(found, handled - {handler.name} if handled is not None and handler.name else handled)
        last = surely_bound(node.finalbody, swallows, found if found is not None else before)
        return last if found is not None else None
    if kind is ast.Match:
        last = node.cases[-1]
        whole = last.guard is None and isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
        found = None if whole else known
        for case in node.cases:
            found = _common(found, surely_bound(case.body, swallows, known | stored([case.pattern])))
        return found
    return known - stored([node]) if isinstance(node, ast.Delete) else known | bound(node)


def _common(one: Names | None, two: Names | None) -> Names | None:
    if one is None or two is None:
        return two if one is None else one
    return one & two


def _deleted(node: ast.AST) -> Names:
    """The names that a statement may delete."""
    handlers = {each.name for each in ast.walk(node) if isinstance(each, ast.ExceptHandler) and each.name}
    return stored(each for each in ast.walk(node) if isinstance(each, ast.Delete)) | handlers
