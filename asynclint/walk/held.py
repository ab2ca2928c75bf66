"""How long a lock is held that a call takes: what may run in a function between that call and those that give the lock back."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from asynclint.walk.locals import FRAMES
from asynclint.walk.suspensions import own_nodes, suspensions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence


def held_points(function: Any, take: ast.Call, give_back: Collection[ast.AST], also: ast.AST | None = None) -> list[Any]:
    """The suspension points of a function at which the lock may be held that the call `take` takes, in order of the text. `give_back` are the calls
    that give it back, and the `with` statements that do so at their end; `also` is an expression that is looked at like a suspension point.
    """
    flow = _Flow(take, give_back, also)
    flow.row(function.body, False)
    return sorted(flow.points, key=lambda n: (n.lineno, n.col_offset))


class _Flow:
    """One pass over a function. A state says whether the lock may be held; None is for code that is not reached."""

    def __init__(self, take: ast.Call, give_back: Collection[ast.AST], also: ast.AST | None) -> None:
        self.points: dict[Any, None] = {}
        self._take, self._give_back, self._also = take, give_back, also
        self._result = ""  # the name that tells whether the lock was taken
        self._finals: list[Sequence[ast.stmt]] = []
        self._loops: list[tuple[int, list[bool], list[bool]]] = []  # depth of finals; states at `break` and `continue`

    def row(self, statements: Sequence[ast.stmt], held: bool | None) -> bool | None:
        for statement in statements:
            if held is None:
                break
            held = self._statement(statement, held)
        return held

    def _statement(self, node: Any, held: bool) -> bool | None:
        kind = node.__class__
        if kind is ast.If:
            inside, outside = self._branches(node.test, held)
            return _either(self.row(node.body, inside), self.row(node.orelse, outside))
        if kind in (ast.While, ast.For, ast.AsyncFor):
            return self._loop(node, held)
        if kind in (ast.With, ast.AsyncWith):
            return self._with(node, held)
        if kind in (ast.Try, getattr(ast, "TryStar", ast.Try)):
            return self._try(node, held)
        if kind is ast.Match:
            held = self._expression(node.subject, held)
            return _either(held, *(self.row(case.body, held) for case in node.cases))
        if kind in FRAMES:
            return held
        if kind in (ast.Break, ast.Continue):
            depth, breaks, continues = self._loops[-1]
            (breaks if kind is ast.Break else continues).append(bool(self._leave(held, depth)))
            return None
        held = self._expression(node, held)
        if kind is ast.Assign and node.value is self._take and isinstance(node.targets[0], ast.Name):
            self._result = node.targets[0].id
        if kind in (ast.Return, ast.Raise):
            self._leave(held, 0)
            return None
        return held

    def _leave(self, held: bool | None, depth: int) -> bool | None:
        """The state after the `finally` blocks on the way out."""
        finals = self._finals
        for n in range(len(finals) - 1, depth - 1, -1):
            self._finals = finals[:n]
            held = self.row(finals[n], held)
        self._finals = finals
        return held

    def _loop(self, node: Any, held: bool) -> bool | None:
        is_while = isinstance(node, ast.While)
        if not is_while:
            held = self._expression(node.iter, held)
        breaks: list[bool] = []
        before, after = held, held
        for _ in range(2):  # what the first round leaves held is held in the second
            if isinstance(node, ast.AsyncFor) and before:
                self.points[node] = None
            inside, after = self._branches(node.test, before) if is_while else (before, before)
            continues: list[bool] = []
            self._loops.append((len(self._finals), breaks, continues))
            end = self.row(node.body, inside)
            self._loops.pop()
            before = before or bool(end) or any(continues)
        after = after or (before and not is_while)
        endless = is_while and isinstance(node.test, ast.Constant) and bool(node.test.value)
        return _either(None if endless else self.row(node.orelse, after), *breaks)

    def _with(self, node: Any, held: bool) -> bool | None:
        for item in node.items:
            held = self._expression(item.context_expr, held)
        if isinstance(node, ast.AsyncWith) and held:
            self.points[node] = None
        end = self.row(node.body, held)
        return False if end and node in self._give_back else end

    def _try(self, node: Any, held: bool) -> bool | None:
        known = len(self.points)
        if node.finalbody:
            self._finals.append(node.finalbody)
        end = self.row(node.body, held)
        caught = held or len(self.points) > known  # an error is expected where the body suspends
        end = self.row(node.orelse, end)
        end = _either(end, *(self.row(handler.body, caught) for handler in node.handlers))
        if node.finalbody:
            self._finals.pop()
            self.row(node.finalbody, caught)
            end = self.row(node.finalbody, end)
        return end

    def _branches(self, test: ast.expr, held: bool) -> tuple[bool, bool]:
        """The states in which a test is passed and not passed, which may tell whether the lock was taken."""
        after = self._expression(test, held)
        for node, negated in _tests(test):
            if node is self._take:
                return (held, True) if negated else (True, held)
            if self._result and isinstance(node, ast.Name) and node.id == self._result:
                return (False, after) if negated else (after, False)
        return after, after

    def _expression(self, node: ast.AST, held: bool) -> bool:
        events = [n for n in own_nodes(node) if n is self._take or n is self._also or n in self._give_back]
        for each in sorted({*events, *suspensions([node])}, key=_end):
            if each is self._take:
                held = True
            elif each in self._give_back:
                held = False
            elif held:
                self.points[each] = None
        return held


def _end(node: Any) -> tuple[int, int, int, int]:
    """A key by which nodes are in the order in which they are done: what ends first, and of what ends together the inner one."""
    return (node.end_lineno, node.end_col_offset, -node.lineno, -node.col_offset)


def _tests(test: ast.expr) -> Iterator[tuple[ast.expr, bool]]:
    """The parts of a test, and whether each is negated."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from ((node, not negated) for node, negated in _tests(test.operand))
    elif isinstance(test, ast.BoolOp):
        for value in test.values:
            yield from _tests(value)
    else:
        yield test, False


def _either(*states: bool | None) -> bool | None:
    reached = [state for state in states if state is not None]
    return any(reached) if reached else None
