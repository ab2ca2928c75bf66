"""The order in which a function does what it does, as far as the text tells: what comes before a place, what after, and what lies between."""

from __future__ import annotations

import ast
import sys
from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from asynclint.walk.locals import COMPREHENSIONS, FRAMES, outside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Arm = tuple[int, str]  # a branching node, by its identity, and which of its branches
Arms = tuple[Arm, ...]
_FINAL = "final"  # a branch that runs whatever happened
_TRIES: tuple[Any, ...] = (ast.Try, getattr(ast, "TryStar", ast.Try))


class Moment(NamedTuple):
    """When a node is done: its number in the order of evaluation, and the branches in which it stands, outermost first."""

    order: int
    node: Any
    arms: Arms


class _Way(NamedTuple):
    """How branches within each other are left: the number of the innermost that ends the function, that of the innermost
    loop, and of those that end a round of a loop, the numbers of the loop and of themselves.
    """

    left: int = -1
    loop: int = -1
    rounds: tuple[tuple[int, int], ...] = ()

    def goes_round(self, shared: int) -> bool:
        """Whether a branch behind the first `shared` ones ends the round of a loop among these."""
        return any(loop < shared <= number for loop, number in self.rounds)


class Cuts:
    """Moments of a function at which other tasks have their turn, where what comes before is parted from what comes after."""

    def __init__(self, moments: Sequence[Moment]) -> None:
        self._orders: dict[Arm | None, list[int]] = {}
        for moment in moments:
            self._orders.setdefault(moment.arms[-1] if moment.arms else None, []).append(moment.order)
        self._above: dict[Arm | None, tuple[list[int], ...]] = {None: (self._orders[None],) if None in self._orders else ()}

    def holds(self, arm: Arm) -> bool:
        """Whether one of the moments stands right in a branch."""
        return arm in self._orders

    def _orders_around(self, moment: Moment) -> tuple[list[int], ...]:
        """The orders of the moments in the branches in which one stands: those that surely lie between it and what is further away."""
        arms, known = moment.arms, self._above
        n = len(arms)
        while n and arms[n - 1] not in known:
            n -= 1
        found = known[arms[n - 1] if n else None]
        for arm in arms[n:]:
            found = known[arm] = (*found, self._orders[arm]) if arm in self._orders else found
        return found

    def last_before(self, moment: Moment) -> int:
        """The order of the last cut before a moment; -1 without one."""
        return max((orders[n - 1] for orders in self._orders_around(moment) if (n := bisect_left(orders, moment.order))), default=-1)

    def first_after(self, moment: Moment) -> int:
        """The order of the first cut after a moment; a large one without one."""
        found = ((orders, bisect_right(orders, moment.order)) for orders in self._orders_around(moment))
        return min((orders[n] for orders, n in found if n < len(orders)), default=sys.maxsize)


