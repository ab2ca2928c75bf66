"""How long a lock is held that a call takes: what may run in a function between that call and those that give the lock back."""

from __future__ import annotations

import ast
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from asynclint.walk.leaving import parents_of
from asynclint.walk.locals import FRAMES
from asynclint.walk.suspensions import own_nodes_of_part, suspensions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence


def held_points(function: Any, take: ast.Call, give_back: Collection[ast.AST]) -> list[Any]:
    """The suspension points of a function at which the lock may be held that the call `take` takes, in order of the text. `give_back` are the calls
    that give it back, and the `with` statements that do so at their end.
    """
    return held_during(function, take, give_back)[0]


def held_during(function: Any, take: ast.Call, give_back: Collection[ast.AST]) -> tuple[list[Any], Collection[ast.AST]]:
    """The same, and the calls and attributes of a function that may be computed while the lock is held."""
    flow = _Flow(function, take, give_back)
    flow.row(function.body, False)
    return sorted(flow.points, key=lambda n: (n.lineno, n.col_offset)), flow.computed


_NOTABLE = (ast.Return, ast.Raise, ast.Break, ast.Continue, ast.While)  # what may end otherwise than by falling through


class _Shape:
    """What does not depend on the lock: of each row of statements, those that may do more than fall through, and of each expression, what it does."""

    def __init__(self, function: Any) -> None:
        self._parents = parents_of(function)
        self._places: dict[ast.AST, tuple[int, int]] = {}  # of each statement: the id of its row, and the place
        self._events: dict[ast.AST, list[tuple[Any, bool]]] = {}
        found: set[ast.AST] = set()
        rows: list[Sequence[ast.stmt]] = [function.body]
        for row in rows:
            for n, node in enumerate(row):
                self._places[node] = (id(row), n)
                if isinstance(node, FRAMES):
                    continue
                rows += [inner for name in ("body", "orelse", "finalbody") if isinstance(inner := getattr(node, name, None), list)]
                rows += [each.body for name in ("handlers", "cases") for each in getattr(node, name, ())]
                above: ast.AST = node
                while isinstance(node, _NOTABLE) and above not in found and above is not function:
                    found.add(above)
                    above = self._parents[above]
        self._notable = {id(row): [n for n, node in enumerate(row) if node in found] for row in rows}

    def path_to(self, node: ast.AST) -> dict[int, int]:
        """Of each row that leads to a node, by id, the place of the statement that does."""
        path = {}
        while node in self._parents:
            if node in self._places:
                row, n = self._places[node]
                path[row] = n
            node = self._parents[node]
        return path

    def next_of(self, row: Sequence[ast.stmt], n: int, path: Mapping[int, int]) -> int:
        """The place, from one on, of the next statement of a row that may do more than fall through or holds what the path leads to."""
        notable = self._notable.get(id(row), [])
        at = bisect_left(notable, n)
        following = notable[at] if at < len(notable) else len(row)
        wanted = path.get(id(row), -1)
        return min(following, wanted) if wanted >= n else following

    def events(self, node: ast.AST) -> list[tuple[Any, bool]]:
        """What an expression or simple statement does, in order: calls, attributes and suspension points, and whether each is one of these."""
        known = self._events.get(node)
        if known is None:
            points = set(suspensions([node]))
            done = {n for n in own_nodes_of_part(node) if isinstance(n, (ast.Call, ast.Attribute))}
            known = self._events[node] = [(each, each in points) for each in sorted(points | done, key=_end)]
        return known


_shape = lru_cache(maxsize=4)(_Shape)


class _Flow:
    """One pass over a function. A state says whether the lock may be held; None is for code that is not reached."""

    def __init__(self, function: Any, take: ast.Call, give_back: Collection[ast.AST]) -> None:
        self.points: dict[Any, None] = {}
        self.computed: set[ast.AST] = set()
        self._take, self._give_back = take, give_back
        self._shape = _shape(function)
        self._path = self._shape.path_to(take)
        self._result = ""  # the name that tells whether the lock was taken
        self._finals: list[Sequence[ast.stmt]] = []
        self._loops: list[tuple[int, list[bool], list[bool]]] = []  # depth of finals; states at `break` and `continue`

    def row(self, statements: Sequence[ast.stmt], held: bool | None) -> bool | None:
        n = 0
        while held is not None:
            n = n if held else self._shape.next_of(statements, n, self._path)
            if n >= len(statements):
                break
            held = self._statement(statements[n], held)
            n += 1
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
        for each, is_point in self._shape.events(node):
            if each is self._take:
                held = True
            elif each in self._give_back:
                held = False
            elif held and is_point:
                self.points[each] = None
            elif held:
                self.computed.add(each)
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