class Timeline:
    """The moments of one function. Of loops one round is told."""

    def __init__(self, function: Any) -> None:
        self.moments: list[Moment] = []
        self.of: dict[int, Moment] = {}
        self.parents: dict[int, Any] = {}
        self._ends: dict[Arm, str] = {}  # branches that are left for good: "function" or "round"
        self._ways: dict[Arm | None, _Way] = {None: _Way()}
        self._known_ends: dict[int, str] = {}  # by the id of the last statement of a row
        body = function.body if isinstance(function.body, list) else [function.body]
        self._row(body, ())

    def before(self, node: Any, among: Sequence[Moment], cuts: Cuts | None = None) -> list[Moment]:
        """What of `among`, in order, may have been done when a node is, since the last of the `cuts` that lies between."""
        place = self.of[id(node)]
        first = cuts.last_before(place) if cuts is not None else 0
        found, common = [], self._common(place)
        has_final = any(word == _FINAL for _, word in place.arms)
        for each in among[bisect_left(among, first, key=_order) : bisect_left(among, place.order, key=_order)]:
            shared = common(each)
            way = self._way(each)
            if self._excludes(each, place, shared) or (way.left >= shared and not has_final) or way.goes_round(shared):
                continue
            if cuts is None or cuts.first_after(each) >= place.order:
                found.append(each)
        return found

    def after(self, node: Any, among: Sequence[Moment], cuts: Cuts | None = None) -> list[Moment]:
        """What of `among`, in order, may be done when a node is done, up to the next of the `cuts` that lies between."""
        place = self.of[id(node)]
        last = cuts.first_after(place) if cuts is not None else sys.maxsize
        found, common, way = [], self._common(place), self._way(place)
        for each in among[bisect_left(among, place.order + 1, key=_order) : bisect_left(among, last + 1, key=_order)]:
            shared = common(each)
            if self._excludes(each, place, shared) or way.goes_round(shared):
                continue
            if way.left >= shared and not any(word == _FINAL for _, word in each.arms):
                continue
            if cuts is None or cuts.last_before(each) <= place.order:
                found.append(each)
        return found

    def _common(self, place: Moment) -> Callable[[Moment], int]:
        """How many branches, from the outermost on, another moment stands in as a place does."""
        known: dict[Arm | None, int] = {None: 0, **{arm: number for number, arm in enumerate(place.arms, start=1)}}

        def common(each: Moment) -> int:
            n = len(each.arms) - 1
            while n >= 0 and each.arms[n] not in known:
                n -= 1
            shared = known[each.arms[n] if n >= 0 else None]
            known.update((arm, shared) for arm in each.arms[n + 1 :])
            return shared

        return common

    @staticmethod
    def _excludes(one: Moment, other: Moment, shared: int) -> bool:
        """Whether two moments stand in different branches of one node, of which only one is taken."""
        return len(one.arms) > shared < len(other.arms) and one.arms[shared][0] == other.arms[shared][0]

    def _way(self, moment: Moment) -> _Way:
        """How the branches are left in which a moment stands."""
        arm = moment.arms[-1] if moment.arms else None
        way = self._ways.get(arm)
        if way is None:
            n, way = len(moment.arms), _Way()
            while n and moment.arms[n - 1] not in self._ways:
                n -= 1
            way = self._ways[moment.arms[n - 1]] if n else way
            for number in range(n, len(moment.arms)):
                arm = moment.arms[number]
                end = self._ends.get(arm)
                left = number if end == "function" else way.left
                rounds = (*way.rounds, (way.loop, number)) if end == "round" and way.loop >= 0 else way.rounds
                way = self._ways[arm] = _Way(left, number if arm[1] == "round" else way.loop, rounds)
        return way

    # -- telling

    def _note(self, node: Any, arms: Arms) -> None:
        self.moments.append(Moment(len(self.moments), node, arms))
        self.of[id(node)] = self.moments[-1]

    def _row(self, statements: Sequence[Any], arms: Arms) -> None:
        for statement in statements:
            self._visit(statement, arms)

    def _branch(self, node: Any, word: str, statements: Sequence[Any], arms: Arms) -> None:
        arm = (id(node), word)
        self._row(statements, (*arms, arm))
        end = self._end(statements)
        if end:
            self._ends[arm] = end
        for each in statements:
            self.parents[id(each)] = node

    def _end(self, statements: Sequence[Any]) -> str:
        """How a row is left for good, where it is: "function" or "round". Rows within it were asked for before."""
        last = statements[-1] if statements else None
        known = self._known_ends.get(id(last))
        if known is None:
            known = ""
            if isinstance(last, (ast.Return, ast.Raise)):
                known = "function"
            elif isinstance(last, (ast.Continue, ast.Break)):
                known = "round"
            elif isinstance(last, ast.If) and last.orelse:
                ends = {self._end(last.body), self._end(last.orelse)}
                known = "" if "" in ends else "round" if "round" in ends else "function"
            self._known_ends[id(last)] = known
        return known

    def _visit(self, node: Any, arms: Arms) -> None:
        for child in ast.iter_child_nodes(node):
            self.parents[id(child)] = node
        tell = _TOLD.get(node.__class__)
        if tell is not None:
            tell(self, node, arms)
        elif isinstance(node, FRAMES):
            self._row(outside(node), arms)
        elif isinstance(node, COMPREHENSIONS):
            self._comprehension(node, arms)
        elif isinstance(node, _TRIES):
            self._try(node, arms)
        else:
            for child in ast.iter_child_nodes(node):
                self._visit(child, arms)
        self._note(node, arms)

    def _if(self, node: Any, arms: Arms) -> None:
        self._visit(node.test, arms)
        self._branch(node, "body", _list(node.body), arms)
        self._branch(node, "orelse", _list(node.orelse), arms)

    def _bool(self, node: Any, arms: Arms) -> None:
        self._visit(node.values[0], arms)
        self._row(node.values[1:], (*arms, (id(node), "rest")))

    def _while(self, node: Any, arms: Arms) -> None:
        self._visit(node.test, arms)
        self._branch(node, "round", node.body, arms)
        self._row(node.orelse, arms)

    def _for(self, node: Any, arms: Arms) -> None:
        self._visit(node.iter, arms)
        self._branch(node, "round", [node.target, *node.body], arms)
        self._row(node.orelse, arms)

    def _match(self, node: Any, arms: Arms) -> None:
        self._visit(node.subject, arms)
        for number, case in enumerate(node.cases):
            self._visit(case.pattern, arms)
            if case.guard is not None:
                self._visit(case.guard, arms)
            self._branch(node, str(number), case.body, arms)
            self.parents[id(case)] = node

    def _try(self, node: Any, arms: Arms) -> None:
        self._row(node.body, arms)
        for number, handler in enumerate(node.handlers):
            self._branch(node, str(number), [each for each in (handler.type, *handler.body) if each is not None], arms)
            self.parents[id(handler)] = node
        self._branch(node, "else", node.orelse, arms)
        self._row(node.finalbody, (*arms, (id(node.finalbody), _FINAL)) if node.finalbody else arms)

    def _with(self, node: Any, arms: Arms) -> None:
        for item in node.items:
            self.parents[id(item.context_expr)] = item
            self.parents[id(item)] = node
            self._visit(item.context_expr, arms)
            if item.optional_vars is not None:
                self._visit(item.optional_vars, arms)
        self._row(node.body, arms)

    def _assign(self, node: Any, arms: Arms) -> None:
        if node.value is not None:
            self._visit(node.value, arms)
        self._row(node.targets if isinstance(node, ast.Assign) else [node.target], arms)

    def _update(self, node: Any, arms: Arms) -> None:
        self._visit(node.target, arms)  # read first; written when the statement is done
        self._visit(node.value, arms)

    def _comprehension(self, node: Any, arms: Arms) -> None:
        inner = (*arms, (id(node), "round"))
        for number, part in enumerate(node.generators):
            self.parents[id(part)] = node
            for child in ast.iter_child_nodes(part):
                self.parents[id(child)] = part
            self._visit(part.iter, inner if number else arms)
            self._row([part.target, *part.ifs], inner)
        self._row([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt], inner)


_TOLD: dict[type, Callable[[Timeline, Any, Arms], None]] = {
    ast.If: Timeline._if,
    ast.IfExp: Timeline._if,
    ast.BoolOp: Timeline._bool,
    ast.While: Timeline._while,
    ast.For: Timeline._for,
    ast.AsyncFor: Timeline._for,
    ast.Match: Timeline._match,
    ast.With: Timeline._with,
    ast.AsyncWith: Timeline._with,
    ast.Assign: Timeline._assign,
    ast.AnnAssign: Timeline._assign,
    ast.NamedExpr: Timeline._assign,
    ast.AugAssign: Timeline._update,
}


@lru_cache(maxsize=16)
def timeline(function: Any) -> Timeline:
    """The moments of a function, told once."""
    return Timeline(function)


def tests(function: Timeline) -> Iterator[Any]:
    """The expressions that decide what is done next."""
    for moment in function.moments:
        node = moment.node
        if isinstance(node, (ast.If, ast.While, ast.IfExp, ast.Assert)):
            yield node.test
        elif isinstance(node, ast.BoolOp):
            yield from node.values[:-1]
        elif isinstance(node, ast.Match):
            yield node.subject
            yield from (case.guard for case in node.cases if case.guard is not None)
        elif isinstance(node, COMPREHENSIONS):
            yield from (test for part in node.generators for test in part.ifs)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _order(moment: Moment) -> int:
    return moment.order
